"""The shipped example: it loads without kgen, as its README says, and is worth loading."""

import importlib.util
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from kgen.data import read_image, toy_birds, toy_city, toy_maps
from tests.test_export import in_plain_tensorflow

FOLDER = Path(__file__).resolve().parent.parent / "saved_models"
EXAMPLE = FOLDER / "pix2pix_toy_maps"

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow runs SavedModels"
    ),
    pytest.mark.skipif(
        keras.config.backend() != "tensorflow", reason="kgen's backend plays no part in it"
    ),
]

SERVE = """
import sys
import numpy as np
import tensorflow as tf
path, arrays, out = sys.argv[1:]
model = tf.saved_model.load(path)
np.save(out, model.serve_uint8(np.load(arrays)))
"""

DRAW = """
import sys
import numpy as np
import tensorflow as tf
path, arrays, out = sys.argv[1:]
serve = tf.saved_model.load(path).signatures["serving_default"]
asked = np.load(arrays)
drawn = {}
for colour in ("red", "blue"):
    for name, value in serve(attributes=asked[colour], noise=asked["noise"]).items():
        drawn[f"{colour}_{name}"] = value.numpy()
np.savez(out, **drawn)
"""


def test_example_beats_a_constant_picture_on_fresh_towns(tmp_path):
    towns = toy_maps("test", size=64, count=24, seed=7)
    np.save(tmp_path / "source.npy", towns.source)
    model = EXAMPLE / "saved_model"
    in_plain_tensorflow(SERVE, model, tmp_path / "source.npy", tmp_path / "generated.npy")
    generated = np.load(tmp_path / "generated.npy").astype("float32")
    constant = np.median(towns.target, axis=0)  # of these very towns: the best constant there is
    error = np.mean(np.abs(generated - towns.target))
    assert error < 0.8 * np.mean(np.abs(constant - towns.target))


def test_birds_show_what_is_asked_for(tmp_path):
    """In plain TensorFlow: red and blue birds are red and blue, and colours leave masks alone."""
    folder = FOLDER / "attribute_gan_toy_birds"
    names = json.loads((folder / "attributes.json").read_text(encoding="utf-8"))
    birds = toy_birds("test", size=16, count=8, seed=3, pose=0.3).select(names).attributes
    asked = {}
    for colour in ("red", "blue"):
        vectors = birds.astype("float32")
        for column, name in enumerate(names):
            if "_color::" in name:
                vectors[:, column] = name.endswith("::" + colour)
        asked[colour] = vectors
    noise = np.random.default_rng(0).standard_normal((8, 100)).astype("float32")
    np.savez(tmp_path / "asked.npz", noise=noise, **asked)
    in_plain_tensorflow(DRAW, folder / "saved_model", tmp_path / "asked.npz", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as arrays:
        drawn = dict(arrays)
    np.testing.assert_array_equal(drawn["red_mask"], drawn["blue_mask"])
    assert set(np.unique(drawn["red_mask"])) == {-1.0, 1.0}
    inside = drawn["red_mask"][..., 0] > 0
    red, blue = (drawn[f"{colour}_image"][inside].mean(axis=0) for colour in ("red", "blue"))
    assert red[0] > blue[0] + 0.1
    assert blue[2] > red[2] + 0.1
    assert {"card.md", "picture.png", "attributes.json"} <= {f.name for f in folder.iterdir()}


LOOK_DOWN_THE_STREET = """
import sys
import numpy as np
import tensorflow as tf
path, arrays, out = sys.argv[1:]
serve = tf.saved_model.load(path).signatures["serving_default"]
asked = dict(np.load(arrays))
names = serve.structured_input_signature[1]
rng = np.random.default_rng(0)
for name in ("z", "z_local"):
    shape = (len(asked["aerial"]), names[name].shape[1])
    asked[name] = rng.standard_normal(shape).astype("float32")
(panoramas,) = serve(**asked).values()
np.save(out, panoramas.numpy())
"""


def test_panoramas_belong_to_their_places(tmp_path):
    """In plain TensorFlow: nearer to the panorama of the same new place than to those of others."""
    folder = FOLDER / "cross_view_toy_city"
    places = toy_city("test", count=24, seed=5, supersampling=1)
    aerial = places.aerial.astype("float32") / 127.5 - 1.0
    np.savez(tmp_path / "asked.npz", aerial=aerial)
    given = (folder / "saved_model", tmp_path / "asked.npz", tmp_path / "out.npy")
    in_plain_tensorflow(LOOK_DOWN_THE_STREET, *given)
    panoramas = np.load(tmp_path / "out.npy")
    assert panoramas.shape == (24, 128, 256, 3)
    assert abs(panoramas).max() <= 1.0
    real = places.ground.astype("float32") / 127.5 - 1.0
    errors = np.abs(panoramas[:, None] - real).mean(axis=(2, 3, 4))  # [generated, real]
    own = np.diag(errors).mean()
    assert own < 0.95 * errors.mean()
    assert {"card.md", "picture.jpg", "saved_model"} == {f.name for f in folder.iterdir()}
    report = json.loads((folder / "saved_model" / "export.json").read_text(encoding="utf-8"))
    assert report["path"] == "saved_model"


def test_readme_snippet_runs(tmp_path):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(snippet.splitlines()) <= 12
    (tmp_path / "saved_models").symlink_to(FOLDER)
    printed = in_plain_tensorflow(f"import os; os.chdir({str(tmp_path)!r})\n{snippet}")
    assert "serve_uint8" in printed
    assert read_image(tmp_path / "street_map.png").shape == (64, 64, 3)


def test_example_is_small_whole_and_says_nothing_of_the_machine_it_was_made_on():
    files = [file for file in EXAMPLE.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 3e6
    assert {"card.md", "picture.png", "aerial.png"} <= {file.name for file in files}
    report = json.loads((EXAMPLE / "saved_model" / "export.json").read_text(encoding="utf-8"))
    assert report["path"] == "saved_model"
    assert report["max_difference"]["serve"] < 1e-4
    card = (EXAMPLE / "card.md").read_text(encoding="utf-8")
    for section in ("Data", "Training", "Made by", "Licence", "## Measured", "## Limits"):
        assert section in card

"""The shipped example: it loads without kgen, as its README says, and is worth loading."""

import importlib.util
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from kgen.data import read_image, toy_maps
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


def test_example_beats_a_constant_picture_on_fresh_towns(tmp_path):
    towns = toy_maps("test", size=64, count=24, seed=7)
    np.save(tmp_path / "source.npy", towns.source)
    model = EXAMPLE / "saved_model"
    in_plain_tensorflow(SERVE, model, tmp_path / "source.npy", tmp_path / "generated.npy")
    generated = np.load(tmp_path / "generated.npy").astype("float32")
    constant = np.median(towns.target, axis=0)  # of these very towns: the best constant there is
    error = np.mean(np.abs(generated - towns.target))
    assert error < 0.8 * np.mean(np.abs(constant - towns.target))


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

"""A short run of `tools/reproduce_cross_view`: all of its parts but the processes they run in."""

import json
import math
import sys

import keras
import numpy as np
import pytest

from tests.conftest import names_of_tool

pytestmark = pytest.mark.skipif(
    keras.config.backend() != "torch", reason="runs once, on the backend that compiles nothing"
)


@pytest.fixture
def tool(monkeypatch):
    """The names of the tool; what it puts on sys.path is taken off again."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield names_of_tool("reproduce_cross_view")
    for name in ("recipe", "results"):
        sys.modules.pop(name)


@pytest.mark.slow
def test_another_network_takes_the_embedders_place(tool, tmp_path):
    workshop = tool["Workshop"](tmp_path / "city", tmp_path / "keep", share=0.002)
    tool["run_part"]("table5_classification", workshop)
    part = workshop.keep / "table5_classification.json"
    found = json.loads(part.read_text())
    assert found["steps"] >= 1
    assert all(math.isfinite(found[name]) for name in ("fid_stand_in", "lpips_stand_in", "psnr"))
    kept = {path.stem for path in workshop.keep.glob("*.keras")}
    assert kept == {"classification", "judge", "table5_classification_aerial"}

    guide = keras.models.load_model(workshop.keep / "classification.keras").aerial
    model = keras.models.load_model(workshop.keep / "table5_classification_aerial.keras")
    for own, other in zip(model.source_embedder.weights, guide.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (own, other)))

    (tmp_path / "table5").mkdir()
    rows = {"classification": found}
    (tmp_path / "table5" / "torch.json").write_text(json.dumps({"rows": rows}))
    tool["write_results"](tmp_path)
    table = (tmp_path / "results.md").read_text().splitlines()
    assert table[0].startswith("| Table 5, torch | SSIM |")
    assert table[2].startswith(f"| classification | {found['ssim']:.3f} |")


def test_a_classifier_learns_turned_places_by_their_numbers(tool):
    recipe = sys.modules["recipe"]
    views = np.random.default_rng(0).integers(0, 256, (2, 16, 128, 128, 3), "uint8")
    pairs = recipe.view_arrays(*views)
    plain, turned = (
        recipe.seen(pairs, True, kind, **recipe.IN_TRAINING)
        for kind in (recipe.CrossViewBatches, recipe.PlaceBatches)
    )
    seen, numbers = turned[0]
    for view, images in zip(recipe.TOY.seen, seen, strict=True):
        np.testing.assert_array_equal(images, plain[0][view])
    for each in numbers:
        np.testing.assert_array_equal(each, plain[0]["location"])
    assert sorted(numbers[0]) == list(range(16))

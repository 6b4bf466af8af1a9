"""What an evaluation leaves: files that say the same as the result, and can be read back."""

import csv
import json

import numpy as np
import pytest

import kgen
from kgen.evaluation import EvaluationResult, read_result

RANDOM = np.random.default_rng(2)
REAL = RANDOM.integers(0, 256, (5, 16, 16, 3), "uint8")
NAMES = ["psnr", "ssim", "log_spectral_distance"]


@pytest.fixture
def result(tmp_path):
    return kgen.evaluate(REAL // 2, REAL, NAMES, tmp_path / "out", name="half", verbose=0)


def test_files_hold_what_the_result_holds(result):
    record = json.loads(result.files["metrics"].read_text("utf-8"))
    assert record["name"] == "half"
    assert {name: entry["value"] for name, entry in record["metrics"].items()} == result.values
    for entry in record["metrics"].values():
        assert {"value", "n", "variant", "seconds", "value_range", "better"} <= set(entry)
    settings = record["settings"]
    assert settings["pictures"] == 5
    assert settings["size"] == [16, 16]
    assert settings["versions"]["kgen"] == kgen.__version__
    with result.files["per_image"].open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["name", "psnr", "ssim"]
    assert [row[0] for row in rows] == result.names
    assert [float(row[1]) for row in rows] == result.per_image["psnr"].tolist()  # every digit
    assert not list(result.files["metrics"].parent.glob(".writing*"))


def test_an_evaluation_is_read_back(result, tmp_path):
    for place in (tmp_path / "out", result.files["metrics"]):
        again = read_result(place)
        assert again.metrics == result.metrics
        assert again.names == result.names
        np.testing.assert_array_equal(again.per_image["ssim"], result.per_image["ssim"])


def test_a_run_folder_with_one_evaluation_is_enough(result, tmp_path):
    result.save(tmp_path / "run" / "evaluation" / "val")
    assert read_result(tmp_path / "run").values == result.values
    result.save(tmp_path / "run" / "evaluation" / "test")
    with pytest.raises(ValueError, match="several evaluations"):
        read_result(tmp_path / "run")


def test_broken_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"kgen evaluate"):
        read_result(tmp_path)
    for content in ("{", "{}", "[]", '{"name": "a", "metrics": 3, "settings": {}, "notes": []}'):
        (tmp_path / "metrics.json").write_text(content)
        with pytest.raises(ValueError, match=r"metrics\.json"):
            read_result(tmp_path)


def test_the_report_says_everything(result):
    page = result.files["report"].read_text("utf-8")
    for part in ("half", "PSNR", "11x11 Gaussian", "Best", "Middle", "Worst", "image 3"):
        assert part in page
    for part in ("How pictures differ", "Mean power spectrum", "Settings, versions", "uint8"):
        assert part in page
    assert f"{result['psnr']:.2f}" in page
    for link in ("http:", "https:", "<script", 'src="/', "url("):
        assert link not in page


def test_a_result_without_pictures_has_a_report_too(tmp_path):
    entry = {"value": 0.25, "label": "A < B", "better": "lower"}
    files = EvaluationResult("<numbers> only", {"mine": entry}).save(tmp_path)
    page = files["report"].read_text("utf-8")
    assert "&lt;numbers&gt; only" in page
    assert "A &lt; B" in page
    assert set(files) == {"metrics", "report"}


def test_a_notebook_shows_a_table(result):
    shown = result._repr_html_()
    assert shown.count("<tr>") == 4
    assert "PSNR" in shown
    assert len(repr(result)) < 200  # no arrays, no pictures
    assert f"psnr={result['psnr']:.2f}" in repr(result)
    with pytest.raises(KeyError, match="'lpips' was not measured"):
        result["lpips"]

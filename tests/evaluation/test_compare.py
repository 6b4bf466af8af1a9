"""Evaluations side by side: the table, the best, and what must not be compared."""

import json

import numpy as np
import pytest

import kgen

RANDOM = np.random.default_rng(4)
REAL = RANDOM.integers(0, 256, (6, 16, 16, 3), "uint8")


def measured(share, name, output=None, count=None):
    fake = (REAL * share).astype("uint8")
    return kgen.evaluate(fake, REAL, ["psnr", "rmse"], output, name=name, count=count, verbose=0)


@pytest.fixture
def runs():
    return [measured(0.9, "near"), measured(0.5, "far")]


def test_runs_stand_in_one_table(runs, tmp_path):
    comparison = kgen.compare(runs, tmp_path)
    assert comparison.table["psnr"] == {"near": runs[0]["psnr"], "far": runs[1]["psnr"]}
    assert comparison.best("psnr") == comparison.best("rmse") == "near"
    assert comparison.notes == []
    record = json.loads((tmp_path / "comparison.json").read_text("utf-8"))
    assert record["table"] == comparison.table
    assert record["best"] == {"psnr": "near", "rmse": "near"}
    page = (tmp_path / "comparison.html").read_text("utf-8")
    assert page.count('class="n win"') == 2
    assert page.count("<svg") == 2  # how psnr and rmse are spread in both runs


def test_files_folders_and_results_are_taken(runs, tmp_path):
    runs[0].save(tmp_path / "a" / "evaluation" / "val")
    files = runs[1].save(tmp_path / "b")
    comparison = kgen.compare([tmp_path / "a", files["metrics"], runs[0]])
    assert list(comparison.results) == ["a", "b", "near"]
    assert list(comparison.table["rmse"].values()) == [
        runs[0]["rmse"],
        runs[1]["rmse"],
        runs[0]["rmse"],
    ]


def test_equal_names_are_told_apart(runs, tmp_path):
    for folder in ("one", "two"):
        runs[0].save(tmp_path / folder)
    assert list(kgen.compare([tmp_path / "one", tmp_path / "two"]).results) == ["one", "two"]
    assert list(kgen.compare([runs[0], runs[0]]).results) == ["1. near", "2. near"]
    assert kgen.compare([runs[0], runs[0]]).best("psnr") is None  # a tie


def test_what_is_not_comparable_is_said(runs):
    fewer = measured(0.5, "fewer", count=4)
    notes = kgen.compare([runs[0], fewer]).notes
    assert any("psnr is not comparable: n differs (near: 6, fewer: 4)" in note for note in notes)
    assert "The runs were measured on different pictures." in notes
    other = kgen.evaluate(REAL, REAL, ["ssim"], name="other", verbose=0)
    table = kgen.compare([runs[0], other]).table
    assert table["ssim"] == {"near": None, "other": 1.0}


def test_one_run_is_no_comparison(runs):
    with pytest.raises(ValueError, match="two evaluations or more; received 1"):
        kgen.compare(runs[:1])

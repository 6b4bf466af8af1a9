"""The report on a set of cross-view pairs."""

import numpy as np
import pytest

from kgen.cli import main
from kgen.data.cross_view import check_cross_view, cross_view_format, cvusa, view_arrays
from tests.data.cross_view.layouts import (
    cvact_id,
    flat,
    label_line,
    save,
    write_cvact,
    write_cvusa,
    write_vigor,
)


def problems(report):
    return {problem.path.rpartition("/")[2]: problem.what for problem in report.problems}


def test_cvusa_counts_beside_the_published_ones(tmp_path):
    report = check_cross_view(write_cvusa(tmp_path))
    assert report.form == "cvusa"
    assert report.counts == {"train": (4, 35532), "val": (4, 8884)}
    assert report.sizes == {"aerial": {(30, 30): 8}, "ground": {(8, 44): 8}}
    assert report.problems == []
    text = str(report)
    assert "train: 4 pairs of 35,532 published ones, 0 files missing" in text
    assert "ground images, height x width: 8x44 (8); published: 224x1232" in text


def test_cvusa_lists_all_that_is_wrong(tmp_path):
    folder = write_cvusa(tmp_path)
    (folder / "bingmap/19/0000001.jpg").unlink()
    (folder / "streetview/panos/0000002.jpg").unlink()
    (folder / "bingmap/19/0000003.jpg").write_bytes(b"no picture")
    save(folder / "bingmap/19/0000004.jpg", flat(0, 30, 20))
    save(folder / "streetview/panos/0000004.jpg", flat(0, 9, 44))
    path = folder / "splits/val-19zl.csv"
    path.write_text(path.read_text() + "\nnonsense")
    report = check_cross_view(folder)
    assert report.counts == {"train": (2, 35532), "val": (0, 8884)}
    assert len(report.missing["train"]) == 2
    found = problems(report)
    assert "1 others" in found.pop("0000001.jpg")
    assert "cannot be read" in found.pop("0000003.jpg")
    assert {"val-19zl.csv, line 5"} <= set(found)
    whats = [p.what for p in report.problems if p.path.endswith("0000004.jpg")]
    assert whats[0] == "it is 30x20; an aerial image is square"


def test_cvact_and_vigor_are_known(tmp_path):
    cvact = write_cvact(tmp_path / "a")
    assert cross_view_format(cvact) == "cvact"
    report = check_cross_view(cvact)
    assert report.counts == {"train": (3, 35532), "val": (2, 8884), "test": (0, 92802)}
    assert len(report.missing["test"]) == 2
    assert report.problems == []  # few have the images of the test split
    vigor = write_vigor(tmp_path / "v", corrected=False)
    (vigor / "NewYork/satellite" / label_line("NewYork", 0).split()[1]).unlink()
    report = check_cross_view(vigor.parent / "v")
    assert report.form == "vigor"
    assert report.counts["test"][1] == 52605
    assert report.sizes["aerial"] == {(640, 640): 17}
    assert len(report.problems) == 2  # in both lists


def test_any_pairs_can_be_checked(tmp_path):
    folder = write_cvusa(tmp_path)
    report = check_cross_view(cvusa(folder).subset([0, 1]))
    assert report.counts == {"pairs": (2, None)}
    assert report.sizes["ground"] == {(8, 44): 2}
    views = [flat(0, 8, 8)] * 3
    ground = [*views[:2], np.zeros((8, 8, 3), np.int64)]
    report = check_cross_view(view_arrays(views, ground))
    assert [problem.path for problem in report.problems] == ["pair 2"] * 2


def test_another_folder_is_refused(tmp_path):
    assert cross_view_format(tmp_path) is None
    with pytest.raises(ValueError, match=r"no CVUSA .* no CVACT .* no VIGOR"):
        check_cross_view(tmp_path)


def test_the_command_knows_them(tmp_path, capsys):
    folder = write_cvact(tmp_path)
    assert main(["check-data", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "train: 3 pairs of 35,532 published ones" in printed
    assert "All pairs are in order." in printed
    (folder / "ANU_data_small/streetview" / f"{cvact_id(1)}_grdView.jpg").write_bytes(b"")
    assert main(["check-data", str(folder)]) == 1
    assert f"{cvact_id(1)}_grdView.jpg: cannot be read" in capsys.readouterr().out

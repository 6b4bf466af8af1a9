"""Checks list every problem of a set at once."""

import numpy as np
import pytest
from PIL import Image

from kgen.data import arrays, check_pairs, count_pairs, side_by_side
from kgen.data.writing import write_image


def save(path, height=8, width=16, channels=3, dtype="uint8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_image(path, np.zeros((height, width, channels), dtype))


def truncate(path):
    path.write_bytes(path.read_bytes()[:40])


def facts(problems, root):
    return {(problem.path.removeprefix(f"{root}/"), problem.what) for problem in problems}


def names(problems):
    return sorted(problem.path.rsplit("/", 1)[-1] for problem in problems)


@pytest.fixture
def maps(tmp_path):
    for split in ("train", "val"):
        for number in range(5):
            save(tmp_path / f"maps/{split}/{number}.png")
    return tmp_path / "maps"


def test_a_sound_set_has_no_problems(maps):
    assert check_pairs(maps) == []
    assert check_pairs(side_by_side(maps, input_side="left")) == []


def test_all_problems_of_all_splits_are_listed(maps):
    truncate(maps / "train/0.png")
    save(maps / "train/1.png", width=15)
    save(maps / "train/2.png", channels=1)
    save(maps / "train/5.png", height=9)
    save(maps / "train/6.png", dtype="uint16")
    Image.new("RGB", (16, 8)).save(maps / "val/3.bmp")
    (maps / "val/4.png").write_bytes(b"")
    found = facts(check_pairs(maps), maps)
    paths = sorted(path for path, _ in found)
    assert paths == [f"train/{n}.png" for n in (0, 1, 2, 5, 6)] + ["val/3.png", "val/4.png"]
    words = dict(found)
    assert "cannot be read" in words["train/0.png"]
    assert "odd" in words["train/1.png"]
    assert "channel count 1 differs from 3" in words["train/2.png"]
    assert "size (height x width) 9x8 differs from 8x8" in words["train/5.png"]
    assert "depth uint16 differs" in words["train/6.png"]
    assert "same name as 3.bmp" in words["val/3.png"]
    assert all(problem.repair for problem in check_pairs(maps))
    assert names(check_pairs(maps, split="val")) == ["3.png", "4.png"]


def test_an_odd_width_that_was_cut_is_reported_once(maps):
    save(maps / "train/0.png", width=17)
    assert names(check_pairs(maps)) == ["0.png"]


def test_sizes_that_vary_throughout_are_no_problem(tmp_path):
    for number in range(5):
        save(tmp_path / f"{number}.png", height=8 + number)
    assert check_pairs(tmp_path) == []


def test_an_empty_folder(tmp_path):
    (tmp_path / "maps/train").mkdir(parents=True)
    (problem,) = check_pairs(tmp_path / "maps")
    assert problem.path.endswith("train")
    assert "no image files" in problem.what
    assert str(problem).startswith(problem.path)
    with pytest.raises(FileNotFoundError):
        check_pairs(tmp_path / "none")


@pytest.fixture
def folders(tmp_path):
    for number in range(5):
        save(tmp_path / f"masks/{number}.png", channels=1)
        save(tmp_path / f"photos/{number}.png")
    return tmp_path / "masks", tmp_path / "photos"


def test_two_folders(folders):
    assert check_pairs(*folders) == []
    truncate(folders[0] / "0.png")
    truncate(folders[1] / "0.png")
    (folders[0] / "1.png").unlink()
    truncate(folders[1] / "1.png")
    save(folders[1] / "2.png", height=9)
    Image.new("RGB", (16, 8)).save(folders[1] / "3.bmp")
    problems = check_pairs(*folders)
    whats = sorted(problem.what for problem in problems)
    assert len([what for what in whats if what.startswith("cannot be read")]) == 3
    assert len([what for what in whats if what.startswith("no partner")]) == 1
    assert len([what for what in whats if what.startswith("the same name")]) == 1
    assert len([what for what in whats if "one height and width" in what]) == 1
    assert len(problems) == 6


def test_two_folders_with_splits(folders):
    for folder in folders:
        (folder / "train").mkdir()
        for path in folder.glob("*.png"):
            path.rename(folder / "train" / path.name)
    assert check_pairs(*folders) == []
    truncate(folders[1] / "train/4.png")
    assert names(check_pairs(*folders, split="train")) == ["4.png"]


def test_any_source_of_pairs():
    images = [np.zeros((8, 8, 3), "uint8")] * 4 + [np.zeros((8, 8, 1), "uint8")]
    (problem,) = check_pairs(arrays(images, [np.zeros((8, 8), "uint8")] * 5))
    assert problem.path == "pair 4"
    assert "channel count" in problem.what


def test_counts_stand_beside_the_published_ones(maps):
    assert count_pairs(maps) == {"train": (5, 1096), "val": (5, 1098)}
    assert count_pairs(maps / "train") == {".": (5, None)}
    maps.rename(maps.parent / "mine")
    assert count_pairs(maps.parent / "mine")["train"] == (5, None)

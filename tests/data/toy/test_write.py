import json
import os

import numpy as np
import pytest
from PIL import Image

import kgen.data
from kgen.data.toy import cache, toy_maps, write, write_maps
from kgen.data.toy.maps import make_pair

SMALL = {"size": 32, "counts": (3, 1, 2), "seed": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_maps(tmp_path_factory.mktemp("toy") / "maps", **SMALL)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(("split", "count"), [("train", 3), ("val", 1), ("test", 2)])
def test_the_real_loader_reads_what_was_drawn(folder, split, count):
    pairs = kgen.data.side_by_side(folder, split, input_side="left")
    drawn = toy_maps(split, size=32, count=count, seed=4)
    assert len(pairs) == len(drawn) == count
    for read, expected in zip(pairs, drawn, strict=True):
        np.testing.assert_array_equal(read[0], expected[0])
        np.testing.assert_array_equal(read[1], expected[1])


def test_layout_is_that_of_the_archive(folder):
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    halves = ["test/1.png", "test/2.png", "train/1.png", "train/2.png", "train/3.png", "val/1.png"]
    assert files == sorted([*halves, *(f"labels/{name}" for name in halves)])
    with (
        Image.open(folder / "train/2.png") as image,
        Image.open(folder / "labels/train/2.png") as labels,
    ):
        assert (image.size, image.mode, labels.size, labels.mode) == (
            (64, 32),
            "RGB",
            (32, 32),
            "L",
        )
        np.testing.assert_array_equal(np.asarray(labels), make_pair(4, 1, 32)[2])


def test_kgen_finds_no_problem_in_them(folder):
    assert kgen.data.check_pairs(folder) == []


def test_jpeg_is_near_the_arrays(tmp_path):
    folder = write_maps(tmp_path / "jpeg", size=64, counts=(4, 0, 0), image_format="jpg")
    assert sorted(path.name for path in folder.iterdir()) == ["done.json", "labels", "train"]
    pairs = kgen.data.side_by_side(folder, "train", input_side="left")
    drawn = toy_maps("train", count=4)
    errors = [
        np.abs(np.subtract(a, b, dtype=float)).mean() for a, b in zip(pairs, drawn, strict=True)
    ]
    assert 0 < max(errors) < 4


def test_swap_puts_the_map_left(tmp_path):
    folder = write_maps(tmp_path / "maps", size=32, counts=(1, 0, 0), swap=True)
    source, target = kgen.data.side_by_side(folder, "train", input_side="left")[0]
    aerial, street_map, _ = make_pair(0, 0, 32)
    np.testing.assert_array_equal(source, street_map)
    np.testing.assert_array_equal(target, aerial)


def test_limit_and_progress(tmp_path):
    calls = []
    folder = write_maps(
        tmp_path / "maps", 16, limit=2, progress=lambda done, total: calls.append((done, total))
    )
    assert calls == [(number, 6) for number in range(1, 7)]
    assert json.loads((folder / "done.json").read_text())["files"] == 12


def test_the_cache_is_named_and_used_again(home):
    folder = write_maps(size=16, counts=(2, 0, 0), processes=1)
    assert folder.parent == home / "toy"
    assert folder.name.startswith("maps-v1-s0-16-")
    stamp = (folder / "train/1.png").stat().st_mtime_ns
    assert write_maps(size=16, counts=(2, 0, 0)) == folder
    assert (folder / "train/1.png").stat().st_mtime_ns == stamp
    others = [{"counts": (1, 0, 0)}, {"image_format": "jpg"}, {"urban": 0.5}, {"swap": True}]
    folders = {write_maps(**{"size": 16, "counts": (2, 0, 0), **other}) for other in others}
    assert len(folders | {folder}) == 5
    assert write.cache_folder(write._settings(64, (1000, 100, 100), 3, "png", None, False, {})) == (
        home / "toy/maps-v1-s3-64"
    )


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("damage", ["cut", "lost", "no done.json", "broken done.json"])
def test_a_damaged_cache_is_drawn_again(damage, caplog):
    folder = write_maps(size=16, counts=(3, 0, 0))
    picture, expected = folder / "train/1.png", (folder / "train/1.png").read_bytes()
    if damage == "cut":
        (folder / "labels/train/1.png").write_bytes(b"")
    elif damage == "lost":
        picture.unlink()
    else:
        (folder / "done.json").write_text("{")
        if damage == "no done.json":
            (folder / "done.json").unlink()
    assert write_maps(size=16, counts=(3, 0, 0)) == folder
    assert "drawing it again" in caplog.text
    assert picture.read_bytes() == expected
    assert os.listdir(folder.parent) == [folder.name]


def test_a_folder_of_the_user_is_never_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds no done.json.*Nothing was written"):
        write_maps(tmp_path, size=16, counts=(1, 0, 0))
    assert os.listdir(tmp_path) == ["thesis.txt"]
    folder = write_maps(tmp_path / "maps", size=16, counts=(1, 0, 0))
    with pytest.raises(FileExistsError, match="holds other data"):
        write_maps(folder, size=16, counts=(2, 0, 0))


def test_nothing_is_left_of_a_failed_run(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_maps(tmp_path / "maps", size=16, counts=(2, 0, 0), progress=stop)
    assert os.listdir(tmp_path) == []


def test_two_that_finish_at_once_keep_the_first(tmp_path):
    settings = {"set": "letters"}

    def build(folder, rival=True):
        if rival:
            cache.build_once(tmp_path / "a", settings, lambda f: build(f, False), is_cache=True)
        (folder / "a.txt").write_text("a")

    assert cache.build_once(tmp_path / "a", settings, build, is_cache=True) == tmp_path / "a"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_format": "gif"}, "'png' or 'jpg'; received 'gif'"),
        ({"counts": (0, 0, 0)}, "not all 0"),
        ({"counts": (5, 5)}, "three numbers"),
        ({"limit": 0}, "limit must be 1 or more"),
        ({"size": 4000}, "16 to 1024"),
        ({"shadow": 2.0}, "shadow must be a number from 0 to 1"),
    ],
)
def test_wrong_arguments_write_nothing(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_maps(tmp_path / "maps", **arguments)
    assert os.listdir(tmp_path) == []

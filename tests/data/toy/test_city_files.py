import csv
import os

import numpy as np
import pytest
from PIL import Image

import kgen.data
from kgen.cli import main
from kgen.data import read_image, write_city
from kgen.data.toy.city import COARSE, make_scene
from kgen.data.toy.city_files import ahead

SMALL = {"ground_size": (32, 64), "aerial_size": (32, 32), "seed": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("toy") / "city"
    return write_city(place, counts=(2, 1, 1), image_format="png", dayton=True, **SMALL)


def rows(folder, split):
    with (folder / "splits" / f"{split}-19zl.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_the_layout_is_that_of_cvusa(tmp_path):
    folder = write_city(tmp_path / "city", counts=(2, 1, 0), **SMALL)
    assert (folder / "splits/train-19zl.csv").read_bytes() == (
        b"bingmap/19/0000001.jpg,streetview/panos/0000001.jpg,"
        b"streetview/annotations/0000001.png\n"
        b"bingmap/19/0000002.jpg,streetview/panos/0000002.jpg,"
        b"streetview/annotations/0000002.png\n"
    )
    assert [row[0] for row in rows(folder, "val")] == ["bingmap/19/0000003.jpg"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "aerial_labels", "bingmap", "depth", "done.json", "labels7", "splits", "streetview",
    ]  # fmt: skip
    aerial, ground, _ = rows(folder, "val")[0]
    expected = make_scene(index=10_000_000, **SMALL)
    for path, picture in ((aerial, expected.aerial), (ground, expected.ground)):
        error = np.abs(read_image(folder / path).astype(int) - picture.astype(int)).mean()
        assert error < 4


def test_files_hold_what_was_drawn(folder):
    indices = {"train": [0, 1], "val": [10_000_000], "test": [20_000_000]}
    numbers = []
    for split, expected in indices.items():
        for index, paths in zip(expected, rows(folder, split), strict=True):
            drawn = make_scene(index=index, **SMALL)
            aerial, ground, annotation = (read_image(folder / path) for path in paths)
            number = os.path.basename(paths[0])
            numbers.append(number)
            np.testing.assert_array_equal(aerial, drawn.aerial)
            np.testing.assert_array_equal(ground, drawn.ground)
            np.testing.assert_array_equal(annotation[..., 0], COARSE[drawn.ground_labels])
            extras = {
                "labels7": drawn.ground_labels,
                "aerial_labels": drawn.aerial_labels,
                "depth": drawn.depth,
            }
            for name, array in extras.items():
                found = read_image(folder / name / number)
                assert found.dtype == array.dtype
                np.testing.assert_array_equal(found[..., 0], array)
    assert numbers == [f"{number:07}.png" for number in range(1, 5)]


def test_annotations_are_single_channel_ids(folder):
    with Image.open(folder / rows(folder, "train")[0][2]) as annotation:
        assert annotation.mode == "L"
        assert set(np.unique(np.asarray(annotation))) <= {0, 1, 2, 3}


def test_dayton_pairs_lie_side_by_side(folder):
    pairs = kgen.data.side_by_side(folder / "dayton", "train", input_side="left")
    drawn = make_scene(index=1, **SMALL)
    assert len(pairs) == 2
    np.testing.assert_array_equal(pairs[1][0], drawn.aerial)
    np.testing.assert_array_equal(pairs[1][1], ahead(drawn.ground, (32, 32)))


def test_the_view_ahead_is_the_middle_quarter():
    ground = np.repeat(np.arange(64, dtype="uint8")[None, :, None], 3, axis=2)
    assert ahead(ground, (1, 16))[0, :, 0].tolist() == list(range(24, 40))


def test_the_cache_is_named_and_used_again(tmp_path, monkeypatch):
    monkeypatch.setenv("KGEN_HOME", str(tmp_path))
    folder = write_city(counts=(1, 0, 0), **SMALL)
    assert folder.parent == tmp_path / "toy"
    assert folder.name.startswith("city-v1-s4-32x64-32x32-")
    stamp = (folder / "bingmap/19/0000001.jpg").stat().st_mtime_ns
    assert write_city(counts=(1, 0, 0), **SMALL) == folder
    assert (folder / "bingmap/19/0000001.jpg").stat().st_mtime_ns == stamp
    others = [{"image_format": "png"}, {"urban": 0.5}, {"dayton": True}]
    folders = {write_city(counts=(1, 0, 0), **SMALL, **other) for other in others}
    assert len(folders | {folder}) == 4


def test_nothing_is_left_of_a_failed_run(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_city(tmp_path / "city", counts=(2, 0, 0), progress=stop, **SMALL)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_format": "gif"}, "'png' or 'jpg'; received 'gif'"),
        ({"counts": (0, 0, 0)}, "not all 0"),
        ({"ground_size": (8, 8)}, "16 to 2048"),
        ({"clutter": 9.0}, "clutter must be a number from 0 to 3"),
    ],
)
def test_wrong_arguments_write_nothing(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_city(tmp_path / "city", **arguments)
    assert os.listdir(tmp_path) == []


def test_make_data_writes_it(tmp_path, capsys):
    arguments = ["make-data", "toy-city", "--size", "16", "--counts", "1", "1", "0"]
    assert main([*arguments, "--output", str(tmp_path / "city")]) == 0
    assert "in the layout of CVUSA" in capsys.readouterr().out
    aerial, ground, _ = rows(tmp_path / "city", "val")[0]
    assert read_image(tmp_path / "city" / aerial).shape == (16, 16, 3)
    assert read_image(tmp_path / "city" / ground).shape == (16, 32, 3)

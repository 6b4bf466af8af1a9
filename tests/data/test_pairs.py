"""Sources of pairs, in the layouts that users have."""

import numpy as np
import pytest
from PIL import Image

from kgen.data import arrays, side_by_side, two_folders
from kgen.data.folders import list_images
from kgen.data.writing import write_image


def picture(path, value_left, value_right, height=6, width=10, channels=3, dtype="uint8"):
    """Writes a file whose halves have one value each."""
    image = np.full((height, width, channels), value_left, dtype)
    image[:, width // 2 :] = value_right
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_image(path, image)


@pytest.fixture
def maps(tmp_path):
    """The published layout: NAME/{train,val}/N.jpg, here as PNG."""
    for number in range(1, 12):
        picture(tmp_path / f"maps/train/{number}.png", number, 100 + number)
    picture(tmp_path / "maps/val/1.png", 50, 150)
    return tmp_path / "maps"


@pytest.mark.parametrize(("side", "first"), [("left", 1), ("right", 101)])
def test_the_input_side_is_the_source(maps, side, first):
    source, target = side_by_side(maps, "train", input_side=side)[0]
    assert source.shape == target.shape == (6, 5, 3)
    assert {int(source.min()), int(source.max())} == {first}
    assert {int(target.min()), int(target.max())} == {102 - first}


def test_files_come_in_natural_order(maps):
    pairs = side_by_side(maps, "train", input_side="left")
    assert len(pairs) == 11
    assert [source[0, 0, 0] for source, _ in pairs] == list(range(1, 12))
    assert pairs.name(9).endswith("10.png")


def test_the_folder_that_keras_extracts_to(maps, tmp_path):
    (tmp_path / "maps_extracted").mkdir()
    maps.rename(tmp_path / "maps_extracted/maps")
    assert len(side_by_side(tmp_path / "maps_extracted", "val", input_side="left")) == 1


def test_a_real_jpeg_archive(tmp_path):
    (tmp_path / "facades/test").mkdir(parents=True)
    image = np.full((256, 512, 3), 40, "uint8")
    image[:, 256:] = 200
    Image.fromarray(image).save(tmp_path / "facades/test/1.jpg", quality=95)
    source, target = side_by_side(tmp_path / "facades", "test", input_side="right")[0]
    assert abs(int(source.mean()) - 200) <= 2
    assert abs(int(target.mean()) - 40) <= 2


def test_a_folder_without_splits_and_other_files_in_it(tmp_path):
    picture(tmp_path / "a.png", 1, 2)
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "list.txt").write_text("a")
    assert len(side_by_side(tmp_path, split=None, input_side="left")) == 1


def test_deep_and_many_channel_pairs(tmp_path):
    picture(tmp_path / "deep.png", 300, 40000, dtype="uint16")
    source, target = side_by_side(tmp_path, None, input_side="left")[0]
    assert (source.max(), target.max(), source.dtype) == (300, 40000, np.uint16)
    picture(tmp_path / "stack", 1, 2, channels=6)
    assert side_by_side(tmp_path, None, input_side="left")[1][0].shape == (6, 5, 6)


def test_modes_of_the_two_halves(tmp_path):
    picture(tmp_path / "a.png", 7, 9)
    modes = {"source_mode": "grey", "target_mode": "rgba"}
    for side, source_value in (("left", 7), ("right", 9)):
        source, target = side_by_side(tmp_path, None, input_side=side, **modes)[0]
        assert source.shape == (6, 5, 1)
        assert target.shape == (6, 5, 4)
        assert source[0, 0, 0] == source_value
        assert target[0, 0, 0] == 16 - source_value


def test_missing_split_lists_what_there_is(maps):
    with pytest.raises(FileNotFoundError, match=r"'test' \(folders in it: train, val\)"):
        side_by_side(maps, "test", input_side="left")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        side_by_side(maps / "none", input_side="left")
    with pytest.raises(ValueError, match=r"no image files.*Folders in it: train, val"):
        side_by_side(maps, None, input_side="left")


def test_input_side_must_be_said(maps):
    with pytest.raises(TypeError, match="input_side"):
        side_by_side(maps)
    with pytest.raises(ValueError, match="'left' for maps, 'right' for facades"):
        side_by_side(maps, input_side="top")


def test_odd_width_names_the_file(tmp_path):
    picture(tmp_path / "odd.png", 1, 2, width=11)
    with pytest.raises(ValueError, match=r"odd\.png: its width of 11 pixels is odd"):
        side_by_side(tmp_path, None, input_side="left")[0]


@pytest.fixture
def folders(tmp_path):
    for number in range(3):
        picture(tmp_path / f"masks/{number}.png", number, number, channels=1)
        write_image(tmp_path / f"photos/{number}.png", np.full((6, 10, 3), number, "uint8"))
    return tmp_path / "masks", tmp_path / "photos"


def test_two_folders_match_by_stem(folders):
    image = Image.open(folders[1] / "1.png")
    image.save(folders[1] / "1.bmp")
    (folders[1] / "1.png").unlink()
    pairs = two_folders(*folders)
    assert [(s[0, 0, 0], t[0, 0, 0]) for s, t in pairs] == [(0, 0), (1, 1), (2, 2)]
    assert "masks" in pairs.name(1)
    assert pairs.name(1).endswith("1.bmp")


def test_missing_partners_and_doubles_are_listed(folders):
    (folders[0] / "2.png").unlink()
    (folders[1] / "1.png").unlink()
    Image.new("L", (10, 6)).save(folders[0] / "0.bmp")
    with pytest.raises(ValueError, match="3 files cannot be paired") as error:
        two_folders(*folders)
    for part in ("no partner 1.* in", "no partner 2.* in", "the same name as 0."):
        assert part in str(error.value)


def test_halves_of_two_sizes_name_both_files(folders):
    picture(folders[1] / "1.png", 1, 1, height=7)
    with pytest.raises(
        ValueError, match=r"masks.1\.png and .*photos.1\.png.*\(6, 10\) and \(7, 10\)"
    ):
        two_folders(*folders)[1]


def test_arrays_take_what_numpy_users_have():
    source = np.zeros((3, 8, 9), bool)
    target = [np.zeros((8, 9, 3), "float64") for _ in range(3)]
    first, second = arrays(source, target)[2]
    assert (first.shape, first.dtype) == ((8, 9, 1), np.uint8)
    assert (second.shape, second.dtype) == ((8, 9, 3), np.float32)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.zeros((3, 8, 8)), np.zeros((2, 8, 8)), "3 sources and 2 targets"),
        (np.zeros((0, 8, 8)), np.zeros((0, 8, 8)), "0 sources"),
        (np.zeros((2, 8, 8)), np.zeros((2, 8, 9)), "pair 0"),
        (np.zeros((2, 8, 8), "int64"), np.zeros((2, 8, 8)), "int64"),
    ],
)
def test_arrays_that_are_no_pairs(source, target, message):
    with pytest.raises(ValueError, match=message):
        arrays(source, target)


def test_subset_split_and_map():
    numbers = np.arange(20, dtype="uint8")[:, None, None, None] * np.ones((1, 4, 4, 1), "uint8")
    pairs = arrays(numbers, numbers)
    assert pairs.subset([4, 2])[0][0].max() == 4
    assert pairs.subset([4, 2]).name(1) == "pair 2"
    train, validation = pairs.split(validation=0.25, seed=3)
    values = sorted(int(source.max()) for source, _ in [*train, *validation])
    assert (len(train), len(validation), values) == (15, 5, list(range(20)))
    again = pairs.split(validation=0.25, seed=3)[1]
    assert [s.max() for s, _ in again] == [s.max() for s, _ in validation]
    swapped = pairs.map(lambda source, target: (target + 1, source / 255.0))
    assert swapped[3][0].max() == 4
    assert swapped[3][1].dtype == np.float32
    assert swapped.name(3) == "pair 3"
    with pytest.raises(IndexError):
        pairs.subset([20])
    with pytest.raises(ValueError, match="between 0 and 1"):
        pairs.split(validation=1.0)


def test_hidden_and_foreign_files_are_no_images(tmp_path):
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ValueError, match="holds no image files"):
        list_images(tmp_path)

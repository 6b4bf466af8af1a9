import csv

import numpy as np
import pytest
from PIL import Image

from kgen.data import AttributeBatches, rgba_folder
from kgen.data.images import ImageFileError


def picture(colour, box=(4, 6, 12, 10), size=(20, 24)):
    """RGBA of one colour with alpha 255 in x, y, w, h, and a pixel of alpha 100 beside it."""
    array = np.zeros((*size, 4), np.uint8)
    array[..., :3] = colour
    x, y, w, h = box
    array[y : y + h, x : x + w, 3] = 255
    array[y, x - 1, 3] = 100
    return array


@pytest.fixture
def folder(tmp_path):
    for name, colour in (("a", (255, 0, 0)), ("b", (0, 255, 0)), ("c", (0, 0, 255))):
        Image.fromarray(picture(colour)).save(tmp_path / f"{name}.png")
    return tmp_path


def write_csv(path, columns, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


FLAGS = [["a.png", 1, 0], ["b.png", 0, 1], ["c.png", 1, 1]]


def test_alpha_is_the_shape_and_columns_are_attributes(folder):
    table = write_csv(folder / "table.csv", ["file", "warm", "cold"], FLAGS)
    pictures = rgba_folder(folder, table, background=(10, 20, 30))
    assert pictures.attribute_names == ("warm", "cold")
    assert pictures.attributes.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert pictures.shape_names == pictures.other_names == ("warm", "cold")
    image, mask, _, name = pictures[1]
    assert name == str(folder / "b.png")
    assert mask.shape == (24, 24)  # 20x24 became a square
    assert np.count_nonzero(mask) == 120
    np.testing.assert_array_equal(np.unique(image[mask > 0], axis=0), [[0, 255, 0]])
    assert image[0, 0].tolist() == [10, 20, 30]
    share = 100 / 255
    assert image[8, 3].tolist() == [round(10 * (1 - share)), round(20 * (1 - share) + 255 * share),
                                    round(30 * (1 - share))]  # fmt: skip


def test_crops_fit_the_shape(folder):
    table = write_csv(folder / "table.csv", ["file", "warm", "cold"], FLAGS)
    image, mask, _, _ = rgba_folder(folder, table, crop="side")[0]
    assert mask.shape == image.shape[:2] == (16, 16)
    assert np.count_nonzero(mask) == 120
    squeezed = rgba_folder(folder, table, fit="squeeze")[0]
    assert squeezed.mask.shape == (20, 24)


def test_words_of_a_column_become_attributes(folder):
    rows = [["a.png", "Red Hot-Face of a Cat"], ["b.png", "Cat with face"], ["c.png", "x"]]
    table = write_csv(folder / "table.csv", ["file", "name"], rows)
    pictures = rgba_folder(folder, table, words="name", min_count=2)
    assert pictures.attribute_names == ("cat", "face")
    assert len(pictures) == 2  # c has none of them
    every = rgba_folder(folder, table, words="name", min_count=1, ignore=("cat",))
    assert set(every.attribute_names) == {"face", "red", "hot", "of", "a", "with", "x"}
    assert every.attributes.sum() == 8


def test_tables_may_be_dicts_of_names_or_text(folder):
    names = rgba_folder(folder, {"a.png": ["Big::Red", "old"], "b.png": ["old"]}, min_count=1)
    assert names.attribute_names == ("old", "Big::Red")
    assert names.attributes.tolist() == [[1, 1], [1, 0]]
    text = rgba_folder(folder, {"a.png": "Grinning Face"}, min_count=1, shape=["face"])
    assert text.shape_names == ("face",)
    assert text.other_names == ("grinning",)


@pytest.mark.parametrize(
    ("columns", "rows", "arguments", "message"),
    [
        (["name", "x"], [["a.png", 1]], {}, "no column 'file' of file names; its columns are name"),
        (["file", "x"], [["a.png", "yes"]], {}, "line 2: the column 'x' holds 'yes'.*words='x'"),
        (["file", "x"], [["a.png"]], {}, "line 2: it must have 2 fields"),
        (["file"], [["a.png"]], {}, "no column besides 'file'"),
        (["file", "x"], [], {}, "it has no rows"),
        (["file", "title"], [["a.png", "t"]], {"words": "titel"}, "Did you mean 'title'"),
        (["file", "t"], [["a.png", "cat"]], {"words": "t"}, r"most frequent are cat \(1\)"),
        (["file", "x"], [["a.png", 1]], {"shape": ["z"]}, "Unknown attribute 'z'"),
        (["file", "x"], [["a.png", 1]], {"crop": "box"}, "crop is one of"),
    ],
)
def test_tables_that_cannot_be_are_explained(folder, columns, rows, arguments, message):
    table = write_csv(folder / "table.csv", columns, rows)
    with pytest.raises(ValueError, match=message):
        rgba_folder(folder, table, **arguments)


def test_missing_files_are_listed(folder):
    with pytest.raises(FileNotFoundError, match=r"1 of 2 files of the table.*: z\.png"):
        rgba_folder(folder, {"a.png": "x", "z.png": "x"}, min_count=1)
    with pytest.raises(FileNotFoundError, match="no such table"):
        rgba_folder(folder, folder / "no.csv")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        rgba_folder(folder / "nowhere", {})


def test_pictures_that_cannot_be_are_named(folder):
    Image.fromarray(picture((1, 2, 3))[..., :3]).save(folder / "rgb.png")
    Image.fromarray(np.zeros((5, 5, 4), np.uint8)).save(folder / "clear.png")
    table = {"rgb.png": "x", "clear.png": "x"}
    pictures = rgba_folder(folder, table, min_count=1)
    with pytest.raises(ImageFileError, match=r"rgb\.png: it has no transparency.*3 channels"):
        pictures[0]
    with pytest.raises(ImageFileError, match=r"clear\.png: its mask is empty"):
        pictures[1]


def test_emoji_are_a_data_set(kgen_data):
    root = kgen_data / "noto_emoji_apache"
    emoji = rgba_folder(root / "png128", root / "index.csv", words="unicode_name", min_count=20)
    assert len(emoji) > 400
    assert emoji.attribute_names[:2] == ("face", "symbol")
    assert not {"with", "and", "of"} & set(emoji.attribute_names)
    assert emoji.attributes[:, 0].sum() == 165
    grinning = next(n for n, name in enumerate(emoji.names) if name.endswith("u1f600.png"))
    image, mask, attributes, _ = emoji[grinning]
    assert image.shape == (128, 128, 3)
    assert attributes[0] == 1
    assert 0.5 < (mask > 0).mean() < 0.9
    batch = AttributeBatches(emoji, 2, size=32, batch_size=8, mismatching="roll", workers=0)[0]
    assert batch["other_attributes"].shape == (8, len(emoji.attribute_names))

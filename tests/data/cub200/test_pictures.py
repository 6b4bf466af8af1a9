import os

import numpy as np
import pytest
from PIL import Image

from kgen.data import AttributeBatches, cub, read_image
from kgen.data.cub200 import CUB_GROUPS, CUB_SHAPE_GROUPS, read_cub, read_image_labels
from kgen.data.images import ImageFileError
from tests.data.cub200.archive import ATTRIBUTES, CLASSES, HEIGHT, IDS, WIDTH, labels, write_table


def test_the_shipped_lists_are_those_of_the_archive():
    assert len(ATTRIBUTES) == 312
    assert len(CUB_GROUPS) == 28
    sizes = [len(values) for values in CUB_GROUPS.values()]
    assert sizes == [
        9, 15, 15, 15, 4, 15, 6, 15, 11, 15, 15, 14, 3, 15, 15, 15, 15, 5, 5, 14, 4, 4, 4, 15, 15,
        15, 15, 4,
    ]  # fmt: skip
    shape = [number for number, name in enumerate(ATTRIBUTES, start=1)
             if name.partition("::")[0] in CUB_SHAPE_GROUPS]  # fmt: skip
    ranges = [(1, 9), (74, 79), (150, 152), (213, 217), (218, 222), (223, 236)]
    assert shape == [n for first, last in ranges for n in range(first, last + 1)]
    assert len(shape) == 42


@pytest.mark.parametrize("inner", [True, False])
def test_the_folder_may_be_the_inner_or_the_outer_one(archive, inner):
    birds = cub(archive / "CUB_200_2011" if inner else archive, "all", crop=None, fit="squeeze")
    assert len(birds) == 6
    assert birds.names[3].endswith(f"{CLASSES[1]}/Bird_2275.jpg")
    assert birds.class_names == tuple(CLASSES)
    assert birds.classes.tolist() == [0, 0, 1, 1, 2, 2]
    image, mask, attributes, _ = birds[0]
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert mask.shape == (HEIGHT, WIDTH)
    assert attributes.shape == (312,)
    assert len(birds.shape_names) == 42
    assert len(birds.other_names) == 270


@pytest.mark.parametrize("place", ["CUB_200_2011/attributes", "CUB_200_2011"])
def test_attributes_txt_may_lie_elsewhere(archive, place):
    os.replace(archive / "attributes.txt", archive / place / "attributes.txt")
    assert cub(archive, "all").attribute_names == tuple(ATTRIBUTES)
    (archive / place / "attributes.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"looked for .*attributes/attributes\.txt.*root"):
        cub(archive, "all")


def test_malformed_rows_are_read_whole(archive):
    found = read_image_labels(read_cub(archive))
    present, certainty = labels()
    np.testing.assert_array_equal(found.present, present)
    np.testing.assert_array_equal(found.certainty, certainty)


@pytest.mark.parametrize("certainty", [1, 2, 3, 4])
def test_certainty_decides_what_counts(archive, certainty):
    present, how = labels()
    birds = cub(archive, "all", certainty=certainty)
    np.testing.assert_array_equal(birds.attributes, present * (how >= certainty))
    assert birds.attributes.dtype == np.uint8


def test_class_level_attributes_are_shares(archive):
    birds = cub(archive, "all", level="class")
    shares = np.linspace(0, 1, 3 * 312).reshape(3, 312)
    np.testing.assert_allclose(birds.attributes, shares[[0, 0, 1, 1, 2, 2]], atol=1e-6)
    (archive / "CUB_200_2011/attributes/image_attribute_labels.txt").unlink()
    assert cub(archive, "all", level="class").attributes.dtype == np.float32
    with pytest.raises(FileNotFoundError, match=r"caltech_birds2011 has none.*level='class'"):
        cub(archive, "all")


def test_the_parsed_attributes_are_kept_until_the_file_changes(archive, home, monkeypatch):
    files = read_cub(archive)
    first = read_image_labels(files)
    kept = list((home / "cub").iterdir())
    assert [path.suffix for path in kept] == [".npy"]
    with monkeypatch.context() as patch:
        patch.setattr("kgen.data.cub200.labels._parse", None)  # must not be needed
        np.testing.assert_array_equal(read_image_labels(files).present, first.present)
    path = archive / "CUB_200_2011/attributes/image_attribute_labels.txt"
    text = path.read_text().splitlines()
    text[0] = "1 1 1 4 0.0 "  # another size
    path.write_text("\n".join(text) + "\n")
    assert read_image_labels(files).certainty[0, 0] == 4
    kept[0].write_bytes(b"cut")  # a broken copy costs time only
    assert read_image_labels(files).present.shape == (6, 312)
    assert not [path for path in (home / "cub").iterdir() if path.name.startswith(".")]


def test_a_home_that_cannot_be_written_is_no_error(archive, home):
    home.write_text("a file, not a folder")
    assert read_image_labels(read_cub(archive)).present.shape == (6, 312)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-1], "lacks 1 of 1872 pairs"),
        (lambda rows: [*rows, "5 1 1 4 0.0"], r"row 1873: images are those of images\.txt"),
        (lambda rows: ["1 1 2 4 0.0", *rows[1:]], r"row 1: .*it reads \[1, 1, 2, 4\]"),
        (lambda rows: [rows[0], "1 2 x 4 0.0", *rows[2:]], "row 2: four whole numbers.*'1 2 x 4'"),
        (lambda rows: [rows[0], "1 2", *rows[2:]], "row 2: four whole numbers"),
        (lambda rows: ["1 400 1 4 0", *rows[1:]], "attributes 1 to 312"),
    ],
)
def test_rows_that_cannot_be_are_named(archive, change, message):
    path = archive / "CUB_200_2011/attributes/image_attribute_labels.txt"
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    with pytest.raises(ValueError, match=rf"image_attribute_labels\.txt.*{message}"):
        cub(archive, "all")


def test_grey_images_become_colour_and_alpha_of_masks_is_ignored(archive):
    birds = cub(archive, "all", crop=None, fit="squeeze")
    grey = birds[1].image
    assert grey.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    np.testing.assert_array_equal(birds[2].mask, birds[0].mask)
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[10:30, 10:50] = 255  # 150 is inside, 100 is not
    np.testing.assert_array_equal(birds[0].mask, expected)


@pytest.mark.parametrize(("crop", "size"), [("side", 52), ("stackgan", 60), ("area", 46)])
def test_image_and_mask_are_cut_together(archive, crop, size):
    padded, squeezed = (cub(archive, "all", crop=crop, fit=fit)[0] for fit in ("pad", "squeeze"))
    assert padded.image.shape == (size, size, 3)
    assert padded.mask.shape == (size, size)
    assert squeezed.image.shape[:2] == squeezed.mask.shape
    assert squeezed.mask.shape[0] <= HEIGHT
    for picture in (padded, squeezed):
        assert np.count_nonzero(picture.mask) == 20 * 40
    whole = cub(archive, "all", crop=None, fit="squeeze")[0]
    np.testing.assert_array_equal(padded.image[padded.mask > 0], whole.image[whole.mask > 0])


def test_splits_by_image_class_and_publisher(archive):
    everything = set(cub(archive, "all").names)
    for arguments in ({"by": "image"}, {"by": "class"}, {"by": "official"}):
        train, test = (cub(archive, split, **arguments) for split in ("train", "test"))
        assert set(train.names) | set(test.names) == everything
        assert not set(train.names) & set(test.names)
        assert cub(archive, "train", **arguments).names == train.names
        if arguments["by"] == "class":
            assert not set(train.classes) & set(test.classes)
            assert len(set(train.classes)) == 2
        if arguments["by"] == "official":
            assert [int(name[-8:-4]) for name in train.names] == [2, 2275, 1788]
    assert len(cub(archive, "train")) == round(6 * 8855 / 11788)
    seeds = {cub(archive, "train", seed=seed).names for seed in range(9)}
    assert len(seeds) > 3


def test_validation_is_set_aside_from_training(archive):
    train, val, test = (cub(archive, s, validation=0.2) for s in ("train", "val", "test"))
    assert len(train) + len(val) + len(test) == 6
    assert len(val) == 1
    assert not set(train.names) & set(val.names)
    assert test.names == cub(archive, "test").names


def test_classes_can_be_held_out_by_name(archive):
    test = cub(archive, "test", by="class", held_out=["Laysan_Albatross", CLASSES[2]])
    assert set(test.classes) == {1, 2}
    with pytest.raises(ValueError, match=r"Did you mean '002\.Laysan_Albatross'"):
        cub(archive, "test", by="class", held_out=["Laisan_Albatros"])
    with pytest.raises(ValueError, match="held_out names classes for by='class'"):
        cub(archive, "test", held_out=CLASSES[:1])


def test_other_shape_groups_and_boxes_of_a_part(archive):
    birds = cub(archive, "all", shape_groups=["has_size"])
    assert len(birds.shape_names) == 5
    assert len(birds.other_names) == 307
    assert birds.subset([5, 1]).boxes.shape == (2, 4)
    assert birds.labels.present.shape == (6, 312)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, "split is one of 'train', 'val', 'test', 'all'; received 'valid'"),
        ({"split": "val"}, "split='val' needs one"),
        ({"by": "random"}, "by is one of 'image', 'class', 'official'"),
        ({"level": "bird"}, "level is 'image' or 'class'"),
        ({"certainty": 5}, "certainty is 1, 2, 3 or 4"),
        ({"crop": "box"}, "crop is one of"),
        ({"fit": "stretch"}, "fit is"),
        ({"shape_groups": ["has_sise"]}, "Did you mean 'has_size'"),
    ],
)
def test_wrong_arguments_are_explained(archive, arguments, message):
    with pytest.raises(ValueError, match=message):
        cub(archive, **arguments)


def test_missing_masks_are_explained_and_may_be_ones_own(archive, tmp_path):
    mask = archive / "segmentations" / CLASSES[0] / "Bird_0001.png"
    kept = mask.read_bytes()
    mask.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"1 of 6 masks .*Bird_0001\.png.*segmentations\.tgz"
    ):
        cub(archive, "all")
    os.rename(archive / "segmentations", tmp_path / "mine")
    with pytest.raises(FileNotFoundError, match=r"6 of 6 masks are missing.*download_cub"):
        cub(archive, "all")
    (tmp_path / "mine" / CLASSES[0] / "Bird_0001.png").write_bytes(kept)
    assert cub(archive, "all", masks=tmp_path / "mine")[0].mask.any()
    with pytest.raises(FileNotFoundError, match="no such folder of masks"):
        cub(archive, "all", masks=tmp_path / "nowhere")


def test_bad_pictures_are_named(archive):
    birds = cub(archive, "all", crop=None)
    mask = archive / "segmentations" / CLASSES[0] / "Bird_0001.png"
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(mask)
    with pytest.raises(ImageFileError, match=r"Bird_0001\.jpg: its mask is empty"):
        birds[0]
    Image.fromarray(np.full((9, 9), 255, np.uint8)).save(mask)
    with pytest.raises(ImageFileError, match=r"Bird_0001\.png: its size \(9, 9\) differs"):
        birds[0]
    (archive / "CUB_200_2011/images" / CLASSES[0] / "Bird_0002.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageFileError, match=r"Bird_0002\.jpg: cannot be read"):
        birds[1]
    boxes = archive / "CUB_200_2011/bounding_boxes.txt"
    write_table(boxes, [(number, 900, 9, 40, 21) for number in IDS])
    with pytest.raises(ImageFileError, match=r"Bird_0007.*leaves no pixel.*bounding_boxes\.txt"):
        cub(archive, "all")[2]


@pytest.mark.parametrize(
    ("table", "rows", "message"),
    [
        ("images.txt", ["1"], r"images\.txt, line 1: 2 fields are needed; it reads '1'"),
        ("images.txt", [], "it is empty"),
        ("images.txt", ["1 a/b.jpg", "1 a/c.jpg"], "names an image twice"),
        ("classes.txt", ["2 b"], "numbered 1 to 1"),
        ("bounding_boxes.txt", ["1 0 0 5 5"], "lacks 5 of 6 images"),
        ("bounding_boxes.txt", ["1 0 0 5 wide"], "line 1: .*4 numbers"),
        ("train_test_split.txt", ["3 1"], "'3 1' is not the number of an image"),
        ("image_class_labels.txt", [f"{n} 9" for n in IDS], r"classes are 1 to 3.*9 to 9"),
        ("attributes/class_attribute_labels_continuous.txt", ["0 " * 312], "row of percentages"),
    ],
)
def test_bad_tables_are_named(archive, table, rows, message):
    (archive / "CUB_200_2011" / table).write_text("\n".join(rows) + "\n")
    with pytest.raises(ValueError, match=message):
        cub(archive, "all", level="class")


def test_no_folder_is_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds images\.txt.*CUB_200_2011\.tgz"):
        cub(tmp_path)


def test_batches_take_them(archive):
    birds = cub(archive, "all", level="class")
    batch = AttributeBatches(birds, 2, size=16, batch_size=3, mismatching="class")[0]
    assert batch["image"].shape == (3, 16, 16, 3)
    assert batch["other_attributes_wrong"].shape == (3, 270)
    assert read_image(birds.names[0]).shape == (HEIGHT, WIDTH, 3)

import numpy as np
import pytest

from kgen.data import attribute_arrays, attribute_groups, attribute_vector
from kgen.data.attribute_names import attribute_columns, check_vectors
from kgen.data.attributes import binary_mask

NAMES = ("has_tail::forked", "has_tail::fan", "has_bill::cone", "has_bill::fan", "has_color::red")


def make(count=6, **arguments):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 8, 10, 3), np.uint8)
    masks = rng.integers(0, 256, (count, 8, 10), np.uint8)
    table = (np.arange(count)[:, None] >> np.arange(5)) & 1
    return attribute_arrays(images, masks, table, NAMES, **arguments)


def test_a_picture_holds_image_binary_mask_attributes_and_name():
    pictures = make(names=[f"bird {n}" for n in range(6)])
    image, mask, attributes, name = pictures[3]
    assert image.shape == (8, 10, 3)
    assert mask.shape == (8, 10)
    assert set(np.unique(mask)) == {0, 255}
    assert attributes.dtype == np.uint8
    assert attributes.tolist() == [1, 1, 0, 0, 0]
    assert name == "bird 3"
    assert len(list(pictures)) == len(pictures) == 6


def test_masks_are_cut_between_127_and_128():
    assert binary_mask(np.array([[0, 127, 128, 255]], np.uint8)).tolist() == [[0, 0, 255, 255]]
    assert binary_mask(np.array([[False, True]])).tolist() == [[0, 255]]


def test_subset_select_and_divide_can_be_combined():
    pictures = make(classes=np.arange(6)).subset([4, 1]).select(["has_bill", "forked"])
    assert pictures.attribute_names == ("has_bill::cone", "has_bill::fan", "has_tail::forked")
    assert pictures.attributes.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert pictures.classes.tolist() == [4, 1]
    np.testing.assert_array_equal(pictures[1].image, make()[1].image)
    again = pictures.subset([1])
    np.testing.assert_array_equal(again[0].mask, make()[1].mask)
    assert again.name(0) == "picture 1"
    divided = pictures.divide("has_tail")
    assert divided.shape_names == ("has_tail::forked",)
    assert divided.shape_columns == (2,)
    assert divided.other_names == ("has_bill::cone", "has_bill::fan")
    assert pictures.divide("has_tail", other="has_bill::cone").other_names == ("has_bill::cone",)


def test_without_a_division_both_stages_get_all():
    assert make().shape_names == make().other_names == NAMES
    assert make(shape=["has_tail"]).other_names == NAMES[2:]
    assert make(other=["has_color"]).shape_names == NAMES[:4]
    assert make(shape=["has_tail"]).select(["fan", "red"][1:]).shape_names == ()


def test_split_is_random_whole_and_repeatable():
    train, validation = make().split(0.33, seed=1)
    assert sorted(train.names + validation.names) == sorted(make().names)
    assert len(validation) == 2
    assert make().split(0.33, seed=1)[0].names == train.names
    with pytest.raises(ValueError, match="share between 0 and 1"):
        make().split(1.5)
    with pytest.raises(IndexError, match=r"within 0\.\.5"):
        make().subset([6])


def test_names_values_and_groups_find_columns():
    assert attribute_groups(NAMES)["has_bill"] == (2, 3)
    assert attribute_columns("has_tail::fan", NAMES) == (1,)
    assert attribute_columns(["cone", "has_tail", "forked"], NAMES) == (2, 0, 1)
    assert attribute_vector(["cone", "red"], NAMES).tolist() == [0, 0, 1, 0, 1]
    assert make().vector("red").dtype == np.float32


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("has_bil::cone", "Unknown attribute 'has_bil::cone'. Did you mean 'has_bill::cone'"),
        ("Forkd", "Did you mean 'forked'"),
        ("xyz", "There are has_tail, has_bill, has_color"),
        ("fan", "several groups; name one of them: 'has_tail::fan', 'has_bill::fan'"),
        ("has_tail", "a group of 2 attributes; name one value: 'has_tail::VALUE' with forked, fan"),
        ([3], "chosen by their names; received 3"),
    ],
)
def test_names_that_cannot_be_are_explained(wanted, message):
    with pytest.raises(ValueError, match=message):
        attribute_vector(wanted, NAMES)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1, 0, 0]], "has 5 numbers, one for each of has_tail::forked.*received shape \\(1, 3\\)"),
        ([[0, 0, 0, 0, 50]], "0 \\(absent\\) to 1.*to 50. Divide percentages by 100"),
        ([[0, 0, 0, 0, np.nan]], "0 \\(absent\\) to 1"),
    ],
)
def test_wrong_vectors_are_explained(vectors, message):
    with pytest.raises(ValueError, match=message):
        check_vectors(vectors, NAMES)


def test_shares_stay_floats_and_flags_become_bytes():
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    shares = attribute_arrays(picture, picture[..., 0] == 0, [[0.25]], ["crested"])
    assert shares.attributes.dtype == np.float32
    assert make().attributes.dtype == np.uint8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"masks": np.ones((2, 4, 4), bool)}, "1 images, 2 masks, 1 rows"),
        ({"images": np.zeros((1, 4, 4, 3))}, "uint8 \\(H, W, 3\\); received float64"),
        ({"attribute_names": ["a", "a"], "attributes": [[0, 1]]}, "twice there: a"),
        ({"names": ["x", "y"]}, "received 2 names and 1 rows"),
        ({"shape": ["b"]}, "Unknown attribute 'b'"),
    ],
)
def test_arrays_that_do_not_fit_are_explained(change, message):
    arguments = {
        "images": np.zeros((1, 4, 4, 3), np.uint8),
        "masks": np.ones((1, 4, 4), bool),
        "attributes": [[1]],
        "attribute_names": ["a"],
    }
    with pytest.raises(ValueError, match=message):
        attribute_arrays(**(arguments | change))


def test_an_empty_mask_and_two_sizes_are_named():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    pictures = attribute_arrays(images, np.zeros((2, 4, 4), bool), [[0], [1]], ["a"])
    with pytest.raises(ValueError, match="picture 1: its mask is empty"):
        pictures[1]
    pictures = attribute_arrays(images, np.ones((2, 4, 5), bool), [[0], [1]], ["a"])
    with pytest.raises(ValueError, match=r"picture 0: .*\(4, 4\) and \(4, 5\)"):
        pictures[0]

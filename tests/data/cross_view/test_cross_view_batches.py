"""Batches of cross-view pairs: sizes, repeatability, the polar variant, extra rows, errors."""

import numpy as np
import pytest

from kgen.data import to_float
from kgen.data.cross_view import CrossViewBatches, polar_transform, view_arrays
from kgen.data.resizing import resize

rng = np.random.default_rng(0)
AERIAL = rng.integers(0, 256, (11, 40, 40, 3), "uint8")
GROUND = rng.integers(0, 256, (11, 20, 80, 3), "uint8")
PLACES = [0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6]
PAIRS = view_arrays(AERIAL, GROUND, PLACES)


def batches(**options):
    options = {"batch_size": 4, "aerial_size": 16, "ground_size": (16, 32), "seed": 3, **options}
    return CrossViewBatches(PAIRS, **options)


def same(first, second):
    return first.keys() == second.keys() and all((first[n] == second[n]).all() for n in first)


def test_a_batch_holds_resized_views_and_their_places():
    made = batches(training=False, resize="bilinear")
    assert len(made) == 3
    last = made[2]
    assert {name: (a.shape, a.dtype.name) for name, a in last.items()} == {
        "aerial": ((3, 16, 16, 3), "float32"),
        "ground": ((3, 16, 32, 3), "float32"),
        "location": ((3,), "int32"),
    }
    assert last["location"].tolist() == [4, 5, 6]
    expected = to_float(resize(GROUND[10], (16, 32), "bilinear"))
    np.testing.assert_array_equal(last["ground"][2], expected)


def test_area_is_the_default():
    expected = to_float(resize(AERIAL[0], 16, "area"))
    np.testing.assert_array_equal(batches(training=False)[0]["aerial"][0], expected)
    assert batches(aerial_size=None)[0]["aerial"].shape == (4, 256, 256, 3)


@pytest.mark.parametrize("unique", [False, True])
def test_batches_are_a_function_of_seed_epoch_and_number(unique):
    first, second = batches(unique_locations=unique), batches(unique_locations=unique, workers=0)
    second.epoch = 0
    ahead = [first[index] for index in range(len(first))]
    assert all(same(second[index], ahead[index]) for index in (1, 0))
    second.epoch = 1
    assert not same(second[0], ahead[0])
    second.epoch = 0  # as after resuming
    assert same(second[0], ahead[0])


def test_the_cache_changes_no_batch():
    options = {"polar": True, "roll": True, "workers": 0}
    kept, read = batches(cache="memory", **options), batches(**options)
    for epoch in (0, 1):
        kept.epoch = read.epoch = epoch
        assert all(same(kept[index], read[index]) for index in range(2))


def test_rolling_turns_both_views_alike():
    still, rolled = batches(polar=True), batches(polar=True, roll=True)
    assert still.aerial_size == (16, 16)
    assert batches(polar=True, aerial_size=None).aerial_size == (16, 32)
    turned = 0
    for plain, found in zip(still[0]["ground"], rolled[0]["ground"], strict=True):
        shifts = [s for s in range(32) if (np.roll(plain, s, axis=1) == found).all()]
        assert len(shifts) == 1
        turned += shifts[0] > 0
    assert turned >= 2
    both = CrossViewBatches(view_arrays(GROUND, GROUND), 4, 16, 16, polar=False, training=False)
    assert not both.roll
    image = rng.integers(0, 256, (6, 32, 32, 3), "uint8")
    polar = np.stack([polar_transform(each, (16, 32)) for each in image])
    equal = CrossViewBatches(view_arrays(image, polar), 6, None, (16, 32), polar=True, roll=True)
    np.testing.assert_array_equal(equal[0]["aerial"], equal[0]["ground"])


def test_without_polar_both_views_turn_by_quarters():
    smooth = resize(rng.integers(0, 256, (1, 4, 4, 3), "uint8")[0], (64, 64), "bicubic")
    images = np.stack([smooth] * 12)
    pairs = view_arrays(images, np.stack([polar_transform(smooth, (16, 64))] * 12))
    batch = CrossViewBatches(pairs, 12, 64, (16, 64), roll=True)[0]
    plain, quarters = to_float(smooth), []
    for aerial, ground in zip(batch["aerial"], batch["ground"], strict=True):
        quarters += [k for k in range(4) if (np.rot90(plain, k) == aerial).all()]
        again = to_float(polar_transform(np.uint8(np.round(127.5 * (aerial + 1))), (16, 64)))
        errors = [np.abs(again - np.roll(ground, 16 * turn, 1)).mean() for turn in range(4)]
        assert errors[0] < 0.1  # its centre is half a pixel off, as published
        assert min(errors[1:]) > 0.3
    assert len(quarters) == 12
    assert len(set(quarters)) > 2


@pytest.mark.parametrize("polar", [True, False])
def test_evaluation_never_rolls(polar):
    rolled = batches(polar=polar, roll=True, training=False)
    assert same(rolled[0], batches(polar=polar, training=False)[0])


def test_extra_rows_follow_their_pairs():
    rows = {"embedding": np.arange(22.0).reshape(11, 2), "code": np.arange(11)}
    made = batches(extra=rows)
    batch = made[0]
    assert (batch["embedding"].dtype, batch["code"].dtype) == ("float32", "int32")
    np.testing.assert_array_equal(batch["code"], made.numbers(0, 0))
    np.testing.assert_array_equal(batch["embedding"][:, 0], 2 * batch["code"])


@pytest.mark.parametrize("view", ["aerial", "ground"])
def test_one_view_can_be_left_out(view):
    both, one = (batches(polar=True, roll=True, views=v) for v in (("ground", "aerial"), (view,)))
    assert one[1].keys() == {view, "location"}
    assert same(one[1], {name: both[1][name] for name in (view, "location")})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"embedding": np.zeros((10, 2))}, "11 pairs"),
        ({"aerial": np.zeros((11, 2))}, "other names"),
        ({"embedding": np.array([["a"]] * 11)}, "numbers"),
        ({"embedding": np.where(np.arange(11) == 7, np.nan, 0)}, "row 7"),
    ],
)
def test_extra_rows_are_checked(rows, words):
    with pytest.raises(ValueError, match=words):
        batches(extra=rows)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"roll": True, "aerial_size": (16, 20)}, r"square, received \(16, 20\)"),
        ({"roll": True, "ground_size": (16, 30)}, r"multiple of 4, received \(16, 30\)"),
        ({"resize": "cubic"}, "area"),
        ({"cache": "disk"}, "memory"),
        ({"views": ("ground", "side")}, "views is a sequence"),
        ({"views": "ground"}, "views is a sequence"),
        ({"views": ()}, "views is a sequence"),
        ({"unique_locations": True, "training": False}, "shuffle"),
        ({"batch_size": 12}, "11 pairs make no batch"),
    ],
)
def test_arguments_that_cannot_be(options, words):
    with pytest.raises(ValueError, match=words):
        batches(**options)


def test_images_that_cannot_be():
    with pytest.raises(ValueError, match=r"pair 0.*aerial image has 1 channels"):
        CrossViewBatches(view_arrays(AERIAL[..., :1], GROUND), training=False)
    with pytest.raises(ValueError, match=r"pair 0.*square"):
        CrossViewBatches(view_arrays(GROUND, GROUND), polar=True, training=False)
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        CrossViewBatches(view_arrays(AERIAL * 1.0, GROUND), training=False)
    with pytest.raises(ValueError, match="received list"):
        CrossViewBatches([1, 2])

"""Batches are pure functions of (seed, epoch, number)."""

from itertools import chain

import numpy as np
import pytest

from kgen.data import Batches, Pairs, arrays, side_by_side, two_folders
from kgen.data.augment import jitter
from kgen.data.writing import write_image

rng = np.random.default_rng(3)


def numbered(count=10, size=16, channels=1):
    """Pairs whose pixels hold the number of the pair, target = 255 - source."""
    values = np.arange(count, dtype="uint8")[:, None, None, None]
    source = np.broadcast_to(values, (count, size, size, channels))
    return arrays(source, 255 - source)


def photos(count=6, height=40, width=50):
    images = rng.integers(0, 256, (count, height, width, 3), dtype="uint8")
    return arrays(images, 255 - images)


def numbers(batch):
    """Which pairs are in a batch of `numbered` ones."""
    return np.rint((np.asarray(batch[0])[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def everything(batches):
    return [numbers(batch) for batch in batches]


def test_shapes_range_and_both_halves_alike():
    batches = Batches(photos(), batch_size=4, size=(32, 48))
    source, target = batches[0]
    assert source.shape == target.shape == (4, 32, 48, 3)
    assert source.dtype == target.dtype == np.float32
    assert -1 <= source.min() < -0.9
    assert 0.9 < source.max() <= 1
    assert np.abs(source + target).max() < 0.01  # same window, same mirror; one level of rounding
    assert batches.source_shape == batches.target_shape == (32, 48, 3)


def test_a_sample_is_the_jitter_of_its_draw():
    pairs = photos()
    batches = Batches(pairs, size=32, seed=5)
    draw = batches.preparation.draw(np.random.default_rng([1, 5, 7, 2]), (36, 36))
    expected = jitter(*pairs[2], (36, 36), (32, 32), *draw)
    np.testing.assert_array_equal(batches.sample(2, epoch=7)[0], expected[0])


def test_evaluation_only_resizes_in_order():
    pairs = photos(count=5, height=32, width=32)
    batches = Batches(pairs, batch_size=2, size=32, training=False)
    assert [len(source) for source, _ in batches] == [2, 2, 1]
    whole = np.concatenate([source for source, _ in batches])
    np.testing.assert_allclose(whole, np.stack([s for s, _ in pairs]) / 127.5 - 1, atol=1e-6)


def test_training_drops_an_incomplete_batch_unless_told_otherwise():
    assert len(Batches(numbered(10), 4, 16)) == 2
    assert len(Batches(numbered(10), 4, 16, drop_remainder=False)) == 3
    assert len(Batches(numbered(10), 4, 16, steps_per_epoch=1)) == 1


def test_order_depends_on_seed_and_epoch_only():
    batches = Batches(numbered(), 2, 16, seed=1)
    first = everything(batches)
    assert sorted(chain.from_iterable(first)) == list(range(10))
    assert everything(batches) == first
    assert everything(Batches(numbered(), 2, 16, seed=1, workers=0)) == first
    assert everything(Batches(numbered(), 2, 16, seed=2)) != first
    batches.epoch = 1
    assert everything(batches) != first
    batches.epoch = 0
    assert everything(batches) == first


def test_jitter_does_not_depend_on_batch_size_or_order():
    pairs = photos()
    one = Batches(pairs, 1, 32, shuffle=False, seed=4)
    all_at_once = Batches(pairs, 6, 32, shuffle=False, seed=4, workers=0)
    one.epoch = all_at_once.epoch = 3
    singles = np.concatenate([source for source, _ in one])
    np.testing.assert_array_equal(singles, all_at_once[0][0])
    all_at_once.epoch = 4
    assert not np.array_equal(singles, all_at_once[0][0])


def test_flip_off_keeps_the_left_on_the_left():
    ramp = np.tile(np.arange(0, 240, 8, dtype="uint8"), (4, 30, 1))
    for flip, expected in ((False, {1.0}), (True, {-1.0, 1.0})):
        batches = Batches(arrays(ramp, ramp), 4, 30, flip=flip)
        signs = set()
        for batches.epoch in range(4):
            source = batches[0][0]
            signs |= set(np.sign(source[:, 0, -1, 0] - source[:, 0, 0, 0]).tolist())
        assert signs == expected


@pytest.mark.parametrize(
    ("preprocess", "training", "expected"),
    [
        ("resize_and_crop", True, (32, 32)),
        ("crop", True, (32, 32)),
        ("crop", False, (32, 32)),
        ("scale_width", True, (39, 32)),
        ("scale_width_and_crop", True, (32, 32)),
        ("scale_width_and_crop", False, (32, 32)),
        ("none", True, (52, 40)),
        ("none", False, (52, 40)),
    ],
)
def test_every_mode_of_preprocessing(preprocess, training, expected):
    pairs = photos(2, height=51, width=41)
    batches = Batches(pairs, 2, 32, training, preprocess=preprocess)
    assert batches[0][0].shape == (2, *expected, 3)
    if preprocess == "crop" and not training:
        middle = pairs[0][0][9:41, 4:36] / 127.5 - 1
        np.testing.assert_allclose(batches[0][0][0], middle, atol=1e-6)


def test_multiple_of_the_unet():
    batches = Batches(photos(1, 51, 70), preprocess="none", multiple=32, training=False)
    assert batches[0][0].shape == (1, 64, 64, 3)
    assert batches.source_shape == (None, None, 3)


def test_label_maps_stay_sharp():
    ids = rng.integers(0, 3, (4, 20, 20, 1), dtype="uint8")
    batches = Batches(arrays(ids, ids * 100), 4, 32, one_hot=3, target_resize="bicubic")
    source, target = batches[0]
    assert source.shape == (4, 32, 32, 3)
    assert set(np.unique(source)) == {-1.0, 1.0}
    assert len(np.unique(target)) > 3
    palette = np.array([[0], [100], [200]])
    batches = Batches(arrays(ids, ids * 100), 4, 32, resize="nearest", target_one_hot=palette)
    source, target = batches[0]
    np.testing.assert_array_equal(target.argmax(-1), np.rint((source[..., 0] + 1) * 127.5))
    half = Batches(arrays(ids, ids), 4, 32, one_hot=lambda image: image == 1)
    assert half[0][0].max() == 1


def test_deep_and_float_pairs():
    deep = rng.integers(0, 65536, (2, 20, 20, 5), dtype="uint16")
    heights = rng.uniform(-1, 1, (2, 20, 20)).astype("float32")
    source, target = Batches(arrays(deep, heights), 2, 32)[0]
    assert (source.shape[-1], target.shape[-1]) == (5, 1)
    assert np.abs(target).max() <= 1


def test_augment_gets_stored_pairs_and_its_own_random_numbers():
    seen = []

    def darken(source, target, generator):
        seen.append((source.dtype, source.shape, generator.integers(1 << 40)))
        return source // 2, target

    pairs = photos()
    plain = Batches(pairs, 6, 32, shuffle=False, workers=0)[0]
    batches = Batches(pairs, 6, 32, shuffle=False, workers=0, augment=darken)
    source, target = batches[0]
    assert seen[0][:2] == (np.uint8, (40, 50, 3))
    first = [number for *_, number in seen[-6:]]
    assert len(set(first)) == 6
    np.testing.assert_array_equal(target, plain[1])  # the jitter is as it was
    assert source.mean() < plain[0].mean() - 0.3
    assert batches[0][0].tobytes() == source.tobytes()
    assert [number for *_, number in seen[-6:]] == first
    seen.clear()
    Batches(pairs, 6, 32, training=False, augment=darken)[0]
    assert not seen


@pytest.mark.parametrize("augment", [None, lambda s, t, _: (s, t)])
def test_cache_reads_each_pair_once_and_changes_nothing(augment):
    class Counted(Pairs):
        def __init__(self, pairs):
            self.pairs, self.reads = pairs, 0

        def __len__(self):
            return len(self.pairs)

        def __getitem__(self, index):
            self.reads += 1
            return self.pairs[index]

    pairs = photos()
    counted = Counted(pairs)
    cached = Batches(counted, 2, 32, cache=True, workers=0, augment=augment)
    plain = Batches(pairs, 2, 32, workers=0, augment=augment)
    for epoch in range(3):
        cached.epoch = plain.epoch = epoch
        for (source, _), (expected, _) in zip(cached, plain, strict=True):
            np.testing.assert_array_equal(source, expected)
    assert counted.reads == len(pairs)


def test_files_that_fail_are_named_at_once(tmp_path):
    for number in range(4):
        write_image(tmp_path / f"{number}.png", rng.integers(0, 255, (8, 16, 3), dtype="uint8"))
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:100])
    pairs = side_by_side(tmp_path, None, input_side="left")
    batches = Batches(pairs, 2, 8, shuffle=False)
    with pytest.raises(ValueError, match=r"2\.png: cannot be read") as error:
        list(batches)
    assert batches.failure is error.value
    with pytest.raises(ValueError, match=r"2\.png: cannot be read"):
        Batches(pairs.subset([2]), 1, 8)  # the first pair fails before any training


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 16, 1), r"1\.png: it has 1 source and 1 target channels, other pairs have 3 and 3"),
        ((8, 15, 3), r"1\.png: its width of 15 pixels is odd"),
        ((6, 12, 3), r"1\.png: A window of 8x8"),
    ],
)
def test_files_that_do_not_fit_the_others_are_named(tmp_path, shape, message):
    write_image(tmp_path / "0.png", np.zeros((8, 16, 3), "uint8"))
    write_image(tmp_path / "1.png", np.zeros(shape, "uint8"))
    pairs = side_by_side(tmp_path, None, input_side="left")
    batches = Batches(pairs, 2, 8, preprocess="crop", shuffle=False)
    with pytest.raises(ValueError, match=message):
        batches[0]


def test_halves_and_batches_of_several_sizes_are_named():
    class Unequal(Pairs):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return np.zeros((8, 8, 3), "uint8"), np.zeros((8, 9, 3), "uint8")

    with pytest.raises(ValueError, match="pair 0: the halves of a pair"):
        Batches(Unequal(), 1, 8)
    images = [np.zeros((8, 8, 3), "uint8"), np.zeros((12, 8, 3), "uint8")]
    with pytest.raises(ValueError, match=r"pair 1: its size \(12, 8\).*batch_size=1"):
        Batches(arrays(images, images), 2, preprocess="none", training=False)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number >= 1"),
        ({"batch_size": 11}, "10 pairs make no batch of 11"),
        ({"seed": -1}, "seed must be"),
        ({"workers": -1}, "workers must be"),
        ({"steps_per_epoch": -2}, "steps_per_epoch must be"),
        ({"size": 0}, "at least 1 pixel"),
        ({"load_size": 8}, "at least as large as size"),
        ({"load_size": 20, "preprocess": "crop"}, "does not resize to a load_size"),
        ({"preprocess": "zoom"}, "Unknown preprocess 'zoom'"),
        ({"resize": "spline"}, "Unknown resize method 'spline'"),
        ({"multiple": 0}, "multiple is at least 1"),
        ({"one_hot": 3, "batch_size": 10}, "pair .*label values belong to no class"),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        Batches(numbered(), **{"size": 16, **arguments})[0]


def test_what_is_no_source_of_pairs():
    with pytest.raises(ValueError, match="received tuple"):
        Batches((np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8, 3))))


def test_batches_outside_are_refused():
    batches = Batches(numbered(4), 2, 16)
    for index in (-1, 2):
        with pytest.raises(IndexError, match=r"only 0\.\.1"):
            batches[index]


def test_real_masks_and_photographs_are_ready_for_training(kgen_data):
    folder = kgen_data / "dsb2018_cc0" / "stained320x256"
    pairs = two_folders(folder / "masks", folder / "images")
    assert len(pairs) == 104
    train, validation = pairs.split(validation=0.1)
    arguments = {"batch_size": 8, "resize": "nearest", "target_resize": "bicubic"}
    source, target = Batches(train, size=64, **arguments)[0]
    assert source.shape == (8, 64, 64, 1)
    assert target.shape == (8, 64, 64, 3)
    assert set(np.unique(source)) == {-1.0, 1.0}
    assert target.std() > 0.05
    assert len(Batches(validation, size=64, training=False, **arguments)) == 2
    deep = two_folders(folder / "instances16", folder / "images")
    assert deep[0][0].dtype == np.uint16

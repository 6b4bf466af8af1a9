"""Batches of pictures with attributes: contents, jitter, epochs, mismatching attributes."""

import keras
import numpy as np
import pytest

from kgen.data import AttributeBatches, arrays, attribute_arrays
from kgen.data.attributes import AttributePictures


def numbered(count=10, size=32, n=4, **arguments):
    """Pictures whose pixels hold their number, attributes its bits; left half is the object."""
    images = np.broadcast_to(np.arange(count)[:, None, None, None], (count, size, size, 3))
    masks = np.zeros((count, size, size), bool)
    masks[:, :, : size // 2] = True
    bits = (np.arange(count)[:, None] >> np.arange(n)) & 1
    names = [f"bit::{number}" for number in range(n)]
    return attribute_arrays(images.astype(np.uint8), masks, bits, names, **arguments)


def numbers(batch, key="shape_attributes"):
    return (batch[key] @ (1 << np.arange(4))).astype(int).tolist()


def everything(batches):
    return [numbers(batch) for batch in batches]


@pytest.mark.parametrize("training", [True, False])
def test_contents_of_both_stages(training):
    pictures = numbered(shape=["bit::0", "bit::1"])
    first = AttributeBatches(pictures, 1, size=16, batch_size=4, training=training)[0]
    assert {key: array.shape for key, array in first.items()} == {
        "mask": (4, 16, 16, 1),
        "shape_attributes": (4, 2),
    }
    second = AttributeBatches(pictures, 2, size=16, batch_size=4, training=training)[0]
    assert {key: array.shape for key, array in second.items()} == {
        "image": (4, 16, 16, 3),
        "mask": (4, 16, 16, 1),
        "other_attributes": (4, 2),
    }
    for array in (*first.values(), *second.values()):
        assert array.dtype == np.float32
    assert set(np.unique(second["mask"])) == {-1, 1}


def test_image_mask_and_attributes_belong_together():
    """The object is the left half and black: whatever the jitter, the mask must find it again."""
    images = np.full((6, 20, 20, 3), 200, np.uint8)
    images[:, :, :10] = 0
    pictures = attribute_arrays(images, images[..., 0] == 0, np.eye(6), list("abcdef"))
    batches = AttributeBatches(pictures, 2, size=16, batch_size=6, resize="nearest", seed=3)
    batch = batches[0]
    np.testing.assert_array_equal(batch["image"][..., :1] < 0, batch["mask"] > 0)
    left = [mask[0, 0, 0] > 0 for mask in batch["mask"]]
    assert 0 < sum(left) < 6  # some were mirrored
    np.testing.assert_array_equal(batch["other_attributes"], np.eye(6)[batches.order(0)])


def test_both_stages_see_the_same_jitter():
    masks = [
        AttributeBatches(numbered(), stage, size=16, batch_size=5, seed=4)[1]["mask"]
        for stage in (1, 2)
    ]
    np.testing.assert_array_equal(*masks)


def test_training_enlarges_by_76_to_64_and_evaluation_does_not():
    assert AttributeBatches(numbered(), size=64, batch_size=2).preparation.load_size == (76, 76)
    plain = AttributeBatches(numbered(), size=16, batch_size=4, training=False)
    assert plain.preparation.load_size == (16, 16)
    assert everything(plain) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    np.testing.assert_array_equal(plain[0]["mask"][0, 0, :, 0], [1] * 8 + [-1] * 8)


def test_stage_1_reads_no_image(monkeypatch):
    def refuse(self, index):
        raise AssertionError("stage 1 needs no image")

    monkeypatch.setattr(AttributePictures, "image", refuse)
    assert AttributeBatches(numbered(), 1, size=16, batch_size=4, workers=0)[0]["mask"].any()


@pytest.mark.parametrize("workers", [0, 3])
def test_epochs_are_functions_of_seed_and_epoch(workers):
    def batches(**more):
        return AttributeBatches(
            numbered(), size=16, batch_size=3, seed=5, workers=workers, mismatching="class", **more
        )

    one, two = batches(), batches(cache=True)
    first = everything(one)
    one.epoch = 1
    second = everything(one)
    assert first != second
    served = np.concatenate(second)
    assert len(np.unique(served)) == len(served) == 9
    two.epoch = 1
    for again, batch in zip(two, one, strict=True):
        for key in batch:
            np.testing.assert_array_equal(again[key], batch[key])


class Recorder(keras.Model):
    """Writes down which pictures fit gives it."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.seen = []

    def call(self, batch):
        return self.dense(batch["shape_attributes"])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.seen.append(numbers({"shape_attributes": np.array(x["shape_attributes"])}))
        return keras.ops.mean(y_pred)


def test_fit_gets_each_epoch_its_own():
    model, batches = Recorder(), AttributeBatches(numbered(), size=16, batch_size=3, seed=2)
    model(batches[0])
    model.compile("sgd", run_eagerly=True)
    model.seen.clear()
    model.fit(batches, epochs=2, verbose=0)
    expected = AttributeBatches(numbered(), size=16, batch_size=3, seed=2)
    for epoch, seen in enumerate((model.seen[:3], model.seen[3:])):
        expected.epoch = epoch
        assert seen == everything(expected)


@pytest.mark.parametrize("key", ["roll", "class", "group"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_mismatching_attributes_are_never_equal(key, batch_size):
    classes = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    table = np.eye(3)[[0, 0, 1, 1, 1, 2, 2, 2]]  # many equal vectors, across classes too
    images = np.zeros((8, 8, 8, 3), np.uint8)
    masks = np.ones((8, 8, 8), bool)
    pictures = attribute_arrays(images, masks, table, ["a", "b", "c"], classes=classes)
    batches = AttributeBatches(pictures, 2, size=8, batch_size=batch_size, mismatching=key)
    for epoch in range(3):
        batches.epoch = epoch
        for batch in batches:
            right, wrong = batch["other_attributes"], batch["other_attributes_wrong"]
            assert wrong.shape == right.shape
            assert (wrong != right).any(axis=1).all()
            if key != "group":
                assert (wrong.sum(axis=1) == 1).all()  # vectors of real pictures


def test_roll_takes_the_next_picture_of_the_batch():
    plain = AttributeBatches(numbered(8), size=16, batch_size=4, mismatching="roll", training=False)
    assert numbers(plain[1]) == [4, 5, 6, 7]
    assert numbers(plain[1], "shape_attributes_wrong") == [5, 6, 7, 4]


def test_group_changes_one_group_and_every_group_in_turn():
    rng = np.random.default_rng(0)
    colours, sizes = rng.integers(0, 3, 12), rng.integers(0, 2, 12)
    table = np.concatenate([np.eye(3)[colours], np.eye(2)[sizes], np.ones((12, 1))], axis=1)
    names = ["colour::red", "colour::green", "colour::blue", "size::small", "size::large", "bird"]
    images = np.zeros((12, 8, 8, 3), np.uint8)
    pictures = attribute_arrays(images, images[..., 0] == 0, table, names)
    batches = AttributeBatches(pictures, size=8, batch_size=12, mismatching="group", workers=0)
    changed = set()
    for _ in range(3):
        batch = batches[0]
        right, wrong = batch["shape_attributes"], batch["shape_attributes_wrong"]
        differs = right != wrong
        in_colour, in_size = differs[:, :3].any(axis=1), differs[:, 3:5].any(axis=1)
        np.testing.assert_array_equal(in_colour ^ in_size, True)
        np.testing.assert_array_equal(wrong[:, :3].sum(axis=1), 1)  # still one colour, one size
        np.testing.assert_array_equal(wrong[:, 3:5].sum(axis=1), 1)
        assert not differs[:, 5].any()  # all are birds: there is no other value
        changed |= set(in_colour.tolist())
        batches.epoch += 1
    assert changed == {True, False}


def test_class_takes_another_class():
    pictures = numbered(8, classes=np.repeat([0, 1], 4))
    batches = AttributeBatches(pictures, size=16, batch_size=8, mismatching="class")
    batch = batches[0]
    right, wrong = numbers(batch), numbers(batch, "shape_attributes_wrong")
    assert all((a < 4) != (b < 4) for a, b in zip(right, wrong, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stage": 3}, "stage is 1 .* or 2 .*; not 3"),
        ({"mismatching": "shift"}, "'roll' or 'class' or 'group'; received 'shift'"),
        ({"batch_size": 64}, "10 pictures make no batch of 64"),
        ({"load_size": 8, "size": 16}, "load_size \\(8, 8\\) must be at least as large"),
        ({"resize": "magic"}, "Unknown resize method 'magic'"),
        (
            {"pictures": arrays(np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8)))},
            "received _Arrays.*cub",
        ),
        (
            {"pictures": numbered(n=1, count=1), "mismatching": "roll", "batch_size": 1},
            "all 1 have",
        ),
        ({"pictures": numbered(shape=["bit"]), "stage": 2}, "left for stage 2.*divide"),
    ],
)
def test_wrong_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        AttributeBatches(**{"pictures": numbered(), "batch_size": 4, **arguments})


def test_a_broken_picture_fails_at_once_and_is_named():
    pictures = attribute_arrays(
        np.zeros((4, 8, 8, 3), np.uint8), np.zeros((4, 8, 8), bool), np.eye(4), list("abcd")
    )
    with pytest.raises(ValueError, match=r"picture \d: its mask is empty"):
        AttributeBatches(pictures, batch_size=2, size=8)

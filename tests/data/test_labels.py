"""Label maps as channels."""

import numpy as np
import pytest

from kgen.data.images import to_uint8
from kgen.data.labels import one_hot

PALETTE = np.array([[0, 0, 255], [255, 0, 0], [0, 128, 0]])


def test_class_numbers():
    ids = np.array([[0, 2], [1, 1]], "uint8")
    channels = one_hot(ids, 3)
    assert channels.shape == (2, 2, 3)
    assert channels.dtype == np.float32
    np.testing.assert_array_equal(channels.argmax(-1), ids)
    assert (channels.sum(-1) == -1).all()  # +1 once, -1 twice
    assert set(to_uint8(channels).ravel().tolist()) == {0, 255}


def test_colours_of_a_palette():
    ids = np.random.default_rng(0).integers(0, 3, (5, 6))
    channels = one_hot(PALETTE[ids].astype("uint8"), PALETTE)
    np.testing.assert_array_equal(channels.argmax(-1), ids)


def test_listed_class_numbers_with_gaps():
    assert one_hot(np.array([[7, 33]], "uint16"), np.array([[7], [33]])).argmax(-1).tolist() == [
        [0, 1]
    ]


def test_unknown_pixels_have_no_class():
    channels = one_hot(np.array([[1, 255]], "uint8"), 3, unknown=255)
    assert channels[0, 1].tolist() == [-1, -1, -1]
    assert channels[0, 0].tolist() == [-1, 1, -1]
    colours = np.array([[[255, 255, 255], [255, 0, 0]]], "uint8")
    assert one_hot(colours, PALETTE, unknown=(255, 255, 255))[0].max(-1).tolist() == [-1, 1]


def test_strange_values_are_named_with_their_counts():
    with pytest.raises(ValueError, match=r"\[9\] \(2 pixels\).*tolerance"):
        one_hot(np.array([[0, 9, 9]], "uint8"), 3)
    soft = np.array([[[250, 3, 2]]], "uint8")
    with pytest.raises(ValueError, match=r"\[250, 3, 2\]"):
        one_hot(soft, PALETTE)
    assert one_hot(soft, PALETTE, tolerance=10).argmax(-1).item() == 1


def test_wrong_kinds_are_refused():
    with pytest.raises(ValueError, match="mode='ids'"):
        one_hot(np.zeros((2, 2, 3), "uint8"), 3)
    with pytest.raises(ValueError, match="float32"):
        one_hot(np.zeros((2, 2, 1), "float32"), 3)

"""Resizing, against Pillow and against the stored results of TensorFlow."""

import numpy as np
import pytest
from PIL import Image

from kgen.data.resizing import METHODS, as_size, resize

rng = np.random.default_rng(1)
IMAGE = rng.integers(0, 256, (48, 56, 3), dtype="uint8")
SIZES = [(60, 60), (32, 32), (20, 90)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("method", ["bicubic", "bilinear", "lanczos"])
def test_equals_pillow(size, method):
    how = Image.Resampling[method.upper()]
    expected = np.asarray(Image.fromarray(IMAGE).resize(size[::-1], how))
    np.testing.assert_array_equal(resize(IMAGE, size, method), expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_any_channels_and_depth(method, dtype, channels):
    image = np.repeat(IMAGE[..., :1], channels, axis=-1).astype(dtype)
    resized = resize(image, (30, 61), method)
    assert resized.shape == (30, 61, channels)
    assert resized.dtype == dtype
    assert (resized == resized[..., :1]).all()  # channels do not mix
    assert (
        np.abs(resized[..., 0] - resize(IMAGE[..., 0], (30, 61), method).astype(float)).max() < 60
    )


def test_sixteen_bits_are_not_cut_to_eight():
    deep = IMAGE.astype("uint16") * 257
    exact = np.clip(np.rint(resize(deep.astype("float32"), (60, 60))), 0, 65535)
    resized = resize(deep, (60, 60))
    np.testing.assert_array_equal(resized, exact)
    assert (resized % 257 != 0).mean() > 0.5  # levels that 8 bits do not have


def test_nearest_equals_pillow_but_for_ties():
    for size in ((64, 72), (32, 40), (96, 104)):  # no centre on a border
        expected = Image.fromarray(IMAGE).resize(size[::-1], Image.Resampling.NEAREST)
        np.testing.assert_array_equal(resize(IMAGE, size, "nearest"), np.asarray(expected))


def test_integers_are_clipped_and_floats_are_not():
    edge = np.repeat(np.array([[0, 255]], "uint8"), 4, axis=1)
    for method in ("bicubic", "bicubic_no_antialias", "lanczos"):
        assert resize(edge, (1, 31), method).max() == 255
        assert resize(edge.astype("float32"), (1, 31), method).max() > 255


def test_nearest_takes_pixels_and_invents_none():
    labels = np.array([[3, 200, 7]], "uint8")
    assert resize(labels, (1, 6), "nearest").tolist() == [[3, 3, 200, 200, 7, 7]]
    assert resize(np.arange(6, dtype="uint8")[None], (1, 3), "nearest").tolist() == [[1, 3, 5]]


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_without_antialias_equals_pillow_when_enlarging(kind):
    """When enlarging there is no antialiasing, so both ways must agree."""
    ours = resize(IMAGE.astype("float32"), (90, 70), f"{kind}_no_antialias")
    pillow = resize(IMAGE.astype("float32"), (90, 70), kind)
    # 1024 steps of the cubic's table against Pillow's exact coefficients
    assert np.abs(ours - pillow).max() < (0.5 if kind == "bicubic" else 0.01)


def test_without_antialias_reads_only_neighbours_when_shrinking():
    stripes = np.tile(np.array([0, 255], "uint8"), 16)[None]
    assert set(resize(stripes, (1, 8), "bilinear_no_antialias")[0].tolist()) <= {127, 128}
    point = np.zeros((1, 64), "float32")
    point[0, 9] = 1.0
    assert resize(point, (1, 8), "bicubic_no_antialias").any(axis=0).sum() <= 1
    assert resize(point, (1, 8), "bicubic").any(axis=0).sum() > 1


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="choose one of bicubic"):
        resize(IMAGE, 60, "cubic")
    with pytest.raises(ValueError, match="uint8, uint16 or float32"):
        resize(IMAGE.astype("int64"), 60)
    for wrong in (0, (3, 4, 5), "60", 1.5):
        with pytest.raises(ValueError, match="size"):
            as_size(wrong)


def test_area_means_over_what_a_new_pixel_covers():
    row = np.array([[0, 60, 240]], "uint8")
    assert resize(row, (1, 2), "area").tolist() == [[20, 180]]  # two thirds and one third
    assert resize(row, (1, 1), "area").tolist() == [[100]]
    assert resize(row, (1, 6), "area").tolist() == [[0, 0, 60, 60, 240, 240]]  # whole pixels
    assert resize(row, (1, 4), "area").tolist() == [[0, 40, 120, 240]]  # those between are mixed


@pytest.mark.parametrize("size", [(24, 28), (16, 7), (13, 17), (100, 9)])
def test_area_keeps_the_mean(size):
    values = IMAGE.astype("float32")
    means = resize(values, size, "area").mean((0, 1))
    np.testing.assert_allclose(means, values.mean((0, 1)), rtol=1e-5)
    np.testing.assert_array_equal(resize(np.full((48, 56), 255, "uint8"), size, "area"), 255)


def test_area_of_whole_factors_is_the_mean_of_blocks():
    blocks = IMAGE.reshape(12, 4, 14, 4, 3).mean((1, 3))
    np.testing.assert_array_equal(resize(IMAGE, (12, 14), "area"), np.rint(blocks).astype("uint8"))

"""The training jitter, against the reference's numbers and against its definition."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kgen.data import augment
from kgen.data.augment import Draw
from kgen.data.resizing import resize

ROOT = Path(__file__).parents[2]
PLACES = [os.environ.get("KGEN_GOLDENS"), ROOT / "../shared/goldens", ROOT / "tests/goldens/data"]
rng = np.random.default_rng(2)


@pytest.fixture(scope="module")
def golden():
    files = [Path(place, "p2p/paired_augment.npz") for place in PLACES if place]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        pytest.skip(f"no reference numbers in {', '.join(map(str, files))}")
    with np.load(found) as arrays:
        return dict(arrays)


def test_jitter_equals_the_reference(golden):
    names = ("load_size", "crop_size", "crop_x", "crop_y")
    settings = {name: int(golden[name]) for name in names}
    halves = augment.jitter(golden["a"], golden["b"], **settings, flip=bool(golden["flip"]))
    for half, name in zip(halves, "ab", strict=True):
        assert half.dtype == np.float32
        np.testing.assert_allclose(half, golden[f"{name}_final"], atol=1e-6)


@pytest.mark.parametrize("half", ["a", "b"])
@pytest.mark.parametrize(
    ("key", "method", "tolerance"),
    [
        ("resized_pil_bicubic", "bicubic", 0),
        ("down32_pil_bicubic", "bicubic", 0),
        ("resized_tf_nearest", "nearest", 0),
        ("resized_tf_bilinear", "bilinear_no_antialias", 2e-3),
        ("resized_tf_bicubic_noaa", "bicubic_no_antialias", 2e-3),
    ],
)
def test_resizes_equal_the_reference(golden, half, key, method, tolerance):
    expected = golden[f"{half}_{key}"]
    resized = resize(golden[half].astype(expected.dtype), expected.shape[:2], method)
    np.testing.assert_allclose(resized.astype("float64"), expected, atol=tolerance)


@pytest.mark.parametrize("flip", [False, True])
def test_jitter_is_resize_crop_mirror_scale(flip):
    image = rng.integers(0, 256, (50, 70, 3), dtype="uint8")
    big = np.asarray(Image.fromarray(image).resize((80, 72), Image.Resampling.BICUBIC))
    cut = big[5 : 5 + 64, 11 : 11 + 60]
    expected = (cut[:, ::-1] if flip else cut) / 127.5 - 1
    source, target = augment.jitter(image, image[..., :1], (72, 80), (64, 60), 11, 5, flip)
    np.testing.assert_allclose(source, expected, atol=1e-6)
    assert target.shape == (64, 60, 1)


def test_target_may_have_its_own_method():
    labels = rng.choice([0, 255], (20, 20, 1)).astype("uint8")
    soft, sharp = augment.jitter(labels, labels, 30, 30, 0, 0, False, "bicubic", "nearest")
    assert set(np.unique(sharp)) == {-1.0, 1.0}
    assert len(np.unique(soft)) > 2


def test_sixteen_bit_and_float_halves():
    deep = rng.integers(0, 65536, (20, 20, 5), dtype="uint16")
    sharp = np.where(deep > 30000, 1.0, -1.0).astype("float32")
    source, target = augment.jitter(deep, sharp, 30, 24, 1, 2, True)
    assert source.shape == target.shape == (24, 24, 5)
    assert len(np.unique(source)) > 256
    assert np.abs(target).max() == 1.0  # what the cubic overshoots is cut


def test_load_sizes_of_the_paper():
    assert augment.default_load_size(256) == (286, 286)
    assert augment.default_load_size((64, 128)) == (72, 143)
    assert augment.default_load_size(512) == (572, 572)


@pytest.mark.parametrize(
    ("preprocess", "expected"),
    [
        ("resize_and_crop", (286, 286)),
        ("crop", (603, 1198)),
        ("scale_width", (256, 286)),  # never lower than the crop
        ("scale_width_and_crop", (256, 286)),
        ("none", (604, 1200)),  # 150.75 and 299.5 fours; halves go to the even number
    ],
)
def test_sizes_of_every_mode(preprocess, expected):
    assert augment.scaled_size((603, 1198), preprocess, (286, 286), (256, 256)) == expected


def test_scale_width_keeps_the_shape_and_leaves_fitting_images_alone():
    assert augment.scaled_size((600, 300), "scale_width", (286, 286), (256, 256)) == (572, 286)
    assert augment.scaled_size((300, 286), "scale_width", (286, 286), (256, 256)) == (300, 286)


def test_draws_reach_every_window_and_both_mirrors():
    draws = {augment.draw(np.random.default_rng(i), (12, 11), (10, 10), True) for i in range(200)}
    expected = {Draw(x, y, f) for x in range(2) for y in range(3) for f in (False, True)}
    assert draws == expected


def test_turning_the_mirror_off_keeps_the_crops():
    for seed in range(10):
        on = augment.draw(np.random.default_rng(seed), (99, 99), (64, 64), True)
        off = augment.draw(np.random.default_rng(seed), (99, 99), (64, 64), False)
        assert off == Draw(on.crop_x, on.crop_y, False)


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (7, 0), (0, 7)])
def test_a_window_outside_is_refused(place):
    with pytest.raises(ValueError, match="does not lie inside the image of 16x16"):
        augment.window(np.zeros((16, 16, 1), "uint8"), 10, Draw(*place, False))

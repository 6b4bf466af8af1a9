"""Pixel errors and sharpness, by hand and against scikit-image."""

import numpy as np
import pytest

from kgen.metrics import mae, psnr, rmse, sharp_diff


def pair(shape=(2, 16, 12, 3)):
    draws = np.random.default_rng(0)
    return draws.integers(0, 256, shape, "uint8"), draws.integers(0, 256, shape, "uint8")


def test_psnr_equals_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    real, fake = pair()
    expected = [metrics.peak_signal_noise_ratio(a, b) for a, b in zip(real, fake, strict=True)]
    np.testing.assert_allclose(psnr(real, fake), expected, rtol=1e-12)


def test_errors_by_hand():
    real = np.zeros((2, 4, 4, 3), "uint8")
    fake = real.copy()
    fake[1, :2] = 10  # half of the pixels
    np.testing.assert_allclose(rmse(real, fake), [0, np.sqrt(50)])
    np.testing.assert_allclose(mae(real, fake), [0, 5])
    assert psnr(real, fake)[0] == np.inf
    assert psnr(real, fake)[1] == pytest.approx(10 * np.log10(255**2 / 50))


def test_any_number_of_channels_and_any_size():
    for shape in ((1, 3, 3, 1), (1, 5, 7, 6)):
        real, fake = pair(shape)
        assert sharp_diff(real, fake).shape == rmse(real, fake).shape == (1,)


def test_sharp_diff_sees_slopes_only():
    real, _ = pair()
    real = real // 2
    assert sharp_diff(real, real + np.uint8(9)).min() > 100
    assert sharp_diff(real, real).tolist() == [np.inf, np.inf]
    flat = np.full_like(real, real.mean())
    assert np.all(sharp_diff(real, flat) < sharp_diff(real, (real + flat) // 2))
    with pytest.raises(ValueError, match="at least 3x3"):
        sharp_diff(real[:, :2], real[:, :2])

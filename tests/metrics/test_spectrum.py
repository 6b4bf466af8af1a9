"""Power spectra: energy, windows, spikes of a checkerboard, rings, refusals."""

import numpy as np
import pytest
from PIL import Image

from kgen.metrics import (
    log_spectral_distance,
    mean_power_spectrum,
    radial_spectrum,
    spectrum_spikes,
)


def smooth(count: int = 50, side: int = 32) -> np.ndarray:
    """Noise with the falling spectrum of photographs."""
    draws = np.random.default_rng(0).normal(size=(count, side, side, 3))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    spectra = np.fft.fft2(draws, axes=(1, 2)) / (frequency + 0.05)[..., None]
    shaped = np.fft.ifft2(spectra, axes=(1, 2))
    return np.clip(128 + 4 * shaped.real, 0, 255).astype("uint8")


def checkered(images: np.ndarray) -> np.ndarray:
    """A pattern of period 4, as transposed convolutions leave it."""
    pattern = np.zeros(images.shape[1:3])
    pattern[::4, ::4] = 12
    return np.clip(images + pattern[..., None], 0, 255).astype("uint8")


def test_energy_is_kept():
    images = smooth()
    power = mean_power_spectrum(images)
    grey = images / 255.0 @ [0.2125, 0.7154, 0.0721]
    assert power.mean() == pytest.approx((grey**2).mean())  # Parseval
    middle = power[16, 16] * 32 * 32
    assert middle == pytest.approx((grey.sum(axis=(1, 2)) ** 2).mean())


def test_folders_and_generators_stream(tmp_path):
    images = smooth()
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    expected = mean_power_spectrum(images)
    np.testing.assert_allclose(mean_power_spectrum(tmp_path), expected)
    np.testing.assert_allclose(mean_power_spectrum(x for x in images), expected)
    signed = images.astype("float64") / 127.5 - 1
    np.testing.assert_allclose(mean_power_spectrum(signed, value_range=(-1, 1)), expected)


def test_window_takes_the_mean_off():
    flat = np.full((50, 16, 16, 1), 100, "uint8")
    assert mean_power_spectrum(flat)[8, 8] > 1
    assert mean_power_spectrum(flat, window="hann").max() < 1e-25
    noise = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 1), "uint8")
    plain, window = (mean_power_spectrum(noise, window=w)[2, 2] for w in (None, "hann"))
    assert window == pytest.approx(plain, rel=0.3)  # the level of noise stays


def test_spikes_of_a_checkerboard():
    images = smooth()
    real, fake = mean_power_spectrum(images), mean_power_spectrum(checkered(images))
    assert spectrum_spikes(real).count == 0
    spikes = spectrum_spikes(fake)
    assert spikes.count >= 4
    assert spikes.mask[8, 8]  # a quarter of the sampling rate in both directions
    assert spikes.excess > 0
    assert log_spectral_distance(real, fake) > 0.05 > log_spectral_distance(real, real)


def test_rings():
    power = np.arange(9 * 12, dtype=float).reshape(9, 12)
    mean, count = radial_spectrum(power, rings="nearest")
    assert mean.shape == count.shape == (5,)
    assert count[0] == 1
    assert mean[0] == power[4, 6]
    mean, count = radial_spectrum(power)
    assert mean.shape == (4,)
    assert count.sum() < power.size


def test_few_images_are_warned_of():
    with pytest.warns(UserWarning, match="of 3 images"):
        mean_power_spectrum(smooth(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_power_spectrum([smooth(1)[0], smooth(1)[0, :8]]), r"images\[1\].*one size"),
        (lambda: mean_power_spectrum(smooth(1), window="box"), "'hann'"),
        (lambda: mean_power_spectrum(np.zeros((1, 8, 8, 2), "uint8")), "3 weights.*2 channels"),
        (lambda: mean_power_spectrum([]), "no image"),
        (lambda: log_spectral_distance(np.ones((4, 4)), np.ones((4, 6))), "one size"),
        (lambda: log_spectral_distance(np.ones((4, 4)), -np.ones((4, 4))), "not negative"),
        (lambda: spectrum_spikes(np.full((8, 8), np.nan)), "finite"),
        (lambda: spectrum_spikes(smooth(1)), r"\(H, W\)"),
        (lambda: radial_spectrum(np.ones((4, 4)), rings="log"), "'floor' or 'nearest'"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

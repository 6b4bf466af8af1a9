"""The variants of SSIM against scikit-image, and what they refuse."""

import numpy as np
import pytest

from kgen.metrics import SSIMVariant, ms_ssim, ssim
from kgen.metrics.similarity import VARIANTS


def pair(shape=(2, 24, 30, 3)):
    draws = np.random.default_rng(0)
    real = draws.integers(40, 216, shape, "uint8")
    return real, real + draws.integers(0, 40, shape, "uint8")


def test_against_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    real, fake = pair()
    gauss = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for variant, options in (("gaussian", gauss), ("skimage", {})):
        expected = [
            metrics.structural_similarity(a, b, channel_axis=-1, **options)
            for a, b in zip(real, fake, strict=True)
        ]
        np.testing.assert_allclose(ssim(real, fake, variant=variant), expected, rtol=1e-9)


def test_variants_differ_and_equal_pictures_give_one():
    real, fake = pair()
    values = {name: ssim(real, fake, variant=name)[0] for name in VARIANTS}
    different = {round(value, 6) for name, value in values.items() if name != "s2sp"}
    assert len(different) == len(VARIANTS) - 1
    for name in VARIANTS:
        np.testing.assert_allclose(ssim(real, real, variant=name), 1.0)


def test_s2sp_rounds_to_8_bits():
    real, fake = pair()
    shifted = fake / 255.0 + 0.4 / 255.0  # rounds back
    stored = real / 255.0
    expected = ssim(real, fake)
    np.testing.assert_allclose(ssim(stored, shifted, (0, 1), "s2sp"), expected, rtol=1e-12)
    assert np.abs(ssim(stored, shifted, (0, 1)) - expected).max() > 1e-6


def test_shape_of_the_window():
    weights = VARIANTS["gaussian"].weights()
    assert weights.shape == (11,)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[5] / weights[4] == pytest.approx(np.exp(0.5 / 1.5**2))


def test_multi_scale_of_equal_and_of_noisy_pictures():
    real, fake = pair((1, 190, 176, 1))
    for variant in ("gaussian", "reflect"):
        assert ms_ssim(real, real, variant=variant)[0] == pytest.approx(1.0)
        assert 0.5 < ms_ssim(real, fake, variant=variant)[0] < 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: ssim(a[:, :10], a[:, :10]), "window of 11x11"),
        (lambda a: ssim(a, a, variant="default"), "gaussian, skimage, luma, s2sp, reflect"),
        (lambda a: ssim(a[..., :1], a[..., :1], variant="luma"), "luma is of RGB"),
        (lambda a: ms_ssim(a, a), "161 pixels or more"),
        (lambda a: ms_ssim(a, a, variant="reflect"), "176 pixels or more"),
        (lambda a: SSIMVariant(window="box"), "'gaussian' or 'uniform'"),
        (lambda a: SSIMVariant(size=8), "odd"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(pair()[0])

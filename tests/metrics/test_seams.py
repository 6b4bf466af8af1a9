"""Seams and texture: what each of them sees."""

import numpy as np
import pytest

from kgen.metrics import seam_band, seam_scores


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Grey noise, and a stripe of pixels that the canvas lacks."""
    real = np.random.default_rng(0).integers(100, 140, (3, 24, 24, 3), "uint8")
    missing = np.zeros((3, 24, 24), bool)
    missing[:, :, 12] = True
    return real, missing


def test_the_same_picture_scores_one():
    real, missing = scene()
    assert seam_scores(real, real, missing) == pytest.approx((1.0, 1.0))


def test_an_edge_shows_in_the_seam_only():
    real, missing = scene()
    edge = real.copy()
    edge[:, :, 12:] += 60
    seam, texture = seam_scores(edge, real, missing)
    assert seam > 1.5
    assert texture == pytest.approx(1.0)


def test_blur_shows_in_the_texture():
    real, missing = scene()
    blurred = np.where(missing[..., None], real, 120).astype("uint8")
    blurred[:, :, 10:15] = real[:, :, 10:15]
    seam, texture = seam_scores(blurred, real, missing)
    assert seam == pytest.approx(1.0)
    assert texture < 0.3


def test_band_at_the_border():
    missing = np.zeros((4, 5), bool)
    missing[0, 0] = True
    band = seam_band(missing)
    assert band[:2, :2].all()
    assert band.sum() == 4


def test_refused():
    real, missing = scene()
    with pytest.raises(ValueError, match="3 masks but 2 images"):
        seam_scores(real[:2], real[:2], missing)
    with pytest.raises(ValueError, match="one mask for each image"):
        seam_scores(real, real, missing[:2])
    with pytest.raises(ValueError, match="of one size"):
        seam_scores(real, real, missing[:, :20])
    with pytest.raises(ValueError, match="of one size"):
        seam_scores(list(real), list(real[:, :20]), missing)

"""Seams and missing texture of composed pictures, by gradients relative to real photographs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kgen.metrics.images import ValueRange, as_numpy, named_pairs, unit_images


class SeamScores(NamedTuple):
    """Mean gradient relative to real photographs, at the seams and elsewhere; 1 is like real."""

    seam: float
    texture: float


def seam_scores(output: Any, real: Any, missing: Any, value_range: ValueRange = None) -> SeamScores:
    """How visible the seams are, and how much texture there is, in pictures made from pieces.

    The gradient |dx| + |dy| of the mean of the channels, averaged over the band in which pieces
    meet (the 3x3 dilation of the missing pixels) and outside of it, divided by the same of the
    real photographs at the same pixels. Seam above 1: visible edges; texture below 1: blur.

    Args:
        output: (N, H, W, C) synthesised images, a list, or a folder.
        real: the real photographs, likewise.
        missing: (N, H, W), true where the canvas had no pixel.
        value_range: (low, high) of float images.

    Returns:
        (seam, texture) over all pixels of the set; NaN where no pixel is in the band, or none
        outside.

    Raises:
        ValueError: sizes that differ, and what `psnr` refuses.

    Example:
        >>> real = np.tile(np.arange(0, 80, 10, dtype="uint8"), (1, 8, 1))[..., None]
        >>> missing = np.zeros((1, 8, 8))
        >>> missing[0, 3, 3] = 1
        >>> seam_scores(real // 2, real, missing)
        SeamScores(seam=0.5, texture=0.5)
    """
    masks = as_numpy(missing) > 0
    sums = np.zeros((2, 2))  # output, real x band, elsewhere
    count = 0
    for name, image, other, partner in named_pairs(output, real):
        if count >= len(masks) or image.shape != partner.shape or masks[count].ndim != 2:
            raise ValueError(_sizes(name, image, other, partner, masks.shape))
        if masks[count].shape != image.shape[:2]:
            raise ValueError(_sizes(name, image, other, partner, masks.shape))
        pair = unit_images(image, partner, value_range=value_range, names=(name, other))
        band = seam_band(masks[count])
        for row, picture in enumerate(pair):
            gradient = _gradient(picture)
            sums[row] += gradient[band].sum(), gradient[~band].sum()
        count += 1
    if count != len(masks):
        raise ValueError(f"there are {len(masks)} masks but {count} images")
    with np.errstate(divide="ignore", invalid="ignore"):
        seam, texture = sums[0] / sums[1]
    return SeamScores(float(seam), float(texture))


def seam_band(missing: np.ndarray) -> np.ndarray:
    """Pixels that are missing, and their eight neighbours.

    Args:
        missing: (H, W) bool.

    Returns:
        (H, W) bool.

    Example:
        >>> seam_band(np.eye(3, dtype=bool)[:, :1]).ravel().tolist()
        [True, True, False]
    """
    wide = np.pad(np.asarray(missing) > 0, 1)
    height, width = np.shape(missing)
    shifts = [wide[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.any(shifts, axis=0)


def _gradient(image: np.ndarray) -> np.ndarray:
    """|dx| + |dy| by forward differences, 0 at the last column and row; (H, W)."""
    grey = image.mean(axis=-1)
    gradient = np.zeros_like(grey)
    gradient[:, :-1] += np.abs(np.diff(grey, axis=1))
    gradient[:-1] += np.abs(np.diff(grey, axis=0))
    return gradient


def _sizes(name: str, image: Any, other: str, partner: Any, masks: tuple) -> str:
    return (
        f"{name} {tuple(image.shape)}, {other} {tuple(partner.shape)} and the missing pixels "
        f"{masks} must be (H, W, C), (H, W, C) and (N, H, W) of one size, one mask for each image"
    )

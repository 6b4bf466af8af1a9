"""How far each generated picture is from its own real one, by pixels and by edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.metrics.images import ValueRange, per_image

AXES = (-3, -2, -1)


def psnr(real: Any, fake: Any, value_range: ValueRange = None, verbose: int = 0) -> np.ndarray:
    """Peak signal-to-noise ratio of each image, in decibel: 10 log10(range^2 / MSE).

    The MSE is over all pixels and channels of one image; papers report the mean of these values.
    Equal to `tf.image.psnr`, scikit-image and torchmetrics. Two identical images have no noise:
    infinity.

    Args:
        real: (N, H, W, C) uint8, uint16 or float; a list of images; or a folder of image files.
        fake: likewise; folders are paired by the files' names.
        value_range: (low, high) of float images; integers imply theirs.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (N,) float64.

    Raises:
        ValueError: sizes that differ, values that are not finite or outside of the range, floats
            without a range, missing partners.

    Example:
        >>> real = np.zeros((2, 8, 8, 3), "uint8")
        >>> fake = real + np.array([1, 255], "uint8").reshape(2, 1, 1, 1)
        >>> psnr(real, fake).round(2).tolist()
        [48.13, 0.0]
    """
    return per_image(lambda a, b: psnr_formula(np, a, b), real, fake, value_range, verbose)


def rmse(real: Any, fake: Any, value_range: ValueRange = None, verbose: int = 0) -> np.ndarray:
    """Root mean square error of each image, on the scale 0..255 whatever the images' range.

    Arguments, result and errors as in `psnr`.

    Example:
        >>> rmse(np.full((1, 4, 4, 3), -1.0), np.full((1, 4, 4, 3), 1.0), value_range=(-1, 1))
        array([255.])
    """
    return per_image(lambda a, b: rmse_formula(np, a, b), real, fake, value_range, verbose)


def mae(real: Any, fake: Any, value_range: ValueRange = None, verbose: int = 0) -> np.ndarray:
    """Mean absolute error of each image, on the scale 0..255 whatever the images' range.

    Arguments, result and errors as in `psnr`.

    Example:
        >>> mae(np.full((1, 4, 4, 3), 0, "uint8"), np.full((1, 4, 4, 3), 51, "uint8"))
        array([51.])
    """
    return per_image(lambda a, b: 255.0 * np.mean(np.abs(a - b)), real, fake, value_range, verbose)


def sharp_diff(
    real: Any, fake: Any, value_range: ValueRange = None, verbose: int = 0
) -> np.ndarray:
    """Sharpness difference of each image as the cross-view papers report it, in decibel.

    10 log10(255^2 / (64 mean(|dx a - dx b| + |dy a - dy b|))) on 0..255, forward differences
    without the first row and column. The factor 64 and the error that is not squared are of the
    evaluation script of Sat2StrPanoramaSynthesis, with which such papers compare; other papers'
    sharpness difference is another number.

    Arguments and errors as in `psnr`.

    Returns:
        (N,) float64; infinity where all differences are equal.

    Example:
        >>> steps = np.arange(0, 240, 30, dtype="uint8").reshape(1, 8, 1, 1).repeat(8, axis=2)
        >>> sharp_diff(steps, steps // 2).round(2)
        array([18.31])
    """
    return per_image(lambda a, b: sharp_diff_formula(np, a, b), real, fake, value_range, verbose)


# The formulas, for numpy and `keras.ops` alike (`xp` is either): images (..., H, W, C) in [0, 1].


def psnr_formula(xp: Any, real: Any, fake: Any) -> Any:
    """-10 log10(MSE)."""
    with np.errstate(divide="ignore"):
        # the sum turns -0 into 0
        return 0.0 - 10.0 * xp.log10(xp.mean(xp.square(real - fake), axis=AXES))


def rmse_formula(xp: Any, real: Any, fake: Any) -> Any:
    """255 sqrt(MSE)."""
    return 255.0 * xp.sqrt(xp.mean(xp.square(real - fake), axis=AXES))


def sharp_diff_formula(xp: Any, real: Any, fake: Any) -> Any:
    """10 log10(255^2 / (64 . 255 mean |difference of slopes|))."""
    if min(real.shape[-3:-1]) < 3:
        raise ValueError(
            "the sharpness difference looks at slopes inside of the border, so images must have "
            f"at least 3x3 pixels; got {real.shape[-3]}x{real.shape[-2]}"
        )
    error = real - fake  # slopes of the difference are differences of the slopes
    inner = error[..., 1:-1, 1:-1, :]
    across = xp.abs(error[..., 1:-1, 2:, :] - inner)
    down = xp.abs(error[..., 2:, 1:-1, :] - inner)
    with np.errstate(divide="ignore"):
        return 10.0 * xp.log10(255.0 / (64.0 * xp.mean(across + down, axis=AXES)))

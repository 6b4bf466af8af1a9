"""Checks of features and embeddings, before a distance is computed from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.metrics.images import as_numpy


def check_features(features: Any, name: str = "features", at_least: int = 2) -> np.ndarray:
    """Features as a numpy array (N, D), all finite, of enough images.

    Args:
        features: (N, D) array or tensor, any float or integer.
        name: what errors call them.
        at_least: how many rows the metric needs. Default 2, as every statistic of a set.

    Raises:
        ValueError: another shape, too few rows, NaN or infinity (the first such row is named).

    Example:
        >>> check_features(np.ones((1, 4)), "fake features")
        Traceback (most recent call last):
        ...
        ValueError: fake features: a set metric needs at least 2 images; got 1. ...
    """
    array = as_numpy(features)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"{name}: features are (N, D), one row for each image; got {array.shape}. Flatten or "
            "average the other axes first."
        )
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name}: features are real numbers; got {array.dtype}")
    if len(array) < at_least:
        raise ValueError(
            f"{name}: a set metric needs at least {at_least} images; got {len(array)}. Single "
            "images are compared by psnr, ssim or lpips."
        )
    check_finite(array, name)
    return array


def check_finite(array: np.ndarray, name: str) -> None:
    """Raise where a row holds NaN or infinity, and say which."""
    if array.dtype.kind != "f":
        return
    for start in range(0, len(array), 4096):  # the mask of a large set need not exist at once
        good = np.isfinite(array[start : start + 4096]).all(axis=1)
        if not good.all():
            row = start + int(np.argmin(good))
            raise ValueError(
                f"{name}: row {row} holds NaN or infinity, which a metric would count as "
                "something. Look at that image, and at the network that embedded it."
            )


def check_same_width(real: int, fake: int) -> None:
    """Raise unless both sets come from one extractor, as far as their width tells."""
    if real != fake:
        raise ValueError(
            f"real and fake features must come from one extractor; got {real} and {fake} numbers "
            "for each image"
        )

"""Whether a generator has learnt or copied: the nearest training picture of each of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kgen.data.resizing import as_size, resize
from kgen.metrics.images import (
    ValueRange,
    count_images,
    named_images,
    named_pairs,
    progress,
    unit_images,
)

BLOCK = 256  # images


class NearestImages(NamedTuple):
    """For each image the row of the nearest training image, and its distance on 0..255."""

    indices: np.ndarray
    distances: np.ndarray


def nearest_training_images(
    images: Any,
    training: Any,
    size: int | tuple[int, int] = 32,
    value_range: ValueRange = None,
    verbose: int = 0,
) -> NearestImages:
    """The nearest training image of each generated one, by root mean square over pixels.

    Images are shrunk to `size` (antialiased), so that small shifts count little; the training set
    is gone through once and never held whole. A distance says nothing alone: compare with the
    distances of held-out real images. Generated ones that are much nearer are copies.

    Args:
        images: (N, H, W, C) generated images, a list, or a folder.
        training: (M, H, W, C) training images, likewise; any sizes, as many channels.
        size: (height, width), or one number, in which they are compared. Default 32.
        value_range: (low, high) of float images.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        indices, (N,) int64, rows of `training` (in a folder: in natural order of names);
        distances, (N,) float64 on 0..255.

    Raises:
        ValueError: no image, channels that differ, and what `psnr` refuses.

    Example:
        >>> training = np.random.default_rng(0).integers(0, 256, (10, 40, 40, 3), "uint8")
        >>> found = nearest_training_images(training[[7, 2]], training)
        >>> found.indices.tolist(), found.distances.round(3).tolist()
        ([7, 2], [0.0, 0.0])
    """
    queries = np.stack(list(_vectors(images, "images", size, value_range)) or [np.zeros(0)])
    if not queries.size:
        raise ValueError("there is no image to look for")
    best = np.full(len(queries), np.inf)
    indices = np.zeros(len(queries), np.int64)
    total = count_images(training) if verbose else None
    vectors = progress(_vectors(training, "training", size, value_range), verbose, total)
    first = 0
    for block in _blocks(vectors):
        if block.shape[1] != queries.shape[1]:
            raise ValueError("generated and training images must have as many channels")
        squares = _squares(queries, block)
        nearest = squares.argmin(axis=1)
        found = squares[np.arange(len(queries)), nearest]
        closer = found < best
        best[closer], indices[closer] = found[closer], first + nearest[closer]
        first += len(block)
    if not first:
        raise ValueError("there is no training image to compare with")
    return NearestImages(indices, 255.0 * np.sqrt(best / queries.shape[1]))


def copied_share(
    output: Any, source: Any, tolerance: float = 2.0, value_range: ValueRange = None
) -> np.ndarray:
    """Share of pixels that were taken over from another picture, for each image.

    For semi-parametric synthesis: how much of the output is the canvas it was made from.

    Args:
        output: (N, H, W, C) generated images, a list, or a folder.
        source: the pictures they may be copied from, likewise.
        tolerance: largest difference of any channel on 0..255. Default 2.
        value_range: (low, high) of float images.

    Returns:
        (N,) float64, 0 to 1.

    Raises:
        ValueError: sizes that differ, and what `psnr` refuses.

    Example:
        >>> canvas = np.zeros((1, 4, 4, 3), "uint8")
        >>> output = canvas.copy()
        >>> output[0, :2] = 9
        >>> copied_share(output, canvas)
        array([0.5])
    """
    shares = []
    for name, image, other, partner in named_pairs(output, source):
        if tuple(image.shape) != tuple(partner.shape):
            raise ValueError(
                f"{name} is {tuple(image.shape)} and {other} is {tuple(partner.shape)}: both must "
                "have one size. Resize one of them (kgen.data.resize)."
            )
        one, two = unit_images(image, partner, value_range=value_range, names=(name, other))
        same = np.abs(one - two).max(axis=-1) <= (tolerance + 1e-6) / 255.0
        shares.append(same.mean())
    return np.array(shares)


def _vectors(images: Any, what: str, size: Any, value_range: ValueRange) -> Any:
    """Shrunk images as rows of numbers in [0, 1], one at a time."""
    height, width = as_size(size)
    for name, image in named_images(images, what):
        (unit,) = unit_images(image, value_range=value_range, names=[name])
        yield resize(unit.astype(np.float32), (height, width), "bilinear").ravel()


def _blocks(vectors: Any) -> Any:
    rows: list[np.ndarray] = []
    for vector in vectors:
        rows.append(vector)
        if len(rows) == BLOCK:
            yield np.stack(rows)
            rows = []
    if rows:
        yield np.stack(rows)


def _squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distances of all rows; in float64, since copies differ by next to nothing."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    squares = np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1) - 2.0 * (x @ y.T)
    return np.maximum(squares, 0.0)

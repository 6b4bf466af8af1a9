"""Precision and recall of a set of generated images: how real they are, how much they cover."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kgen.metrics.features import check_features, check_same_width
from kgen.metrics.images import progress

BLOCK = 1024  # rows; two blocks and their distances exist at once


class PrecisionRecall(NamedTuple):
    """Share of generated images that look real, and of real images that could be generated."""

    precision: float
    recall: float


def precision_recall(real: Any, fake: Any, k: int = 3, verbose: int = 0) -> PrecisionRecall:
    """Precision and recall by nearest neighbours (Kynkaanniemi et al., 2019).

    Each image of a set has a ball as large as the distance to its k-th nearest neighbour in that
    set. Precision is the share of generated images inside a real image's ball; recall the share of
    real images inside a generated image's ball.

    Args:
        real: (N, D) features of the real images.
        fake: (M, D) of the generated images, by the same extractor. Use M = N: both numbers
            depend on how dense the sets are.
        k: which neighbour. Default 3, as the paper.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (precision, recall), each in [0, 1].

    Raises:
        ValueError: k neighbours do not exist, widths that differ, NaN or infinity.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> real = rng.normal(size=(200, 2))
        >>> precision, recall = precision_recall(real, 0.1 * rng.normal(size=(200, 2)))
        >>> precision > 0.9, recall < 0.2
        (True, True)
    """
    if k < 1:
        raise ValueError(f"k counts neighbours, from 1; got {k}")
    real = check_features(real, "real features", at_least=k + 1)
    fake = check_features(fake, "fake features", at_least=k + 1)
    check_same_width(real.shape[1], fake.shape[1])
    blocks = 2 * (-(-len(real) // BLOCK) - (-len(fake) // BLOCK))
    steps = progress(_steps(real, fake, k), verbose, blocks, unit="block")
    shares = {"precision": 0, "recall": 0}
    for name, inside in steps:
        if name in shares:
            shares[name] += inside
    return PrecisionRecall(shares["precision"] / len(fake), shares["recall"] / len(real))


def _steps(real: np.ndarray, fake: np.ndarray, k: int) -> Any:
    """Goes through all blocks of rows; gives what was counted and how many rows were inside."""
    centre = real.mean(axis=0, dtype=np.float64)  # small numbers: small rounding
    for name, centres, others in (("precision", real, fake), ("recall", fake, real)):
        radii = np.empty(len(centres))
        for rows in _blocks(len(centres)):
            radii[rows] = _radii(centres, rows, k, centre)
            yield "radii", 0
        for rows in _blocks(len(others)):
            yield name, int(_is_inside(others[rows], centres, radii, centre).sum())


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]


def _squares(x: np.ndarray, y: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Squared distances of all rows of two blocks, float64."""
    x, y = x.astype(np.float64) - centre, y.astype(np.float64) - centre
    squares = np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1) - 2.0 * (x @ y.T)
    return np.maximum(squares, 0.0)


def _radii(points: np.ndarray, rows: slice, k: int, centre: np.ndarray) -> np.ndarray:
    """Squared distance of each of these rows to its k-th neighbour, itself not counted."""
    nearest = np.empty((rows.stop - rows.start, 0))
    for others in _blocks(len(points)):
        squares = _squares(points[rows], points[others], centre)
        if others == rows:
            np.fill_diagonal(squares, np.inf)
        found = np.concatenate([nearest, squares], axis=1)
        nearest = np.partition(found, min(k, found.shape[1]) - 1, axis=1)[:, :k]
    return nearest.max(axis=1)


def _is_inside(
    points: np.ndarray, centres: np.ndarray, radii: np.ndarray, centre: np.ndarray
) -> np.ndarray:
    """Whether each point lies in one of the balls."""
    inside = np.zeros(len(points), bool)
    for rows in _blocks(len(centres)):
        inside |= (_squares(points, centres[rows], centre) <= radii[rows]).any(axis=1)
    return inside

"""Kernel distance of two sets of features: the arithmetic of KID."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kgen.metrics.features import check_features, check_same_width
from kgen.metrics.images import progress

BLOCK = 2048  # rows of a kernel matrix that exist at once


class Estimate(NamedTuple):
    """A mean over subsets or splits, and how much they vary (population standard deviation)."""

    mean: float
    deviation: float


def kernel_distance(
    real: Any,
    fake: Any,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
    verbose: int = 0,
) -> Estimate:
    """Kernel distance of two sets (Binkowski et al., 2018): mean and deviation over subsets.

    The unbiased MMD^2 with k(x, y) = (x . y / D + 1)^3, of `subsets` random choices of
    `subset_size` images from each set. With Inception features it is KID. Subsets are drawn as
    torch-fidelity draws them, so equal seeds give equal numbers. Unbiased: may be below 0 where
    the sets are alike.

    Args:
        real: (N, D) features of the real images.
        fake: (M, D) of the generated images, by the same extractor.
        subsets: how many. Default 100.
        subset_size: images of a subset, at most min(N, M). Default 1000.
        seed: of the choice. Default 2020, torch-fidelity's.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (mean, deviation).

    Raises:
        ValueError: fewer images than a subset has, one image, widths that differ, NaN or infinity.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> real, fake = rng.normal(size=(2, 300, 8))
        >>> mean, deviation = kernel_distance(real, fake + 1, subsets=20, subset_size=100)
        >>> round(mean), round(deviation)
        (8, 1)
    """
    real = check_features(real, "real features")
    fake = check_features(fake, "fake features")
    check_same_width(real.shape[1], fake.shape[1])
    if subsets < 1:
        raise ValueError(f"subsets is a number of 1 or more; got {subsets}")
    most = min(len(real), len(fake))
    if not 2 <= subset_size <= most:
        raise ValueError(
            f"subset_size must lie between 2 and the smaller set's {most} images; got "
            f"{subset_size}. Pass subset_size={most // 2 or most}, say, and report it."
        )
    rows = draw_subsets(len(real), len(fake), subsets, subset_size, seed)
    values = subset_distances(real, fake, *rows, verbose=verbose)
    return Estimate(float(values.mean()), float(values.std()))


def kernel_mmd(real: Any, fake: Any) -> float:
    """The unbiased MMD^2 of two whole sets, with the kernel of `kernel_distance`.

    Args:
        real: (N, D) features.
        fake: (M, D) features.

    Raises:
        ValueError: one image, widths that differ, NaN or infinity.

    Example:
        >>> kernel_mmd([[0.0], [0.0]], [[1.0], [1.0]])
        7.0
    """
    real = check_features(real, "real features")
    fake = check_features(fake, "fake features")
    check_same_width(real.shape[1], fake.shape[1])
    rows = np.arange(len(real))[None], np.arange(len(fake))[None]
    return float(subset_distances(real, fake, *rows)[0])


def draw_subsets(
    real_count: int, fake_count: int, subsets: int, subset_size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the subsets, (subsets, subset_size) each, drawn real, fake, real, ..."""
    random = np.random.RandomState(seed)  # the old generator, for torch-fidelity's numbers
    counts = (real_count, fake_count)
    drawn = [
        [random.choice(count, subset_size, replace=False) for count in counts]
        for _ in range(subsets)
    ]
    return np.array([pair[0] for pair in drawn]), np.array([pair[1] for pair in drawn])


def subset_distances(
    real: np.ndarray, fake: np.ndarray, rows: np.ndarray, others: np.ndarray, verbose: int = 0
) -> np.ndarray:
    """MMD^2 of each subset: means of the kernel within both sets, without its diagonal, and
    between them."""
    m, n = rows.shape[1], others.shape[1]
    sides = [(real, rows, real, rows), (fake, others, fake, others), (real, rows, fake, others)]
    within, within_fake, between = (
        _subset_sums(*side) for side in progress(sides, verbose, 3, unit="kernel")
    )
    within = within - _diagonal(real)[rows].sum(axis=1)
    within_fake = within_fake - _diagonal(fake)[others].sum(axis=1)
    return within / (m * (m - 1)) + within_fake / (n * (n - 1)) - 2.0 * between / (m * n)


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64, copy=False)
    products = x @ (x if y is x else y.astype(np.float64, copy=False)).T
    products /= x.shape[1]
    products += 1.0
    return products * products * products


def _diagonal(x: np.ndarray) -> np.ndarray:
    """k(x, x) of every row."""
    squares = np.einsum("nd,nd->n", x, x, dtype=np.float64)
    return (squares / x.shape[1] + 1.0) ** 3


def _subset_sums(x: np.ndarray, rows: np.ndarray, y: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The kernel's sum over each pair of subsets, by whichever way has fewer products."""
    if len(x) * len(y) > rows.shape[1] * columns.size:
        return np.array([_pair_sum(x, r, y, c) for r, c in zip(rows, columns, strict=True)])
    chosen, others = _membership(rows, len(x)), _membership(columns, len(y))
    sums = np.zeros(len(rows))
    for first in range(0, len(x), BLOCK):
        for second in range(0, len(y), BLOCK):
            some, part = slice(first, first + BLOCK), slice(second, second + BLOCK)
            products = chosen[:, some] @ _kernel(x[some], y[part])
            sums += np.sum(products * others[:, part], axis=1)
    return sums


def _pair_sum(x: np.ndarray, rows: np.ndarray, y: np.ndarray, columns: np.ndarray) -> float:
    some = x[rows]
    return float(_kernel(some, some if y is x else y[columns]).sum())


def _membership(rows: np.ndarray, count: int) -> np.ndarray:
    """(subsets, count): 1 where a subset holds a row."""
    members = np.zeros((len(rows), count))
    np.put_along_axis(members, rows, 1.0, axis=1)
    return members

"""Many small rectangles at once: the pixels that trees and lamp posts may cover, as flat arrays."""

from __future__ import annotations

import numpy as np


def patches(
    row: np.ndarray, rows: np.ndarray, column: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Enumerates rectangle after rectangle.

    Args:
        row, column: (n,) first row and column of each.
        rows, columns: (n,) their sizes, 0 or more.

    Returns:
        owner, row and column of every cell; int64 (sum of rows x columns,).

    Example:
        >>> one = np.array([1])
        >>> [part.tolist() for part in patches(one * 5, one * 2, one * 7, one * 2)]
        [[0, 0, 0, 0], [5, 5, 6, 6], [7, 8, 7, 8]]
    """
    rows, columns = np.maximum(rows, 0), np.maximum(columns, 0)
    count = rows * columns
    owner = np.repeat(np.arange(len(count)), count)
    local = np.arange(len(owner)) - (np.cumsum(count) - count)[owner]
    width = columns[owner]
    down = local // width
    return owner, row[owner] + down, column[owner] + (local - down * width)


def clipped(low: np.ndarray, high: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """First cell and number of cells of the spans [low, high] within [0, size)."""
    first = np.minimum(np.maximum(np.floor(low), 0.0), size).astype(np.int64)
    last = np.minimum(np.maximum(np.floor(high) + 1.0, 0.0), size).astype(np.int64)
    return first, last - first

"""Aerial images around a panorama, cut out of the tiles of VIGOR that show its surroundings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgen.data.cross_view.vigor_lists import TILE

COLUMNS = 4096  # labels whose coverage is computed at once


def stitch(
    tiles: Sequence[np.ndarray], offsets: np.ndarray, reach: int = 300
) -> tuple[np.ndarray, np.ndarray]:
    """Puts tiles together and cuts out the square around the panorama.

    Tile k covers the rows from -d0 - S/2 and the columns from d1 - S/2 on, counted from the
    panorama. The first tile, which shows the panorama best, is laid over the others.

    Args:
        tiles: images (S, S, C) of one size; the positive tile first.
        offsets: (K, 2) pixels d0, d1 that each tile's centre lies north and east of the panorama;
            rounded to whole pixels.
        reach: pixels from the panorama to the border of the result.

    Returns:
        (2 reach, 2 reach, C) image, 0 where no tile reaches; (2 reach, 2 reach) bool, where one
        does.

    Example:
        >>> tiles = [np.full((640, 640, 3), level, "uint8") for level in (10, 20)]
        >>> image, covered = stitch(tiles, np.array([[0, 100], [0, -100]]))
        >>> image[0, :, 0].tolist() == 80 * [20] + 520 * [10], bool(covered.all())
        (True, True)
    """
    square = np.zeros((2 * reach, 2 * reach, *tiles[0].shape[2:]), tiles[0].dtype)
    covered = np.zeros(square.shape[:2], bool)
    starts = tile_starts(np.asarray(offsets), tiles[0].shape[0]) + reach
    for tile, start in reversed(list(zip(tiles, starts.tolist(), strict=True))):
        here, there = zip(
            *(_overlap(first, tile.shape[axis], 2 * reach) for axis, first in enumerate(start)),
            strict=True,
        )
        square[here] = tile[there]
        covered[here] = True
    return square, covered


def tile_starts(offsets: np.ndarray, side: int = TILE) -> np.ndarray:
    """First row and column of tiles, counted from the panorama: (..., 2) offsets -> int32."""
    centre = np.rint(offsets).astype(np.int32) * np.array([-1, 1], np.int32)
    return centre - side // 2


def covers(offsets: np.ndarray, there: np.ndarray, reach: int, side: int = TILE) -> np.ndarray:
    """Whether tiles cover the whole square around their panorama.

    Args:
        offsets: (N, K, 2) of K tiles of each panorama, as for `stitch`.
        there: (N, K) bool, whether the tile exists.
        reach: pixels from the panorama to the square's border.
        side: pixels of a tile.

    Returns:
        (N,) bool.

    Example:
        >>> offsets = np.array([[[0, 100], [0, -100]], [[0, 100], [30, -100]]])
        >>> covers(offsets, np.ones((2, 2), bool), reach=300).tolist()
        [True, False]
    """
    found = np.empty(len(offsets), bool)
    for first in range(0, len(offsets), COLUMNS):
        part = slice(first, first + COLUMNS)
        starts = tile_starts(offsets[part], side)
        # Borders of tiles cut the square into rectangles: each is covered if its corner is.
        rows, columns = (_cuts(starts[..., axis], reach, side) for axis in (0, 1))
        within = _within(rows, starts[..., 0], side)[:, :, None]
        within = within & _within(columns, starts[..., 1], side)[:, None]
        found[part] = (within & there[part][:, None, None]).any(axis=-1).all(axis=(1, 2))
    return found


def _cuts(starts: np.ndarray, reach: int, side: int) -> np.ndarray:
    """Places along one axis where a rectangle may begin, (n, 2K + 1)."""
    borders = np.concatenate([starts, starts + side], axis=1)
    borders = np.where(np.abs(borders + 0.5) < reach, borders, -reach)  # others cut nothing
    return np.concatenate([borders, np.full((len(starts), 1), -reach)], axis=1)


def _within(places: np.ndarray, starts: np.ndarray, side: int) -> np.ndarray:
    """Whether place p lies in tile k along one axis: (n, P), (n, K) -> (n, P, K)."""
    far = places[:, :, None] - starts[:, None]
    return (far >= 0) & (far < side)


def _overlap(first: int, length: int, size: int) -> tuple[slice, slice]:
    """Where a tile that begins at `first` lies in a square of `size`, and which of its pixels."""
    start, end = max(first, 0), max(min(first + length, size), max(first, 0))
    return slice(start, end), slice(start - first, end - first)

"""Aerial images seen as a panorama from their centre sees them."""

from __future__ import annotations

import numpy as np

from kgen.data.resizing import as_size


def polar_transform(aerial: np.ndarray, size: int | tuple[int, int] = (128, 512)) -> np.ndarray:
    """Turns an aerial image into rows of equal distance and columns of equal direction.

    Shi et al. 2019 (SAFA). Row i and column j of H x W sample an S x S aerial image bilinearly at
    row S/2 + rad cos(2 pi j / W), column S/2 - rad sin(2 pi j / W), with rad = S/2 (H-1-i) / H:
    column 0 looks south, W/4 west, W/2 north, 3W/4 east, as panoramas of the data sets do; the last
    row is the centre. What lies outside the image is 0.

    Args:
        aerial: (S, S) or (S, S, C) uint8, uint16 or float32, north up.
        size: height and width of the result, in pixels.

    Returns:
        (H, W) or (H, W, C) of the same dtype; integers are rounded.

    Raises:
        ValueError: the aerial image is not square, or no image.

    Example:
        >>> aerial = np.zeros((64, 64, 3), "uint8")
        >>> aerial[:32] = 200  # the north is bright
        >>> polar = polar_transform(aerial, (16, 64))
        >>> polar.shape, polar[4, 0, 0], polar[4, 32, 0]
        ((16, 64, 3), np.uint8(0), np.uint8(200))
    """
    height, width = as_size(size)
    if aerial.ndim not in (2, 3) or aerial.shape[0] != aerial.shape[1] or not aerial.size:
        raise ValueError(
            "polar_transform takes one square aerial image, (S, S) or (S, S, C); received "
            f"shape {aerial.shape}. Cut it to a square around the place of the panorama."
        )
    half = aerial.shape[0] / 2
    radius = half / height * np.arange(height - 1, -1, -1)[:, None]
    angle = 2 * np.pi / width * np.arange(width)
    values = _bilinear(aerial, half + radius * np.cos(angle), half - radius * np.sin(angle))
    if aerial.dtype.kind == "u":
        values = np.rint(values)
    return values.astype(aerial.dtype)


def _bilinear(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Samples an image at fractional pixel numbers; pixels beyond its borders are 0."""
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left
    total = np.zeros((*rows.shape, *image.shape[2:]))
    for row, of_row in ((top, 1 - down), (top + 1, down)):
        for column, of_column in ((left, 1 - right), (left + 1, right)):
            weight = of_row * of_column * _inside(image, row, column)
            tap = image[row.clip(0, image.shape[0] - 1), column.clip(0, image.shape[1] - 1)]
            total += tap * weight.reshape(*weight.shape, *[1] * (image.ndim - 2))
    return total


def _inside(image: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return (row >= 0) & (row < height) & (column >= 0) & (column < width)

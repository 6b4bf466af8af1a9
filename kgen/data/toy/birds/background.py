"""What stands behind toy birds: sky, a branch before leaves, grass, water.

Chosen without regard to the attributes, so that the mask says something that the background does
not.
"""

from __future__ import annotations

import numpy as np

from ..deterministic import fractal_noise, integer_below, rgb, uniform, value_noise
from .knobs import BACKGROUNDS, PLAIN, Knobs

_SKY, _HAZE, _CLOUD = rgb("9fc3e6", "dfe9ef", "f6f7f8")
_LEAVES, _GRASS, _WATER, _BARK = rgb("7d9a68", "6f8f45", "4f7f96", "5b4433")
_GREY = rgb("b9bcc0")


def paint_background(key: int, x: np.ndarray, y: np.ndarray, knobs: Knobs) -> np.ndarray:
    """Paints (N, N, 3) float64 in about [0, 1]; x is a row (1, N), y a column (N, 1), -1 to 1."""
    kind = knobs.background or BACKGROUNDS[int(integer_below(len(BACKGROUNDS), key, 40))]
    shape = np.broadcast_shapes(x.shape, y.shape)
    if kind == PLAIN:
        return np.broadcast_to(_GREY, (*shape, 3)).copy()
    clouds = fractal_noise(x * 2.1 + 30.0, y * 2.1 + 30.0, key ^ 41, 3)
    if kind == "branch":
        image = _LEAVES * (0.75 + 0.6 * (clouds - 0.3))[..., None]
    else:
        image = _paint_sky(y, clouds)
    if kind == "grass":
        _paint_grass(image, key, x, y, clouds)
    elif kind == "water":
        _paint_water(image, key, x, y)
    else:
        _paint_branch(image, key, x, y)
    return image


def _paint_sky(y: np.ndarray, clouds: np.ndarray) -> np.ndarray:
    height = (0.5 + 0.5 * y)[..., None]
    white = np.minimum(np.maximum((clouds - 0.5) / 0.25, 0.0), 1.0)
    white = (white * white * (3.0 - 2.0 * white))[..., None]
    image = _SKY * (1.0 - height) + _HAZE * height
    return image + (_CLOUD - image) * white


def _paint_grass(image, key, x, y, clouds) -> None:
    horizon = (clouds - 0.5) * 0.3 + 0.25 + 0.2 * (float(uniform(key, 43)) - 0.5)
    blades = value_noise(x * 30.0 + 60.0, y * 11.0 + 60.0, key ^ 42)
    shade = 0.8 + 0.5 * (blades - 0.5) + 0.3 * (clouds - 0.5)
    below = y > horizon
    image[below] = _GRASS * shade[below][:, None]


def _paint_water(image, key, x, y) -> None:
    ripples = value_noise(x * 4.0 + 60.0, y * 26.0 + 60.0, key ^ 44)
    shade = 0.85 + 0.4 * (ripples - 0.5)
    below = np.broadcast_to(y > 0.15 + 0.3 * (float(uniform(key, 45)) - 0.5), shade.shape)
    light = np.broadcast_to(0.08 * (1.0 - y), shade.shape)
    image[below] = _WATER * shade[below][:, None] + light[below][:, None]


def _paint_branch(image, key, x, y) -> None:
    start, end = 0.62 + 0.12 * float(uniform(key, 46)), 0.55 + 0.2 * float(uniform(key, 47))
    thick = 0.055 + 0.03 * float(uniform(key, 48))
    share = (x + 1.3) / 2.6
    inside = (thick + (0.04 - thick) * share) - np.abs(y - (start + (end - start) * share))
    grain = value_noise(x * 22.0 + 60.0, y * 40.0 + 60.0, key ^ 49)
    light = np.minimum(np.maximum(inside / 0.06, 0.0), 1.0)
    shade = 0.7 + 0.5 * light + 0.5 * (grain - 0.5)
    image[inside > 0] = _BARK * shade[inside > 0][:, None]

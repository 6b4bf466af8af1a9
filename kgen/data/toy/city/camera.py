"""From colours of the scene to a photograph: shade, haze, tint, grain, fewer pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import box_average, integer_below, to_uint8, uniform
from .frame import Frame
from .textures import SIZE, white_tile

HAZE = np.array([0.76, 0.81, 0.87])
SHADE_TINT = np.array([0.92, 1.0, 1.14])
AERIAL_GRAIN, GROUND_GRAIN = 105, 109  # purposes of the random numbers, one per view


@dataclass
class Picture:
    """Flat colours (n, 3) in [0, 1] and classes of all sub-pixels, row after row."""

    image: np.ndarray
    labels: np.ndarray
    size: tuple[int, int]
    factor: tuple[int, int]  # sub-pixels along the height and the width of a pixel

    def every(self, values: np.ndarray) -> np.ndarray:
        """One sub-pixel of each pixel: classes and distances cannot be averaged."""
        down, across = self.factor
        picked = values.reshape(self.size)[down // 2 :: down, across // 2 :: across]
        return np.ascontiguousarray(picked)


def shade_colour(frame: Frame) -> np.ndarray:
    """What shade leaves of a colour: darker and bluer."""
    return (0.54 - 0.14 * frame.draw(99)) * SHADE_TINT


def photograph(
    frame: Frame, picture: Picture, view: int, difficulty: float, shot: int
) -> np.ndarray:
    """Develops a picture to uint8 (height, width, 3).

    Args:
        frame: of the city. Each view has a gain and a tint of its own: taken by two cameras, they
            must not be told to belong together by a cast of colour.
        picture: its sub-pixels.
        view: AERIAL_GRAIN or GROUND_GRAIN.
        difficulty: strength of tint, haze and grain.
        shot: a number of the photograph: neighbours have other grain.
    """
    gain = 0.95 + 0.25 * frame.draw(100, view)
    tint = uniform(frame.key, 101, view, np.arange(3))
    haze = min(0.08 * frame.draw(104) * difficulty, 1.0) if view == AERIAL_GRAIN else 0.0
    colour = picture.image * (gain * (1.0 - haze) * (1.0 + (tint - 0.5) * 0.08 * difficulty))
    if haze:
        colour += HAZE * haze
    image = box_average(to_uint8(colour).reshape(*picture.size, 3), picture.factor)
    down, right = (int(start) for start in integer_below(SIZE, frame.key, view, shot, np.arange(2)))
    rows = (np.arange(image.shape[0]) + down) & (SIZE - 1)
    columns = (np.arange(image.shape[1]) + right) & (SIZE - 1)
    grain = np.floor((white_tile()[rows][:, columns] - 0.5) * (6.0 * difficulty) + 0.5)
    levels = image + grain.astype(np.int16)[..., None]
    return np.minimum(np.maximum(levels, 0), 255).astype(np.uint8)

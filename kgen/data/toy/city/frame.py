"""Where things are: the city's lattice of metres, the compass, the camera and the sun.

The city lies in coordinates (u, v) in metres, parallel to its streets; north is turned against them
by a random angle. The camera stands on a corner of the lattice, so rays cross its lines in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import cos_turns, integer_below, sin_turns, uniform

RADIUS = 96  # metres around the camera that have a height
CELLS = 2 * RADIUS
CAMERA_HEIGHT = 2.6  # metres, as on the roof of a car
Direction = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """The random key of one city, its compass, camera and sun."""

    key: int
    north: Direction  # in (u, v)
    east: Direction
    camera: tuple[int, int]  # (u, v), whole metres
    sun: Direction  # towards the sun
    sun_slope: float  # its height over its distance

    def draw(self, *keys: int) -> float:
        """One uniform number in [0, 1) of this city."""
        return float(uniform(self.key, *keys))

    def shift(self, tag: int) -> tuple[int, int]:
        """Where this city begins in a shared texture."""
        return int(integer_below(512, self.key, tag, 0)), int(integer_below(512, self.key, tag, 1))

    def city(self, north: np.ndarray, east: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(u, v) of vectors given as metres to the north and to the east."""
        return (
            north * self.north[0] + east * self.east[0],
            north * self.north[1] + east * self.east[1],
        )

    def cell(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Number of the height field's cell that holds (u, v); the nearest one if none does."""
        column = np.floor(u).astype(np.int64) + (RADIUS - self.camera[0])
        row = np.floor(v).astype(np.int64) + (RADIUS - self.camera[1])
        return _inside(row) * CELLS + _inside(column)

    def inside(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Do points lie where there are heights?"""
        near_u = np.abs(u - self.camera[0]) < RADIUS - 1
        return near_u & (np.abs(v - self.camera[1]) < RADIUS - 1)

    def bilinear(self, field: np.ndarray, u: np.ndarray, v: np.ndarray, scale: int) -> np.ndarray:
        """Interpolates a field with `scale` cells per metre between the middles of its cells."""
        size = CELLS * scale
        x = (u + float(RADIUS - self.camera[0])) * scale - 0.5
        y = (v + float(RADIUS - self.camera[1])) * scale - 0.5
        x, y = (np.minimum(np.maximum(w, 0.0), size - 1.001) for w in (x, y))
        column, row = x.astype(np.int64), y.astype(np.int64)
        x, y = x - column, y - row
        at, flat = row * size + column, field.ravel()
        above = flat.take(at) * (1 - x) + flat.take(at + 1) * x
        below = flat.take(at + size) * (1 - x) + flat.take(at + (size + 1)) * x
        return above * (1 - y) + below * y


def _inside(index: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(index, 0), CELLS - 1)


def make_compass(key: int) -> tuple[Direction, Direction]:
    """North and east in (u, v); v points south where north is not turned."""
    turns = float(uniform(key, 4))
    cosine, sine = float(cos_turns(turns)), float(sin_turns(turns))
    return (-sine, -cosine), (cosine, -sine)


def make_sun(key: int, north: Direction, east: Direction) -> tuple[Direction, float]:
    """Direction towards the sun and its slope, 33 to 59 degrees high."""
    azimuth = float(uniform(key, 80))
    cosine, sine = float(cos_turns(azimuth)), float(sin_turns(azimuth))
    direction = (cosine * north[0] + sine * east[0], cosine * north[1] + sine * east[1])
    return direction, 0.65 + float(uniform(key, 81))

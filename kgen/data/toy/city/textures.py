"""Noise that repeats every 512 texels, made once per process and shared by all scenes.

Interpolating hashed values for every pixel of every scene would take longer than all the rest;
looking them up is one gather. Each scene begins at a random place of each tile.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..deterministic import uniform

SIZE = 512
KEY = 0x746F7963697479  # any number: the tiles are the same for all seeds


@lru_cache(maxsize=8)
def noise_tile(cells: int, octaves: int = 1) -> np.ndarray:
    """Smooth noise in [0, 1] with `cells` lattice cells along each side, (512, 512).

    Args:
        cells: a power of 2; one cell spans 512 / cells texels.
        octaves: how many noises of doubling frequency and halving weight are added up.
    """
    total, weight, weights = np.zeros((SIZE, SIZE)), 0.5, 0.0
    for octave in range(octaves):
        total += weight * _value_noise(cells << octave)
        weights += weight
        weight *= 0.5
    return total / weights


def _value_noise(cells: int) -> np.ndarray:
    step = SIZE // cells
    lattice = uniform(KEY, cells, np.arange(cells)[:, None], np.arange(cells)[None, :])
    t = np.arange(step) / step
    t = t * t * (3.0 - 2.0 * t)
    for axis in (0, 1):
        weight = np.tile(t, cells)[:, None] if axis == 0 else np.tile(t, cells)
        slope = np.roll(lattice, -1, axis) - lattice
        lattice = np.repeat(lattice, step, axis) + np.repeat(slope, step, axis) * weight
    return lattice


@lru_cache(maxsize=1)
def white_tile() -> np.ndarray:
    """Independent uniform numbers in [0, 1), (512, 512)."""
    return uniform(KEY, 1, np.arange(SIZE * SIZE)).reshape(SIZE, SIZE)


def look_up(tile: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The tile's texels at coordinates in texels (any size), repeated without end."""
    column = np.floor(x).astype(np.int64) & (SIZE - 1)
    row = np.floor(y).astype(np.int64) & (SIZE - 1)
    return tile.ravel().take((row << 9) | column)

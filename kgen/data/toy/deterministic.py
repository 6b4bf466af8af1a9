"""Deterministic building blocks of the procedural toy data sets.

A toy scene must be the same array on every machine, or a course cannot compare results and a
cached folder cannot be checked. Three rules make it so:

* randomness comes from hashing integers (uint64, wraps), never from numpy's distributions, whose
  streams may change between versions; a value depends on its keys only, not on evaluation order;
* floats are float64 and meet only ``+ - * /``, sqrt, floor, minimum, maximum and comparisons, one
  ufunc at a time: IEEE 754 rounds each of these correctly, so no processor can differ. No exp, pow,
  sin, log, no matrix products, no float sums (except sums of dyadic numbers, which are exact);
* sines are a fixed polynomial in turns, averages are integer sums.
"""

from __future__ import annotations

import numpy as np

TOY_VERSION = 1  # one more whenever any picture of any toy set changes

Key = int | np.ndarray

_GOLDEN = 0x9E3779B97F4A7C15
_START = 0x243F6A8885A308D3
_MASK64 = 0xFFFFFFFFFFFFFFFF
_SINE = (
    6.283185307179586,
    -41.341702240399755,
    81.60524927607504,
    -76.70585975306136,
    42.05869394469765,
    -15.094642576822984,
    3.8199525848482803,
    -0.7181223017785,
)


def _mix(z: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele et al. 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _mix_int(z: int) -> int:
    """`_mix` for one Python int: ten times faster than a numpy scalar."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK64
    return z ^ (z >> 31)


def _mix_key(key: Key) -> int | np.ndarray:
    if isinstance(key, int | np.integer):
        return _mix_int((int(key) + _GOLDEN) & _MASK64)
    return _mix(np.asarray(key).astype(np.int64).astype(np.uint64) + np.uint64(_GOLDEN))


def hash64(*keys: Key) -> np.ndarray:
    """Mixes any number of integer keys (ints or integer arrays, broadcast) into uint64 values."""
    z: int | np.ndarray = _START
    with np.errstate(over="ignore"):
        for key in keys:
            mixed = _mix_key(key)
            if isinstance(z, int) and isinstance(mixed, int):
                z = _mix_int(((z + _GOLDEN) & _MASK64) ^ mixed)
            else:
                z = _mix((np.asarray(z, np.uint64) + np.uint64(_GOLDEN)) ^ np.uint64(mixed))
    return np.asarray(z, np.uint64)


def scene_key(seed: int, name: str, index: int) -> int:
    """Returns the 63-bit key of scene `index` of the set with the 4-letter `name`."""
    return int(hash64(seed, int.from_bytes(name.encode("ascii"), "big"), index)) & (_MASK64 >> 1)


def uniform(*keys: Key) -> np.ndarray:
    """Uniform numbers in [0, 1) with 53 exact bits, a pure function of the keys."""
    return (hash64(*keys) >> np.uint64(11)).astype(np.float64) * (1.0 / 9007199254740992.0)


def uniform_between(low: float, high: float, *keys: Key) -> np.ndarray:
    """Uniform numbers in [low, high)."""
    return low + (high - low) * uniform(*keys)


def integer_below(count: int, *keys: Key) -> np.ndarray:
    """Uniform integers in [0, count), int64."""
    return np.floor(uniform(*keys) * count).astype(np.int64)


def _smooth(t: np.ndarray) -> np.ndarray:
    return t * t * (3.0 - 2.0 * t)


def _lattice(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    floor = np.floor(x)
    return floor.astype(np.int64), _smooth(x - floor)


def value_noise(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Smooth noise in [0, 1]: hashed values on the integer lattice, interpolated with a cubic.

    Args:
        x, y: coordinates in lattice cells, float64. A row `x` (1, W) with a column `y` (H, 1) takes
            a path several times faster than two full grids, with the same bits.
        seed: 63-bit key.
    """
    column, x_weight = _lattice(x)
    row, y_weight = _lattice(y)
    if np.ndim(x) == 2 and np.ndim(y) == 2 and x.shape[0] == 1 and y.shape[1] == 1:
        return _grid_noise(column[0], x_weight, row[:, 0], y_weight, seed)
    top = _blend(uniform(seed, row, column), uniform(seed, row, column + 1), x_weight)
    bottom = _blend(uniform(seed, row + 1, column), uniform(seed, row + 1, column + 1), x_weight)
    return _blend(top, bottom, y_weight)


def _blend(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return a + (b - a) * weight


def _grid_noise(
    column: np.ndarray, x_weight: np.ndarray, row: np.ndarray, y_weight: np.ndarray, seed: int
) -> np.ndarray:
    """Noise on a pixel grid: interpolate along x on the few lattice rows, then along y."""
    first_row, first_column = int(row.min()), int(column.min())
    rows = np.arange(first_row, int(row.max()) + 2)[:, None]
    columns = np.arange(first_column, int(column.max()) + 2)[None, :]
    values = uniform(seed, rows, columns)
    left = values[:, column - first_column]
    lines = _blend(left, values[:, column - first_column + 1], x_weight)
    step = lines[1:] - lines[:-1]
    result = step[row - first_row]
    result *= y_weight
    result += lines[row - first_row]
    return result


def fractal_noise(x: np.ndarray, y: np.ndarray, seed: int, octaves: int) -> np.ndarray:
    """Sum of `octaves` value noises of doubling frequency and halving weight, in [0, 1]."""
    total, weight, weights = np.zeros(np.broadcast_shapes(x.shape, y.shape)), 0.5, 0.0
    for octave in range(octaves):
        octave_seed = int(hash64(seed, 101, octave)) & (_MASK64 >> 1)
        total += weight * value_noise(x, y, octave_seed)
        weights += weight
        weight *= 0.5
        x, y = x * 2.0 + 17.31, y * 2.0 + 9.17
    total /= weights
    return total


def sin_turns(turns: np.ndarray | float) -> np.ndarray:
    """sin(2 pi t) by a fixed polynomial of degree 15 on [-1/4, 1/4] turns (error below 1e-11)."""
    t = np.asarray(turns, np.float64)
    t = t - np.floor(t + 0.5)
    t = np.where(t > 0.25, 0.5 - t, np.where(t < -0.25, -0.5 - t, t))
    square = t * t
    polynomial = np.asarray(_SINE[-1])
    for coefficient in _SINE[-2::-1]:
        polynomial = polynomial * square + coefficient
    return polynomial * t


def cos_turns(turns: np.ndarray | float) -> np.ndarray:
    """cos(2 pi t), see `sin_turns`."""
    return sin_turns(np.asarray(turns, np.float64) + 0.25)


def box_average(image: np.ndarray, factor: int | tuple[int, int]) -> np.ndarray:
    """Shrinks a uint8 image (H * factor, W * factor[, C]) by exact integer averages.

    `factor` is one number, or one for the rows and one for the columns.
    """
    down, across = (factor, factor) if isinstance(factor, int) else factor
    total = np.zeros(
        (image.shape[0] // down, image.shape[1] // across, *image.shape[2:]), np.uint32
    )
    for i in range(down):
        for j in range(across):
            total += image[i::down, j::across]
    count = down * across
    return ((2 * total + count) // (2 * count)).astype(np.uint8)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Rounds colours in [0, 1] (clipped) to uint8."""
    clipped = np.minimum(np.maximum(image, 0.0), 1.0)
    clipped *= 255.0
    clipped += 0.5
    return np.floor(clipped, out=clipped).astype(np.uint8)


def rgb(*codes: str) -> np.ndarray:
    """Turns hexadecimal colours into float64 in [0, 1]: (3,) for one code, (n, 3) for several."""
    table = np.array([[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in codes]) / 255.0
    return table[0] if len(codes) == 1 else table

"""Streets and blocks: two families of lines on whole metres, and what covers the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import integer_below, uniform, uniform_between, value_noise
from .frame import RADIUS, Frame

HOUSES, FLATS, COMMERCE, PARK, PARKING = range(5)  # kinds of blocks
SIDEWALK = np.array([2, 3, 3, 3, 3])  # metres, by kind of block
LINES = 20
MIDDLE = LINES // 2
MAIN_HALF, MINOR_HALF = 7, 4  # metres from a street's middle to its kerb


@dataclass
class Lines:
    """One family of parallel streets; the nearest one to a point is read from a table."""

    positions: np.ndarray  # int64, metres
    half_width: np.ndarray
    is_main: np.ndarray
    nearest: np.ndarray  # by half metre from `first` on
    first: int

    def locate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number of the nearest street, signed distance to its middle, distance to its kerb."""
        near = self.nearest.take(np.floor(x * 2.0).astype(np.int64) - self.first, mode="clip")
        offset = x - self.positions[near]
        return near, offset, np.abs(offset) - self.half_width[near]


@dataclass
class Streets:
    """Both families (lines of constant u, lines of constant v) and the kind of every block."""

    u: Lines
    v: Lines
    kind: np.ndarray  # (LINES, LINES), by the lines before a block


def make_lines(key: int, tag: int, low: float, high: float) -> Lines:
    """Streets at spacings of low to high metres; the middle one is at 0; 30 % are main ones."""
    number = np.arange(LINES)
    positions = np.cumsum(np.floor(uniform_between(low, high, key, tag, number)).astype(np.int64))
    positions -= positions[MIDDLE]
    is_main = uniform(key, tag, 8, number) < 0.30
    half_width = np.where(is_main, MAIN_HALF, MINOR_HALF)
    first = 2 * int(positions[0])
    at = (np.arange(first, 2 * int(positions[-1])) + 0.5) / 2.0
    before = np.searchsorted(positions, at, side="right") - 1
    from_before = at - positions[before] - half_width[before]
    to_next = positions[before + 1] - at - half_width[before + 1]
    nearest = np.where(from_before < to_next, before, before + 1)
    return Lines(positions, half_width, is_main, nearest, first)


def make_streets(key: int, urban: float) -> Streets:
    """Draws the lines, and for each block what stands on it: neighbours resemble each other."""
    u, v = make_lines(key, 21, 44, 80), make_lines(key, 22, 38, 66)
    column, row = np.arange(LINES)[:, None], np.arange(LINES)[None, :]
    zone = 0.7 * value_noise(row / 2.1 + 3.3, column / 2.1 + 1.9, key ^ 15)
    zone = zone + 0.3 * uniform(key, 51, column, row)
    kind = np.where(zone > 0.74 - 0.6 * urban, FLATS, HOUSES)
    kind = np.where(zone > 0.98 - 0.6 * urban, COMMERCE, kind)
    share = uniform(key, 53, column, row)
    kind = np.where(share < 0.12, PARK, np.where(share < 0.17, PARKING, kind))
    return Streets(u, v, kind)


def stand(key: int, streets: Streets, dx: int) -> tuple[int, int]:
    """The camera's place (u, v): in a lane of the middle street, `dx` metres along it."""
    half, is_main = int(streets.u.half_width[MIDDLE]), bool(streets.u.is_main[MIDDLE])
    lane = half * (0.5 if float(uniform(key, 2)) < 0.5 else -0.5) * (1.0 if is_main else 0.7)
    block = int(streets.v.positions[MIDDLE + 1])
    return int(np.floor(lane)), int(integer_below(block, key, 3)) + dx


@dataclass
class Cover:
    """What lies on the ground at some points (flat arrays)."""

    kind: np.ndarray  # of the block
    follows_v: np.ndarray  # the nearest street is a line of constant u
    kerb: np.ndarray  # metres to the kerb, negative on the street
    lane: np.ndarray  # signed metres to the middle of the nearest street
    along: np.ndarray  # position along it
    is_main: np.ndarray
    to_crossing: np.ndarray  # metres to the kerb of the street across
    road: np.ndarray
    sidewalk: np.ndarray

    @property
    def crossing(self) -> np.ndarray:
        return (self.kerb < 1.5) & (self.to_crossing < 1.5)


def make_cover(streets: Streets, u: np.ndarray, v: np.ndarray) -> Cover:
    """Measures points of any shape against the streets."""
    near_u, offset_u, kerb_u = streets.u.locate(u)
    near_v, offset_v, kerb_v = streets.v.locate(v)
    block = (near_u - (offset_u < 0)) * LINES + near_v - (offset_v < 0)
    kind = streets.kind.ravel().take(block, mode="clip")
    follows_v = kerb_u <= kerb_v
    kerb = np.minimum(kerb_u, kerb_v)
    return Cover(
        kind=kind,
        follows_v=follows_v,
        kerb=kerb,
        lane=np.where(follows_v, offset_u, offset_v),
        along=np.where(follows_v, v, u),
        is_main=np.where(follows_v, streets.u.is_main[near_u], streets.v.is_main[near_v]),
        to_crossing=np.maximum(kerb_u, kerb_v),
        road=kerb < 0,
        sidewalk=(kerb >= 0) & (kerb < SIDEWALK[kind]),
    )


def visible(frame: Frame, lines: Lines, axis: int) -> tuple[int, int]:
    """Numbers of the first and the last street within the height field, one more on each side."""
    edges = frame.camera[axis] - RADIUS, frame.camera[axis] + RADIUS
    first, last = np.searchsorted(lines.positions, edges)
    return max(int(first) - 1, 0), min(int(last), LINES - 2)

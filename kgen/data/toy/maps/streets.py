"""Where things are in a toy town, part one: the camera frame, the street grid, highway and river.

Coordinates are metres, x to the right and y down, (0, 0) in the middle of the picture. Streets are
two families of straight lines in a rotated and gently warped frame (u, v).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import cos_turns, fractal_noise, scene_key, sin_turns, uniform, uniform_between
from .knobs import Knobs

FAR = 1e6  # metres: the distance to something that is not there
SUPERSAMPLING = 2  # every pixel is the exact average of 2 x 2 sub-pixels


@dataclass
class Frame:
    """The sub-pixel grid of one picture and the random key of its town."""

    key: int
    pixels: int  # sub-pixels along one side
    metre: float  # metres per sub-pixel
    fov: float  # metres along one side
    x: np.ndarray  # (1, pixels)
    y: np.ndarray  # (pixels, 1)

    def draw(self, *keys: int) -> float:
        """One uniform number in [0, 1) of this town."""
        return float(uniform(self.key, *keys))

    def noise(
        self, scale: float, shift: tuple[float, float], salt: int, octaves: int
    ) -> np.ndarray:
        """Fractal noise over the picture with cells of `scale` metres, (pixels, pixels)."""
        return fractal_noise(
            self.x / scale + shift[0], self.y / scale + shift[1], self.key ^ salt, octaves
        )


@dataclass
class Lines:
    """One family of parallel street lines: centre positions, class and half widths in metres."""

    positions: np.ndarray
    is_main: np.ndarray
    half_width: np.ndarray


@dataclass
class Streets:
    """For every sub-pixel: which block it lies in and how far the nearest street is (metres)."""

    u: np.ndarray
    v: np.ndarray
    direction: tuple[float, float]  # cosine and sine of the grid's rotation
    lines: tuple[Lines, Lines]
    present: tuple[np.ndarray, np.ndarray]  # is the piece of line at (column, row) there?
    column: np.ndarray
    row: np.ndarray
    distance_u: np.ndarray  # to the kerb of the nearest u street, negative on the street
    distance_v: np.ndarray
    main_u: np.ndarray
    main_v: np.ndarray
    low_u: np.ndarray  # is the nearest u street the block's lower one?
    low_v: np.ndarray
    follows_v: np.ndarray  # the nearest street is a u line, which runs along v
    lane: np.ndarray  # signed distance to its centre line
    along: np.ndarray  # position along it
    half_width: np.ndarray

    @property
    def distance(self) -> np.ndarray:
        return np.minimum(self.distance_u, self.distance_v)

    @property
    def on_main(self) -> np.ndarray:
        return (self.main_u & (self.distance_u < 0)) | (self.main_v & (self.distance_v < 0))

    @property
    def crossing(self) -> np.ndarray:
        return (self.distance_u < 2.5) & (self.distance_v < 2.5)


def make_frame(seed: int, index: int, size: int, knobs: Knobs) -> Frame:
    """Lays the sub-pixel grid; the field of view grows with the size unless the knob fixes it."""
    fov = knobs.fov if knobs.fov is not None else 110.0 + 0.45 * size
    pixels = size * SUPERSAMPLING
    metre = fov / pixels
    steps = (np.arange(pixels) + 0.5) * metre - fov / 2
    return Frame(scene_key(seed, "maps", index), pixels, metre, fov, steps[None, :], steps[:, None])


def make_streets(frame: Frame, knobs: Knobs) -> Streets:
    """Draws the two families of lines and measures every sub-pixel against them."""
    u, v, direction, bend = street_coordinates(frame, knobs)
    density = 0.75 + 0.7 * frame.draw(5)
    reach = max(900.0, 1.5 * frame.fov + 2.0 * bend + 250.0)
    lines_u = street_lines(frame, 21, 52 * density, 96 * density, reach)
    lines_v = street_lines(frame, 22, 40 * density, 72 * density, reach)
    present = drop_pieces(frame, lines_u, lines_v)
    column = np.searchsorted(lines_u.positions, u, side="right") - 1
    row = np.searchsorted(lines_v.positions, v, side="right") - 1
    rows = len(lines_v.positions)
    piece = column * rows + row
    there_u, there_v = present[0].ravel(), present[1].ravel()
    near_u = nearest_line(u, column, lines_u, there_u[piece], there_u[piece + rows])
    near_v = nearest_line(v, row, lines_v, there_v[piece], there_v[piece + 1])
    follows_v = near_u[0] <= near_v[0]
    return Streets(
        u, v, direction, (lines_u, lines_v), present, column, row,
        distance_u=near_u[0], distance_v=near_v[0], main_u=near_u[1], main_v=near_v[1],
        low_u=near_u[2], low_v=near_v[2], follows_v=follows_v,
        lane=np.where(follows_v, near_u[3], near_v[3]), along=np.where(follows_v, v, u),
        half_width=np.where(follows_v, near_u[4], near_v[4]),
    )  # fmt: skip


def street_coordinates(
    frame: Frame, knobs: Knobs
) -> tuple[np.ndarray, np.ndarray, tuple[float, float], float]:
    """Rotates the plane (not in 30 % of the towns) and bends it (in half of them)."""
    angle = 0.0 if frame.draw(1) < 0.3 else frame.draw(2) * 0.25
    cosine, sine = float(cos_turns(angle)), float(sin_turns(angle))
    bend = 0.0 if frame.draw(3) < 0.5 else 8.0 + 22.0 * frame.draw(4)
    bend = bend if knobs.organic is None else knobs.organic
    x, y = frame.x, frame.y
    if bend > 0.0:
        x = x + (frame.noise(130.0, (50.0, 0.0), 11, 2) - 0.5) * bend
        y = y + (frame.noise(130.0, (0.0, 90.0), 12, 2) - 0.5) * bend
    return x * cosine + y * sine, y * cosine - x * sine, (cosine, sine), bend


def street_lines(frame: Frame, tag: int, low: float, high: float, reach: float) -> Lines:
    """Lines at irregular spacing (low to high metres); 24 % are main roads, told by width only."""
    count = np.arange(int(reach / low))
    spacing = uniform_between(low, high, frame.key, tag, count)
    positions = np.cumsum(np.floor(spacing * 64.0)) / 64.0  # sums of dyadics: exact in any order
    positions = positions - positions[len(count) // 2] + np.floor(frame.draw(tag, 7) * 40.0)
    is_main = uniform(frame.key, tag, 8, count) < 0.24
    width = uniform(frame.key, tag, 9, count)
    half_width = np.where(is_main, 6.0 + (8.0 - 6.0) * width, 3.0 + (4.2 - 3.0) * width)
    return Lines(positions, is_main, half_width)


def drop_pieces(frame: Frame, lines_u: Lines, lines_v: Lines) -> tuple[np.ndarray, np.ndarray]:
    """Leaves out a share of the minor pieces, so that blocks merge. Two (columns, rows) masks."""
    share = 0.22 * frame.draw(6)
    columns = np.arange(len(lines_u.positions))[:, None]
    rows = np.arange(len(lines_v.positions))[None, :]
    there_u = (uniform(frame.key, 31, columns, rows) > share) | lines_u.is_main[:, None]
    there_v = (uniform(frame.key, 32, columns, rows) > share) | lines_v.is_main[None, :]
    return there_u, there_v


def nearest_line(
    coordinate: np.ndarray, cell: np.ndarray, lines: Lines, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Compares the two lines around each sub-pixel.

    Returns: distance to the kerb, is it a main road, is it the lower line, signed distance to its
    centre, its half width.
    """
    from_low = coordinate - lines.positions[cell]
    to_high = lines.positions[cell + 1] - coordinate
    width_low, width_high = lines.half_width[cell], lines.half_width[cell + 1]
    distance_low = np.where(low, from_low - width_low, FAR)
    distance_high = np.where(high, to_high - width_high, FAR)
    is_low = distance_low < distance_high
    is_main = np.where(is_low, lines.is_main[cell], lines.is_main[cell + 1])
    centre = np.where(is_low, from_low, -to_high)
    width = np.where(is_low, width_low, width_high)
    return np.minimum(distance_low, distance_high), is_main, is_low, centre, width


def highway_distance(frame: Frame) -> np.ndarray | None:
    """Distance to the edge of a highway, negative on it; None in the 70 % of towns without one."""
    if frame.draw(40) >= 0.3:
        return None
    angle = frame.draw(41)
    bend = (frame.noise(160.0, (0.0, 0.0), 13, 2) - 0.5) * 70.0
    across = frame.x * float(cos_turns(angle)) + frame.y * float(sin_turns(angle)) + bend
    offset = (frame.draw(42) - 0.5) * frame.fov * 0.7
    return np.abs(across - offset) - uniform_between(8.0, 12.0, frame.key, 43)


def river_distance(frame: Frame) -> np.ndarray | None:
    """Distance to the bank of a river (an iso-line of noise), None in the 64 % without one."""
    if frame.draw(44) >= 0.36:
        return None
    height = frame.noise(210.0, (31.0, 7.0), 14, 3)
    level = 0.46 + 0.08 * frame.draw(45)
    return np.abs(height - level) * 420.0 - uniform_between(6.0, 24.0, frame.key, 46)

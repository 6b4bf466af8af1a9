"""Buildings: every block is cut into lots, most lots carry one, all corners on whole metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import hash64, integer_below, rgb, uniform
from .frame import Frame
from .streets import COMMERCE, FLATS, HOUSES, LINES, SIDEWALK, Streets, visible

WALLS = rgb(
    "c9b99c", "b5654d", "8f4f3f", "d8d2c4", "a7a39a", "bfa98a", "9aa5a8", "e2dac6", "7d6a58",
    "c98f6a",
)  # fmt: skip
TILES = rgb("8e4b3b", "7d6558", "6f6a66", "96785f", "5e5a58", "84423a")
FLAT_ROOFS = rgb("a5a49f", "c4c1ba", "8a8b89", "b6ab99", "d5d3cd", "777a7e")
# the walls that belong to each roof where facade_from_roof couples them
TILED_WALLS = rgb("e2dac6", "b5654d", "9aa5a8", "c98f6a", "d8d2c4", "8f4f3f")
FLAT_WALLS = rgb("a7a39a", "c9b99c", "8f4f3f", "c98f6a", "e2dac6", "7d6a58")
SHOPS = rgb("b5b5b5", "3c3d3f", "757779", "8c3738", "39536d", "a9a08f", "5d605e", "3b5f49")
LOT_SIZE = np.array([[15, 20], [22, 24], [34, 32]])  # metres, by kind of block
PITCH = 0.62  # rise of a roof over its run


@dataclass
class Buildings:
    """One row per building: footprint in whole metres, heights in metres, colours in [0, 1]."""

    key: np.ndarray
    kind: np.ndarray
    left: np.ndarray
    right: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    notch: np.ndarray  # (n, 4) left, right, top, bottom of the corner cut out; empty: right = left
    eave: np.ndarray
    pitch: np.ndarray  # 0 where the roof is flat
    ridge_along_u: np.ndarray
    wall: np.ndarray
    roof: np.ndarray
    shop: np.ndarray

    def roof_height(self, owner: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Height of the roof of building `owner` over (u, v), which lies inside its footprint."""
        across_v = self.ridge_along_u[owner]
        low = np.where(across_v, self.top[owner], self.left[owner])
        high = np.where(across_v, self.bottom[owner], self.right[owner])
        at = np.where(across_v, v, u)
        edge = np.maximum(np.minimum(at - low, high - at), 0.0)
        return self.eave[owner] + self.pitch[owner] * edge


@dataclass
class Lots:
    """The lots around the camera."""

    key: np.ndarray
    kind: np.ndarray
    left: np.ndarray
    right: np.ndarray
    top: np.ndarray
    bottom: np.ndarray

    def draw(self, tag: int) -> np.ndarray:
        return uniform(self.key, tag)

    def keep(self, mask: np.ndarray) -> Lots:
        return Lots(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def make_lots(frame: Frame, streets: Streets) -> Lots:
    """Cuts the built blocks around the camera into rows and columns of lots."""
    (first, last), (top, bottom) = (
        visible(frame, lines, axis) for axis, lines in enumerate((streets.u, streets.v))
    )
    i = np.repeat(np.arange(first, last + 1), bottom + 1 - top)
    j = np.tile(np.arange(top, bottom + 1), last + 1 - first)
    built = streets.kind[i, j] <= COMMERCE
    i, j = i[built], j[built]
    kind = streets.kind[i, j]
    u, width = _between(streets.u.positions, streets.u.half_width, i, SIDEWALK[kind])
    v, depth = _between(streets.v.positions, streets.v.half_width, j, SIDEWALK[kind])
    columns = np.maximum(np.floor(width / LOT_SIZE[kind, 0] + 0.5), 1).astype(np.int64)
    rows = np.maximum(np.floor(depth / LOT_SIZE[kind, 1] + 0.5), 1).astype(np.int64)
    count = columns * rows
    block = np.repeat(np.arange(len(i)), count)
    number = np.arange(len(block)) - np.repeat(np.cumsum(count) - count, count)
    column, row = number % columns[block], number // columns[block]
    return Lots(
        hash64(frame.key, 55, i[block] * LINES + j[block], column, row),
        kind[block],
        *_piece(u, width, columns, block, column),
        *_piece(v, depth, rows, block, row),
    )


def _between(
    positions: np.ndarray, half_width: np.ndarray, before: np.ndarray, sidewalk: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Start and length of the ground between two streets and their sidewalks."""
    start = positions[before] + half_width[before] + sidewalk
    return start, positions[before + 1] - half_width[before + 1] - sidewalk - start


def _piece(
    start: np.ndarray, length: np.ndarray, pieces: np.ndarray, block: np.ndarray, number: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    low, high = (
        np.floor(start[block] + n * length[block] / pieces[block] + 0.5).astype(np.int64)
        for n in (number, number + 1)
    )
    return low, high


def make_buildings(
    frame: Frame, streets: Streets, urban: float, facade_from_roof: float
) -> Buildings:
    """Draws the buildings around the camera, whole numbers of metres apart and 5 or more wide."""
    lots = make_lots(frame, streets)
    lots = shrink(lots)
    large = (lots.right - lots.left >= 5) & (lots.bottom - lots.top >= 5)
    lots = lots.keep(large & (lots.draw(5) > 0.06))
    tiled = (lots.kind == HOUSES) | ((lots.kind == FLATS) & (lots.draw(12) < 0.25))
    wall, roof = paint(lots, tiled, facade_from_roof)
    return Buildings(
        **vars(lots),
        notch=cut_notch(lots),
        eave=eaves(lots, urban),
        pitch=np.where(tiled, PITCH, 0.0),
        ridge_along_u=lots.right - lots.left >= lots.bottom - lots.top,
        wall=wall,
        roof=roof,
        shop=SHOPS[integer_below(len(SHOPS), lots.key, 24)],
    )


def shrink(lots: Lots) -> Lots:
    """From lots to footprints: gaps at the sides and gardens in front."""
    gap = np.array([2, 1, 0])[lots.kind]
    garden = np.array([3, 1, 0])[lots.kind]
    sway = np.where(lots.kind == COMMERCE, 1.6, 2.6)
    margins = [
        gap + np.floor(lots.draw(1) * sway).astype(np.int64),
        gap + np.floor(lots.draw(2) * sway).astype(np.int64),
        garden + np.floor(lots.draw(3) * 3.0).astype(np.int64),
        garden + np.floor(lots.draw(4) * 3.0).astype(np.int64),
    ]
    return Lots(
        lots.key,
        lots.kind,
        lots.left + margins[0],
        lots.right - margins[1],
        lots.top + margins[2],
        lots.bottom - margins[3],
    )


def cut_notch(lots: Lots) -> np.ndarray:
    """A corner taken out of a third of the footprints, which makes them L-shaped: (n, 4)."""
    width, depth = lots.right - lots.left, lots.bottom - lots.top
    notched = (lots.draw(6) < 0.35) & (width > 8) & (depth > 8)
    cut_u = np.floor(width * (0.3 + 0.25 * lots.draw(7))).astype(np.int64) * notched
    cut_v = np.floor(depth * (0.3 + 0.25 * lots.draw(8))).astype(np.int64)
    corner = integer_below(4, lots.key, 9)
    left = np.where(corner % 2 == 0, lots.left, lots.right - cut_u)
    top = np.where(corner < 2, lots.top, lots.bottom - cut_v)
    return np.stack([left, left + cut_u, top, top + cut_v], axis=1)


def eaves(lots: Lots, urban: float) -> np.ndarray:
    """Height of the walls: houses 1 or 2 floors of 3 m, flats 3 to 6, commerce 2 to 23."""
    first, second = lots.draw(10), lots.draw(11)
    tall = np.where(
        lots.kind == FLATS, 3 + np.floor(first * 4), 2 + np.floor(first * second * (6 + 16 * urban))
    )
    floors = np.where(lots.kind == HOUSES, 1 + np.floor(first * 2), tall)
    return floors * 3.0 + np.where(lots.kind == HOUSES, 0.2, 0.8)


def paint(lots: Lots, tiled: np.ndarray, facade_from_roof: float) -> tuple[np.ndarray, np.ndarray]:
    """Colours of walls and roofs, independent of each other but for the knob's share: (n, 3)."""
    roof = integer_below(len(TILES), lots.key, 23)
    free = WALLS[integer_below(len(WALLS), lots.key, 21)]
    free = free * (0.9 + 0.25 * lots.draw(22))[:, None]
    coupled = np.where(tiled[:, None], TILED_WALLS[roof], FLAT_WALLS[roof])
    told = (lots.draw(25) < facade_from_roof)[:, None]
    return (
        np.where(told, coupled, free),
        np.where(tiled[:, None], TILES[roof], FLAT_ROOFS[roof]),
    )

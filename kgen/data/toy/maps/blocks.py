"""Where things are in a toy town, part two: blocks, lots, building footprints and land cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import hash64, uniform, uniform_between, value_noise
from .knobs import Knobs
from .streets import FAR, Frame, Streets

HOUSES, FLATS, COMMERCE, PARK, PARKING, BARE = range(6)
LOT_WIDTH = np.array([15.0, 27.0, 44.0, 60.0, 60.0, 60.0])  # metres, by kind of block
LOT_DEPTH = np.array([24.0, 30.0, 40.0, 60.0, 60.0, 60.0])
LOT_MARGIN = np.array([0.13, 0.10, 0.07, 0.07, 0.07, 0.07])  # least share of the lot left free


@dataclass
class Blocks:
    """Every sub-pixel's block; `edge` is the distance to the sidewalk, positive inside."""

    kind: np.ndarray  # (pixels, pixels) 0..5
    sidewalk: np.ndarray  # its width
    edge: np.ndarray
    lot: np.ndarray  # number of the sub-pixel's lot, into the tables of `Lots`
    lot_x: np.ndarray  # position within the lot
    lot_y: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        return self.edge > 0


@dataclass
class Lots:
    """One row per lot in the picture; lengths in metres."""

    key: np.ndarray  # uint64
    kind: np.ndarray
    width: np.ndarray
    depth: np.ndarray

    def draw(self, number: int) -> np.ndarray:
        """One uniform number in [0, 1) per lot."""
        return uniform(self.key, number)


@dataclass
class Buildings:
    """The sub-pixels covered by buildings, as flat indices, with what the roofs need (n,)."""

    pixels: np.ndarray
    lot: np.ndarray
    wall: np.ndarray  # distance to the nearest wall, positive
    across: np.ndarray  # signed distance from the roof ridge
    ridge_along_u: np.ndarray
    height: np.ndarray  # metres
    is_gable: np.ndarray


@dataclass
class LandCover:
    """Masks (pixels, pixels) of what lies on the ground; water wins over all but main roads."""

    road: np.ndarray
    main: np.ndarray
    highway: np.ndarray
    water: np.ndarray
    park: np.ndarray
    path: np.ndarray
    parking: np.ndarray
    bare: np.ndarray
    sidewalk: np.ndarray
    clear: np.ndarray  # far enough from river and highway to build
    river: np.ndarray  # distance to the bank
    highway_distance: np.ndarray


def block_kinds(frame: Frame, streets: Streets, knobs: Knobs) -> np.ndarray:
    """Kind of every block (columns, rows): zones of noise, strewn with parks and empty blocks."""
    columns = np.arange(len(streets.lines[0].positions))[:, None]
    rows = np.arange(len(streets.lines[1].positions))[None, :]
    noise = value_noise(columns / 2.3 + 3.1, rows / 2.3 + 1.7, frame.key ^ 15)
    zone = noise * 0.75 + 0.25 * uniform(frame.key, 51, columns, rows)
    urban = 0.15 + 0.7 * frame.draw(52) if knobs.urban is None else knobs.urban
    built = np.where(zone > 0.72 - 0.5 * urban, FLATS, HOUSES)
    built = np.where(zone > 1.0 - 0.45 * urban, COMMERCE, built)
    chance = uniform(frame.key, 53, columns, rows)
    empty = np.where(chance < 0.11, PARK, np.where(chance < 0.16, PARKING, BARE))
    return np.where(chance < 0.19, empty, built)


def block_sides(streets: Streets, sidewalk: np.ndarray) -> list[np.ndarray]:
    """Left, right, top and bottom of each block's inside; an absent street counts by its centre."""
    low_side, high_side = [], []
    for axis, lines in enumerate(streets.lines):
        shape = (-1, 1) if axis == 0 else (1, -1)
        centre, half = lines.positions.reshape(shape), lines.half_width.reshape(shape)
        there = streets.present[axis]
        low = np.where(there, centre + half, centre) + sidewalk
        high = np.where(there, centre - half, centre)
        low_side.append(low)
        high_side.append(np.roll(high, -1, axis=axis) - sidewalk)  # the far street of each block
    return [low_side[0], high_side[0], low_side[1], high_side[1]]


def make_blocks(frame: Frame, streets: Streets, knobs: Knobs) -> tuple[Blocks, Lots]:
    """Divides blocks into lots of equal size; all numbers are tables that pixels look up."""
    kinds = block_kinds(frame, streets, knobs)
    sidewalk = np.where(kinds == HOUSES, 1.6, 2.8)
    left, right, top, bottom = block_sides(streets, sidewalk)
    width, depth = np.maximum(right - left, 1.0), np.maximum(bottom - top, 1.0)
    lot_width = LOT_WIDTH[kinds] * uniform_between(0.85, 1.2, frame.key, 54)
    across = np.maximum(np.floor(width / lot_width + 0.5), 1.0)
    down = np.maximum(np.floor(depth / LOT_DEPTH[kinds] + 0.5), 1.0)

    block = streets.column * kinds.shape[1] + streets.row
    u, v = streets.u - left.ravel()[block], streets.v - top.ravel()[block]
    edge = np.minimum(
        np.minimum(u, right.ravel()[block] - streets.u),
        np.minimum(v, bottom.ravel()[block] - streets.v),
    )
    lot_i, lot_x = place_in_lot(u, width, across, block)
    lot_j, lot_y = place_in_lot(v, depth, down, block)
    key, lot = number_lots((block * 16 + lot_i) * 16 + lot_j)  # a block has at most 11 x 5 lots
    lot_block = key // 256
    rows = kinds.shape[1]
    hashed = ((lot_block // rows * 64 + lot_block % rows) * 64 + key // 16 % 16) * 64 + key % 16
    lots = Lots(
        hash64(frame.key, 55, hashed), kinds.ravel()[lot_block],
        (width / across).ravel()[lot_block], (depth / down).ravel()[lot_block],
    )  # fmt: skip
    blocks = Blocks(kinds.ravel()[block], sidewalk.ravel()[block], edge, lot, lot_x, lot_y)
    return blocks, lots


def place_in_lot(
    position: np.ndarray, length: np.ndarray, count: np.ndarray, block: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the lot along one axis and the position within it, metres."""
    lots = count.ravel()[block]
    place = np.minimum(np.maximum(position / length.ravel()[block] * lots, 0.0), lots - 1e-6)
    number = np.floor(place)
    return number.astype(np.int64), (place - number) * (length / count).ravel()[block]


def number_lots(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Like np.unique(return_inverse=True) for small integers, by a table instead of a sort."""
    first = int(key.min())
    used = np.zeros(int(key.max()) - first + 1, bool)
    used[key - first] = True
    number = np.cumsum(used) - 1
    return np.flatnonzero(used) + first, number[key - first]


def make_land_cover(
    frame: Frame,
    streets: Streets,
    blocks: Blocks,
    river: np.ndarray | None,
    highway: np.ndarray | None,
) -> LandCover:
    """Decides what covers each sub-pixel: water, roads, parks with ponds and paths, sidewalks."""
    far = np.broadcast_to(FAR, blocks.edge.shape)
    river = far if river is None else river
    highway = far if highway is None else highway
    on_highway, in_river, distance = highway < 0, river < 0, streets.distance
    main_road = (distance < 0) & streets.on_main
    clear = (river > 4.0) & (highway > 5.0)
    park = (blocks.kind == PARK) & (distance >= 0)
    pond = park & (blocks.edge > 6)
    if pond.any():
        pond &= frame.noise(38.0, (0.0, 0.0), 16, 2) > 0.62
    water = ((in_river & ~main_road) | pond) & ~on_highway
    path = park & ~water
    if path.any():
        path &= np.abs(frame.noise(55.0, (9.0, 0.0), 17, 2) - 0.5) * 110.0 < 1.3
    dry = ~water
    return LandCover(
        road=(((distance < 0) & ~in_river) | main_road) & dry,
        main=streets.on_main, highway=on_highway, water=water, park=park & dry, path=path,
        parking=(blocks.kind == PARKING) & blocks.inside & clear & dry,
        bare=(blocks.kind == BARE) & blocks.inside & dry,
        sidewalk=(distance >= 0) & (distance < blocks.sidewalk) & dry & ~on_highway,
        clear=clear, river=river, highway_distance=highway,
    )  # fmt: skip


def make_buildings(blocks: Blocks, lots: Lots, cover: LandCover) -> Buildings:
    """Puts one footprint on most lots: margins, a notched corner on 40 % of them, a height."""
    margin = LOT_MARGIN[lots.kind]
    left, right = [(margin + 0.10 * lots.draw(n)) * lots.width for n in (1, 2)]
    top, bottom = [(margin + 0.20 * lots.draw(n)) * lots.depth for n in (3, 4)]
    width, depth = lots.width - left - right, lots.depth - top - bottom
    is_house = lots.kind == HOUSES
    is_built = (lots.kind <= COMMERCE) & (lots.draw(9) > np.where(is_house, 0.10, 0.06))
    is_built &= (width > 4.5) & (depth > 4.5)

    place = np.flatnonzero(is_built[blocks.lot] & blocks.inside & cover.clear & ~cover.water)
    lot = blocks.lot.ravel()[place]
    x, y = blocks.lot_x.ravel()[place], blocks.lot_y.ravel()[place]
    from_left, from_right = x - left[lot], lots.width[lot] - right[lot] - x
    from_top, from_bottom = y - top[lot], lots.depth[lot] - bottom[lot] - y
    wall = np.minimum(np.minimum(from_left, from_right), np.minimum(from_top, from_bottom))
    wall = cut_notch(lots, width, depth, lot, wall, (from_left, from_right, from_top, from_bottom))

    kept = wall > 0
    lot = lot[kept]
    ridge_along_u = (width >= depth)[lot]
    across = np.where(
        ridge_along_u,
        from_top[kept] - (depth * 0.5)[lot],
        from_left[kept] - (width * 0.5)[lot],
    )
    is_gable = is_house | ((lots.kind == FLATS) & (lots.draw(15) < 0.3))
    height = building_height(lots)[lot]
    return Buildings(place[kept], lot, wall[kept], across, ridge_along_u, height, is_gable[lot])


def cut_notch(
    lots: Lots,
    width: np.ndarray,
    depth: np.ndarray,
    lot: np.ndarray,
    wall: np.ndarray,
    sides: tuple[np.ndarray, ...],
) -> np.ndarray:
    """Takes a rectangle out of one corner of a footprint, which makes it L-shaped."""
    notched = (lots.draw(5) < 0.40) & (width > 7) & (depth > 7)
    notch_width = width * (0.3 + 0.25 * lots.draw(6))
    notch_depth = depth * (0.3 + 0.25 * lots.draw(7))
    corner = np.floor(lots.draw(8) * 4)
    at_left, at_top = (corner % 2 == 0)[lot], (corner < 2)[lot]
    from_left, from_right, from_top, from_bottom = sides
    x = np.where(at_left, from_left, from_right) - notch_width[lot]
    y = np.where(at_top, from_top, from_bottom) - notch_depth[lot]
    return np.where(notched[lot], np.minimum(wall, np.maximum(x, y)), wall)


def building_height(lots: Lots) -> np.ndarray:
    """Eaves height in metres: houses 4.5 to 8, flats 9 to 21, commerce 7 to 37."""
    first, second = lots.draw(10), lots.draw(11)
    flats, commerce = 9 + 12 * first, 7 + 30 * first * second
    tall = np.where(lots.kind == FLATS, flats, commerce)
    return np.where(lots.kind == HOUSES, 4.5 + 3.5 * first, tall)

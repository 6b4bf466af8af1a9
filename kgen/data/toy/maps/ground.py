"""The aerial photograph, part one: colours of the ground, street markings and cars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import hash64, integer_below, rgb, uniform, value_noise
from .blocks import COMMERCE, FLATS, HOUSES, LOT_MARGIN, Blocks, LandCover, Lots
from .streets import Frame, Streets

GRASS, DRY_GRASS, PARK_GRASS = rgb("4f6b34"), rgb("96895a"), rgb("4c7a36")
YARD, DRIVEWAY, GRAVEL, SOIL = rgb("a89a80"), rgb("9c9484"), rgb("c2b393"), rgb("a88f6c")
PAVEMENT, ASPHALT, PAINT, LINE = rgb("b4b0a8"), rgb("6f7073"), rgb("d9d7cf"), rgb("e8e4d8")
GREEN_WATER, BLUE_WATER, WINDSCREEN = rgb("2f4a4c"), rgb("35506b"), rgb("15181c")
CAR_PAINT = rgb(
    "e8e8e8", "202225", "8c8f94", "a32020", "28457a", "d8d0b8", "5b5f5c", "f4f4f4"
)  # fmt: skip


@dataclass
class Texture:
    """Noise that many surfaces share, (pixels, pixels) in [0, 1]."""

    coarse: np.ndarray
    fine: np.ndarray


def make_texture(frame: Frame) -> Texture:
    fine = value_noise(frame.x / 1.7, frame.y / 1.7, frame.key ^ 62)
    return Texture(frame.noise(9.0, (0.0, 0.0), 61, 3), fine)


def tint(image: np.ndarray, mask: np.ndarray, colour: np.ndarray, share: float) -> None:
    """Blends `colour` (3,) or (n, 3) into the masked pixels of `image` in place."""
    old = image[mask]
    image[mask] = old + (colour - old) * share


def fraction(x: np.ndarray) -> np.ndarray:
    return x - np.floor(x)


def paint_land(
    frame: Frame, blocks: Blocks, lots: Lots, cover: LandCover, texture: Texture
) -> np.ndarray:
    """Grass, yards, driveways, parks, paths and bare soil; returns the image in [0, 1]."""
    inside, coarse, fine = blocks.inside, texture.coarse - 0.5, texture.fine - 0.5
    dryness = 0.15 + 0.5 * frame.draw(63)
    grass = GRASS * (1 - dryness) + DRY_GRASS * dryness
    yard_tone = ((lots.draw(12) - 0.5) * 0.10)[blocks.lot]
    relief = coarse * 0.16 + fine * 0.06 + np.where(inside, yard_tone, 0.0)
    image = grass + relief[..., None]
    paved_yard = (lots.kind == FLATS) & (lots.draw(13) < 0.6)
    tint(image, (blocks.kind == COMMERCE) & inside, YARD, 0.75)
    tint(image, paved_yard[blocks.lot] & inside, YARD, 0.55)
    tint(image, driveways(blocks, lots) & inside, DRIVEWAY, 0.8)
    tint(image, cover.park, PARK_GRASS, 0.55)
    tint(image, cover.path, GRAVEL, 0.9)
    tint(image, cover.bare, SOIL + coarse[cover.bare][:, None] * 0.2, 0.9)
    tint(image, cover.sidewalk, PAVEMENT + fine[cover.sidewalk][:, None] * 0.05, 0.9)
    return image


def driveways(blocks: Blocks, lots: Lots) -> np.ndarray:
    """A strip of 3 m in the left margin of 70 % of the houses' lots."""
    margin = (LOT_MARGIN[HOUSES] + 0.10 * lots.draw(1)) * lots.width
    has_one = (lots.kind == HOUSES) & (lots.draw(14) < 0.7)
    centre = np.where(has_one, margin * 0.5, -99.0)  # metres; -99 is outside every lot
    return np.abs(blocks.lot_x - centre[blocks.lot]) < 1.5


def paint_streets(
    image: np.ndarray,
    frame: Frame,
    streets: Streets,
    blocks: Blocks,
    cover: LandCover,
    texture: Texture,
) -> None:
    """Asphalt, lane marks, zebra crossings, highway, parking rows and water, in place."""
    shade = (frame.draw(64) - 0.5) * 0.12
    grain = (texture.coarse - 0.5) * 0.07 + (texture.fine - 0.5) * 0.04
    asphalt = (ASPHALT + shade, grain)
    lay(image, cover.road | cover.parking, asphalt, 0.0)
    paint_markings(image, streets, cover)
    if cover.highway.any():
        lay(image, cover.highway, asphalt, 0.05)
        edge_line = cover.highway & (np.abs(cover.highway_distance + 1.0) < 0.3)
        tint(image, edge_line, LINE, 0.8)
    if cover.parking.any():
        on_line = fraction(blocks.lot_x / 2.7) < 0.14
        tint(image, cover.parking & on_line & (fraction(blocks.lot_y / 11.0) < 0.45), PAINT, 0.7)
    if cover.water.any():
        colour = GREEN_WATER if frame.draw(65) < 0.5 else BLUE_WATER
        depth = np.minimum(cover.river[cover.water], 0.0) * -0.002
        waves = (texture.coarse[cover.water] - 0.5) * 0.05 + depth
        image[cover.water] = colour + waves[:, None]


def lay(
    image: np.ndarray, mask: np.ndarray, asphalt: tuple[np.ndarray, np.ndarray], lighter: float
) -> None:
    colour, grain = asphalt
    image[mask] = colour + grain[mask][:, None] + lighter


def paint_markings(image: np.ndarray, streets: Streets, cover: LandCover) -> None:
    """Centre lines, lane lines of main roads, zebra crossings before main crossings."""
    free = cover.road & ~streets.crossing
    dash = fraction(streets.along / 6.0) < 0.5
    aside = np.abs(streets.lane)
    centre = free & (aside < 0.35) & (cover.main | (dash & (streets.half_width > 3.6)))
    main = cover.road & cover.main
    lane = free & main & dash & (np.abs(aside - streets.half_width * 0.5) < 0.22)
    tint(image, centre | lane, PAINT, 0.8)
    ahead = np.where(streets.follows_v, streets.distance_v, streets.distance_u)
    zebra = main & (ahead < 5.0) & (ahead > 2.0) & (fraction(streets.lane / 1.6) < 0.5)
    tint(image, zebra, PAINT, 0.75)


def paint_cars(
    image: np.ndarray, frame: Frame, streets: Streets, blocks: Blocks, lots: Lots, cover: LandCover
) -> np.ndarray:
    """Cars on streets and parking places; returns the mask of all cars."""
    place = np.floor(streets.along / 9.0)
    along = streets.along - place * 9.0
    driving = driving_cars(image, frame, streets, cover, place, along)
    if cover.parking.any():
        parked = parked_cars(image, frame, blocks, lots, cover)
    else:
        parked = np.zeros_like(driving)
    tint(image, driving & (np.abs(along - 4.0) < 0.6), WINDSCREEN, 0.8)
    return driving | parked


def driving_cars(
    image: np.ndarray,
    frame: Frame,
    streets: Streets,
    cover: LandCover,
    place: np.ndarray,
    along: np.ndarray,
) -> np.ndarray:
    """One place per 9 m of lane, a fifth of them taken."""
    lane_centre = np.maximum(streets.half_width * 0.52, 1.6)
    lane_centre = np.where(cover.main, streets.half_width * 0.5, lane_centre)
    in_lane = np.abs(np.abs(streets.lane) - lane_centre) < 0.95
    spot = np.flatnonzero(cover.road & ~streets.crossing & (np.abs(along - 4.5) < 2.2) & in_lane)
    follows_v = streets.follows_v.ravel()[spot]
    street = np.where(follows_v, streets.column.ravel()[spot], 1000 + streets.row.ravel()[spot])
    low = np.where(follows_v, streets.low_u.ravel()[spot], streets.low_v.ravel()[spot])
    side = streets.lane.ravel()[spot] > 0
    key = hash64(frame.key, 71, street, low, place.ravel()[spot], side)
    return paint_taken(image, spot, key, 0.20)


def parked_cars(
    image: np.ndarray, frame: Frame, blocks: Blocks, lots: Lots, cover: LandCover
) -> np.ndarray:
    """Rows of places 2.7 m wide, 60 % of them taken."""
    row = fraction(blocks.lot_y / 11.0)
    between_lines = fraction(blocks.lot_x / 2.7) >= 0.14
    spot = np.flatnonzero(cover.parking & (row < 0.43) & (row > 0.03) & between_lines)
    lot = lots.key[blocks.lot.ravel()[spot]].astype(np.int64)
    column = np.floor(blocks.lot_x.ravel()[spot] / 2.7)
    key = hash64(frame.key, 72, lot, column, np.floor(blocks.lot_y.ravel()[spot] / 11.0))
    return paint_taken(image, spot, key, 0.6)


def paint_taken(image: np.ndarray, spot: np.ndarray, key: np.ndarray, share: float) -> np.ndarray:
    """Paints the pixels whose car `key` says that the place is taken; returns their mask."""
    taken = uniform(key, 1) < share
    mask = np.zeros(image.shape[:2], bool)
    mask.ravel()[spot[taken]] = True
    image.reshape(-1, 3)[spot[taken]] = CAR_PAINT[integer_below(8, key[taken], 2)]
    return mask

"""Colours and classes of the ground: the same function for the aerial view and the panorama."""

from __future__ import annotations

import numpy as np

from ..deterministic import rgb
from .frame import Frame
from .streets import COMMERCE, FLATS, PARK, PARKING, Cover
from .textures import look_up, noise_tile

(GRASS, PARK_GRASS, YARD, PATH, PAVEMENT, JOINT, KERB, ASPHALT, WHITE, YELLOW) = range(10)
SIDEWALK_LABEL, ROAD_LABEL, GRASS_LABEL = 2, 1, 3
LABEL = np.array([3, 3, 2, 2, 2, 2, 2, 1, 1, 1], np.uint8)  # class of each material
COARSE = np.array([0.11, 0.11, 0.05, 0.05, 0.03, 0.03, 0.0, 0.06, 0.02, 0.02])  # amplitudes
FINE = np.array([0.10, 0.10, 0.05, 0.08, 0.06, 0.06, 0.03, 0.08, 0.04, 0.04])
GREEN, DRY, ASPHALT_GREY = rgb("4d6b30"), rgb("9a8d5c"), rgb("66676a")
FIXED = rgb("4b7532", "978f7b", "bfb491", "b9b5ad", "aeaaa2", "cdcac3")  # PARK_GRASS to KERB
PAINT = rgb("cfcdc6", "d9bc5b")


def fraction(x: np.ndarray) -> np.ndarray:
    return x - np.floor(x)


def palette(frame: Frame) -> np.ndarray:
    """Colours of this city's materials, (10, 3): how dry the grass, how dark the asphalt."""
    dry = 0.5 * frame.draw(63)
    grass = GREEN * (1 - dry) + DRY * dry
    asphalt = ASPHALT_GREY + (frame.draw(64) - 0.5) * 0.10
    return np.concatenate([grass[None], FIXED, asphalt[None], PAINT])


def paint_ground(
    frame: Frame, cover: Cover, u: np.ndarray, v: np.ndarray, detail: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Colours (n, 3) in [0, 1] and classes uint8 (n,) at points of the ground.

    Args:
        frame: of the city.
        cover: what lies at the points.
        u, v: (n,) metres.
        detail: how much of the fine noise survives the distance, 0 to 1.
    """
    x, y = frame.shift(61)
    coarse = look_up(noise_tile(16), u * 4.6 + x, v * 4.6 + y)  # cells of 7 m
    fine = look_up(noise_tile(64), u * 7.3 + y, v * 7.3 + x)  # cells of 1.1 m
    material = materials(cover, u, v, coarse)
    grain = COARSE[material] * (coarse - 0.5) + FINE[material] * (fine - 0.5) * detail
    colour = palette(frame)[material]
    colour += grain[:, None]
    return colour, LABEL[material]


def materials(cover: Cover, u: np.ndarray, v: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """The material of each point."""
    paved = (cover.kind == COMMERCE) | ((cover.kind == FLATS) & (coarse > 0.45))
    material = np.where(paved, YARD, GRASS)
    is_park = cover.kind == PARK
    material[is_park] = PARK_GRASS
    at = np.flatnonzero(is_park)
    winding = look_up(noise_tile(16), u[at] * 1.25, v[at] * 1.25)
    material[at[np.abs(winding - 0.5) < 0.035]] = PATH
    at = np.flatnonzero(cover.sidewalk)
    joint = (fraction(u[at]) < 0.1) | (fraction(v[at]) < 0.1)
    material[at] = np.where(cover.kerb[at] < 0.25, KERB, np.where(joint, JOINT, PAVEMENT))
    at = np.flatnonzero((cover.kind == PARKING) & ~cover.road & ~cover.sidewalk)
    stall = (fraction(u[at] / 3.0 - 0.13) < 0.08) & (fraction(v[at] / 10) < 0.55)
    material[at] = np.where(stall, WHITE, ASPHALT)
    at = np.flatnonzero(cover.road)
    material[at] = markings(cover, at)
    return material


def markings(cover: Cover, at: np.ndarray) -> np.ndarray:
    """Asphalt, centre and lane lines and zebra crossings at the points `at`, all on the road."""
    lane, is_main, across = cover.lane[at], cover.is_main[at], cover.to_crossing[at]
    free = ~((cover.kerb[at] < 1.5) & (across < 1.5))
    dash = fraction(cover.along[at] / 5.0) < 0.5
    centre = free & (np.abs(lane) < 0.18) & (is_main | dash)
    white = free & is_main & dash & (np.abs(np.abs(lane) - 3.5) < 0.14)
    white |= is_main & (across > 1.8) & (across < 4.6) & (fraction(lane / 1.2) < 0.5)
    material = np.where(white, WHITE, ASPHALT)
    material[centre] = np.where(is_main[centre], YELLOW, WHITE)
    return material

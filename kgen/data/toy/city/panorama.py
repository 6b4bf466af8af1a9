"""The panorama of the street: 360 degrees, rows linear in elevation."""

from __future__ import annotations

import numpy as np

from ..deterministic import cos_turns, rgb, sin_turns
from .aerial import BUILDING_LABEL, CAR_LABEL, ground_in_shade
from .camera import Picture, shade_colour
from .facades import paint_buildings
from .ground import paint_ground
from .knobs import Knobs
from .rays import Hits, look
from .sky import paint_sky
from .street_trees import Canvas, paint_lamps, paint_trees
from .streets import make_cover
from .things import BIN_PAINT, CAR_PAINT
from .world import BIN, BUILDING, CAR, GROUND, World

TOP, BOTTOM = 34.0, -38.0  # degrees of elevation at the upper and lower edge
CAR_GLASS, TYRE = rgb("23272c"), rgb("141416")
SKY_DISTANCE = 1e6


def directions(world: World, width: int, heading: float) -> tuple[np.ndarray, np.ndarray]:
    """Directions (du, dv) of the columns, clockwise from `heading` turns at the left edge."""
    azimuth = heading + (np.arange(width) + 0.5) / width
    du, dv = world.frame.city(cos_turns(azimuth), sin_turns(azimuth))
    return (np.where(np.abs(part) < 1e-7, 1e-7, part) for part in (du, dv))  # type: ignore[return-value]


def factors(size: tuple[int, int], supersampling: int) -> tuple[int, int]:
    """Sub-pixels along a pixel's height and width: fewer where rows are finer than columns."""
    narrow = min((TOP - BOTTOM) / size[0] / (360.0 / size[1]), 1.0)
    return max(int(supersampling * narrow + 0.5), 1), supersampling


def draw_panorama(world: World, size: tuple[int, int], knobs: Knobs) -> tuple[Picture, np.ndarray]:
    """Draws the panorama, (height, width) times the supersampling, and metres to what it shows."""
    factor = factors(size, knobs.supersampling)
    height, width = size[0] * factor[0], size[1] * factor[1]
    du, dv = directions(world, width, knobs.heading_at_column0)
    degrees = TOP + (BOTTOM - TOP) * (np.arange(height) + 0.5) / height
    slope = sin_turns(degrees / 360.0) / cos_turns(degrees / 360.0)
    hits = look(world, du, dv, slope)
    haze = 0.35 + 0.5 * world.frame.draw(108)
    canvas = _surfaces(world, hits, Canvas(*_empty(height * width), du, dv, slope, haze))
    sky = np.flatnonzero(hits.is_sky)
    row, column = sky // width, hits.column[sky]
    canvas.image[sky] = paint_sky(world.frame, du[column], dv[column], slope[row], degrees[row])
    canvas.labels[sky], canvas.distance[sky] = 0, SKY_DISTANCE
    paint_trees(world, canvas)
    paint_lamps(world, canvas)
    return Picture(canvas.image, canvas.labels, (height, width), factor), canvas.distance


def _empty(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.empty((count, 3)), np.empty(count, np.uint8), np.empty(count)


def _surfaces(world: World, hits: Hits, canvas: Canvas) -> Canvas:
    """Ground, buildings, cars and bins, with haze."""
    kind = np.where(hits.cell >= 0, world.kind.ravel().take(hits.cell, mode="clip"), GROUND)
    kind[(hits.z < 1e-6) & ~hits.is_wall] = GROUND
    canvas.distance[:] = hits.distance
    solid = ~hits.is_sky
    at = np.flatnonzero(solid & (kind == GROUND))
    colour, canvas.labels[at] = _ground(world, hits, at)
    canvas.image[at] = canvas.veil(colour, hits.distance[at])
    at = np.flatnonzero(solid & (kind == BUILDING))
    colour = paint_buildings(world, hits, at, canvas.du, canvas.dv)
    canvas.image[at], canvas.labels[at] = canvas.veil(colour, hits.distance[at]), BUILDING_LABEL
    for what, label in ((CAR, CAR_LABEL), (BIN, BUILDING_LABEL)):
        at = np.flatnonzero(solid & (kind == what))
        colour = _box(world, hits, at, what, canvas)
        canvas.image[at], canvas.labels[at] = canvas.veil(colour, hits.distance[at]), label
    return canvas


def _ground(world: World, hits: Hits, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frame, u, v, distance = world.frame, hits.u[at], hits.v[at], hits.distance[at]
    cover = make_cover(world.streets, u, v)
    colour, labels = paint_ground(frame, cover, u, v, 1.0 / (1.0 + distance / 12.0))
    near = np.flatnonzero(frame.inside(u, v))
    shaded = near[ground_in_shade(world, u[near], v[near])]
    colour[shaded] *= shade_colour(frame)
    return colour, labels


def _box(world: World, hits: Hits, at: np.ndarray, what: int, canvas: Canvas) -> np.ndarray:
    """Cars with windows and wheels, or plain bins; lit from the sun's side."""
    owner, z = world.owner.ravel()[hits.cell[at]], hits.z[at]
    faces_u, is_wall = hits.faces_u[at], hits.is_wall[at]
    colour = (CAR_PAINT if what == CAR else BIN_PAINT)[owner]
    if what == CAR:
        along = np.where(faces_u, hits.v[at], hits.u[at]) / 2.0
        wheel = (z < 0.55) & (np.abs(along - np.floor(along) - 0.5) < 0.28)
        colour[is_wall & (z > 0.92) & (z < 1.4)] = CAR_GLASS
        colour[is_wall & (wheel | (z < 0.18))] = TYRE
    sun, column = world.frame.sun, hits.column[at]
    towards = np.where(
        faces_u, -np.sign(canvas.du[column]) * sun[0], -np.sign(canvas.dv[column]) * sun[1]
    )
    light = np.where(towards > 0, 0.8 + 0.35 * towards, 0.62)
    return colour * np.where(is_wall, light, 1.0)[:, None]

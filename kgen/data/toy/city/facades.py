"""Facades: floors of 3 m, windows, shops, doors, cornices and bricks, and the light on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import integer_below, rgb, uniform
from .ground import fraction
from .rays import Hits
from .streets import COMMERCE, HOUSES
from .textures import look_up, noise_tile
from .world import World

GLASS, FRAME, SHOP_GLASS = rgb("39424e"), rgb("dcd8ce"), rgb("2c3138")
REFLECTION = np.array([0.08, 0.112, 0.16])
SHADE = np.array([0.94, 1.0, 1.10]) * 0.62


@dataclass
class Wall:
    """Points of walls (flat): which building, where along the wall, how high."""

    owner: np.ndarray
    along: np.ndarray  # metres
    z: np.ndarray
    faces_u: np.ndarray


@dataclass
class Style:
    """How the buildings' windows are made, one row per building."""

    pitch: np.ndarray  # metres from window to window
    start: np.ndarray
    half: np.ndarray  # half width of a window, as a share of the pitch
    glassy: np.ndarray
    sill: np.ndarray
    lintel: np.ndarray


def make_style(world: World) -> Style:
    """Draws a style for each building."""
    key, kind = world.buildings.key, world.buildings.kind
    glassy = (kind == COMMERCE) & (uniform(key, 38) < 0.4)
    half = np.where(kind == COMMERCE, 0.36, 0.24) + 0.12 * uniform(key, 37)
    return Style(
        pitch=1.8 + 0.6 * integer_below(3, key, 35),
        start=uniform(key, 36),
        half=np.where(glassy, 0.46, half),
        glassy=glassy,
        sill=np.where(glassy, 0.06, 0.28),
        lintel=np.where(glassy, 0.94, 0.78),
    )


def paint_buildings(
    world: World, hits: Hits, at: np.ndarray, du: np.ndarray, dv: np.ndarray
) -> np.ndarray:
    """Colours (n, 3) of the pixels `at`, which see walls and roofs."""
    owner, faces_u = world.owner.ravel()[hits.cell[at]], hits.faces_u[at]
    along = np.where(faces_u, hits.v[at], hits.u[at])
    wall = Wall(owner, along, hits.z[at], faces_u)
    bricks = look_up(noise_tile(64), along * 11.0, wall.z * 23.0) - 0.5
    sky_u, sky_v = -np.sign(du[hits.column[at]]), -np.sign(dv[hits.column[at]])
    towards_sun = np.where(faces_u, sky_u * world.frame.sun[0], sky_v * world.frame.sun[1])
    colour = paint_walls(world, wall, bricks)
    _light(world, hits, at, colour, towards_sun, (sky_u, sky_v))
    top = np.flatnonzero(~hits.is_wall[at])
    colour[top] = _roof(world, hits, at[top], owner[top], bricks[top])
    return colour


def paint_walls(world: World, wall: Wall, bricks: np.ndarray) -> np.ndarray:
    """Walls in even light."""
    buildings, owner, z = world.buildings, wall.owner, wall.z
    large = look_up(noise_tile(16), wall.along * 6.4, z * 8.0) - 0.5
    colour = buildings.wall[owner] * (1.0 + 0.10 * bricks + 0.08 * large)[:, None]
    eave, kind = buildings.eave[owner], buildings.kind[owner]
    shop_floor = (kind == COMMERCE) & (z < 2.9)
    colour[shop_floor] = buildings.shop[owner[shop_floor]]
    gable = z > eave
    colour[gable] *= 0.94
    band = ((z > eave - 0.45) & ~gable) | ((kind != HOUSES) & (z > 2) & (fraction(z / 3.0) < 0.07))
    colour[band] *= 1.15
    colour[band] += 0.03
    _windows(world, wall, colour)
    return colour


def _windows(world: World, wall: Wall, colour: np.ndarray) -> None:
    """Windows with frames, shop windows and doors, in place."""
    style, buildings, owner = make_style(world), world.buildings, wall.owner
    place = wall.along / style.pitch[owner] + style.start[owner]
    number, floor = np.floor(place), np.floor(wall.z / 3.0)
    aside, high = np.abs(place - number - 0.5), wall.z / 3.0 - floor
    half, sill = style.half[owner], style.sill[owner]
    seen = (aside < half) & (high > sill) & (high < style.lintel[owner])
    at = np.flatnonzero(seen & (wall.z < buildings.eave[owner] - 0.5))
    key = buildings.key[owner[at]].astype(np.int64) + (64 * number[at] + floor[at]).astype(np.int64)
    key = key * 2 + wall.faces_u[at]
    blind = uniform(39, key) < 0.12
    at, key = (part[~blind | style.glassy[owner[at]]] for part in (at, key))
    tone = (uniform(40, key) - 0.4) * 0.22
    colour[at] = GLASS + tone[:, None] + REFLECTION * high[at][:, None]
    rim = (aside[at] > half[at] - 0.07) | (high[at] < sill[at] + 0.04)
    colour[at[rim]] = FRAME
    commerce = buildings.kind[owner] == COMMERCE
    shop = np.flatnonzero(commerce & (wall.z < 2.5) & (wall.z > 0.4) & (aside < 0.42))
    colour[shop] = SHOP_GLASS + 0.12 * (place - number)[shop][:, None]
    door = np.flatnonzero(~commerce & (wall.z < 2.2) & (aside < 0.25))
    door = door[uniform(buildings.key[owner[door]].astype(np.int64), 41, number[door]) < 0.16]
    colour[door] = buildings.shop[owner[door]] * 0.8


def _light(
    world: World,
    hits: Hits,
    at: np.ndarray,
    colour: np.ndarray,
    towards_sun: np.ndarray,
    outwards: tuple[np.ndarray, np.ndarray],
) -> None:
    """Sun or shade, and less of it near the ground, in place."""
    faces_u, z = hits.faces_u[at], hits.z[at]
    outside_u = hits.u[at] + 0.6 * np.where(faces_u, outwards[0], 0.0)
    outside_v = hits.v[at] + 0.6 * np.where(faces_u, 0.0, outwards[1])
    shadow = world.shadow.ravel()[world.frame.cell(outside_u, outside_v)]
    is_lit = (towards_sun > 0.02) & (z > shadow)
    colour *= (0.80 + 0.20 * np.minimum(z / 2.0, 1.0))[:, None]
    light = np.where(is_lit[:, None], (0.78 + 0.42 * towards_sun)[:, None], SHADE)
    colour *= light


def _roof(
    world: World, hits: Hits, at: np.ndarray, owner: np.ndarray, bricks: np.ndarray
) -> np.ndarray:
    """Tiled roofs from the street: the side towards the sun is lighter."""
    buildings, sun = world.buildings, world.frame.sun
    high = hits.v[at] * 2.0 > buildings.top[owner] + buildings.bottom[owner]
    right = hits.u[at] * 2.0 > buildings.left[owner] + buildings.right[owner]
    slope = np.where(
        buildings.ridge_along_u[owner],
        np.where(high, sun[1], -sun[1]),
        np.where(right, sun[0], -sun[0]),
    )
    return buildings.roof[owner] * (0.90 + 0.26 * slope + 0.15 * bricks)[:, None]

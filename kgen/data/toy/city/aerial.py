"""The view from above: orthographic, north up, 84 m from the left edge to the right one."""

from __future__ import annotations

import numpy as np

from ..deterministic import cos_turns, rgb, sin_turns, uniform
from .camera import Picture, shade_colour
from .frame import Frame
from .ground import paint_ground
from .knobs import Knobs
from .patches import clipped, patches
from .streets import make_cover
from .textures import look_up, noise_tile
from .things import BIN_PAINT, CAR_PAINT
from .trees import SHADE_SCALE
from .world import BIN, BUILDING, CAR, GROUND, World

WIDTH = 84.0  # metres
BUILDING_LABEL, TREE_LABEL, CAR_LABEL = 4, 5, 6
PARAPET, PLANT = rgb("d2d0ca"), rgb("7b7d7f")


def middle(frame: Frame, knobs: Knobs) -> tuple[float, float]:
    """Metres to the north and east from the camera to the middle of the aerial view."""
    azimuth = frame.draw(110)
    return (
        knobs.camera_offset * float(cos_turns(azimuth)),
        knobs.camera_offset * float(sin_turns(azimuth)),
    )


def draw_aerial(world: World, size: tuple[int, int], knobs: Knobs) -> Picture:
    """Draws the view from above, (height, width) pixels times the supersampling."""
    frame = world.frame
    height, width = (side * knobs.supersampling for side in size)
    metre = WIDTH / width
    north0, east0 = middle(frame, knobs)
    east = (np.arange(width) + 0.5) * metre - WIDTH / 2 + east0
    north = height * metre / 2 - (np.arange(height) + 0.5) * metre + north0
    u, v = frame.city(np.repeat(north, width), np.tile(east, height))
    u, v = u + frame.camera[0], v + frame.camera[1]
    cell = frame.cell(u, v)
    image, labels = _surfaces(world, u, v, cell)
    shaded = in_shade(world, u, v, cell)
    image[shaded] *= shade_colour(frame)
    left_top = (east0 - WIDTH / 2, north0 + height * metre / 2)
    _crowns(world, image, labels, cell, (height, width), metre, left_top)
    return Picture(image, labels, (height, width), (knobs.supersampling,) * 2)


def _surfaces(
    world: World, u: np.ndarray, v: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ground, roofs, cars and bins, without shadows."""
    kind, owner = world.kind.ravel()[cell], world.owner.ravel()
    image, labels = np.empty((len(u), 3)), np.empty(len(u), np.uint8)
    for what, label, paint in ((CAR, CAR_LABEL, CAR_PAINT), (BIN, BUILDING_LABEL, BIN_PAINT)):
        at = np.flatnonzero(kind == what)
        image[at], labels[at] = paint[owner[cell[at]]], label
    at = np.flatnonzero(kind == BUILDING)
    image[at], labels[at] = _roofs(world, u[at], v[at], owner[cell[at]]), BUILDING_LABEL
    at = np.flatnonzero(kind == GROUND)
    cover = make_cover(world.streets, u[at], v[at])
    image[at], labels[at] = paint_ground(world.frame, cover, u[at], v[at], 0.8)
    return image, labels


def _roofs(world: World, u: np.ndarray, v: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Tiles lighter towards the sun; flat roofs with a parapet and plant."""
    buildings, sun = world.buildings, world.frame.sun
    grain = look_up(noise_tile(64), u * 6.2, v * 6.2) - 0.5
    left, right = u - buildings.left[owner], buildings.right[owner] - u
    top, bottom = v - buildings.top[owner], buildings.bottom[owner] - v
    along_u, flat = buildings.ridge_along_u[owner], buildings.pitch[owner] == 0
    slope = np.where(
        along_u, np.where(top < bottom, -sun[1], sun[1]), np.where(left < right, -sun[0], sun[0])
    )
    light = np.where(flat, 1.0, 0.88 + 0.28 * slope) * (1.0 + 0.12 * grain)
    colour = buildings.roof[owner] * light[:, None]
    edge = np.minimum(np.minimum(left, right), np.minimum(top, bottom))
    colour[flat & (edge < 0.7)] = PARAPET
    at = np.flatnonzero(flat & (edge >= 1.0))
    column, row = np.floor(u[at] / 3.0), np.floor(v[at] / 3.0)
    colour[at[uniform(world.frame.key, 18, column, row) < 0.09]] = PLANT
    return colour


def in_shade(world: World, u: np.ndarray, v: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Is the surface at these points shaded by a building, a car or a tree?"""
    frame, height = world.frame, world.height.ravel()[cell]
    on_ground = height == 0
    shaded = world.shadow.ravel()[cell] > height + 0.3
    at = np.flatnonzero(on_ground)
    shaded[at] = ground_in_shade(world, u[at], v[at])
    return shaded & frame.inside(u, v)


def ground_in_shade(world: World, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The same for points of the ground, with smooth edges."""
    frame = world.frame
    under_trees = frame.bilinear(world.tree_shade, u, v, SHADE_SCALE) > 0.5
    return under_trees | (frame.bilinear(world.shadow, u, v, 1) > 0.8)


def _crowns(
    world: World,
    image: np.ndarray,
    labels: np.ndarray,
    cell: np.ndarray,
    size: tuple[int, int],
    metre: float,
    left_top: tuple[float, float],
) -> None:
    """Crowns from above, the lower ones first, in place."""
    frame, trees = world.frame, world.trees
    trees = trees.keep(np.argsort(trees.trunk + trees.radius, kind="stable"))
    du, dv = trees.u - frame.camera[0], trees.v - frame.camera[1]
    x = (du * frame.east[0] + dv * frame.east[1] - left_top[0]) / metre
    y = (left_top[1] - du * frame.north[0] - dv * frame.north[1]) / metre
    reach = trees.radius * (1.2 / metre)
    row, rows = clipped(y - reach, y + reach, size[0])
    column, columns = clipped(x - reach, x + reach, size[1])
    owner, row, column = patches(row, rows, column, columns)
    dx, dy = (column + 0.5 - x[owner]) * metre, (y[owner] - row - 0.5) * metre
    grain = look_up(noise_tile(64), column * (6.2 * metre), row * (6.2 * metre))
    radius = trees.radius[owner] * (0.8 + 0.4 * grain)
    rise = radius * radius - dx * dx - dy * dy
    pixel = row * size[1] + column
    top = trees.trunk[owner] + trees.radius[owner]
    seen = np.flatnonzero((rise > 0) & (top > world.height.ravel()[cell[pixel]]))
    sun_east = frame.sun[0] * frame.east[0] + frame.sun[1] * frame.east[1]
    sun_north = frame.sun[0] * frame.north[0] + frame.sun[1] * frame.north[1]
    light = 0.9 + 0.3 * (dx * sun_east + dy * sun_north)[seen] / radius[seen]
    light += 0.3 * (grain[seen] - 0.5)
    image[pixel[seen]] = trees.colour[owner[seen]] * light[:, None]
    labels[pixel[seen]] = TREE_LABEL

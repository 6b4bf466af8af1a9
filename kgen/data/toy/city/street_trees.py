"""Trees and lamp posts as the panorama shows them: far ones first, hidden by what is nearer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import rgb
from .camera import HAZE
from .frame import CAMERA_HEIGHT
from .patches import patches
from .textures import look_up, noise_tile
from .trees import Trees
from .world import World

FURTHEST = 85.0  # metres
TRUNK, POST, LAMP = rgb("4a3b2e"), rgb("3d4044"), rgb("d9d6c8")
POST_HEIGHT = 5.2


@dataclass
class Canvas:
    """The panorama while it is painted: flat arrays, and the rays of its columns and rows."""

    image: np.ndarray
    labels: np.ndarray
    distance: np.ndarray
    du: np.ndarray
    dv: np.ndarray
    slope: np.ndarray
    haze: float  # share of haze per metre

    def veil(self, colour: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Colours (n, 3) behind so many metres of air."""
        share = (np.minimum(distance / 260.0, 0.6) * self.haze)[:, None]
        return colour * (1 - share) + HAZE * share


@dataclass
class Sights:
    """Pixels that something upright may cover."""

    owner: np.ndarray
    pixel: np.ndarray
    column: np.ndarray
    depth: np.ndarray  # metres along the ray to where it passes closest
    aside: np.ndarray  # signed metres past it
    z: np.ndarray

    def keep(self, mask: np.ndarray) -> Sights:
        return Sights(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def sights(
    canvas: Canvas, du: np.ndarray, dv: np.ndarray, radius: np.ndarray, top: np.ndarray
) -> Sights:
    """All pixels in front of which cylinders at (du, dv) from the camera may stand."""
    away = np.sqrt(du * du + dv * dv)
    columns, rows = len(canvas.du), len(canvas.slope)
    facing = canvas.du[None, :] * du[:, None] + canvas.dv[None, :] * dv[:, None]
    middle = np.argmax(facing, axis=1)
    reach = np.floor(radius / away * (columns / 6.2)).astype(np.int64) + 1
    near = np.maximum(away - radius, 0.6)
    first = np.searchsorted(-canvas.slope, -(top - CAMERA_HEIGHT) / near) - 1
    last = np.searchsorted(-canvas.slope, CAMERA_HEIGHT / near) + 1
    first, last = np.maximum(first, 0), np.minimum(last, rows)
    owner, row, column = patches(first, last - first, middle - reach, 2 * reach + 1)
    column %= columns
    ray_u, ray_v = canvas.du[column], canvas.dv[column]
    u, v = du[owner], dv[owner]
    depth = ray_u * u + ray_v * v
    pixel = row * columns + column
    seen = (depth > 0.5) & (canvas.distance[pixel] > depth)
    aside, z = ray_u * v - ray_v * u, CAMERA_HEIGHT + canvas.slope[row] * depth
    return Sights(owner, pixel, column, depth, aside, z).keep(seen)


def paint_trees(world: World, canvas: Canvas) -> None:
    """Crowns as shaded noisy spheres on trunks, in place."""
    trees, du, dv = _far_to_near(world, world.trees)
    where = sights(canvas, du, dv, trees.radius * 1.35, trees.trunk + 2.1 * trees.radius + 0.4)
    radius, trunk = trees.radius[where.owner], trees.trunk[where.owner]
    up, across = (where.z - trunk - radius * 0.95) / radius, where.aside / radius
    x, y = where.aside * 9.0 + 37.0 * where.owner, where.z * 9.0
    clumps = look_up(noise_tile(64), x * 1.4, y * 1.4)
    leaves = look_up(noise_tile(64), x * 4.0, y * 4.0)
    spread = across * across + up * up * (1.0 / 1.15)
    crown = (spread < 0.62 + 0.75 * clumps) & ~((leaves > 0.80) & (spread > 0.35))
    stem = (np.abs(where.aside) < 0.14 + 0.03 * radius) & (where.z > 0)
    stem &= (where.z < trunk + 0.4 * radius) & ~crown
    light = 0.55 * (leaves - 0.5) + 0.35 * (clumps - 0.5)
    light += 0.55 + 0.30 * up + _sunlight(world, canvas, where, across)
    colour = trees.colour[where.owner] * (np.maximum(light, 0.22) * 1.5)[:, None]
    colour[stem] = TRUNK * (0.8 + 0.5 * leaves[stem])[:, None]
    _put(canvas, where, crown | stem, colour, 5)


def _far_to_near(world: World, trees: Trees) -> tuple[Trees, np.ndarray, np.ndarray]:
    du, dv = trees.u - world.frame.camera[0], trees.v - world.frame.camera[1]
    squared = du * du + dv * dv
    order = np.argsort(-squared, kind="stable")
    order = order[squared[order] < FURTHEST * FURTHEST]
    return trees.keep(order), du[order], dv[order]


def _sunlight(world: World, canvas: Canvas, where: Sights, across: np.ndarray) -> np.ndarray:
    sun_u, sun_v = world.frame.sun
    sideways = canvas.du * sun_v - canvas.dv * sun_u
    behind = -(canvas.du * sun_u + canvas.dv * sun_v)
    return 0.30 * across * sideways[where.column] + 0.20 * behind[where.column]


def paint_lamps(world: World, canvas: Canvas) -> None:
    """Lamp posts: at least half a pixel wide, so that far ones do not come and go, in place."""
    du, dv = (place - at for place, at in zip(world.lamps, world.frame.camera, strict=True))
    squared = du * du + dv * dv
    order = np.argsort(-squared, kind="stable")
    order = order[(squared[order] < 45.0 * 45.0) & (squared[order] > 6.0)]
    if not len(order):
        return
    du, dv = du[order], dv[order]
    where = sights(canvas, du, dv, np.full(len(du), 0.5), np.full(len(du), POST_HEIGHT + 0.5))
    half = np.maximum(0.07, where.depth * (3.2 / len(canvas.du)))
    post = (np.abs(where.aside) < half) & (where.z > 0) & (where.z < POST_HEIGHT)
    up = where.z - POST_HEIGHT
    lamp = where.aside * where.aside + 2.0 * up * up < 0.09
    colour = np.where(lamp[:, None], LAMP, POST)
    _put(canvas, where, post | lamp, colour, 4)


def _put(canvas: Canvas, where: Sights, mask: np.ndarray, colour: np.ndarray, label: int) -> None:
    """Paints the masked pixels; of several things in one pixel the last one, the nearest, stays."""
    pixel, depth = where.pixel[mask], where.depth[mask]
    canvas.image[pixel] = canvas.veil(colour[mask], depth)
    canvas.labels[pixel] = label
    canvas.distance[pixel] = depth

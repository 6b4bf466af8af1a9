"""The aerial photograph, part two: everything with a height (roofs, trees), shadows and camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import (
    box_average,
    cos_turns,
    integer_below,
    rgb,
    sin_turns,
    to_uint8,
    uniform,
    uniform_between,
    value_noise,
)
from .blocks import HOUSES, Blocks, Buildings, LandCover, Lots
from .ground import Texture, tint
from .knobs import Knobs
from .streets import SUPERSAMPLING, Frame, Streets

TILED_ROOFS = rgb(
    "9a5b48", "8a6f60", "7d7670", "a98c77", "6b625e", "b0a79c", "93483a", "5d6066"
)  # fmt: skip
FLAT_ROOFS = rgb(
    "a9a8a4", "c9c7c1", "8f918f", "bdb2a0", "dcdad5", "7c7f85", "9fa7ad", "b9a58f"
)  # fmt: skip
PARAPET, ROOF_PLANT = rgb("e9e6df"), rgb("55585c")
DARK_LEAVES, LIGHT_LEAVES = rgb("2f4a22"), rgb("5d7036")
AUTUMN = np.array([1.9, 1.05, 0.6])  # what autumn does to red, green and blue
SHADE = np.array([0.92, 1.0, 1.14])  # shadows are lit by the blue sky
HAZE = np.array([0.78, 0.82, 0.88])
TREE_CELL = 6.5  # metres: at most one tree per cell


@dataclass
class Sun:
    """Direction towards the sun in the picture and the tangent of its elevation."""

    x: float
    y: float
    rise: float


def make_sun(frame: Frame) -> Sun:
    turn = frame.draw(80)
    return Sun(float(cos_turns(turn)), float(sin_turns(turn)), 0.8 + 1.2 * frame.draw(81))


def paint_roofs(
    image: np.ndarray,
    streets: Streets,
    blocks: Blocks,
    lots: Lots,
    buildings: Buildings,
    texture: Texture,
    sun: Sun,
) -> np.ndarray:
    """Two-tone gables and flat roofs with parapet and plant; returns the height field, metres."""
    gable, flat, lot = buildings.is_gable, ~buildings.is_gable, buildings.lot
    tone = (lots.draw(17) - 0.5)[lot] * 0.2
    fine = texture.fine.ravel()[buildings.pixels] - 0.5
    table = np.concatenate([FLAT_ROOFS, TILED_ROOFS])
    colour = table[integer_below(8, lots.key, 16)[lot] + 8 * gable]
    colour = colour * (1.0 + (fine * 0.12 + tone))[:, None]
    colour *= np.where(gable, 0.86 + 0.30 * facing_sun(streets, buildings, sun), 1.0)[:, None]
    tint(colour, flat & (buildings.wall < 0.8), PARAPET, 0.55)
    plant = roof_plant(blocks, lots, buildings)
    tint(colour, plant, ROOF_PLANT, 0.6)
    image.reshape(-1, 3)[buildings.pixels] = colour
    height = np.zeros(image.shape[:2])
    height.ravel()[buildings.pixels] = buildings.height + np.where(plant, 1.2, 0.0)
    return height


def facing_sun(streets: Streets, buildings: Buildings, sun: Sun) -> np.ndarray:
    """Cosine between a roof half's outward direction and the sun, both in the plane."""
    cosine, sine = streets.direction
    along_u = sun.x * cosine + sun.y * sine
    along_v = sun.y * cosine - sun.x * sine
    towards = np.where(buildings.ridge_along_u, along_v, along_u)
    return towards * np.where(buildings.across > 0, 1.0, -1.0)


def roof_plant(blocks: Blocks, lots: Lots, buildings: Buildings) -> np.ndarray:
    """Boxes of 3.2 m on a tenth of the places of flat roofs, (n,) bool."""
    plant = ~buildings.is_gable & (buildings.wall > 2.0)
    where = buildings.pixels[plant]
    column = np.floor(blocks.lot_x.ravel()[where] / 3.2)
    row = np.floor(blocks.lot_y.ravel()[where] / 3.2)
    lot = lots.key[buildings.lot[plant]].astype(np.int64)
    plant[plant] = uniform(lot, 18, column, row) < 0.10
    return plant


@dataclass
class Trees:
    """The lattice of places for trees: centres and radii in metres, (n, n)."""

    first: int  # lattice number of the first row and column
    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    tone: np.ndarray
    planted: np.ndarray


def plant_trees(
    frame: Frame, blocks: Blocks, cover: LandCover, height: np.ndarray, knobs: Knobs
) -> Trees:
    """Jitters one place per cell and plants a tree by what lies under the trunk."""
    edge = int(np.floor(frame.x[0, -1] / TREE_CELL))
    first = int(np.floor(frame.x[0, 0] / TREE_CELL)) - 2
    number = np.arange(first, edge + 3)
    row, column = number[:, None], number[None, :]
    x = (column + 0.1 + 0.8 * uniform(frame.key, 91, row, column)) * TREE_CELL
    y = (row + 0.1 + 0.8 * uniform(frame.key, 92, row, column)) * TREE_CELL
    i, j = [
        np.clip(np.floor((place + frame.fov / 2) / frame.metre).astype(np.int64), 0,
                frame.pixels - 1)
        for place in (y, x)
    ]  # fmt: skip
    chance = tree_chance(frame, blocks, cover, height, i, j, knobs)
    return Trees(
        first, x, y, uniform_between(1.7, 4.0, frame.key, 93, row, column),
        tone=uniform(frame.key, 97, row, column),
        planted=uniform(frame.key, 96, row, column) < chance,
    )  # fmt: skip


def tree_chance(
    frame: Frame,
    blocks: Blocks,
    cover: LandCover,
    height: np.ndarray,
    i: np.ndarray,
    j: np.ndarray,
    knobs: Knobs,
) -> np.ndarray:
    """Chance of a tree at the sub-pixels (i, j): parks and yards most, streets and roofs none."""
    park, inside, river = cover.park[i, j], blocks.edge[i, j] > 0, cover.river[i, j]
    yard = np.where(blocks.kind[i, j] == HOUSES, 0.34, 0.10)
    chance = np.where(inside, yard, 0.2)
    chance = np.where(park, 0.55, np.where(cover.sidewalk[i, j], 0.16, chance))
    chance = chance * ((0.5 + 0.9 * frame.draw(94)) * knobs.tree_density)
    blocked = height[i, j] > 0
    for mask in (cover.road, cover.highway, cover.water, cover.parking, cover.bare, cover.path):
        blocked |= mask[i, j]
    chance = np.where(blocked, 0.0, chance)
    groves = value_noise(frame.x[0, j] / 60.0, frame.y[i, 0] / 60.0, frame.key ^ 95) > 0.68
    bank = (river < 14) & (river > 0)
    return chance + 0.35 * knobs.tree_density * (groves & (park | bank))


def paint_trees(
    image: np.ndarray,
    frame: Frame,
    trees: Trees,
    height: np.ndarray,
    texture: Texture,
    sun: Sun,
    knobs: Knobs,
) -> np.ndarray:
    """Paints crowns over image and height field in place; returns the mask of trees."""
    top, tone, lit = crowns(frame, trees, texture, sun)
    mask = (top > 0) & (top > height)
    tone, lit, fine = tone[mask], lit[mask], texture.fine[mask] - 0.5
    colour = DARK_LEAVES * (1 - tone[:, None]) + LIGHT_LEAVES * tone[:, None]
    colour *= (0.55 + 0.75 * lit + 0.35 * fine)[:, None]
    season = knobs.season or ("autumn" if frame.draw(98) < 0.15 else "summer")
    if season == "autumn":
        colour[tone > 0.5] *= AUTUMN
    image[mask] = colour
    height[mask] = top[mask]
    return mask


def crowns(
    frame: Frame, trees: Trees, texture: Texture, sun: Sun
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Top height, tone and sunlight of the highest crown at each sub-pixel.

    A crown reaches into neighbouring cells, so each sub-pixel looks at the trees of 3 x 3 cells.
    """
    shape, side = texture.fine.shape, len(trees.x)
    top, tone, lit = (
        np.zeros(texture.fine.size),
        np.zeros(texture.fine.size),
        np.zeros(texture.fine.size),
    )
    row = np.floor(frame.y[:, 0] / TREE_CELL).astype(np.int64) - trees.first
    column = np.floor(frame.x[0] / TREE_CELL).astype(np.int64) - trees.first
    wobble = (0.75 + 0.5 * texture.fine).ravel()
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            planted = trees.planted[row + down][:, column + right]
            pixel = np.flatnonzero(planted)
            i, j = pixel // shape[1], pixel % shape[1]
            tree = (row[i] + down) * side + column[j] + right
            radius = trees.radius.ravel()[tree]
            dx = frame.x[0, j] - trees.x.ravel()[tree]
            dy = frame.y[i, 0] - trees.y.ravel()[tree]
            crown = radius * wobble[pixel]
            square = crown * crown - dx * dx - dy * dy
            summit = 2.0 + radius * 0.8 + np.sqrt(np.maximum(square, 0.0))
            higher = (square > 0) & (summit > top[pixel])
            seen, tree = pixel[higher], tree[higher]
            top[seen], tone[seen] = summit[higher], trees.tone.ravel()[tree]
            dx, dy, crown = dx[higher], dy[higher], crown[higher]
            lit[seen] = 0.5 + 0.5 * (dx / crown * sun.x + dy / crown * sun.y)
    return top.reshape(shape), tone.reshape(shape), lit.reshape(shape)


def cast_shadows(
    image: np.ndarray,
    frame: Frame,
    height: np.ndarray,
    buildings: Buildings,
    sun: Sun,
    knobs: Knobs,
) -> None:
    """Darkens what lies 0.4 m or more below the shadow volume; lights the sunny parapets."""
    shade = shadow_height(height, sun, sun.rise * frame.metre) > height + 0.4
    darkness = 0.50 + 0.16 * frame.draw(99)
    lit = image[shade]
    dark = lit * (1 - darkness) * SHADE
    image[shade] = dark * knobs.shadow + lit * (1.0 - knobs.shadow)
    flat = image.reshape(-1, 3)
    bright = ~buildings.is_gable & (buildings.wall < 0.5) & ~shade.ravel()[buildings.pixels]
    flat[buildings.pixels[bright]] *= 1.06


def shadow_height(height: np.ndarray, sun: Sun, drop: float) -> np.ndarray:
    """Height of the shadow volume: max over k of height(p + k sun) - k drop, by doubling steps.

    Six doublings reach 63 sub-pixels towards the sun, in 6 passes instead of 63.
    """
    volume = height - 1e-9
    last = height.shape[0] - 1
    for power in range(6):
        step = 2**power
        rows = np.arange(last + 1) + int(np.floor(sun.y * step + 0.5))
        columns = np.arange(last + 1) + int(np.floor(sun.x * step + 0.5))
        moved = volume.take(rows.clip(0, last), 0).take(columns.clip(0, last), 1)
        moved -= drop * step
        volume = np.maximum(volume, moved, out=moved)
    return volume


def photograph(image: np.ndarray, frame: Frame, knobs: Knobs) -> np.ndarray:
    """The camera: gain, tint, haze and noise; returns uint8 (size, size, 3)."""
    gain = 0.92 + 0.32 * frame.draw(100)
    draws = np.array([frame.draw(101), frame.draw(102), frame.draw(103)])
    haze = 0.10 * frame.draw(104) * knobs.difficulty
    image *= gain
    image *= 1.0 + (draws - 0.5) * 0.10 * knobs.difficulty
    image *= 1 - haze
    image += HAZE * haze
    numbers = np.arange(frame.pixels)
    noise = uniform(frame.key, 105, numbers[:, None], numbers[None, :]) - 0.5
    image += (noise * 0.05 * knobs.difficulty)[..., None]
    return box_average(to_uint8(image), SUPERSAMPLING)

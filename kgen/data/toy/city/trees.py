"""Trees: one may stand in every cell of a lattice of 6 m."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import rgb, uniform, uniform_between
from .frame import CELLS, RADIUS, Frame
from .knobs import Knobs
from .patches import clipped, patches
from .streets import HOUSES, PARK, PARKING, Streets, make_cover
from .textures import look_up, noise_tile

SPACING = 6
CLEARANCE = 20.0  # square metres around the camera without trees
DARK, LIGHT, AUTUMN = rgb("2c4a20"), rgb("5f7436"), np.array([2.0, 1.1, 0.6])
SHADE_SCALE = 2  # cells of the shade field per metre


@dataclass
class Trees:
    """One row per tree: place, radius of the crown, height of the trunk in metres, colour."""

    u: np.ndarray
    v: np.ndarray
    radius: np.ndarray
    trunk: np.ndarray
    colour: np.ndarray

    def keep(self, which: np.ndarray) -> Trees:
        return Trees(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def plant_trees(frame: Frame, streets: Streets, occupied: np.ndarray, knobs: Knobs) -> Trees:
    """Trees in parks, gardens and along the streets; `occupied` (cells) has none."""
    (u0, u1), (v0, v1) = ((middle - RADIUS, middle + RADIUS) for middle in frame.camera)
    columns = np.arange(u0 // SPACING + 1, u1 // SPACING)
    rows = np.arange(v0 // SPACING + 1, v1 // SPACING)
    column, row = np.tile(columns, len(rows)), np.repeat(rows, len(columns))

    def draw(tag: int) -> np.ndarray:
        return uniform(frame.key, tag, row, column)

    u = (column + 0.12 + 0.76 * draw(91)) * SPACING
    v = (row + 0.12 + 0.76 * draw(92)) * SPACING
    chance = _chance(streets, u, v) * (0.45 + 0.8 * frame.draw(95)) * knobs.tree_density
    away_u, away_v = u - frame.camera[0], v - frame.camera[1]
    stands = (draw(96) < chance) & (away_u * away_u + away_v * away_v > CLEARANCE)
    stands &= ~occupied.ravel()[frame.cell(u, v)]
    u, v, row, column = u[stands], v[stands], row[stands], column[stands]
    return Trees(
        u,
        v,
        uniform_between(1.5, 3.2, frame.key, 93, row, column),
        uniform_between(1.6, 3.2, frame.key, 94, row, column),
        _colour(frame, uniform(frame.key, 97, row, column), knobs.season),
    )


def _chance(streets: Streets, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    cover = make_cover(streets, u, v)
    chance = np.where(cover.kind == HOUSES, 0.35, 0.10)
    chance = np.where(cover.kind == PARK, 0.55, np.where(cover.sidewalk, 0.30, chance))
    return np.where(cover.road | (cover.kind == PARKING), 0.0, chance)


def _colour(frame: Frame, tone: np.ndarray, season: str | None) -> np.ndarray:
    colour = DARK * (1 - tone[:, None]) + LIGHT * tone[:, None]
    is_autumn = frame.draw(98) < 0.18 if season is None else season == "autumn"
    if is_autumn:
        colour = np.where((tone > 0.45)[:, None], colour * AUTUMN, colour)
    return colour


def tree_shade(frame: Frame, trees: Trees) -> np.ndarray:
    """Where crowns shade the ground: 1 or 0, SHADE_SCALE cells per metre around the camera."""
    size = CELLS * SHADE_SCALE
    away = np.minimum((trees.trunk + trees.radius) / frame.sun_slope, 5.0)
    x = (trees.u - frame.sun[0] * away + (RADIUS - frame.camera[0])) * SHADE_SCALE
    y = (trees.v - frame.sun[1] * away + (RADIUS - frame.camera[1])) * SHADE_SCALE
    reach = trees.radius * (1.21 * SHADE_SCALE)
    row, rows = clipped(y - reach, y + reach, size)
    column, columns = clipped(x - reach, x + reach, size)
    owner, row, column = patches(row, rows, column, columns)
    dx, dy = column + 0.5 - x[owner], row + 0.5 - y[owner]
    radius = trees.radius[owner] * SHADE_SCALE
    wobble = 0.55 + 0.9 * look_up(noise_tile(64), column * 4.0, row * 4.0)
    shaded = dx * dx + dy * dy < wobble * radius * radius
    shade = np.zeros((size, size))
    shade[row[shaded], column[shaded]] = 1.0
    return shade

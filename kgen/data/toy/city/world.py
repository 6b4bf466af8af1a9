"""The city around one camera: heights on a lattice of 1 m, who owns each cell, and the shadows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import scene_key
from .buildings import Buildings, make_buildings
from .frame import CELLS, RADIUS, Frame, make_compass, make_sun
from .knobs import Knobs
from .streets import Streets, make_streets, stand
from .things import Boxes, make_bins, make_cars, make_lamps
from .trees import Trees, plant_trees, tree_shade

GROUND, BUILDING, CAR, BIN = range(4)  # kinds of cells
CAR_PROFILE = np.array([0.9, 1.5, 1.5, 0.95])  # metres: bonnet, cabin, cabin, boot
BIN_HEIGHT = 1.1


@dataclass
class World:
    """Everything that both views show; cells are (CELLS, CELLS), row along v, column along u."""

    frame: Frame
    streets: Streets
    buildings: Buildings
    trees: Trees
    lamps: tuple[np.ndarray, np.ndarray]
    height: np.ndarray  # float64, metres, at the middle of each cell
    kind: np.ndarray  # GROUND, BUILDING, CAR or BIN
    owner: np.ndarray  # the building's number, or the colour of a car or bin
    shadow: np.ndarray  # float64: below this height the sun is hidden
    tree_shade: np.ndarray


def make_frame(seed: int, index: int, knobs: Knobs) -> tuple[Frame, Streets, float]:
    """Compass, sun, streets and urbanity of a scene, and where the camera stands in it."""
    key = scene_key(seed, "city", index)
    north, east = make_compass(key)
    sun, slope = make_sun(key, north, east)
    frame = Frame(key, north, east, (0, 0), sun, slope)
    urban = frame.draw(1) if knobs.urban is None else float(knobs.urban)
    streets = make_streets(key, urban)
    camera = stand(key, streets, knobs.dx)
    return Frame(key, north, east, camera, sun, slope), streets, urban


def make_world(seed: int, index: int, knobs: Knobs) -> World:
    """Builds the city around the camera of a scene."""
    frame, streets, urban = make_frame(seed, index, knobs)
    buildings = make_buildings(frame, streets, urban, knobs.facade_from_roof)
    height, kind = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS), np.uint8)
    owner = np.zeros((CELLS, CELLS), np.int64)
    raise_buildings(frame, buildings, height, kind, owner)
    put_boxes(frame, make_bins(frame, streets, knobs.clutter), BIN, height, kind, owner)
    put_boxes(frame, make_cars(frame, streets, knobs.cars), CAR, height, kind, owner)
    trees = plant_trees(frame, streets, kind > 0, knobs)
    lamps = make_lamps(frame, streets, knobs.clutter)
    shadow, shade = cast_shadows(frame, height), tree_shade(frame, trees)
    return World(
        frame, streets, buildings, trees, lamps, height, kind, owner, shadow, shade
    )  # fmt: skip


def _cells(frame: Frame, bounds: np.ndarray) -> list[list[int]]:
    """Bounds (n, 4) in metres as numbers of cells: first and end column, first and end row."""
    shift = np.array(frame.camera).repeat(2) - RADIUS
    return np.clip(bounds - shift, 0, CELLS).tolist()


def raise_buildings(
    frame: Frame, buildings: Buildings, height: np.ndarray, kind: np.ndarray, owner: np.ndarray
) -> None:
    """Writes the footprints without their notches, and the roofs' heights, into the cells."""
    sides = (buildings.left, buildings.right, buildings.top, buildings.bottom)
    bounds = _cells(frame, np.stack(sides, axis=1)), _cells(frame, buildings.notch)
    for number, (whole, notch) in enumerate(zip(*bounds, strict=True)):
        left, right, top, bottom = whole
        kind[top:bottom, left:right], owner[top:bottom, left:right] = BUILDING, number
        left, right, top, bottom = notch
        kind[top:bottom, left:right] = GROUND
    row, column = np.nonzero(kind == BUILDING)
    u = column + (frame.camera[0] - RADIUS + 0.5)
    v = row + (frame.camera[1] - RADIUS + 0.5)
    height[row, column] = buildings.roof_height(owner[row, column], u, v)


def put_boxes(
    frame: Frame, things: Boxes, what: int, height: np.ndarray, kind: np.ndarray, owner: np.ndarray
) -> None:
    """Writes cars or bins into the cells."""
    all_bounds, ways = _cells(frame, things.bounds), things.follows_v.tolist()
    for bounds, follows_v, colour in zip(all_bounds, ways, things.colour.tolist(), strict=True):
        left, right, top, bottom = bounds
        cells = slice(top, bottom), slice(left, right)
        whole = bottom - top == (4 if follows_v else 2) and right - left == (2 if follows_v else 4)
        if what == CAR and whole:
            height[cells] = CAR_PROFILE[:, None] if follows_v else CAR_PROFILE
        else:
            height[cells] = 1.5 if what == CAR else BIN_HEIGHT
        kind[cells], owner[cells] = what, colour


def cast_shadows(frame: Frame, height: np.ndarray) -> np.ndarray:
    """Height of the shadow over each cell: 64 m towards the sun, in doubling steps."""
    volume, step = height - 1e-9, 1
    at = np.arange(CELLS)
    for _ in range(6):
        down, right = (int(np.floor(part * step + 0.5)) for part in frame.sun[::-1])
        rows, columns = (np.clip(at + shift, 0, CELLS - 1) for shift in (down, right))
        moved = volume[rows][:, columns]
        moved -= frame.sun_slope * step
        volume = np.maximum(volume, moved)
        step *= 2
    return volume

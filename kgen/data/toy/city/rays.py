"""Which surface each pixel of the panorama sees: exact traversal of the height field.

All rays of one column share their way over the ground. It crosses the lattice's lines at known
distances; between two of them lies one cell, which hides everything behind it below some slope. The
running maximum of these slopes is sorted, so one search finds what all pixels of a column see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .frame import CAMERA_HEIGHT, CELLS, RADIUS
from .world import BUILDING, World

REACH = RADIUS - 2  # metres up to which things stand
HORIZON = 400.0  # metres up to which there is ground


@dataclass
class Hits:
    """What the pixels see, flat: row after row."""

    is_sky: np.ndarray
    is_wall: np.ndarray  # an upright side; else the ground or something's top
    distance: np.ndarray  # metres over the ground
    z: np.ndarray  # height of the point
    u: np.ndarray  # its place
    v: np.ndarray
    cell: np.ndarray  # number of the height field's cell
    faces_u: np.ndarray  # a wall that looks along u, not v
    column: np.ndarray  # of the pixel


@dataclass
class Way:
    """The cells below every column's rays in order: (columns, cells)."""

    enter: np.ndarray  # metres
    leave: np.ndarray
    enter_height: np.ndarray
    leave_height: np.ndarray
    cell: np.ndarray
    faces_u: np.ndarray


def crossings(du: np.ndarray, dv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances at which rays cross the lines of constant u and v, sorted, and which ones do u.

    The kind of line is kept in the lowest bit of the distance, so that one plain sort does.
    """
    step = np.arange(1, REACH + 1, dtype=np.float64)
    both = np.concatenate([step / np.abs(du)[:, None], step / np.abs(dv)[:, None]], axis=1)
    bits = both.view(np.int64)
    bits &= ~np.int64(1)
    bits[:, :REACH] |= np.int64(1)
    both.sort(axis=1)
    used = int((both < REACH).sum(axis=1).max()) + 1
    both = np.ascontiguousarray(both[:, :used])
    return both, (both.view(np.int64) & 1) == 1


def follow(world: World, du: np.ndarray, dv: np.ndarray) -> Way:
    """Follows one ray per column over the cells."""
    enter, faces_u = crossings(du, dv)
    leave = np.concatenate([enter[:, 1:], enter[:, -1:] + 1.0], axis=1)
    middle = np.minimum((enter + leave) * 0.5, RADIUS - 1.0)
    column = np.floor(middle * du[:, None]).astype(np.int64) + RADIUS
    row = np.floor(middle * dv[:, None]).astype(np.int64) + RADIUS
    cell = row * CELLS + column
    height = np.where(enter < REACH, world.height.ravel().take(cell), 0.0)
    way = Way(enter, leave, height, height.copy(), cell, faces_u)
    _slope_roofs(world, way, du, dv)
    return way


def _slope_roofs(world: World, way: Way, du: np.ndarray, dv: np.ndarray) -> None:
    """Takes the roofs' true heights at both ends of a cell: gables without stairs."""
    is_building = (world.kind == BUILDING).ravel()
    tiled = np.zeros(CELLS * CELLS, bool)
    tiled[is_building] = world.buildings.pitch[world.owner.ravel()[is_building]] > 0
    at = np.flatnonzero(tiled.take(way.cell) & (way.enter_height > 0))
    owner = world.owner.ravel().take(way.cell.ravel()[at])
    ray = at // way.cell.shape[1]
    for distance, heights in ((way.enter, way.enter_height), (way.leave, way.leave_height)):
        t = distance.ravel()[at]
        u = world.frame.camera[0] + t * du[ray]
        v = world.frame.camera[1] + t * dv[ray]
        heights.ravel()[at] = world.buildings.roof_height(owner, u, v)


def look(world: World, du: np.ndarray, dv: np.ndarray, slope: np.ndarray) -> Hits:
    """Finds what is seen along directions (du, dv) per column and slopes per row (descending)."""
    way = follow(world, du, dv)
    found = _first_hit(way, slope)  # (rows, columns)
    rows, columns, cells = len(slope), len(du), way.enter.shape[1]
    column = np.tile(np.arange(columns), rows)
    missed = found >= cells
    at = column * cells + np.minimum(found, cells - 1)
    rise = np.repeat(slope, columns)
    enter, low = way.enter.ravel()[at], np.where(missed, 0.0, way.enter_height.ravel()[at])
    is_wall = (low > 0) & (low - CAMERA_HEIGHT >= rise * enter)
    distance = _distance(way, at, rise, enter, low)
    distance[is_wall] = enter[is_wall]
    is_sky = missed & (rise > -CAMERA_HEIGHT / HORIZON)
    distance[is_sky] = HORIZON
    return Hits(
        is_sky,
        is_wall,
        distance,
        CAMERA_HEIGHT + rise * distance,
        world.frame.camera[0] + distance * du[column],
        world.frame.camera[1] + distance * dv[column],
        np.where(missed, -1, way.cell.ravel()[at]),
        way.faces_u.ravel()[at],
        column,
    )


def _first_hit(way: Way, slope: np.ndarray) -> np.ndarray:
    """Number of the first cell of each column that reaches up to each row's slope."""
    highest = np.maximum(
        (way.enter_height - CAMERA_HEIGHT) / way.enter,
        (way.leave_height - CAMERA_HEIGHT) / way.leave,
    )
    hidden = np.maximum.accumulate(highest, axis=1)
    columns, rows = len(hidden), len(slope)
    # a cell hides the rows from `above` on downwards: row r sees past it if `above` > r
    above = np.searchsorted(-slope, -hidden.ravel())
    slot = np.repeat(np.arange(columns) * (rows + 1), hidden.shape[1]) + above
    count = np.bincount(slot, minlength=columns * (rows + 1)).reshape(columns, rows + 1)
    passed = np.cumsum(count[:, ::-1], axis=1)[:, ::-1]  # cells with `above` >= row
    return np.ascontiguousarray(passed[:, 1:].T).ravel()


def _distance(
    way: Way, at: np.ndarray, rise: np.ndarray, enter: np.ndarray, low: np.ndarray
) -> np.ndarray:
    """Where a ray meets the ground, or the top of a cell, which may slope along the ray."""
    safe = np.where(rise < -1e-6, rise, -1.0)
    distance = -CAMERA_HEIGHT / safe
    on_top = np.flatnonzero(low > 0)
    at, enter, low = at[on_top], enter[on_top], low[on_top]
    leave = way.leave.ravel()[at]
    grade = (way.leave_height.ravel()[at] - low) / (leave - enter)
    fall = rise[on_top] - grade
    fall = np.where(np.abs(fall) < 1e-9, -1.0, fall)
    met = (low - CAMERA_HEIGHT - grade * enter) / fall
    distance[on_top] = np.minimum(np.maximum(met, enter), leave)
    return distance

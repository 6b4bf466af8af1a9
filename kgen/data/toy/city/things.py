"""Small things along the streets: parked and driving cars, cars in car parks, bins, lamp posts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import hash64, integer_below, rgb, uniform
from .frame import RADIUS, Frame
from .streets import LINES, PARKING, SIDEWALK, Lines, Streets, visible

CAR_PAINT = rgb(
    "e6e6e6", "26282c", "8c8f94", "a32426", "2c4c82", "d6cdb4", "5b5f5c", "2f6b4a"
)  # fmt: skip
BIN_PAINT = rgb("2f4a38", "8d8f8e", "b59a2e", "3a4f6b")
CLEARANCE = 6.5  # metres around the camera without cars: it drives there itself


@dataclass
class Places:
    """Places along the streets: in slots of some metres, on both sides."""

    key: np.ndarray
    across: np.ndarray  # position of the street's middle
    half: np.ndarray
    is_main: np.ndarray
    side: np.ndarray  # -1 or 1
    start: np.ndarray  # of the slot, whole metres
    follows_v: np.ndarray  # the street is a line of constant u
    clear: np.ndarray  # metres from the slot to the kerb of the nearest street across

    def keep(self, mask: np.ndarray) -> Places:
        return Places(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass
class Boxes:
    """Things on whole metres: (n, 4) left, right, top, bottom; which way they stand; colour."""

    bounds: np.ndarray
    follows_v: np.ndarray
    colour: np.ndarray

    def keep(self, mask: np.ndarray) -> Boxes:
        return Boxes(self.bounds[mask], self.follows_v[mask], self.colour[mask])


def places(frame: Frame, streets: Streets, tag: int, slot: int) -> Places:
    """All slots of `slot` metres along the streets around the camera, on both sides."""
    along_v = _along(frame, streets.u, streets.v, (0, 1), tag, slot)
    along_u = _along(frame, streets.v, streets.u, (1, 0), tag, slot)
    names = Places.__dataclass_fields__
    return Places(
        *(np.concatenate([getattr(along_v, name), getattr(along_u, name)]) for name in names)
    )


def _along(
    frame: Frame, lines: Lines, crossing: Lines, axes: tuple[int, int], tag: int, slot: int
) -> Places:
    first, last = visible(frame, lines, axes[0])
    middle = frame.camera[axes[1]]
    slots = np.arange((middle - RADIUS) // slot, (middle + RADIUS) // slot + 1)
    number = np.arange(first, last + 1)
    number, at, side = (
        grid.ravel() for grid in np.meshgrid(number, slots, np.array([-1, 1]), indexing="ij")
    )
    start = at * slot
    clear = np.minimum(crossing.locate(start + 0.5)[2], crossing.locate(start + slot - 0.5)[2])
    return Places(
        key=hash64(frame.key, tag, number + LINES * axes[0], at, side),
        across=lines.positions[number],
        half=lines.half_width[number],
        is_main=lines.is_main[number],
        side=side,
        start=start,
        follows_v=np.full(len(number), axes[0] == 0),
        clear=clear,
    )


def boxes(spots: Places, near: np.ndarray, width: int, length: int, colour: np.ndarray) -> Boxes:
    """Boxes from `near` metres off the street's middle, `width` wide and `length` long."""
    low = np.where(spots.side > 0, spots.across + near, spots.across - near - width)
    start = spots.start + 1
    along_v = np.stack([low, low + width, start, start + length], axis=1)
    along_u = np.stack([start, start + length, low, low + width], axis=1)
    return Boxes(np.where(spots.follows_v[:, None], along_v, along_u), spots.follows_v, colour)


def make_cars(frame: Frame, streets: Streets, factor: float) -> Boxes:
    """Cars of 2 x 4 m by the kerb, on main roads and in car parks."""
    share = (0.15 + 0.4 * frame.draw(72)) * factor
    parked = places(frame, streets, 71, 6)
    parked = parked.keep((parked.clear > 5) & (uniform(parked.key, 1) < share))
    driving = places(frame, streets, 73, 12)
    taken = driving.is_main & (driving.clear > 5) & (uniform(driving.key, 1) < 0.14 * factor)
    driving = driving.keep(taken)
    groups = [
        boxes(parked, parked.half - 2, 2, 4, _paint(parked.key)),
        boxes(driving, np.ones_like(driving.half), 2, 4, _paint(driving.key)),
        car_parks(frame, streets, 0.55 * factor),
    ]
    return away(join(groups), frame, CLEARANCE)


def _paint(key: np.ndarray) -> np.ndarray:
    return integer_below(len(CAR_PAINT), key, 2)


def join(groups: list[Boxes]) -> Boxes:
    return Boxes(
        *(
            np.concatenate([getattr(group, name) for group in groups])
            for name in Boxes.__dataclass_fields__
        )
    )


def away(things: Boxes, frame: Frame, distance: float) -> Boxes:
    """Those whose middle is further from the camera than `distance`."""
    left, right, top, bottom = things.bounds.T
    u = (left + right) * 0.5 - frame.camera[0]
    v = (top + bottom) * 0.5 - frame.camera[1]
    return things.keep(u * u + v * v > distance * distance)


def car_parks(frame: Frame, streets: Streets, share: float) -> Boxes:
    """Cars in rows of 10 m and stalls of 3 m of the blocks that are car parks."""
    (u0, u1), (v0, v1) = ((middle - RADIUS, middle + RADIUS) for middle in frame.camera)
    column, row = np.meshgrid(np.arange(u0 // 3, u1 // 3), np.arange(v0 // 10, v1 // 10 + 1))
    left, top = column.ravel() * 3 + 1, row.ravel() * 10
    key = hash64(frame.key, 74, column.ravel(), row.ravel())
    inside = np.ones(len(left), bool)
    for u, v in ((left, top), (left + 2, top + 5)):
        near_u, offset_u, kerb_u = streets.u.locate(u)
        near_v, offset_v, kerb_v = streets.v.locate(v)
        block = np.clip(near_u - (offset_u < 0), 0, None), np.clip(near_v - (offset_v < 0), 0, None)
        free = np.minimum(kerb_u, kerb_v) >= SIDEWALK[PARKING] + 1
        inside &= (streets.kind[block] == PARKING) & free
    inside &= uniform(key, 1) < share
    left, top = left[inside], top[inside] + 1
    bounds = np.stack([left, left + 2, top, top + 4], axis=1)
    return Boxes(bounds, np.ones(len(left), bool), _paint(key[inside]))


def make_bins(frame: Frame, streets: Streets, factor: float) -> Boxes:
    """Bins and boxes of 1 m on the sidewalks."""
    spots = places(frame, streets, 75, 7)
    spots = spots.keep((spots.clear > 2) & (uniform(spots.key, 1) < 0.10 * factor))
    colour = integer_below(len(BIN_PAINT), spots.key, 2)
    return away(boxes(spots, spots.half + 1, 1, 1, colour), frame, 3.0)


def make_lamps(frame: Frame, streets: Streets, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Places (u, v) of the lamp posts: by the kerb, some 24 m apart, not at crossings."""
    spots = places(frame, streets, 76, 24)
    spots = spots.keep((spots.clear > 1) & (uniform(spots.key, 1) < 0.4 * factor))
    across = spots.across + spots.side * (spots.half + 0.6)
    along = spots.start + 2.0 + np.floor(uniform(spots.key, 2) * 20.0)
    return (
        np.where(spots.follows_v, across, along),
        np.where(spots.follows_v, along, across),
    )

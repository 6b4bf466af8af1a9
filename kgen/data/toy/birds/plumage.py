"""Colours of toy birds: feathers, patterns, bill, legs and eye, on the pixels of the bird only."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ..deterministic import rgb, uniform, value_noise
from .knobs import Knobs
from .shape import PARTS, Shape
from .traits import BILL, COLOURS, PATTERN_GROUPS, PRIMARY, Traits

_PALETTE = rgb(*COLOURS.values())
_DARK, _LEG = rgb("26272b", "6a5138")


def paint_plumage(traits: Traits, shape: Shape, mask: np.ndarray, knobs: Knobs) -> np.ndarray:
    """Colours of the M pixels of the mask, (M, 3) float64."""
    inside = {
        field.name: getattr(shape, field.name)[mask]
        for field in fields(shape)
        if isinstance(getattr(shape, field.name), np.ndarray)
    }
    bird = replace(shape, **inside)
    colour = {
        group: _PALETTE[traits.values[group]] for group in traits.values if group.endswith("color")
    }
    noise = knobs.colour_noise
    feather = noise * (
        value_noise(bird.body_x * 9 + 70, bird.body_y * 16 + 70, traits.key ^ 50) - 0.5
    )
    fine = noise * (value_noise(bird.x * 34 + 90, bird.y * 34 + 90, traits.key ^ 51) - 0.5)
    image = _paint_body(traits, bird, colour, feather, fine)
    _paint_wing(image, traits, bird, colour["has_wing_color"], fine)
    seam = (np.abs(bird.wing) < 0.012) & (bird.body < 0)
    image[seam] *= 0.62
    _paint_tail(image, bird, colour["has_wing_color"])
    _paint_ends(image, bird, colour[BILL], fine)
    _paint_eye(image, bird)
    return image


def _paint_body(traits, bird: Shape, colour, feather, fine) -> np.ndarray:
    belly = _step(
        0.10, 0.40, bird.body_y + 0.12 * feather - np.maximum(-bird.body_x - 0.3, 0) * 0.6
    )
    pattern = _breast_pattern(traits, bird, feather)[:, None]
    breast = colour["has_belly_color"] * pattern + (1.0 - pattern) * _DARK * 0.6
    image = colour[PRIMARY] + (breast - colour[PRIMARY]) * belly[:, None]
    crown = _step(0.0, 0.06, bird.head_y - 0.02 + 0.10 * (bird.x - bird.head_x) - bird.y)
    crown = np.maximum(crown * (bird.head < 0.03), bird.parts == PARTS.index("crest"))
    image += (colour["has_crown_color"] - image) * crown[:, None]
    round_ = np.minimum(np.maximum(-bird.distance / 0.22, 0.0), 1.0)
    relief = np.sqrt(round_ * (2.0 - round_))
    shade = 0.50 + 0.42 * relief - 0.30 * (bird.y - 0.05) + 0.14 * feather + 0.10 * fine
    return image * shade[:, None] + 0.03


def _breast_pattern(traits: Traits, bird: Shape, feather: np.ndarray) -> np.ndarray:
    """1 where the belly has its colour, less on stripes and spots."""
    kind = PATTERN_GROUPS["has_breast_pattern"][traits.values["has_breast_pattern"]]
    if kind == "striped":
        turn = bird.body_x * 5.5 + 0.4 * feather
        return np.where(turn - np.floor(turn) < 0.40, 0.40, 1.0)
    if kind == "spotted":
        x, y = bird.body_x * 5.0 + 20.0, bird.body_y * 5.0 + 20.0
        column, row = np.floor(x), np.floor(y)
        cell = column.astype(np.int64), row.astype(np.int64)
        x = x - column - 0.25 - 0.5 * uniform(traits.key, 52, *cell)
        y = y - row - 0.25 - 0.5 * uniform(traits.key, 53, *cell)
        return np.where(x * x + y * y < 0.06, 0.30, 1.0)
    return np.ones_like(bird.x)


def _paint_wing(image, traits: Traits, bird: Shape, colour, fine) -> None:
    wing = bird.parts == PARTS.index("wing")
    x, y = bird.wing_x[wing], bird.wing_y[wing]
    feathers = np.broadcast_to(colour, (x.size, 3)).copy()
    if PATTERN_GROUPS["has_wing_pattern"][traits.values["has_wing_pattern"]] == "bars":
        turn = x * 1.2 - y * 2.2
        feathers[turn - np.floor(turn) < 0.32] = 0.82
    turn = x * 2.2 - y * 4.0
    edge = np.abs((turn - np.floor(turn)) - 0.5) > 0.42
    light = np.minimum(np.maximum(-bird.wing[wing] / 0.06, 0.0), 1.0)
    shade = 0.62 + 0.37 * light - 0.20 * (bird.y[wing] - 0.05) - 0.10 * edge + 0.10 * fine[wing]
    image[wing] = feathers * shade[:, None] + 0.02


def _paint_tail(image, bird: Shape, colour) -> None:
    tail = bird.parts == PARTS.index("tail")
    turn = bird.tail_across[tail] / 0.05
    shade = 0.55 + 0.30 * (1.0 - bird.tail_along[tail]) + 0.12 * ((turn - np.floor(turn)) - 0.5)
    image[tail] = colour * shade[:, None] + 0.02


def _paint_ends(image, bird: Shape, bill_colour, fine) -> None:
    bill = bird.parts == PARTS.index("bill")
    light = np.minimum(np.maximum(-bird.bill[bill] / 0.05, 0.0), 1.0)
    shade = 0.62 + 0.5 * light - 0.5 * (bird.y[bill] - (bird.head_y + 0.03))
    image[bill] = bill_colour * shade[:, None]
    legs = bird.parts == PARTS.index("legs")
    image[legs] = _LEG * (0.85 + 0.3 * fine[legs])[:, None]


def _paint_eye(image, bird: Shape) -> None:
    x, y = bird.x - bird.head_x - 0.055, bird.y - bird.head_y + 0.02
    square = x * x + y * y
    image[square < 0.044 * 0.044] = 0.75
    image[square < 0.033 * 0.033] = 0.05
    x, y = x - 0.010, y + 0.012
    image[x * x + y * y < 0.00014] = 0.95


def _step(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.minimum(np.maximum((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)

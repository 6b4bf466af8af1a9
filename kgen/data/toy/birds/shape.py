"""Silhouettes of toy birds: parts as signed distances, joined to one outline.

Everything here depends on the shape groups and the pose only, so that colour attributes leave the
mask as it is, bit for bit. Each shape group shows in the outline at 64 pixels, or stage I could not
be judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..deterministic import cos_turns, sin_turns, uniform
from .knobs import Knobs
from .traits import SHAPE_GROUPS, Traits

# in drawing order: later ones cover earlier ones
PARTS = ("background", "legs", "tail", "crest", "body", "wing", "bill")
_FAR = 9.0


@dataclass(frozen=True)
class Shape:
    """A bird on the pixel grid, lengths in halves of the picture's side.

    Attributes:
        x, y: (N, N) coordinates of the bird: it faces +x, +y is down.
        body_x, body_y: coordinates on the body, -1 to 1 within it.
        wing_x, wing_y: the same on the wing.
        tail_along, tail_across: from the tail's root to its end 0 to 1; lengths across.
        distance: to the outline, negative inside; `wing`, `bill`, `head`: to those parts.
        parts: (N, N) uint8, numbers of `PARTS`.
        head_x, head_y, head_radius: of the head.
    """

    x: np.ndarray
    y: np.ndarray
    body_x: np.ndarray
    body_y: np.ndarray
    wing_x: np.ndarray
    wing_y: np.ndarray
    tail_along: np.ndarray
    tail_across: np.ndarray
    distance: np.ndarray
    body: np.ndarray
    wing: np.ndarray
    bill: np.ndarray
    head: np.ndarray
    parts: np.ndarray
    head_x: float
    head_y: float
    head_radius: float


def make_shape(traits: Traits, x: np.ndarray, y: np.ndarray, knobs: Knobs) -> Shape:
    """Builds the bird on a grid of picture coordinates x, y (N, N), -1 to 1."""
    key = traits.key
    kind = {group: SHAPE_GROUPS[group][traits.values[group]] for group in SHAPE_GROUPS}
    x, y = _posed(key, x, y, knobs.pose)
    thick = {"slim": 0.225, "medium": 0.285, "stout": 0.355}[kind["has_size"]]
    long_neck = kind["has_neck_length"] == "long"
    tilt = (0.972, -0.235) if long_neck else (0.987, -0.16)
    length = 0.46 + 0.05 * float(uniform(key, 6))
    body, body_x, body_y = _ellipse(x, y, (-0.05, 0.10), (length, thick), tilt)
    head_x = 0.36 + 0.05 * float(uniform(key, 7))
    head_y = -0.14 - (0.30 if long_neck else 0.09) + 0.05 * (float(uniform(key, 8)) - 0.5)
    radius = {"slim": 0.160, "medium": 0.180, "stout": 0.205}[kind["has_size"]]
    head = _length(x - head_x, y - head_y) - radius
    neck = _cone(x, y, (0.20, 0.0), (head_x - 0.02, head_y + 0.05), thick * 0.62, radius * 0.72)
    core = _join(_join(body, neck, 0.10), head, 0.08)
    bill = _bill(kind["has_bill_shape"], x, y, head_x + radius, head_y + 0.03)
    tail, along, across = _tail(kind["has_tail_shape"], key, x, y)
    crest = np.full_like(x, _FAR)
    if kind["has_crest"] == "crested":
        root, tip = (head_x - 0.02, head_y - radius * 0.5), (head_x - 0.25, head_y - radius - 0.20)
        crest = _cone(x, y, root, tip, 0.11, 0.008)
    wing, wing_x, wing_y = _wing(kind["has_wing_shape"], x, y, 0.12 * (thick - 0.285))
    legs = np.minimum(
        _cone(x, y, (-0.06, 0.30), (-0.03, 0.64), 0.032, 0.019),
        _cone(x, y, (0.06, 0.28), (0.10, 0.64), 0.032, 0.019),
    )
    parts = np.zeros(x.shape, np.uint8)
    distance = np.full_like(x, _FAR)
    for number, part in enumerate((legs, tail, crest, core, wing, bill), start=1):
        parts[part < 0] = number
        distance = np.minimum(distance, part)
    return Shape(
        x, y, body_x, body_y, wing_x, wing_y, along, across, distance, core, wing, bill, head,
        parts, head_x, head_y, radius,
    )  # fmt: skip


def _posed(key: int, x: np.ndarray, y: np.ndarray, pose: float) -> tuple[np.ndarray, np.ndarray]:
    """Turns picture coordinates into the bird's: facing, size, place and tilt."""
    left = uniform(key, 1) >= 0.5 and pose >= 0.75
    scale = 0.96 + 0.24 * (float(uniform(key, 2)) - 0.5) * pose
    tilt = (float(uniform(key, 3)) - 0.5) * 0.10 * pose + 0.02
    cosine, sine = float(cos_turns(tilt)), float(sin_turns(tilt))
    x = (x * (-1.0 if left else 1.0) - (float(uniform(key, 4)) - 0.5) * 0.20 * pose) / scale
    y = (y - (float(uniform(key, 5)) - 0.5) * 0.18 * pose) / scale
    return x * cosine - y * sine, y * cosine + x * sine


def _bill(kind: str, x: np.ndarray, y: np.ndarray, front: float, level: float) -> np.ndarray:
    root = (front - 0.05, level)
    if kind == "cone":
        return _cone(x, y, root, (front + 0.12, level + 0.02), 0.125, 0.008)
    if kind == "dagger":
        return _cone(x, y, root, (front + 0.36, level + 0.03), 0.058, 0.008)
    if kind == "hooked":
        bridge = _cone(x, y, root, (front + 0.14, level - 0.02), 0.070, 0.056)
        hook = _cone(x, y, (front + 0.14, level - 0.02), (front + 0.15, level + 0.20), 0.056, 0.008)
        return np.minimum(bridge, hook)
    spoon = _cone(x, y, root, (front + 0.22, level + 0.05), 0.045, 0.080)
    return np.maximum(spoon, (level + 0.005 - y) * 0.5 - 0.03)  # flat from above


def _tail(
    kind: str, key: int, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    length = 0.36 + 0.06 * float(uniform(key, 9))
    right, down = -0.93, 0.30 - 0.30 * float(uniform(key, 10))
    norm = float(np.sqrt(right * right + down * down))
    right, down = right / norm, down / norm
    x, y = x + 0.44, y - 0.22
    along, across = x * right + y * down, y * right - x * down
    share = np.minimum(np.maximum(along / length, 0.0), 1.0)
    width = {
        "forked": 0.070 + 0.115 * share,
        "fan": 0.055 + 0.240 * share,
        "pointed": 0.100 * (1.0 - share) + 0.010,
        "square": 0.085 + 0.010 * share,
    }[kind]
    tail = np.maximum(np.abs(across) - width, np.maximum(-along - 0.12, along - length))
    if kind == "forked":
        tail = np.maximum(tail, (along - length + 0.26) * 0.5 - np.abs(across) * 0.80)
    if kind == "fan":
        tail = np.maximum(tail, _length(along, across) - length)
    return tail, share, across


def _wing(
    kind: str, x: np.ndarray, y: np.ndarray, lower: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A half-lifted wing: its folded part on the body, its blade above the back."""
    half = {"rounded": (0.30, 0.165), "pointed": (0.34, 0.125), "broad": (0.34, 0.185)}[kind]
    y = y + lower
    folded, along, across = _ellipse(x, y, (-0.10, 0.06), half, (0.965, -0.262))
    if kind == "rounded":
        blade = _cone(x, y, (-0.10, 0.02), (-0.22, -0.17), 0.17, 0.16)
    elif kind == "pointed":
        blade = _cone(x, y, (-0.08, 0.02), (-0.52, -0.52), 0.13, 0.008)
    else:
        blade = _cone(x, y, (-0.08, 0.02), (-0.38, -0.42), 0.12, 0.26)
        blade = np.maximum(blade, _length(x + 0.02, y - 0.06) - 0.56)  # an arc at its end
    return _join(folded, blade, 0.05), along, across


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(x * x + y * y)


def _ellipse(x, y, centre, radii, turn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance to an ellipse and coordinates in it; `turn` is cosine and sine of its angle."""
    cosine, sine = turn
    x, y = x - centre[0], y - centre[1]
    along, across = (x * cosine + y * sine) / radii[0], (y * cosine - x * sine) / radii[1]
    return (_length(along, across) - 1.0) * min(radii), along, across


def _cone(x, y, start, end, start_radius: float, end_radius: float) -> np.ndarray:
    """Distance to a capsule that tapers from one radius to another."""
    x, y = x - start[0], y - start[1]
    right, down = end[0] - start[0], end[1] - start[1]
    share = (x * right + y * down) / (right * right + down * down)
    share = np.minimum(np.maximum(share, 0.0), 1.0)
    gap = _length(x - share * right, y - share * down)
    return gap - (start_radius + (end_radius - start_radius) * share)


def _join(first: np.ndarray, second: np.ndarray, softness: float) -> np.ndarray:
    """Union of two distances with a rounded seam (Quilez' polynomial smooth minimum)."""
    share = np.minimum(np.maximum(0.5 + 0.5 * (second - first) / softness, 0.0), 1.0)
    return second + (first - second) * share - softness * share * (1.0 - share)

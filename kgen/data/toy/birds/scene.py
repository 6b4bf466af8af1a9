"""One toy bird: photograph, mask, parts and attributes.

A bird is a pure function of (seed, index, size, knobs): the same arrays on every machine, in any
order, in any process. What makes the set worth learning: shape attributes decide the outline,
colour attributes what fills it, and the background says nothing of either.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..deterministic import box_average, to_uint8, uniform
from .background import paint_background
from .knobs import Knobs, make_knobs
from .plumage import paint_plumage
from .shape import PARTS, make_shape
from .traits import Traits, certainties, make_traits, vector

__all__ = ["PARTS", "Bird", "check_size", "draw", "make_bird"]

SIZES = (16, 1024)
_SAMPLES = 2  # per pixel and direction


class Bird(NamedTuple):
    """What `make_bird` draws, all uint8.

    image (S, S, 3); mask (S, S), 0 to 255 with soft edges, cut at 128; parts (S, S), numbers of
    `PARTS`; attributes (68,) 0 or 1; certainties (68,) 3 or 4; species, a number from 0.
    """

    image: np.ndarray
    mask: np.ndarray
    parts: np.ndarray
    attributes: np.ndarray
    certainties: np.ndarray
    species: int


def check_size(size: int) -> None:
    """Raises ValueError unless `size` is a whole number of pixels that can be drawn."""
    if not isinstance(size, int | np.integer) or not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(
            f"The size of toy birds must be a whole number of {SIZES[0]} to {SIZES[1]} pixels; "
            f"received {size!r}."
        )


def make_bird(
    seed: int,
    index: int,
    size: int = 64,
    attributes: dict[str, str] | None = None,
    **knobs: float | str | None,
) -> Bird:
    """Draws bird `index` of the set with this `seed`.

    Args:
        seed: any integer; a teacher's own number gives a course its own birds and species.
        index: number of the bird, 0 or more.
        size: side of the square picture in pixels, 16 to 1024, default 64.
        attributes: {group: value} to set instead of drawing, such as {"has_bill_shape": "dagger"}:
            the same bird in the same pose with another bill.
        **knobs: see `Knobs`: pose, colour_noise, background, species, variation, zero_shot.

    Raises:
        ValueError: for a size, knob, group or value that there is not; TypeError for an unknown
            knob.

    Example:
        >>> bird = make_bird(seed=7, index=0, size=64, attributes={"has_bill_shape": "dagger"})
        >>> bird.image.shape, bird.mask.shape, bird.attributes[:4].tolist()
        ((64, 64, 3), (64, 64), [0, 1, 0, 0])
        >>> red = make_bird(7, 0, 64, {"has_bill_shape": "dagger", "has_primary_color": "red"})
        >>> bool((red.mask == bird.mask).all())
        True
    """
    check_size(size)
    chosen = make_knobs(**knobs)
    traits = make_traits(seed, index, chosen, attributes)
    image, mask, parts = _paint(traits, int(size), chosen)
    return Bird(image, mask, parts, vector(traits), certainties(traits), traits.species)


def draw(
    seed: int, index: int, size: int, **knobs: float | str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three pictures of `make_bird`, which worker processes send."""
    bird = make_bird(seed, index, size, None, **knobs)
    return bird.image, bird.mask, bird.parts


def _paint(traits: Traits, size: int, knobs: Knobs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    side = size * _SAMPLES
    line = (np.arange(side) + 0.5) / side * 2.0 - 1.0
    row, column = line[None, :], line[:, None]
    x, y = (np.array(axis) for axis in np.broadcast_arrays(row, column))
    shape = make_shape(traits, x, y, knobs)
    mask = shape.distance < 0
    image = paint_background(traits.key, row, column, knobs)
    image[mask] = paint_plumage(traits, shape, mask, knobs)
    return (
        box_average(to_uint8(_photograph(image, traits.key, knobs.colour_noise)), _SAMPLES),
        box_average(mask.astype(np.uint8) * np.uint8(255), _SAMPLES),
        shape.parts[_SAMPLES // 2 :: _SAMPLES, _SAMPLES // 2 :: _SAMPLES],
    )


def _photograph(image: np.ndarray, key: int, noise: float) -> np.ndarray:
    """The camera: gain, tint and grain."""
    gain = 1.025 + noise * 0.25 * (float(uniform(key, 60)) - 0.5)
    tint = 1.0 + noise * 0.08 * (uniform(key, 61, np.arange(3)) - 0.5)
    rows, columns = np.arange(image.shape[0])[:, None], np.arange(image.shape[1])[None, :]
    grain = noise * 0.04 * (uniform(key, 64, rows, columns) - 0.5)
    return image * (gain * tint) + grain[..., None]

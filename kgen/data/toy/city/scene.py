"""One scene of the toy city: a place seen from above and from the street."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .aerial import draw_aerial, middle
from .camera import AERIAL_GRAIN, GROUND_GRAIN, photograph
from .knobs import make_knobs
from .panorama import SKY_DISTANCE, draw_panorama
from .world import make_world

LABELS = ("sky", "road", "sidewalk", "grass", "building", "tree", "car")
COARSE_LABELS = ("sky", "road", "building", "vegetation")
COARSE = np.array([0, 1, 1, 3, 2, 3, 1], np.uint8)  # LABELS -> COARSE_LABELS
NO_DEPTH = 65535  # the depth of the sky
SIZES = (16, 2048)
Sizes = tuple[tuple[int, int], tuple[int, int]]


class Scene(NamedTuple):
    """A place of the toy city.

    Attributes:
        aerial: uint8 (h, w, 3), north up, 84 m wide.
        ground: uint8 (H, W, 3) panorama, elevations +34 to -38 degrees.
        aerial_labels: uint8 (h, w), numbers of `LABELS`.
        ground_labels: uint8 (H, W).
        depth: uint16 (H, W), centimetres over the ground to what the panorama shows; 65535 sky.
        offset: metres to the north and to the east from the camera to the aerial image's middle.
    """

    aerial: np.ndarray
    ground: np.ndarray
    aerial_labels: np.ndarray
    ground_labels: np.ndarray
    depth: np.ndarray
    offset: tuple[float, float]


def check_sizes(ground: Sequence[int], aerial: Sequence[int]) -> Sizes:
    """Both sizes as (height, width); raises ValueError unless they can be drawn."""
    pairs = []
    for name, size in (("ground_size", ground), ("aerial_size", aerial)):
        whole = isinstance(size, Sequence) and all(isinstance(s, int | np.integer) for s in size)
        if not whole or len(size) != 2 or not SIZES[0] <= min(size) <= max(size) <= SIZES[1]:
            raise ValueError(
                f"{name} must be (height, width) in whole pixels, each {SIZES[0]} to {SIZES[1]}; "
                f"received {size!r}."
            )
        pairs.append((int(size[0]), int(size[1])))
    if pairs[1][0] > pairs[1][1]:
        raise ValueError(f"aerial_size must not be higher than wide; received {aerial!r}.")
    return pairs[0], pairs[1]


def make_scene(
    seed: int,
    index: int,
    ground_size: Sequence[int] = (128, 256),
    aerial_size: Sequence[int] = (128, 128),
    **knobs: float | str | None,
) -> Scene:
    """Draws scene `index` of the set with this `seed`: images, classes and depth.

    Args:
        seed: any integer; a teacher's own number gives a course its own city.
        index: number of the scene, 0 or more; every scene is a city of its own.
        ground_size: (height, width) of the panorama in pixels, each 16 to 2048.
        aerial_size: of the aerial image, not higher than wide.
        **knobs: see `Knobs`.

    Raises:
        ValueError: for a size or knob out of range; TypeError for an unknown knob.

    Example:
        >>> scene = make_scene(7, 0, ground_size=(32, 64), aerial_size=(32, 32))
        >>> scene.ground.shape, scene.depth.dtype
        ((32, 64, 3), dtype('uint16'))
    """
    sizes, chosen = check_sizes(ground_size, aerial_size), make_knobs(**knobs)
    world = make_world(seed, index, chosen)
    aerial = draw_aerial(world, sizes[1], chosen)
    ground, metres = draw_panorama(world, sizes[0], chosen)
    depth = np.floor(np.minimum(metres * 100.0 + 0.5, NO_DEPTH - 1.0)).astype(np.uint16)
    depth[metres == SKY_DISTANCE] = NO_DEPTH
    shot, hard = chosen.dx, chosen.difficulty
    return Scene(
        photograph(world.frame, aerial, AERIAL_GRAIN, hard, shot),
        photograph(world.frame, ground, GROUND_GRAIN, hard, shot),
        aerial.every(aerial.labels),
        ground.every(ground.labels),
        ground.every(depth),
        middle(world.frame, chosen),
    )


def draw(seed: int, index: int, size: Sizes, **knobs: float | str | None) -> tuple[np.ndarray, ...]:
    """The five arrays of `make_scene`, as helper processes send them."""
    ground, aerial = size
    return make_scene(seed, index, ground, aerial, **knobs)[:5]

"""One pair of the toy maps: an aerial photograph, its street map and the class labels.

A town is a pure function of (seed, index, size, knobs): the same arrays on every machine, in any
order, in any process. What makes the pairs worth learning: main roads differ from minor ones by
width only, trees and shadows hide streets, grey roofs look like asphalt, the map shows car parks as
land. The map follows from the photograph almost surely, the photograph from the map only in kind.
"""

from __future__ import annotations

import numpy as np

from .blocks import make_blocks, make_buildings, make_land_cover
from .cartography import draw_labels, draw_map
from .ground import make_texture, paint_cars, paint_land, paint_streets
from .knobs import make_knobs
from .relief import cast_shadows, make_sun, paint_roofs, paint_trees, photograph, plant_trees
from .streets import highway_distance, make_frame, make_streets, river_distance

SIZES = (16, 1024)


def check_size(size: int) -> None:
    """Raises ValueError unless `size` is a whole number of pixels that can be drawn."""
    if not isinstance(size, int | np.integer) or not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(
            f"The size of toy maps must be a whole number of {SIZES[0]} to {SIZES[1]} pixels; "
            f"received {size!r}."
        )


def make_pair(
    seed: int, index: int, size: int = 64, **knobs: float | str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws town `index` of the set with this `seed`.

    Args:
        seed: any integer; a teacher's own number gives a course its own towns.
        index: number of the town, 0 or more.
        size: side of the square pictures in pixels, 16 to 1024, default 64.
        **knobs: see `Knobs`: difficulty, organic, urban, tree_density, season, shadow, fov.

    Returns:
        aerial uint8 (size, size, 3), street map uint8 (size, size, 3) and labels uint8
        (size, size) with the classes of `LABELS`.

    Raises:
        ValueError: for a size or knob out of range; TypeError for an unknown knob.

    Example:
        >>> aerial, street_map, labels = make_pair(seed=7, index=0, size=64)
        >>> aerial.shape, street_map.shape, labels.shape
        ((64, 64, 3), (64, 64, 3), (64, 64))
    """
    check_size(size)
    chosen = make_knobs(**knobs)
    frame = make_frame(seed, index, size, chosen)
    streets = make_streets(frame, chosen)
    blocks, lots = make_blocks(frame, streets, chosen)
    cover = make_land_cover(frame, streets, blocks, river_distance(frame), highway_distance(frame))
    buildings = make_buildings(blocks, lots, cover)

    texture, sun = make_texture(frame), make_sun(frame)
    image = paint_land(frame, blocks, lots, cover, texture)
    paint_streets(image, frame, streets, blocks, cover, texture)
    cars = paint_cars(image, frame, streets, blocks, lots, cover)
    height = paint_roofs(image, streets, blocks, lots, buildings, texture, sun)
    trees = plant_trees(frame, blocks, cover, height, chosen)
    canopy = paint_trees(image, frame, trees, height, texture, sun, chosen)
    cast_shadows(image, frame, height, buildings, sun, chosen)
    aerial = photograph(image, frame, chosen)
    return (
        aerial,
        draw_map(streets, cover, buildings),
        draw_labels(cover, cars, buildings, canopy),
    )

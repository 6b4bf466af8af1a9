"""Toy city as a source of cross-view pairs in memory: no disk, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kgen.data.cross_view.views import CrossViewPair, CrossViewPairs

from .city.scene import Scene, check_sizes, make_scene
from .generate import draw_city, split_indices

CITY_COUNTS = {"train": 800, "val": 100, "test": 100}


class ToyCity(CrossViewPairs):
    """Cross-view pairs of the toy city in memory; made by `toy_city`.

    `aerial` uint8 (N, h, w, 3); `ground` uint8 (N, H, W, 3); `aerial_labels` (N, h, w) and
    `ground_labels` (N, H, W), uint8 with the seven classes of `kgen.data.toy.city.LABELS`.
    """

    def __init__(self, indices: Sequence[int], drawing: dict[str, Any], title: str):
        self.indices, self.drawing, self.title = list(indices), drawing, title
        ground, aerial = check_sizes(drawing["ground_size"], drawing["aerial_size"])
        count = len(self.indices)
        self.aerial = np.empty((count, *aerial, 3), np.uint8)
        self.ground = np.empty((count, *ground, 3), np.uint8)
        self.aerial_labels = np.empty((count, *aerial), np.uint8)
        self.ground_labels = np.empty((count, *ground), np.uint8)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> CrossViewPair:
        return CrossViewPair(self.aerial[index], self.ground[index])

    def name(self, index: int) -> str:
        return f"{self.title} {index}"

    def scene(self, index: int) -> Scene:
        """Everything about pair `index`, depth included, drawn again."""
        return make_scene(index=self.indices[index], **self.drawing)

    def neighbour(self, index: int, dx: int) -> Scene:
        """The place `dx` metres further along the street from pair `index`, as `neighbour`."""
        return make_scene(index=self.indices[index], **(self.drawing | {"dx": dx}))


def toy_city(
    split: str = "train",
    count: int | None = None,
    ground_size: Sequence[int] = (128, 256),
    aerial_size: Sequence[int] = (128, 128),
    seed: int = 0,
    *,
    processes: int = 2,
    **knobs: float | str | None,
) -> ToyCity:
    """Draws pairs of an aerial image and the street panorama at its middle, of made-up cities.

    The layout of the street follows from the view above, the colours of the facades do not unless
    `facade_from_roof` says so.

    Args:
        split: "train", "val" or "test"; no city is in two of them.
        count: number of pairs; default 800 for training, 100 for the others.
        ground_size: (height, width) of the panoramas in pixels, each 16 to 2048.
        aerial_size: of the aerial images (84 m wide), not higher than wide.
        seed: any integer; another seed gives other cities.
        processes: how many processes draw at once, default 2.
        **knobs: facade_from_roof, urban, tree_density, cars, season, clutter, camera_offset,
            difficulty, heading_at_column0, dx, supersampling; see `kgen.data.toy.city.Knobs`.

    Returns:
        A source of pairs; `.aerial`, `.ground`, `.aerial_labels` and `.ground_labels` are whole
        arrays, `.scene(index).depth` is the depth of one.

    Raises:
        ValueError, TypeError: for a split, size, count or knob that there is not.

    Example:
        >>> pairs = toy_city("test", count=2, ground_size=(32, 64), aerial_size=(32, 32))
        >>> len(pairs), pairs[0].ground.shape, pairs.aerial_labels.shape
        (2, (32, 64, 3), (2, 32, 32))
    """
    indices = split_indices(split, count, CITY_COUNTS)
    if not indices:
        raise ValueError("toy_city needs a count of 1 or more.")
    scenes = draw_city(indices, ground_size, aerial_size, seed, processes, **knobs)
    drawing = {"seed": seed, "ground_size": ground_size, "aerial_size": aerial_size, **knobs}
    city = ToyCity(indices, drawing, f"toy city, seed {seed}, {split}")
    for number, scene in enumerate(scenes):
        city.aerial[number], city.ground[number] = scene[:2]
        city.aerial_labels[number], city.ground_labels[number] = scene[2:4]
    return city


def neighbour(
    seed: int,
    index: int,
    dx: int,
    ground_size: Sequence[int] = (128, 256),
    aerial_size: Sequence[int] = (128, 128),
    **knobs: float | str | None,
) -> Scene:
    """Draws the same city from a place `dx` metres further along the street: a near-duplicate.

    Args:
        seed: of the set.
        index: number of the scene: split "train" begins at 0, "val" at 10,000,000, "test" at
            20,000,000.
        dx: whole metres, -60 to 60; 5 to 20 is hard for retrieval.
        ground_size, aerial_size, **knobs: as `toy_city`.

    Example:
        >>> here, there = (neighbour(0, 4, dx, (32, 64), (32, 32)) for dx in (0, 10))
        >>> bool((here.aerial == there.aerial).all())
        False
    """
    return make_scene(seed, index, ground_size, aerial_size, **{**knobs, "dx": dx})

"""Toy maps as a source of pairs in memory: no disk, for notebooks on read-only systems."""

from __future__ import annotations

import numpy as np

from kgen.data.pairs import Pair, Pairs

from .generate import draw_towns, split_indices


class ToyMaps(Pairs):
    """Pairs of toy maps; made by `toy_maps`.

    `source` and `target` are uint8 (N, S, S, 3), `labels` uint8 (N, S, S) with the classes of
    `kgen.data.toy.maps.LABELS` at what the photograph shows.
    """

    def __init__(self, source: np.ndarray, target: np.ndarray, labels: np.ndarray, title: str):
        self.source, self.target, self.labels, self.title = source, target, labels, title

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Pair:
        return self.source[index], self.target[index]

    def name(self, index: int) -> str:
        return f"{self.title} {index}"


def toy_maps(
    split: str = "train",
    size: int = 64,
    count: int | None = None,
    seed: int = 0,
    *,
    swap: bool = False,
    processes: int = 2,
    **knobs: float | str | None,
) -> ToyMaps:
    """Draws pairs of aerial photographs and street maps of made-up towns.

    Args:
        split: "train", "val" or "test"; no town is in two of them.
        size: side of the pictures in pixels, 16 to 1024, default 64.
        count: number of pairs; default 1000 for training, 100 for the others.
        seed: any integer; another seed gives other towns.
        swap: False: photograph to map (default); True: map to photograph.
        processes: how many processes draw at once, default 2.
        **knobs: difficulty, organic, urban, tree_density, season, shadow, fov; see
            `kgen.data.toy.maps.Knobs`.

    Returns:
        Pairs of uint8 (size, size, 3) images; `.source`, `.target` and `.labels` are whole arrays.

    Raises:
        ValueError, TypeError: for a split, size, count or knob that there is not.

    Example:
        >>> pairs = toy_maps("test", size=32, count=3, season="autumn")
        >>> len(pairs), pairs[0][0].shape, pairs.labels.shape
        (3, (32, 32, 3), (3, 32, 32))
    """
    indices = split_indices(split, count)
    if not indices:
        raise ValueError("toy_maps needs a count of 1 or more.")
    towns = list(draw_towns(indices, size, seed, processes, **knobs))
    aerial, street_map, labels = (np.stack(arrays) for arrays in zip(*towns, strict=True))
    source, target = (street_map, aerial) if swap else (aerial, street_map)
    return ToyMaps(source, target, labels, f"toy maps, seed {seed}, {split}")

"""Which pairs a `--data` argument means, and batches of them as the other arguments ask."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kgen.cli_options import SPLITS
from kgen.data import Batches, Pairs, side_by_side, two_folders

TOY_MAPS = "toy-maps"
# Toy maps are drawn, so there are as many as one wants: these for training, a tenth for the others.
TOY_COUNT = 1000


def open_pairs(options: argparse.Namespace, split: str, size: tuple[int, int]) -> Pairs:
    """Pairs of one split of what `--data` names.

    Args:
        options: has `data`, `input_side`, `source_mode`, `target_mode`, `validation`, `count`,
            `seed`.
        split: `"train"`, `"val"`, `"test"`, or `"all"`, the whole of a set without split folders.
        size: height and width, in which toy maps are drawn.

    Raises:
        ValueError, FileNotFoundError: no such folder or split, no input side; say what is there.

    Example:

    >>> options = argparse.Namespace(data=["toy-maps"], count=20, seed=0)
    >>> len(open_pairs(options, "val", size=(32, 32)))
    2
    """
    if options.data == [TOY_MAPS]:
        return _toy_maps(options, split, size)
    folders = [Path(folder) for folder in options.data]
    if split == "all":
        return _open_folders(options, folders, None)
    splits = splits_in(folders)
    if split == "test" or "val" in splits:
        return _open_folders(options, folders, split)
    pairs = _open_folders(options, folders, "train" if "train" in splits else None)
    train, validation = pairs.split(validation=options.validation, seed=options.seed)
    return train if split == "train" else validation


def splits_in(folders: list[Path]) -> set[str]:
    """Which of `train`, `val` and `test` all folders hold, maybe one level deeper."""
    found = set(SPLITS)
    for folder in filter(Path.is_dir, folders):
        inner = [folder, *(child for child in folder.iterdir() if child.is_dir())]
        found &= {split for split in SPLITS for place in inner if (place / split).is_dir()}
    return found


def training_batches(pairs: Pairs, options: argparse.Namespace, size: tuple[int, int]) -> Batches:
    """Shuffled and jittered batches of float32 in [-1, 1]."""
    return Batches(
        pairs,
        size=size,
        load_size=options.load_size,
        flip=not options.no_flip,
        preprocess=options.preprocess,
        **_reading(options),
    )


def plain_batches(pairs: Pairs, options: argparse.Namespace, size: tuple[int, int]) -> Batches:
    """The same without chance: in order, only resized, none left out."""
    return Batches(pairs, size=size, training=False, **_reading(options))


def _reading(options: argparse.Namespace) -> dict[str, Any]:
    names = ("target_resize", "one_hot", "seed", "workers")
    usual = {"batch_size": options.batch_size or 1, "resize": options.resize or "bicubic"}
    return usual | {name: getattr(options, name) for name in names}


def _toy_maps(options: argparse.Namespace, split: str, size: tuple[int, int]) -> Pairs:
    from kgen.data.toy import toy_maps

    if size[0] != size[1]:
        raise ValueError(f"toy maps are square; got --size {size[0]}x{size[1]}")
    if split == "all":
        split = "train"
    count = options.count or TOY_COUNT
    return toy_maps(
        split,
        size=size[0],
        count=count if split == "train" else max(1, count // 10),
        seed=options.seed,
    )


def _open_folders(options: argparse.Namespace, folders: list[Path], split: str | None) -> Pairs:
    modes = {"source_mode": options.source_mode, "target_mode": options.target_mode}
    if len(folders) == 2:
        source, target = (folder / (split or "") for folder in folders)
        pairs = two_folders(source, target, **modes)
    else:
        if options.input_side is None:
            raise ValueError(
                "which half of a side-by-side picture is the input differs from set to set: give "
                "--input-side left (maps, edges2shoes) or --input-side right (facades, cityscapes)"
            )
        pairs = side_by_side(folders[0], split, input_side=options.input_side, **modes)
    count = options.count
    return pairs.subset(range(min(count, len(pairs)))) if count else pairs

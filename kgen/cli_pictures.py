"""Which pictures with attributes a `--data` argument means."""

from __future__ import annotations

import argparse
from typing import Any

from kgen.cli_options import TABLE_OPTIONS
from kgen.data import AttributePictures, cub, is_cub, rgba_folder

TOY_BIRDS = "toy-birds"
# Toy birds are drawn, as many as one wants: these for training, a tenth for the others.
TOY_COUNT = 1600
# Arguments that belong to one kind of data; given for another one they are refused.
CUB_OPTIONS = ("level", "split_by")


def open_pictures(options: argparse.Namespace, split: str, size: int) -> AttributePictures:
    """Pictures of one split of what `--data` names.

    Args:
        options: as `kgen train attribute-gan` and `kgen evaluate` take them.
        split: `"train"`, `"val"` or `"test"`, which a table does not have.
        size: height and width in which toy birds are drawn.

    Raises:
        ValueError, FileNotFoundError: no such folder, arguments that do not fit it.

    Example:

    >>> options = argparse.Namespace(data=["toy-birds"], count=20, seed=0, validation=0.1,
    ...                              crop=None, level=None, split_by=None,
    ...                              words=None, min_count=None, file_column=None)
    >>> len(open_pictures(options, "val", size=32))
    2
    """
    if options.data == [TOY_BIRDS]:
        return _toy_birds(options, split, size)
    return _table(options, split) if len(options.data) == 2 else _cub(options, split)


def _toy_birds(options: argparse.Namespace, split: str, size: int) -> AttributePictures:
    from kgen.data.toy import toy_birds

    refuse(options, "toy birds", "crop", *CUB_OPTIONS, *TABLE_OPTIONS)
    count = options.count or TOY_COUNT
    count = count if split == "train" else max(1, count // 10)
    birds: AttributePictures = toy_birds(split, size=size, count=count, seed=options.seed)
    return _divided(birds, options)


def _cub(options: argparse.Namespace, split: str) -> AttributePictures:
    folder = options.data[0]
    refuse(options, "a folder in the layout of CUB-200-2011", *TABLE_OPTIONS)
    if not is_cub(folder):
        raise FileNotFoundError(
            f"{folder}: no folder in the layout of CUB-200-2011 (it has no images.txt). Pictures "
            f"with transparency need their table: --data {folder} TABLE.csv; `--data toy-birds` "
            "needs no files"
        )
    pictures = cub(
        folder,
        split,
        seed=options.seed,
        validation=options.validation,
        **_given(options, {"split_by": "by", "level": "level"}),
        **_crop(options),
    )
    return _divided(pictures.spread(options.count or len(pictures)), options)


def _table(options: argparse.Namespace, split: str) -> AttributePictures:
    folder, table = options.data
    refuse(options, "pictures with a table", *CUB_OPTIONS)
    names = {name: name for name in TABLE_OPTIONS}
    pictures: AttributePictures = rgba_folder(
        folder, table, **_given(options, names), **_crop(options)
    )
    pictures = _divided(pictures.spread(options.count or len(pictures)), options)
    if options.validation == 0:
        return pictures
    training, validation = pictures.split(options.validation, options.seed)
    return training if split == "train" else validation


def refuse(options: argparse.Namespace, data: str, *names: str) -> None:
    """An argument that would do nothing is a mistake."""
    if wrong := [name for name in names if getattr(options, name) is not None]:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in wrong)
        raise ValueError(f"{flags}: of no use for {data}; leave it out")


def _given(options: argparse.Namespace, names: dict[str, str]) -> dict[str, Any]:
    """The options that were given, under the names of the function that takes them."""
    values = {name: getattr(options, option) for option, name in names.items()}
    return {name: value for name, value in values.items() if value is not None}


def _divided(pictures: AttributePictures, options: argparse.Namespace) -> AttributePictures:
    """As `--shape-groups`, which only training has, divides attributes between the stages."""
    groups = getattr(options, "shape_groups", None)
    return pictures.divide(groups) if groups else pictures


def _crop(options: argparse.Namespace) -> dict[str, Any]:
    if options.crop is None:
        return {}
    return {"crop": None if options.crop == "none" else options.crop}

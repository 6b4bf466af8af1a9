"""Which cross-view pairs a `--data` argument means."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from kgen.cli_pictures import refuse
from kgen.cross_view import RetrievalModel
from kgen.cross_view.sizes import Size
from kgen.data.cross_view import (
    CrossViewPairs,
    VigorGenPairs,
    VigorPairs,
    cross_view_format,
    cvact,
    cvusa,
    vigor,
    vigor_gen,
)
from kgen.data.cross_view.vigor_lists import CORRECTED, find_vigor

TOY_CITY = "toy-city"
# Toy cities are drawn, as many as one wants: these for training, an eighth for the others.
TOY_COUNT = 800
# Arguments that belong to one kind of data; given for another one they are refused.
OF_VIGOR = ("area", "cities", "labels", "center", "exclude")
OF_CVACT = ("panorama",)
TEST_IS_VAL = {"train": "train", "val": "test", "test": "test"}  # of VIGOR


def data_name(options: argparse.Namespace) -> str:
    """Which data set `--data` names: a key of `kgen.cross_view.sizes.SIZES`.

    Raises:
        ValueError: none of them.

    Example:

    >>> data_name(argparse.Namespace(data=["toy-city"]))
    'toy-city'
    """
    if options.data == [TOY_CITY]:
        return TOY_CITY
    folder = options.data[0]
    name = cross_view_format(folder) if len(options.data) == 1 else None
    if name is None:
        raise ValueError(
            f"--data {' '.join(options.data)}: give `toy-city` (drawn, no files), or one folder in "
            "the layout of CVUSA (splits/*-19zl.csv), CVACT (ACT_data.mat) or VIGOR "
            "(splits/<City>). What is missing in one says `kgen check-data FOLDER`"
        )
    return name


def open_views(
    options: argparse.Namespace,
    split: str,
    ground_size: Size = (128, 256),
    aerial_size: Size = (128, 128),
    centred: bool = False,
) -> CrossViewPairs:
    """Pairs of one split of what `--data` names.

    Args:
        options: has `data`, `count`, `seed` and the arguments of `add_views`.
        split: `"train"`, `"val"` or `"test"`, as far as the data set has them.
        ground_size, aerial_size: (H, W) in which toy cities are drawn.
        centred: whether VIGOR means VIGOR-GEN where `--center` does not say it.

    Raises:
        ValueError, FileNotFoundError: no such data set or split, arguments that do not fit it.

    Example:

    >>> options = argparse.Namespace(data=["toy-city"], count=16, seed=0, area=None, cities=None,
    ...                              labels=None, center=None, exclude=None, panorama=None)
    >>> pairs = open_views(options, "val", ground_size=(32, 64), aerial_size=(32, 32))
    >>> len(pairs), pairs[0].ground.shape
    (2, (32, 64, 3))
    """
    name = data_name(options)
    if name == TOY_CITY:
        return _toy_city(options, split, ground_size, aerial_size)
    refuse(options, name.upper(), *(() if name == "vigor" else OF_VIGOR))
    refuse(options, name.upper(), *(() if name == "cvact" else OF_CVACT))
    pairs = _opened(name, options, split, centred)
    count = options.count
    return pairs.subset(range(min(count, len(pairs)))) if count else pairs


def _toy_city(
    options: argparse.Namespace, split: str, ground_size: Size, aerial_size: Size
) -> CrossViewPairs:
    from kgen.data.toy import toy_city

    refuse(options, "the toy city", *OF_VIGOR, *OF_CVACT)
    count = options.count or TOY_COUNT
    count = count if split == "train" else -(-count // 8)
    return toy_city(split, count, ground_size, aerial_size, options.seed)


def _opened(name: str, options: argparse.Namespace, split: str, centred: bool) -> CrossViewPairs:
    folder = options.data[0]
    if name == "cvusa":
        return cvusa(folder, split)
    if name == "cvact":
        return cvact(folder, split, crop="middle" if options.panorama == "middle" else None)
    chosen = {"cities": options.cities, "area": options.area or "same"}
    chosen["labels"] = options.labels or _labels(folder)
    split = TEST_IS_VAL[split]
    if not centred and options.center is None and options.exclude is None:
        return vigor(folder, split, **chosen)
    center = options.center or "stitch"
    return vigor_gen(folder, split, center=center, exclude=options.exclude, **chosen)


def _labels(folder: str) -> str:
    """Corrected labels where there are some."""
    root = find_vigor(folder)
    return "corrected" if root is not None and (root / CORRECTED).is_dir() else "original"


def semi_positives(pairs: CrossViewPairs) -> dict[str, Any]:
    """`labels` for batches, of which the hit rate is computed, where a data set has them."""
    by_tile = isinstance(pairs, VigorPairs) and not isinstance(pairs, VigorGenPairs)
    return {"labels": pairs.labels} if by_tile else {}  # type: ignore[attr-defined]


def reading_of(model: str) -> dict[str, Any]:
    """How a run read its views, as its run.json says; else the usual way.

    Returns:
        `resize`, `polar`; and `middle`, whether it saw the middle rows of panoramas only.
    """
    place = Path(model)
    record = (place if place.is_dir() else place.parent) / "run.json"
    found: dict[str, Any] = {}
    if record.is_file():
        found = json.loads(record.read_text(encoding="utf-8")).get("data", {}).get("training") or {}
    middle = (found.get("pairs") or {}).get("crop") == "middle"
    return {
        "resize": found.get("resize", "area"),
        "polar": found.get("polar", False),
        "middle": middle,
    }


def load_retrieval(path: str) -> RetrievalModel:
    """The retrieval network of a run or a file.

    Raises:
        ValueError: a model of another kind. FileNotFoundError: there is none.
    """
    from kgen.cli_models import load_model

    model = load_model(path)
    if not isinstance(model, RetrievalModel):
        raise ValueError(
            f"{path} holds a {type(model).__name__}; what is needed is a retrieval network: "
            "kgen train retrieval --data ..."
        )
    return model

"""Arguments that several commands of `kgen` share, and the kinds of their values."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

BACKENDS = ("tensorflow", "jax", "torch")
SPLITS = ("train", "val", "test")
FOLDERS = (
    "one folder of pictures that hold source and target side by side, maybe in train/ val/ test/; "
    "or two folders (sources, targets) of files matched by name"
)


class OneOrTwo(argparse.Action):
    """Takes one or two folders."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        if len(values) > 2:
            shown = " ".join(values)
            parser.error(
                f"give one folder or two, got {len(values)}: {shown}. Quote names with spaces"
            )
        setattr(namespace, self.dest, values)


def size(text: str) -> tuple[int, int]:
    """`256` or `256x512` (height x width) as two numbers.

    Example:

    >>> size("256"), size("256x512")
    ((256, 256), (256, 512))
    """
    numbers = [int(part) for part in text.lower().split("x")]
    if len(numbers) > 2 or min(numbers) < 1:
        raise ValueError
    return numbers[0], numbers[-1]


def positive(text: str) -> int:
    """A whole number from 1."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def whole(text: str) -> int:
    """A whole number from 0."""
    if int(text) < 0:
        raise ValueError
    return int(text)


def add_common(command: argparse.ArgumentParser) -> None:
    """What every command takes."""
    group = command.add_argument_group("general")
    group.add_argument(
        "--backend", choices=BACKENDS, help="framework to compute with (default: $KERAS_BACKEND)"
    )
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def add_pairs(command: argparse.ArgumentParser, required: bool = True) -> None:
    """Which pairs of images."""
    group = command.add_argument_group("data")
    group.add_argument(
        "--data",
        nargs="+",
        action=OneOrTwo,
        required=required,
        metavar="FOLDER",
        help=f"`toy-maps` (drawn, no files); {FOLDERS}",
    )
    group.add_argument(
        "--input-side", choices=("left", "right"), help="half that is the source, if side by side"
    )
    add_modes(group)
    add_amounts(group, "pairs")


def add_amounts(group: Any, what: str) -> None:
    """How many samples, how many of them for validation, and the seed."""
    group.add_argument("--count", type=positive, help=f"use this many {what} only")
    group.add_argument(
        "--validation",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="set aside for validation where there is no set of its own (default: 0.1)",
    )
    add_seed(group)


def add_batches(command: argparse.ArgumentParser, training: bool) -> None:
    """How pairs become batches."""
    group = command.add_argument_group("batches")
    methods: tuple[str, ...] = ("bicubic", "bilinear", "lanczos", "nearest")
    group.add_argument("--batch-size", type=positive, help="pairs at a time (default: 1)")
    if not training:  # the default depends on what is measured
        methods = (*methods, "area", "bilinear_no_antialias")
    group.add_argument(
        "--resize", choices=methods, help="nearest for labels (default: bicubic; views area)"
    )
    group.add_argument("--target-resize", choices=methods, help="if the target needs another one")
    group.add_argument(
        "--one-hot",
        type=positive,
        metavar="CLASSES",
        help="sources are class numbers: one channel each",
    )
    add_workers(group)
    if not training:
        return
    group.add_argument(
        "--load-size", type=size, metavar="N", help="size before the random crop (default: 286/256)"
    )
    group.add_argument("--no-flip", action="store_true", help="do not mirror pairs at random")
    group.add_argument(
        "--preprocess",
        choices=("resize_and_crop", "crop", "scale_width", "scale_width_and_crop", "none"),
        default="resize_and_crop",
        help="how training pictures get their size (default: resize_and_crop)",
    )


def add_workers(group: Any) -> None:
    """Threads."""
    group.add_argument("--workers", type=int, default=2, help="reading threads (default: 2)")


def add_modes(group: Any) -> None:
    """Channels of sources and targets."""
    modes = ("stored", "grey", "rgb", "rgba", "ids")
    group.add_argument("--source-mode", choices=modes, default="stored", help="channels to read")
    group.add_argument("--target-mode", choices=modes, default="stored", help="channels to read")


def add_seed(group: Any) -> None:
    """The seed."""
    group.add_argument(
        "--seed", type=int, default=0, help="of everything that is random (default: 0)"
    )


def add_size(command: argparse.ArgumentParser, default: str) -> None:
    """Height and width."""
    command.add_argument(
        "--size",
        type=size,
        metavar="N|HxW",
        help=f"height and width in pixels (default: {default})",
    )


def add_picture_reading(group: Any) -> None:
    """How pictures with attributes are read."""
    group.add_argument(
        "--crop",
        choices=("side", "stackgan", "area", "none"),
        help="what is cut out around the object (default: side; of a table, none)",
    )
    group.add_argument(
        "--level", choices=("image", "class"), help="whose attributes, of CUB (default: image)"
    )
    group.add_argument(
        "--split-by",
        choices=("image", "class", "official"),
        help="how the test pictures of CUB are set aside (default: image)",
    )
    add_table(group)


def add_table(group: Any) -> None:
    """How a table of attributes is read; what is not given is as `kgen.data.rgba_folder` has it."""
    for flag, kind, metavar, text in (
        ("--words", str, "COLUMN", "column of the table whose words are the attributes"),
        ("--min-count", positive, "N", "pictures that a word needs to be an attribute (10)"),
        ("--file-column", str, "COLUMN", "column of the file names (file)"),
    ):
        group.add_argument(flag, type=kind, metavar=metavar, help=text)


def add_views(group: Any) -> None:
    """Which pairs of a cross-view data set; what is not given is as the data set has it."""
    for flag, choices, text in (
        ("--panorama", ("middle", "whole"), "rows of CVACT's panoramas (retrieval: middle)"),
        ("--area", ("same", "cross"), "split of VIGOR (same)"),
        ("--labels", ("corrected", "original"), "of VIGOR (corrected, where they are there)"),
        (
            "--center",
            ("stitch", "crop", "none"),
            "VIGOR-GEN: how the panorama is brought into the centre (generator: stitch)",
        ),
    ):
        group.add_argument(flag, choices=choices, help=text)
    group.add_argument("--cities", nargs="+", metavar="CITY", help="some of VIGOR's")
    group.add_argument("--exclude", metavar="FILE", help="panoramas of VIGOR to leave out")


def given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Those of the options that were given at all."""
    return {name: getattr(options, name) for name in names if name in options}


# What `kgen.data.rgba_folder` and `check_rgba` take under the same names.
TABLE_OPTIONS = ("words", "min_count", "file_column")

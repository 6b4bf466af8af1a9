"""What is compared: a stream of (source, real, generated) pictures, wherever they come from.

A model with pairs, two folders, arrays: each becomes one stream of examples, one at a time, so that
a set of any length is measured in little memory, and every fault is reported with the name of the
picture that has it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kgen.data import to_uint8

LARGEST = 1.5  # what a network's output may reach beyond [-1, 1]; more is another range
Item = TypeVar("Item")


@dataclass(frozen=True)
class Example:
    """One picture to measure, with its truth.

    Attributes:
        name: how tables and pictures call it, such as the file's name without its ending.
        place: how errors call it, such as the path.
        source: (H, W, C) what the model was given, uint8, uint16 or float in [-1, 1]; or None.
        real: (H, W, C) uint8, or None where real and generated pictures are not paired.
        fake: (H, W, C) uint8, or None likewise.
    """

    name: str
    place: str
    source: np.ndarray | None = field(repr=False)
    real: np.ndarray | None = field(repr=False)
    fake: np.ndarray | None = field(repr=False)


@dataclass
class Examples:
    """A stream of examples, read once.

    Attributes:
        items: the examples.
        count: of the examples, None if unknown.
        paired: whether every example has both its pictures.
        reference: statistics of the real pictures (.npz), where there are no pictures.
        description: where model and data come from, for the record.
    """

    items: Iterator[Example]
    count: int | None
    paired: bool = True
    reference: Path | None = None
    description: dict[str, Any] = field(default_factory=dict)

    def first(self, count: int | None) -> Examples:
        """The first `count` examples; None for all."""
        if count is None:
            return self
        if not self.paired or count < 1:
            raise ValueError(
                f"count takes the first pairs, one or more; got {count}"
                + ("" if self.paired else " for two sets of pictures that are not paired")
            )
        known = count if self.count is None else min(count, self.count)
        return Examples(
            itertools.islice(self.items, count), known, True, self.reference, self.description
        )


def paired(
    name: str, place: str, source: Any, real: np.ndarray, fake_place: str, fake: np.ndarray
) -> Example:
    """An example of two pictures of one size, as 8 bits."""
    real, fake = as_bytes(real, place), as_bytes(fake, fake_place)
    if real.shape != fake.shape:
        raise ValueError(
            f"{fake_place}: its size (height, width, channels) is {fake.shape}, its truth's "
            f"({place}) is {real.shape}. Pictures are compared pixel by pixel and never resized "
            "in secret: bring both to one size (kgen.data.Batches(pairs, size=...), --size), and "
            "to the same channels (mode='rgb')."
        )
    return Example(name, place, source, real, fake)


def as_bytes(picture: np.ndarray, place: str) -> np.ndarray:
    """A stored or generated picture as uint8, the form that papers save and measure.

    Args:
        picture: (H, W, C) or (H, W); uint8, uint16, bool, or float in [-1, 1].
        place: how to call it in errors.

    Raises:
        ValueError: not finite, another range, another shape.

    Example:

    >>> as_bytes(np.array([[-1.0, 1.0]]), "a").tolist()
    [[[0], [255]]]
    """
    picture = np.asarray(picture)
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or 0 in picture.shape:
        raise ValueError(f"{place}: a picture is (height, width, channels); got {picture.shape}")
    if picture.dtype == bool:
        return picture.astype(np.uint8) * np.uint8(255)
    if picture.dtype in (np.uint8, np.uint16):
        return to_uint8(picture)
    if picture.dtype.kind != "f" and picture.dtype.name != "bfloat16":
        raise ValueError(f"{place}: pictures are uint8, uint16 or float; got {picture.dtype}")
    picture = picture.astype(np.float32)
    if not np.isfinite(picture).all():
        raise ValueError(
            f"{place}: it holds values that are not finite (NaN or infinity), so no number can be "
            "given. A model that makes them has diverged: train again with a lower learning rate."
        )
    if np.abs(picture).max() > LARGEST:
        raise ValueError(
            f"{place}: float pictures lie in [-1, 1]; got {picture.min():g} to {picture.max():g}. "
            "Give 0..255 as uint8, or scale: picture / 127.5 - 1."
        )
    return to_uint8(picture)


def shape_of(picture: np.ndarray | None) -> tuple[int, ...]:
    """A picture's shape; none of nothing."""
    return () if picture is None else picture.shape


def grouped(
    items: Iterable[Item], size: int, key: Callable[[Item], Any] = lambda item: None
) -> Iterator[list[Item]]:
    """Neighbours of equal key, up to `size` together.

    Example:

    >>> list(grouped([1, 3, 5, 2], size=2, key=lambda number: number % 2))
    [[1, 3], [5], [2]]
    """
    group: list[Item] = []
    for item in items:
        if group and (len(group) == size or key(item) != key(group[0])):
            yield group
            group = []
        group.append(item)
    if group:
        yield group

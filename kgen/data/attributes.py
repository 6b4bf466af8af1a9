"""Sources of pictures with a mask and attributes: what the stacked attribute GAN learns from.

Birds of CUB-200-2011, toy birds, emoji, a user's own folder: all are one kind of source, so that
batches, checks, pictures and evaluation know nothing of where a picture came from.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from kgen.data.attribute_names import (
    attribute_columns,
    attribute_groups,
    attribute_vector,
    check_vectors,
)
from kgen.data.images import ImageFileError


class AttributePicture(NamedTuple):
    """One picture: image uint8 (H, W, 3), mask uint8 (H, W) of 0 and 255, attributes (n,), name."""

    image: np.ndarray
    mask: np.ndarray
    attributes: np.ndarray
    name: str


class AttributePictures:
    """Base of all sources: random access to pictures, each with a mask and attributes.

    Subclasses give `_read_image(row)` and `_read_mask(row)`, safe in several threads, where `row`
    counts the pictures that they were made with.

    Args:
        attributes: (N, n) uint8 0 or 1, or float32 in [0, 1] (shares of a class).
        attribute_names: the n names, `group::value` or single words.
        names: what to call each picture in messages, its path where it has one.
        classes: (N,) number of each picture's class, if there are any.
        class_names: the names of the classes.
        shape: names or groups of the attributes that decide the shape, what stage I gets.
        other: names or groups for stage II; default those that are not `shape`. Without `shape`
            both stages get all attributes.

    Raises:
        ValueError: lengths that do not fit each other, names that occur twice.

    Example:
        >>> images, masks = np.zeros((4, 8, 8, 3), "uint8"), np.full((4, 8, 8), 255, "uint8")
        >>> table = [[1, 0], [0, 1], [1, 1], [0, 0]]
        >>> pictures = attribute_arrays(images, masks, table, ["crested", "striped"])
        >>> pictures[2].attributes.tolist(), pictures.select("striped").attributes[:, 0].tolist()
        ([1, 1], [0, 1, 1, 0])
    """

    def __init__(
        self,
        attributes: np.ndarray,
        attribute_names: Sequence[str],
        names: Sequence[str],
        *,
        classes: np.ndarray | None = None,
        class_names: Sequence[str] = (),
        shape: Sequence[str] | None = None,
        other: Sequence[str] | None = None,
    ):
        self.attribute_names = tuple(attribute_names)
        twice = sorted({n for n in self.attribute_names if self.attribute_names.count(n) > 1})
        if twice:
            raise ValueError(f"Names of attributes must differ; twice there: {', '.join(twice)}.")
        checked = check_vectors(attributes, self.attribute_names)
        binary = np.isin(checked, (0, 1)).all()
        self.attributes = checked.astype(np.uint8) if binary else checked
        self.names = tuple(names)
        self.classes = None if classes is None else np.asarray(classes, np.int64)
        self.class_names = tuple(class_names)
        for what, length in (("names", len(self.names)), ("classes", _length(self.classes))):
            if length not in (None, len(self.attributes)):
                raise ValueError(
                    f"Each picture has one row of attributes; received {length} {what} and "
                    f"{len(self.attributes)} rows."
                )
        self._rows = np.arange(len(self.attributes))
        self.shape_names, self.other_names = self._division(shape, other)

    def _read_image(self, row: int) -> np.ndarray:
        raise NotImplementedError

    def _read_mask(self, row: int) -> np.ndarray:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> AttributePicture:
        image, mask = self.image(index), self.mask(index)
        if image.shape[:2] != mask.shape:
            raise ImageFileError(
                self.name(index),
                f"image and mask must have one height and width; these have {image.shape[:2]} and "
                f"{mask.shape}",
                "Replace the mask by one of the image's size",
            )
        return AttributePicture(image, mask, self.attributes[index], self.name(index))

    def __iter__(self) -> Iterator[AttributePicture]:
        return (self[index] for index in range(len(self)))

    def image(self, index: int) -> np.ndarray:
        """The image alone, uint8 (H, W, 3)."""
        return self._read_image(int(self._rows[index]))

    def mask(self, index: int) -> np.ndarray:
        """The mask alone, uint8 (H, W): 255 on the object, 0 elsewhere; never empty."""
        mask = self._read_mask(int(self._rows[index]))
        if not mask.any():
            raise ImageFileError(
                self.name(index),
                "its mask is empty: no pixel belongs to the object",
                "Replace the mask, or leave this picture out (subset)",
            )
        return mask

    def name(self, index: int) -> str:
        """What to call picture `index` in messages: its path, where it has one."""
        return self.names[index]

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Columns of each group of attributes."""
        return attribute_groups(self.attribute_names)

    @property
    def shape_columns(self) -> tuple[int, ...]:
        """Columns of the attributes that stage I gets."""
        return attribute_columns(self.shape_names, self.attribute_names)

    @property
    def other_columns(self) -> tuple[int, ...]:
        """Columns of the attributes that stage II gets."""
        return attribute_columns(self.other_names, self.attribute_names)

    def vector(self, present: str | Sequence[str]) -> np.ndarray:
        """(n,) float32 of a picture with these attributes only, see `attribute_vector`."""
        return attribute_vector(present, self.attribute_names)

    def subset(self, indices: Sequence[int] | np.ndarray) -> Self:
        """The pictures with these numbers, in this order."""
        indices = np.asarray(indices, np.int64)
        if len(indices) and not -1 < indices.min() <= indices.max() < len(self):
            raise IndexError(f"A subset's numbers must be within 0..{len(self) - 1}.")
        part = copy.copy(self)
        part._rows, part.attributes = self._rows[indices], self.attributes[indices]
        part.names = tuple(self.names[index] for index in indices)
        part.classes = None if self.classes is None else self.classes[indices]
        return part

    def spread(self, count: int) -> Self:
        """So many pictures from the first to the last one: sets are ordered by class.

        Args:
            count: at least 1; all pictures where there are no more.
        """
        if count >= len(self):
            return self
        return self.subset(np.linspace(0, len(self) - 1, count).astype(int))

    def select(self, names: str | Sequence[str]) -> Self:
        """The same pictures with only these attributes (names, values or whole groups).

        Raises:
            ValueError: an unknown name, with near matches.
        """
        columns = list(attribute_columns(names, self.attribute_names))
        part = copy.copy(self)
        part.attributes = self.attributes[:, columns]
        part.attribute_names = tuple(self.attribute_names[column] for column in columns)
        part.shape_names, part.other_names = (
            tuple(name for name in side if name in part.attribute_names)
            for side in (self.shape_names, self.other_names)
        )
        return part

    def divide(self, shape: str | Sequence[str], other: str | Sequence[str] | None = None) -> Self:
        """The same pictures with another choice of what stage I and stage II get.

        Args:
            shape: names or groups for stage I.
            other: names or groups for stage II; default all that are not in `shape`.
        """
        part = copy.copy(self)
        part.shape_names, part.other_names = self._division(shape, other)
        return part

    def split(self, validation: float = 0.1, seed: int = 0) -> tuple[Self, Self]:
        """Splits at random (the same for the same seed) into training and validation pictures."""
        if not 0 < validation < 1 or len(self) < 2:
            raise ValueError(
                "split takes a share between 0 and 1 of at least 2 pictures; "
                f"received {validation} of {len(self)} pictures."
            )
        count = min(max(1, round(len(self) * validation)), len(self) - 1)
        order = np.random.default_rng(seed).permutation(len(self))
        return self.subset(np.sort(order[count:])), self.subset(np.sort(order[:count]))

    def _division(self, shape, other) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if shape is None and other is None:
            return self.attribute_names, self.attribute_names
        every = range(len(self.attribute_names))
        first = attribute_columns(() if shape is None else shape, self.attribute_names)
        rest = tuple(column for column in every if column not in first)
        second = rest if other is None else attribute_columns(other, self.attribute_names)
        if shape is None:
            first = tuple(column for column in every if column not in second)
        sides = [tuple(self.attribute_names[column] for column in side) for side in (first, second)]
        return sides[0], sides[1]


class AttributeArrays(AttributePictures):
    """Pictures that lie in memory; made by `attribute_arrays`."""

    def __init__(self, images, masks, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.images, self.masks = images, masks

    def _read_image(self, row: int) -> np.ndarray:
        return self.images[row]

    def _read_mask(self, row: int) -> np.ndarray:
        return binary_mask(self.masks[row])


def attribute_arrays(
    images: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    attributes: np.ndarray,
    attribute_names: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    shape: Sequence[str] | None = None,
    other: Sequence[str] | None = None,
    classes: np.ndarray | None = None,
) -> AttributePictures:
    """Pictures that lie in memory.

    Args:
        images: (N, H, W, 3) uint8, or a list of N images of any sizes.
        masks: (N, H, W) uint8 (object from 128 on) or bool.
        attributes: (N, n), 0 to 1.
        attribute_names: the n names.
        names, shape, other, classes: see `AttributePictures`.

    Raises:
        ValueError: numbers that do not fit, images that are not (H, W, 3) uint8.

    Example:
        >>> picture = np.zeros((1, 8, 8, 3), "uint8")
        >>> attribute_arrays(picture, picture[..., 0] == 0, [[1]], ["black"])[0].mask.max()
        np.uint8(255)
    """
    if not len(images) == len(masks) == len(attributes):
        raise ValueError(
            "Each picture has an image, a mask and a row of attributes; received "
            f"{len(images)} images, {len(masks)} masks, {len(attributes)} rows."
        )
    for image in images if isinstance(images, list | tuple) else images[:1]:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f"Images are uint8 (H, W, 3); received {image.dtype} {image.shape}. "
                "kgen.data.to_uint8 converts floats in [-1, 1]."
            )
    if names is None:
        names = [f"picture {number}" for number in range(len(images))]
    return AttributeArrays(
        images, masks, attributes, attribute_names, names,
        classes=classes, shape=shape, other=other,
    )  # fmt: skip


def binary_mask(mask: np.ndarray) -> np.ndarray:
    """A mask as uint8 of 0 and 255: annotators' averages are cut between 127 and 128.

    Args:
        mask: (H, W) bool, or uint8.

    Example:
        >>> binary_mask(np.array([[127, 128]], "uint8")).tolist()
        [[0, 255]]
    """
    inside = mask if mask.dtype == bool else mask > 127
    return inside.astype(np.uint8) * np.uint8(255)


def _length(values: np.ndarray | None) -> int | None:
    return None if values is None else len(values)

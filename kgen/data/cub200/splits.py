"""Which images of CUB-200-2011 are for training: by image, by class, or as published."""

from collections.abc import Sequence

import numpy as np

from kgen.data.attribute_names import near_matches
from kgen.data.cub200.files import CubFiles

SPLITS = ("train", "val", "test", "all")
BY = ("image", "class", "official")
TRAIN_SHARE = 8855 / 11788  # images for training, as many as text-to-image papers take
CLASS_SHARE = 150 / 200
_IMAGES, _CLASSES, _VALIDATION = 0, 1, 2  # first words of the random streams' seeds


def choose(
    files: CubFiles,
    split: str,
    by: str,
    seed: int,
    validation: float,
    held_out: Sequence[str] | None,
) -> np.ndarray:
    """Rows of the images of a split, in the order of images.txt; see `kgen.data.cub`.

    Raises:
        ValueError: names and shares that there are not; a split without images.
    """
    for what, value, known in (("split", split, SPLITS), ("by", by, BY)):
        if value not in known:
            raise ValueError(f"{what} is one of {', '.join(map(repr, known))}; received {value!r}.")
    if not 0 <= validation < 1 or (split == "val" and not validation):
        raise ValueError(
            "validation is the share of the training images that are set aside, from 0 to below "
            f"1; received {validation}. split='val' needs one, for example validation=0.1, in the "
            "call for 'train' too."
        )
    if split == "all":
        return np.arange(len(files.names))
    train = _training(files, by, seed, held_out)
    rows = np.flatnonzero(~train)
    if split != "test":
        inside = np.flatnonzero(train)
        order = np.random.default_rng([_VALIDATION, seed]).permutation(inside)
        aside = order[: round(validation * len(order))]
        rows = np.sort(aside) if split == "val" else np.setdiff1d(inside, aside)
    if not len(rows):
        raise ValueError(f"{files.folder}: the split {split!r} by {by!r} has no images.")
    return rows


def _training(files: CubFiles, by: str, seed: int, held_out: Sequence[str] | None) -> np.ndarray:
    """(N,) bool: which images are not for testing."""
    if held_out is not None and by != "class":
        raise ValueError(f"held_out names classes for by='class'; received by={by!r}.")
    if by == "official":
        return files.official_train
    count = len(files.names)
    if by == "image":
        order = np.random.default_rng([_IMAGES, seed]).permutation(count)
        train = np.zeros(count, bool)
        train[order[: round(count * TRAIN_SHARE)]] = True
        return train
    if held_out is None:
        classes = np.random.default_rng([_CLASSES, seed]).permutation(len(files.class_names))
        test = classes[round(len(classes) * CLASS_SHARE) :]
    else:
        test = np.array([_class_number(name, files.class_names) for name in held_out], np.int64)
    return ~np.isin(files.classes, test)


def _class_number(name: str, class_names: Sequence[str]) -> int:
    """The class of this name, with or without its number ("001.Laysan_Albatross")."""
    for number, known in enumerate(class_names):
        if name in (known, known.partition(".")[2]):
            return number
    raise ValueError(f"Unknown class {name!r}.{near_matches(name, class_names)}")

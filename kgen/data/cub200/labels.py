"""The attributes of CUB-200-2011: 3.7 million rows, two of which are malformed.

Rows are "<image> <attribute> <present> <certainty> <seconds>". The rows of the images 2275 and 9364
have a further 0 before the seconds, on which readers for five columns fail or lose rows; the first
four fields are right everywhere. Parsing takes some ten seconds, so the result is kept in
`$KGEN_HOME/cub`.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgen.data.cub200.files import CubFiles, read_rows
from kgen.data.download import data_home

NOT_VISIBLE, GUESSING, PROBABLY, DEFINITELY = 1, 2, 3, 4  # certainties.txt
FILE = "attributes/image_attribute_labels.txt"
CLASS_FILE = "attributes/class_attribute_labels_continuous.txt"
_CHUNK = 1 << 24  # bytes that are parsed at a time
_MISSING = 255
logger = logging.getLogger("kgen")


class Labels(NamedTuple):
    """What annotators said of each image: present (N, n) uint8 0 or 1, certainty (N, n) 1 to 4."""

    present: np.ndarray
    certainty: np.ndarray

    def vectors(self, certainty: int = GUESSING) -> np.ndarray:
        """(N, n) uint8: 1 where present with at least this certainty (2: what is visible)."""
        return self.present * (self.certainty >= certainty)


def read_image_labels(files: CubFiles, cache: bool = True) -> Labels:
    """Reads the attributes of all images.

    Args:
        files: what `read_cub` returned.
        cache: keep the result in $KGEN_HOME/cub, N x n bytes, and take it from there next time
            unless the file has changed.

    Raises:
        FileNotFoundError: there is no such table.
        ValueError: rows that cannot be read (named by line), pairs that are missing.
    """
    path = files.folder / FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: the attributes of the images are missing. tensorflow-datasets' "
            "caltech_birds2011 has none; extract CUB_200_2011.tgz, or take level='class'."
        )
    shape = len(files.names), len(files.attribute_names)
    kept = _cache_path(path, shape)
    packed = _load(kept, shape) if cache else None
    if packed is None:
        packed = _parse(path, files.image_ids, shape)
        if cache:
            _save(kept, packed)
    return Labels(packed & np.uint8(1), packed >> np.uint8(1))


def read_class_labels(files: CubFiles) -> np.ndarray:
    """How many annotators of a class saw an attribute: (classes, n) float32 in [0, 1].

    Raises:
        FileNotFoundError, ValueError: no such table, or one of another size.
    """
    path = files.folder / CLASS_FILE
    rows = read_rows(path, len(files.attribute_names))
    try:
        table = np.array(rows).astype(np.float64)
    except ValueError as error:
        raise ValueError(f"{path}: it holds something that is no number ({error}).") from error
    if len(table) != len(files.class_names) or not 0 <= table.min() <= table.max() <= 100:
        raise ValueError(
            f"{path}: it must hold a row of percentages for each of {len(files.class_names)} "
            f"classes; it has {len(table)} rows of {table.min():g} to {table.max():g}."
        )
    return (table / 100).astype(np.float32)


def _parse(path: Path, image_ids: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Present and certainty in one byte: (N, n), present + 2 * certainty."""
    rows = np.full(int(image_ids.max()) + 1, -1)
    rows[image_ids] = np.arange(len(image_ids))
    packed = np.full(shape, _MISSING, np.uint8)
    for first, numbers in _chunks(path):
        image, attribute, present, certainty = numbers.T
        known = (image >= 0) & (image < len(rows))
        known[known] = rows[image[known]] >= 0
        fits = known & (attribute >= 1) & (attribute <= shape[1])
        fits &= (present >= 0) & (present <= 1) & (certainty >= 1) & (certainty <= 4)
        if not fits.all():
            bad = int(np.flatnonzero(~fits)[0])
            raise ValueError(
                f"{path}, row {first + bad}: images are those of images.txt, attributes 1 to "
                f"{shape[1]}, present 0 or 1, certainty 1 to 4; it reads {numbers[bad].tolist()}."
            )
        packed[rows[image], attribute - 1] = present + 2 * certainty
    missing = int((packed == _MISSING).sum())
    if missing:
        raise ValueError(
            f"{path}: it lacks {missing} of {packed.size} pairs of image and attribute: the file "
            "is truncated, or attributes.txt is of another set. Extract the archive again."
        )
    return packed


def _chunks(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the number of the first row and (rows, 4) int64."""
    first = 1
    with path.open("rb") as file:
        while lines := file.readlines(_CHUNK):
            rows = [line.split(None, 4)[:4] for line in lines if not line.isspace()]
            if rows:
                yield first, _numbers(rows, path, first)
            first += len(rows)


def _numbers(rows: list[list[bytes]], path: Path, first: int) -> np.ndarray:
    bad = next((number for number, row in enumerate(rows) if len(row) < 4), None)
    try:
        if bad is None:
            return np.array(rows).astype(np.int64)
    except ValueError:
        bad = next(
            number for number, row in enumerate(rows) if not all(field.isdigit() for field in row)
        )
    shown = b" ".join(rows[bad or 0]).decode(errors="replace")
    raise ValueError(
        f"{path}, row {first + (bad or 0)}: four whole numbers are needed (image, attribute, "
        f"present, certainty); it reads {shown!r}."
    )


def _cache_path(path: Path, shape: tuple[int, int]) -> Path:
    stat = path.stat()
    state = repr((str(path.resolve()), stat.st_size, stat.st_mtime_ns, shape))
    return data_home() / "cub" / f"labels-{hashlib.sha256(state.encode()).hexdigest()[:16]}.npy"


def _load(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    try:
        packed = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return packed if packed.shape == shape and packed.dtype == np.uint8 else None


def _save(path: Path, packed: np.ndarray) -> None:
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(temporary, packed)
        os.replace(temporary, path)
    except OSError as error:  # a read-only home costs time, nothing else
        logger.info("%s: the parsed attributes are not kept (%s)", path, error)

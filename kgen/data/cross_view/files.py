"""Cross-view pairs that lie in files: reading them, and what all published sets need for that.

The lists of the published sets name more files than most copies hold, so pairs without a file are
left out and their files are named; only a list of which nothing is there is an error.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from kgen.data.cross_view.views import CrossViewPair, CrossViewPairs, View, check_view
from kgen.data.images import ImageFileError, read_image

Couple = tuple[str, str]  # names of an aerial and a ground image, relative to the set's folder


class NoPairsError(FileNotFoundError):
    """None of the pairs that a list names has both of its files.

    Attributes:
        missing: names of the files that are not there.
    """

    def __init__(self, message: str, missing: Sequence[str]):
        super().__init__(message)
        self.missing = list(missing)


class ImageFiles(Sequence[np.ndarray]):
    """Images that are read when they are asked for, (H, W, 3) uint8; only their names are kept.

    Args:
        folder: the folder of the set.
        names: relative to it.

    Example:
        >>> tiles = ImageFiles("CVUSA", ["bingmap/19/1.jpg", "bingmap/19/2.jpg"])
        >>> len(tiles), tiles.path(1).name
        (2, '2.jpg')
    """

    def __init__(self, folder: str | Path, names: Sequence[str]):
        self.folder, self.names = Path(folder), names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]
        return read_view(self.path(index))

    def path(self, index: int) -> Path:
        """Where image `index` lies."""
        return self.folder / self.names[index]


class FilePairs(CrossViewPairs):
    """Pairs of a published set; several may share their aerial image, which is their location.

    Args:
        aerials: all aerial images, a gallery to search in; maybe more than have a panorama.
        grounds: N panoramas.
        partners: (N,) row of each panorama's aerial image.
        missing: names of files that the set's list names and that are not there.

    Attributes:
        aerials: as above; `location(i)` is pair i's row in it.
        missing: as above. Pairs without a file are not among the pairs.
    """

    def __init__(
        self,
        aerials: ImageFiles,
        grounds: ImageFiles,
        partners: Sequence[int] | np.ndarray,
        missing: Sequence[str],
    ):
        self.gallery, self.grounds, self.missing = aerials, grounds, list(missing)
        self.partners = np.asarray(partners, np.int32)
        self._rows = np.arange(len(grounds))

    @property
    def aerials(self) -> Sequence[np.ndarray]:
        """The gallery: aerial images (H, W, 3) uint8 that are read when asked for."""
        return self.gallery

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> CrossViewPair:
        row = self._row(index)
        return CrossViewPair(self._read_aerial(row), self._read_ground(row))

    def read(self, index: int, view: View) -> np.ndarray:
        row = self._row(index)
        read = self._read_aerial if check_view(view) == "aerial" else self._read_ground
        return read(row)

    def ground_path(self, index: int) -> Path:
        """The file of pair `index`'s panorama."""
        return self.grounds.path(self._row(index))

    def name(self, index: int) -> str:
        row = self._row(index)
        return f"{self.gallery.path(self.partners[row])} and {self.grounds.path(row)}"

    def location(self, index: int) -> int:
        return int(self.partners[self._row(index)])

    def subset(self, indices: Sequence[int] | np.ndarray) -> Self:
        """The pairs with these numbers, in this order; the gallery stays whole."""
        chosen = np.asarray(indices, dtype=np.int64).reshape(-1)
        if len(chosen) and not -1 < chosen.min() <= chosen.max() < len(self):
            raise IndexError(f"A subset's numbers must be within 0..{len(self) - 1}.")
        fewer = copy.copy(self)
        fewer._rows = self._rows[chosen]
        return fewer

    def _row(self, index: int) -> int:
        return int(self._rows[index])

    def _read_aerial(self, row: int) -> np.ndarray:
        return self.gallery[self.partners[row]]

    def _read_ground(self, row: int) -> np.ndarray:
        return self.grounds[row]


class Listing:
    """Which files a folder holds: each directory is listed once, which also disks far away bear."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._known: dict[str, frozenset[str]] = {}

    def __contains__(self, name: str) -> bool:
        directory, _, file = name.rpartition("/")
        if directory not in self._known:
            path = self.folder / directory
            self._known[directory] = frozenset(os.listdir(path) if path.is_dir() else ())
        return file in self._known[directory]

    def names(self, directory: str) -> frozenset[str]:
        """Files of a directory, none if it is not there."""
        _ = f"{directory}/" in self
        return self._known[directory]


def keep_pairs(
    folder: Path, couples: Iterable[Couple], advice: str
) -> tuple[list[str], list[str], list[int], list[int], list[str]]:
    """Leaves out pairs of which a file is missing, and gives each aerial image one row.

    Args:
        folder: of the set.
        couples: names of each pair's aerial and ground image.
        advice: what to say about the expected layout if nothing is there.

    Returns:
        names of the aerial images, names of the panoramas, the row of each panorama's aerial image,
        the number of each kept couple, names of missing files.

    Raises:
        NoPairsError: no pair has both files.
    """
    there, rows = Listing(folder), dict[str, int]()
    grounds, partners, kept, missing = list[str](), list[int](), list[int](), dict[str, None]()
    for number, (aerial, ground) in enumerate(couples):
        gone = [name for name in (aerial, ground) if name not in there]
        missing |= dict.fromkeys(gone)
        if not gone:
            partners.append(rows.setdefault(aerial, len(rows)))
            grounds.append(ground)
            kept.append(number)
    if not grounds:
        raise no_pairs(folder, list(missing), advice)
    return list(rows), grounds, partners, kept, list(missing)


def no_pairs(folder: Path, missing: Sequence[str], advice: str) -> NoPairsError:
    """The error where none of the pairs of a list is there."""
    shown = ", ".join(missing[:3]) or "its lists are empty"
    return NoPairsError(
        f"{folder}: no pair has both of its files; missing are {shown}"
        f"{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}. {advice}",
        missing,
    )


def read_view(path: Path) -> np.ndarray:
    """Reads an aerial image or a panorama, (H, W, 3) uint8.

    Raises:
        FileNotFoundError: it is not there; ImageFileError: it cannot be read, or is not of 8 bits.
    """
    image = read_image(path, "rgb")
    if image.dtype != np.uint8:
        raise ImageFileError(path, "it is not an 8-bit image", "Convert it to 8 bits")
    return image


def read_lines(path: Path, advice: str) -> Iterator[tuple[int, str]]:
    """Lines of a list with their numbers from 1, without blank ones.

    Raises:
        FileNotFoundError: no such file, with `advice`; ValueError: it is no text.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: this list is missing. {advice}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: it is no text file ({error}). Get it again.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()


def bad_line(path: Path, number: int, line: str, rule: str) -> ValueError:
    """The error for a line of a list that cannot be read."""
    shown = line if len(line) < 120 else f"{line[:117]}..."
    return ValueError(
        f"{path}, line {number}: {rule}; received {shown!r}. Correct or delete the line, or get "
        "the file again."
    )


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuses an argument that is none of its choices."""
    if value not in choices:
        raise ValueError(f"{name} is {' or '.join(map(repr, choices))}; received {value!r}.")

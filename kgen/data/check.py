"""Finds everything that is wrong with a data set at once, before hours of training find it.

Training names one broken file and stops; the next one stops it again an hour later. `check_pairs`
reads every file whole and lists all problems with what repairs them.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgen.data.folders import by_stem, is_image, list_images, partner_faults, split_folder
from kgen.data.images import ImageFileError, Mode, read_image
from kgen.data.pairs import Pairs, SideBySide, TwoFolders, unequal_halves

SPLITS = ("train", "val", "test")
# pairs in the published archives, for comparison: an interrupted extraction shows here
PUBLISHED_COUNTS = {
    "maps": {"train": 1096, "val": 1098},
    "facades": {"train": 400, "val": 100, "test": 106},
    "cityscapes": {"train": 2975, "val": 500},
}


class Problem(NamedTuple):
    """One thing that is wrong: with which file or folder, what, and what repairs it."""

    path: str
    what: str
    repair: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}. {self.repair}."


class Half(NamedTuple):
    """What is compared between files: shape (H, W, C) and dtype of one stored image."""

    name: str
    shape: tuple[int, int, int]
    dtype: str


def check_pairs(
    data: Pairs | str | Path,
    target_folder: str | Path | None = None,
    *,
    split: str | None = None,
    input_side: str = "left",
    source_mode: Mode = "stored",
    target_mode: Mode = "stored",
    workers: int = 2,
) -> list[Problem]:
    """Reads all pairs and lists what is wrong with them.

    Found: unreadable and truncated files, odd widths, halves of two sizes, missing partners, files
    of one name, sizes, channel counts and depths that differ from the others', empty folders.

    Args:
        data: a source of pairs; or the folder of a side-by-side set; or the sources' folder.
        target_folder: the targets' folder, for two parallel folders.
        split: "train", "val" or "test"; None checks all that there are, or else the folder itself.
        input_side: as for `side_by_side`; it matters only if the modes differ.
        source_mode, target_mode: as for `side_by_side` and `two_folders`.
        workers: threads that read.

    Returns:
        The problems; an empty list if there is none.

    Raises:
        FileNotFoundError: no such folder or split.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "1.jpg").write_bytes(b"no picture")
        >>> [Path(problem.path).name for problem in check_pairs(folder)]
        ['1.jpg']
    """
    modes = (source_mode, target_mode)
    if isinstance(data, Pairs):
        return _check_source(data, workers)
    if target_folder is not None:
        problems = []
        for first, second in _both(Path(data), Path(target_folder), split):
            problems += _check_two_folders(first, second, modes, workers)
        return problems
    problems = []
    for folder in _split_folders(data, split):
        problems += _check_side_by_side(folder, input_side, modes, workers)
    return problems


def count_pairs(folder: str | Path) -> dict[str, tuple[int, int | None]]:
    """Counts the files of each split beside the published count, where the set is a known one.

    Args:
        folder: a side-by-side set; known are the names in `PUBLISHED_COUNTS`.

    Returns:
        {split: (files here, files published or None)}; the split is "." for a folder without
        splits.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "maps"
        >>> (folder / "train").mkdir(parents=True)
        >>> count_pairs(folder)
        {'train': (0, 1096)}
    """
    counts = {}
    for path in _split_folders(folder, None):
        name, split = (path.parent.name, path.name) if path != Path(folder) else (path.name, ".")
        published = PUBLISHED_COUNTS.get(name, {}).get(split)
        counts[split] = (sum(is_image(file) for file in path.iterdir()), published)
    return counts


def _split_folders(folder: str | Path, split: str | None) -> list[Path]:
    if split is not None:
        return [split_folder(folder, split)]
    found = []
    for name in SPLITS:
        try:
            found.append(split_folder(folder, name))
        except FileNotFoundError:
            continue
    return found or [split_folder(folder, None)]


def _both(first: Path, second: Path, split: str | None) -> list[tuple[Path, Path]]:
    """Pairs of folders: those of each split that one of both has, or the two themselves."""
    names = (
        [split] if split else [n for n in SPLITS if (first / n).is_dir() or (second / n).is_dir()]
    )
    return [(first / name, second / name) for name in names] or [(first, second)]


def _check_side_by_side(folder, input_side, modes, workers) -> list[Problem]:
    try:
        paths = list_images(folder)
    except ValueError as error:
        return [_empty(folder, error)]
    twice = [
        Problem(str(extra), f"the same name as {group[0].name}", "Keep one of them")
        for group in by_stem(paths).values()
        for extra in group[1:]
    ]
    return twice + _check_source(SideBySide(paths, input_side, modes), workers)


def _check_two_folders(first, second, modes, workers) -> list[Problem]:
    problems, stems = [], []
    for folder in (first, second):
        try:
            stems.append(by_stem(list_images(folder)))
        except ValueError as error:
            problems.append(_empty(folder, error))
            stems.append({})
    if not problems:
        problems = [
            Problem(str(path), what, "Rename, add or remove files until each has one partner")
            for path, what in partner_faults((first, second), stems)
        ]
    paths = [(stems[0][n][0], stems[1][n][0]) for n in stems[0] if n in stems[1]]
    alone = [
        g[0] for here, there in (stems, stems[::-1]) for n, g in here.items() if n not in there
    ]
    extra = [path for side in stems for group in side.values() for path in group[1:]]
    for path in (*alone, *extra):  # no partner to compare with, but they must be readable too
        problems += _read(path, "stored")[1]
    return problems + _check_source(TwoFolders(paths, modes), workers)


def _empty(folder: Path, error: ValueError) -> Problem:
    return Problem(
        str(folder), str(error).removeprefix(f"{folder}: ").rstrip("."), "Put images here"
    )


def _check_source(pairs: Pairs, workers: int) -> list[Problem]:
    with ThreadPoolExecutor(workers) as threads:
        looks = list(threads.map(lambda index: _look(pairs, index), range(len(pairs))))
    problems = [problem for _, found in looks for problem in found]
    for side in (0, 1):
        halves = [halves[side] for halves, _ in looks if halves]
        problems += _strangers(halves, _size, "size (height x width)", "Resize it, or cut it anew")
        problems += _strangers(
            halves,
            lambda half: half.shape[2],
            "channel count",
            "Read all with one mode (source_mode='rgb', target_mode='rgb'), or convert it",
        )
        problems += _strangers(halves, lambda half: half.dtype, "depth", "Store all in one depth")
    return list(dict.fromkeys(problems))  # both halves of one file say the same


def _look(pairs: Pairs, index: int) -> tuple[list[Half], list[Problem]]:
    """Both halves of a pair, or what is wrong with it."""
    if isinstance(pairs, TwoFolders):
        return _look_at_two(pairs, index)
    try:
        halves = pairs[index]
    except ImageFileError as error:
        return [], [Problem(error.path, error.what, error.repair)]
    except (ValueError, OSError) as error:
        return [], [Problem(pairs.name(index), str(error), "Repair or remove this pair")]
    return [_half(pairs.name(index), half) for half in halves], []


def _look_at_two(pairs: TwoFolders, index: int) -> tuple[list[Half], list[Problem]]:
    """As `_look`; reads the second file also if the first is broken."""
    looked = [_read(*both) for both in zip(pairs.paths[index], pairs.modes, strict=True)]
    problems = [problem for _, found in looked for problem in found]
    halves = [half for found, _ in looked for half in found]
    if len(halves) == 2 and halves[0].shape[:2] != halves[1].shape[:2]:
        error = unequal_halves(pairs.name(index), *(half.shape[:2] for half in halves))
        problems.append(Problem(error.path, error.what, error.repair))
    return ([], problems) if problems else (halves, [])


def _read(path: Path, mode: Mode) -> tuple[list[Half], list[Problem]]:
    try:
        return [_half(str(path), read_image(path, mode))], []
    except ImageFileError as error:
        return [], [Problem(error.path, error.what, error.repair)]


def _half(name: str, array: np.ndarray) -> Half:
    return Half(name, array.shape, str(array.dtype))


def _size(half: Half) -> str:
    return f"{half.shape[0]}x{half.shape[1]}"


def _strangers(
    halves: Iterable[Half], fact: Callable[[Half], Hashable], word: str, repair: str
) -> list[Problem]:
    """Files whose fact differs from the one that more than half of them share.

    A set whose sizes vary throughout is no list of faults: nothing is reported then.
    """
    halves = list(halves)
    counts = Counter(map(fact, halves))
    if len(counts) < 2:
        return []
    usual, count = counts.most_common(1)[0]
    if 2 * count <= len(halves) and word.startswith("size"):
        return []
    return [
        Problem(
            half.name, f"its {word} {fact(half)} differs from {usual} of {count} others", repair
        )
        for half in halves
        if fact(half) != usual
    ]

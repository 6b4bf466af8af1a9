"""Finds everything that is wrong with a set of cross-view pairs at once, and counts its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kgen.data.check import Problem
from kgen.data.cross_view import cvact_pairs, cvusa_pairs, vigor_lists
from kgen.data.cross_view.cvact_pairs import cvact
from kgen.data.cross_view.cvusa_pairs import cvusa
from kgen.data.cross_view.files import FilePairs, NoPairsError, read_view
from kgen.data.cross_view.views import VIEWS, CrossViewPairs, View
from kgen.data.cross_view.vigor_pairs import vigor
from kgen.data.images import ImageFileError

Size = tuple[int, int]
Look = tuple[dict[str, Size], list[Problem]]
FORMATS: dict[str, Callable[[str | Path], Path | None]] = {
    "cvusa": cvusa_pairs.find_cvusa,
    "cvact": cvact_pairs.find_mat,
    "vigor": vigor_lists.find_vigor,
}
PUBLISHED = {
    "cvusa": cvusa_pairs.PUBLISHED,
    "cvact": cvact_pairs.PUBLISHED,
    "vigor": vigor_lists.PUBLISHED["same"],
}
# (height, width) of the published files, aerial and ground
SIZES: dict[str, tuple[Size, Size]] = {
    "cvusa": ((750, 750), (224, 1232)),
    "cvact": ((1200, 1200), (832, 1664)),
    "vigor": ((640, 640), (1024, 2048)),
}
OPTIONAL = {("cvact", "test")}  # images of their own, which few have
REPAIR = "Get it again; until then its pairs are left out, and training runs without them"


@dataclass
class CrossViewReport:
    """What a data set of cross-view pairs holds, and what is wrong with it; `print` it.

    Attributes:
        form: "cvusa", "cvact" or "vigor"; "" for other pairs.
        counts: {split: (pairs here, published number or None)}.
        missing: {split: names of files that its list names and that are not there}.
        sizes: {view: {(height, width): number of files}}.
        problems: a list of `Problem`, empty if all is well.
    """

    form: str = ""
    counts: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    sizes: dict[str, Counter[Size]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Lines of counts and sizes."""
        lines = [f"format: {self.form}"] if self.form else []
        for split, (count, published) in self.counts.items():
            of_these = "" if published is None else f" of {published:,} published ones"
            missing = len(self.missing.get(split, ()))
            lines.append(f"{split}: {count:,} pairs{of_these}, {missing:,} files missing")
        for number, (view, sizes) in enumerate(self.sizes.items()):
            found = ", ".join(f"{h}x{w} ({n:,})" for (h, w), n in sizes.most_common(4))
            more = f" and {len(sizes) - 4} more" if len(sizes) > 4 else ""
            usual = SIZES.get(self.form)
            known = f"; published: {usual[number][0]}x{usual[number][1]}" if usual else ""
            lines.append(f"{view} images, height x width: {found or 'none'}{more}{known}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return "\n".join([self.summary, *map(str, self.problems)])


def cross_view_format(folder: str | Path) -> str | None:
    """Which published set a folder looks like: "cvusa", "cvact", "vigor", or None.

    Example:
        >>> print(cross_view_format("/nowhere"))
        None
    """
    return next((form for form, find in FORMATS.items() if find(folder) is not None), None)


def check_cross_view(data: CrossViewPairs | str | Path, workers: int = 2) -> CrossViewReport:
    """Reads all lists and images of a set and says what it holds and what is wrong with it.

    Found: missing lists, lines that cannot be read, missing and broken files, sizes that differ
    from most files', aerial images that are not square.

    Args:
        data: pairs, or the folder of CVUSA, CVACT or VIGOR (its same-area split, by the corrected
            labels where these are there).
        workers: threads that read.

    Raises:
        ValueError: a folder that looks like none of these sets.

    Example:
        >>> import numpy as np
        >>> from kgen.data.cross_view import view_arrays
        >>> pairs = view_arrays(*np.zeros((2, 3, 8, 8, 3), "uint8"))
        >>> print(check_cross_view(pairs))
        pairs: 3 pairs, 0 files missing
        aerial images, height x width: 8x8 (3)
        ground images, height x width: 8x8 (3)
    """
    if isinstance(data, CrossViewPairs):
        report, splits = CrossViewReport(), {"pairs": data}
        report.counts["pairs"] = len(data), None
        _add_missing(report, "pairs", getattr(data, "missing", []))
    else:
        report, splits = _open(Path(data))
    seen: set[Path] = set()
    for view in VIEWS:
        sizes: dict[str, Size] = {}
        for pairs in splits.values():
            for found, problems in _looks(pairs, view, seen, workers):
                sizes |= found
                report.problems += problems
        report.sizes[view] = Counter(sizes.values())
        report.problems += _odd_sizes(view, sizes)
    return report


def _open(folder: Path) -> tuple[CrossViewReport, dict[str, CrossViewPairs]]:
    """The pairs of all splits, or why there are none."""
    form = cross_view_format(folder)
    if form is None:
        raise ValueError(
            f"{folder}: it is no CVUSA (no splits/*-19zl.csv or bingmap/19), no CVACT (no "
            "ACT_data.mat) and no VIGOR (no splits/<City> or <City>/panorama). What is expected is "
            "in the documentation of kgen.data.cvusa, cvact and vigor."
        )
    report, splits = CrossViewReport(form), dict[str, CrossViewPairs]()
    for split, published in PUBLISHED[form].items():
        missing: list[str] = []
        try:
            splits[split] = pairs = _open_split(form, folder, split)
            missing = pairs.missing
        except NoPairsError as error:
            missing = error.missing
        except (FileNotFoundError, ValueError) as error:
            path, _, what = str(error).partition(": ")
            report.problems.append(Problem(path, what.rstrip("."), "Get this file again"))
        count = len(splits[split]) if split in splits else 0
        report.counts[split] = count, published
        _add_missing(report, split, missing, count == 0 and (form, split) in OPTIONAL)
    return report, splits


def _open_split(form: str, folder: Path, split: str) -> FilePairs:
    if form == "cvusa":
        return cvusa(folder, split)
    if form == "cvact":
        return cvact(folder, split)
    root = vigor_lists.find_vigor(folder)
    corrected = root is not None and (root / vigor_lists.CORRECTED).is_dir()
    cities = [city for city in vigor_lists.CITIES if root and vigor_lists.has_city(root, city)]
    return vigor(folder, split, cities=cities, labels="corrected" if corrected else "original")


def _add_missing(
    report: CrossViewReport, split: str, missing: list[str], expected: bool = False
) -> None:
    report.missing[split] = list(missing)
    if missing and not expected:
        more = f", and {len(missing) - 1:,} others" if len(missing) > 1 else ""
        what = f"this file of the {split} list is missing{more}"
        report.problems.append(Problem(missing[0], what, REPAIR))


def _looks(pairs: CrossViewPairs, view: View, seen: set[Path], workers: int) -> Iterator[Look]:
    """Looks at all images of one view, at each file once."""
    with ThreadPoolExecutor(workers) as threads:
        if not isinstance(pairs, FilePairs):
            yield from threads.map(partial(_look_at_pair, pairs, view), range(len(pairs)))
            return
        count = len(pairs.gallery) if view == "aerial" else len(pairs)
        path_of = pairs.gallery.path if view == "aerial" else pairs.ground_path
        paths = [path for index in range(count) if (path := path_of(index)) not in seen]
        seen |= set(paths)
        yield from threads.map(_look_at_file, paths)


def _look_at_file(path: Path) -> Look:
    try:
        height, width, _ = read_view(path).shape
    except (ImageFileError, FileNotFoundError) as error:
        return {}, [Problem(str(path), str(error).removeprefix(f"{path}: ").rstrip("."), REPAIR)]
    return {str(path): (height, width)}, []


def _look_at_pair(pairs: CrossViewPairs, view: View, index: int) -> Look:
    name = pairs.name(index)
    try:
        height, width = getattr(pairs[index], view).shape[:2]
    except ImageFileError as error:
        return {}, [Problem(error.path, error.what, error.repair)]
    except (ValueError, OSError) as error:
        return {}, [Problem(name, str(error).rstrip("."), "Repair or remove this pair")]
    return {name: (height, width)}, []


def _odd_sizes(view: str, sizes: dict[str, Size]) -> list[Problem]:
    """Aerial images that are not square, and files of another size than most others."""
    counts = Counter(sizes.values())
    if not counts:
        return []
    (usual, count), *_ = counts.most_common(1)
    problems = []
    for name, (height, width) in sizes.items():
        if view == "aerial" and height != width:
            what = f"it is {height}x{width}; an aerial image is square"
            problems.append(Problem(name, what, "Cut it to a square around its centre"))
        elif (height, width) != usual and 2 * count > len(sizes):
            what = f"its size {height}x{width} differs from {usual[0]}x{usual[1]} of {count} others"
            problems.append(Problem(name, what, "Get it again, or resize it"))
    return problems

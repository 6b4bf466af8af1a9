"""CVUSA, aerial images and panoramas of the United States, as its subset for matching is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kgen.data.cross_view.files import (
    Couple,
    FilePairs,
    ImageFiles,
    bad_line,
    check_choice,
    keep_pairs,
    read_lines,
)
from kgen.data.images import IMAGE_SUFFIXES

SPLITS = {"train": "splits/train-19zl.csv", "val": "splits/val-19zl.csv"}
PUBLISHED = {"train": 35532, "val": 8884}
ADVICE = (
    "Expected is the subset of CVUSA for matching (Zhai et al. 2017): CVUSA/bingmap/19/0000001.jpg "
    "(750x750), CVUSA/streetview/panos/0000001.jpg (1232x224), CVUSA/splits/train-19zl.csv and "
    "val-19zl.csv with lines like bingmap/19/0000001.jpg,streetview/panos/0000001.jpg,... It may "
    "not be redistributed: ask its authors for it at https://mvrl.cse.wustl.edu/datasets/cvusa/. "
    "kgen.data.toy_city() draws pairs of a made-up city without any download."
)


def cvusa(folder: str | Path, split: str = "train") -> FilePairs:
    """Pairs of CVUSA (Workman et al. 2015; the split of Zhai et al. 2017).

    There is no download: the images are for research only and given out on request, at
    https://mvrl.cse.wustl.edu/datasets/cvusa/. Expected are `bingmap/19/*.jpg` (750x750),
    `streetview/panos/*.jpg` (1232x224, 360 degrees, without sky and ground) and
    `splits/{train,val}-19zl.csv`, of which the first two columns are read. Published generators
    take the panorama at 128x512 and the aerial image at 256x256.

    Args:
        folder: CVUSA, or the folder that holds it.
        split: "train" (35,532 pairs) or "val" (8,884, which the field reports as its test).

    Returns:
        The pairs of which both files are there; `.missing` names the other files.

    Raises:
        FileNotFoundError: no such folder or split file, or no pair is there; says what is expected.
        ValueError: another split, or a line that cannot be read, named by file and number. Reading
            a pair raises for a file that cannot be read, and names it.

    Example:
        >>> cvusa("/nowhere")
        Traceback (most recent call last):
        FileNotFoundError: /nowhere: it holds no CVUSA. Expected is the subset ...
    """
    check_choice("split", split, list(SPLITS))
    root = find_cvusa(folder)
    if root is None:
        raise FileNotFoundError(f"{folder}: it holds no CVUSA. {ADVICE}")
    couples = _couples(root / SPLITS[split])
    aerials, grounds, partners, _, missing = keep_pairs(root, couples, ADVICE)
    return FilePairs(ImageFiles(root, aerials), ImageFiles(root, grounds), partners, missing)


def find_cvusa(folder: str | Path) -> Path | None:
    """The folder that holds the lists or the images of CVUSA: `folder`, or CVUSA in it."""
    for root in (Path(folder), Path(folder) / "CVUSA"):
        if any((root / part).exists() for part in (*SPLITS.values(), "bingmap/19")):
            return root
    return None


def _couples(path: Path) -> Iterator[Couple]:
    for number, line in read_lines(path, ADVICE):
        names = [name.strip() for name in line.split(",")[:2]]
        if len(names) < 2 or any(Path(name).suffix.lower() not in IMAGE_SUFFIXES for name in names):
            rule = "a line names an aerial image and a panorama, separated by a comma"
            raise bad_line(path, number, line, rule)
        yield names[0], names[1]

"""Where the files of VIGOR lie, and its lists of labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgen.data.cross_view.files import Listing, bad_line, check_choice, no_pairs, read_lines

CITIES = ("NewYork", "Seattle", "SanFrancisco", "Chicago")
# cities of the cross-area split, in which no test city is seen in training
CROSS = {"train": ("NewYork", "Seattle"), "test": ("SanFrancisco", "Chicago")}
PUBLISHED = {
    "same": {"train": 52609, "test": 52605},
    "cross": {"train": 51520, "test": 53694},
}
TILE = 640  # pixels of an aerial tile on each side
CORRECTED = "splits__corrected"
SPLITS = ("train", "test")
AREAS = ("same", "cross")
ADVICE = (
    "Expected are, for each city, VIGOR/NewYork/panorama/<id>,<lat>,<lon>,.jpg (2048x1024) and "
    "VIGOR/NewYork/satellite/satellite_<lat>_<lon>.png (640x640), or VIGOR/ground/NewYork and "
    "VIGOR/satellite/NewYork, and the lists VIGOR/splits/NewYork/*.txt. VIGOR may not be "
    "redistributed: its authors give it out through https://github.com/Jeff-Zilence/VIGOR. "
    "kgen.data.toy_city() draws pairs of a made-up city."
)
CORRECTED_ADVICE = (
    "The corrected labels are the folder splits__corrected of SliceMatch "
    "(https://github.com/tudelft-iv/SliceMatch); put it beside `splits`. labels='original' takes "
    "the published ones, whose offsets are off by up to 12 %, in Seattle."
)


class Label(NamedTuple):
    """A line of a list.

    Attributes:
        panorama: file name.
        tiles: file names of the positive tile and of three semi-positive ones.
        offsets: d0, d1 of each: pixels that the tile's centre lies north and east of the panorama.
    """

    panorama: str
    tiles: tuple[str, ...]
    offsets: tuple[tuple[float, float], ...]


@dataclass
class VigorFiles:
    """What the lists of some cities say, without pairs of which a file is missing.

    Attributes:
        folder: VIGOR.
        aerials: names of all M tiles of the cities, relative to it.
        panoramas: N names.
        tiles: (N, 4) int32 rows in `aerials` of the positive and the semi-positive tiles; -1 where
            a semi-positive one is missing.
        offsets: (N, 4, 2) float32 pixels that a tile's centre lies north and east of the panorama.
        missing: names of files that are not there.
    """

    folder: Path
    aerials: list[str] = field(default_factory=list)
    panoramas: list[str] = field(default_factory=list)
    tiles: np.ndarray = field(default_factory=lambda: np.empty((0, 4), np.int32))
    offsets: np.ndarray = field(default_factory=lambda: np.empty((0, 4, 2), np.float32))
    missing: list[str] = field(default_factory=list)


def find_vigor(folder: str | Path) -> Path | None:
    """The folder that holds the lists or a city of VIGOR: `folder`, or VIGOR in it."""
    for root in (Path(folder), Path(folder) / "VIGOR"):
        lists = [root / name / city for name in (CORRECTED, "splits") for city in CITIES]
        if any(path.is_dir() for path in (*lists, *(root / c / "panorama" for c in CITIES))):
            return root
    return None


def has_city(root: Path, city: str) -> bool:
    """Whether there are panoramas or lists of a city."""
    places = (f"{city}/panorama", f"ground/{city}", f"splits/{city}", f"{CORRECTED}/{city}")
    return any((root / place).is_dir() for place in places)


def read_vigor(
    folder: str | Path, split: str, cities: Sequence[str] | None, area: str, labels: str
) -> VigorFiles:
    """Reads the lists of a split; arguments as for `kgen.data.vigor`.

    Raises:
        FileNotFoundError: no such folder or list, or no pair is there; says what is expected.
        ValueError: other arguments, or a line that cannot be read, named by file and number.
    """
    check_choice("split", split, SPLITS)
    check_choice("area", area, AREAS)
    check_choice("labels", labels, ("corrected", "original"))
    usual = CITIES if area == "same" else CROSS[split]
    cities = usual if cities is None else tuple(cities)
    for city in cities:
        check_choice(f"a city of the {split} split of area={area!r}", city, usual)
    root = find_vigor(folder)
    if root is None:
        raise FileNotFoundError(f"{folder}: it holds no VIGOR. {ADVICE}")
    name = f"same_area_balanced_{split}" if area == "same" else "pano_label_balanced"
    files, there = VigorFiles(root), Listing(root)
    for city in cities:
        _add_city(files, there, city, _label_file(root, city, name, labels))
    if not files.panoramas:
        raise no_pairs(root, files.missing, ADVICE)
    return files


def _label_file(root: Path, city: str, name: str, labels: str) -> Path:
    original = root / "splits" / city / f"{name}.txt"
    if labels == "original":
        return original
    places = [
        root / CORRECTED / city / f"{name}__corrected.txt",
        root / "splits" / city / f"{name}__corrected.txt",
        root / CORRECTED / city / f"{name}.txt",
    ]
    return next((path for path in places if path.is_file()), places[0])


def _add_city(files: VigorFiles, there: Listing, city: str, path: Path) -> None:
    """Adds the tiles and the labels of one city."""
    panoramas = _directory(there, f"{city}/panorama", f"ground/{city}")
    satellites = _directory(there, f"{city}/satellite", f"satellite/{city}")
    rows, missing = dict[str, int](), dict[str, None]()
    for tile in _gallery(files.folder, there, city, satellites):
        _row(files, there, rows, missing, f"{satellites}/{tile}")
    tiles, offsets = [], []
    for label in read_labels(path):
        row = [_row(files, there, rows, missing, f"{satellites}/{t}") for t in label.tiles]
        panorama = f"{panoramas}/{label.panorama}"
        if panorama not in there:
            missing[panorama] = None
        elif row[0] >= 0:
            files.panoramas.append(panorama)
            tiles.append(row)
            offsets.append(label.offsets)
    if tiles:
        files.tiles = np.concatenate([files.tiles, np.array(tiles, np.int32)])
        files.offsets = np.concatenate([files.offsets, np.array(offsets, np.float32)])
    files.missing += missing


def _row(
    files: VigorFiles, there: Listing, rows: dict[str, int], missing: dict[str, None], tile: str
) -> int:
    """The row of a tile in the gallery, which is made where it is new; -1 if it is missing."""
    if tile not in rows:
        if tile in there:
            rows[tile] = len(files.aerials)
            files.aerials.append(tile)
        else:
            rows[tile] = -1
            missing[tile] = None
    return rows[tile]


def _directory(there: Listing, *places: str) -> str:
    """The first of the directories that holds something."""
    return next((place for place in places if there.names(place)), places[0])


def _gallery(root: Path, there: Listing, city: str, satellites: str) -> list[str]:
    """Names of all tiles of a city: its satellite_list.txt, or else what there is."""
    for splits in ("splits", CORRECTED):
        path = root / splits / city / "satellite_list.txt"
        if path.is_file():
            return [line for _, line in read_lines(path, ADVICE)]
    return sorted(name for name in there.names(satellites) if name.endswith(".png"))


def read_labels(path: Path) -> Iterator[Label]:
    """Lines of a list: a panorama, then four times a tile and its two offsets.

    Raises:
        FileNotFoundError: no such list; ValueError: a line of another form, with its number.
    """
    advice = CORRECTED_ADVICE if "corrected" in f"{path.parent.parent.name}{path.name}" else ADVICE
    for number, line in read_lines(path, advice):
        fields = line.split()
        try:
            numbers = [float(fields[place]) for place in (2, 3, 5, 6, 8, 9, 11, 12)]
        except (IndexError, ValueError):
            numbers = []
        if len(fields) != 13 or not numbers or not np.isfinite(numbers).all():
            rule = (
                "a line has 13 fields: a panorama, then four times a satellite tile and two numbers"
            )
            raise bad_line(path, number, line, rule)
        offsets = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        yield Label(fields[0], tuple(fields[1::3]), offsets)

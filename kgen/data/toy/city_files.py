"""Writes the toy city as files in the layout of CVUSA."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from kgen.data.resizing import resize
from kgen.data.writing import write_image

from .cache import build_once
from .city.knobs import make_knobs
from .city.scene import COARSE, check_sizes
from .city_pictures import CITY_COUNTS
from .generate import SPLITS, Pictures, draw_city
from .write import JPEG, Progress, cache_folder, checked_settings


def write_city(
    folder: str | Path | None = None,
    ground_size: Sequence[int] = (128, 256),
    aerial_size: Sequence[int] = (128, 128),
    counts: tuple[int, int, int] = (800, 100, 100),
    seed: int = 0,
    image_format: str = "jpg",
    limit: int | None = None,
    processes: int = 2,
    *,
    dayton: bool = False,
    progress: Progress | None = None,
    **knobs: float | str | None,
) -> Path:
    """Draws the toy city into bingmap/19, streetview/panos, streetview/annotations and splits.

    `splits/train-19zl.csv` and `val-19zl.csv` hold one row per pair, without a header:
    `bingmap/19/0000001.jpg,streetview/panos/0000001.jpg,streetview/annotations/0000001.png`;
    `test-19zl.csv` is there if the third count is not 0. Annotations hold the four classes of
    `kgen.data.toy.city.COARSE_LABELS`. Loaders of real data ignore the rest: `labels7` and
    `aerial_labels` (the seven classes of `LABELS`) and `depth` (16 bit, centimetres, 65535 is sky).
    A folder that already holds these very pairs is checked and used again.

    Args:
        folder: where the layout shall lie; default a folder of the cache in $KGEN_HOME (~/.kgen),
            whose name tells version, seed, size and whatever differs from the defaults.
        ground_size: (height, width) of the panoramas in pixels.
        aerial_size: of the aerial images.
        counts: pairs in train, val and test.
        seed: any integer; another seed gives other cities.
        image_format: "jpg" (as the archive) or "png" (exact, other names in the csv files).
        limit: at most so many pairs per split; default no limit.
        processes: how many processes draw at once, default 2.
        dayton: True adds `dayton/{train,val,test}/0000001.jpg`: the aerial image left, right the
            quarter of the panorama that looks north, for models of side-by-side pairs.
        progress: called with the numbers of finished and of all pairs, after each pair.
        **knobs: see `kgen.data.toy.city.Knobs`.

    Returns:
        The folder.

    Raises:
        ValueError, TypeError: for an argument or knob that there is not.
        FileExistsError: the folder given holds something else.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "city"
        >>> folder = write_city(folder, (32, 64), (32, 32), counts=(2, 1, 0))
        >>> print((folder / "splits" / "val-19zl.csv").read_text().strip())
        bingmap/19/0000003.jpg,streetview/panos/0000003.jpg,streetview/annotations/0000003.png
    """
    ground, aerial = check_sizes(ground_size, aerial_size)
    make_knobs(**knobs)
    settings = checked_settings("city", ground[0], counts, seed, image_format, limit, knobs)
    settings["size"] = "{}x{}-{}x{}".format(*ground, *aerial)
    settings["dayton"] = bool(dayton)
    usual = cache_folder(settings, CITY_COUNTS, image_format="jpg") if folder is None else folder
    place = Path(usual).expanduser()

    def build(unfinished: Path) -> None:
        _write(unfinished, (ground, aerial), settings, processes, progress)

    return build_once(place, settings, build, is_cache=folder is None)


class Paths(NamedTuple):
    """Where the files of one pair lie, relative to the folder."""

    aerial: str
    ground: str
    annotation: str
    labels: str
    aerial_labels: str
    depth: str
    dayton: str


def paths(number: int, split: str, suffix: str) -> Paths:
    """The paths of pair `number`, counted from 1 over all splits."""
    name = f"{number:07}"
    return Paths(
        f"bingmap/19/{name}.{suffix}",
        f"streetview/panos/{name}.{suffix}",
        f"streetview/annotations/{name}.png",
        f"labels7/{name}.png",
        f"aerial_labels/{name}.png",
        f"depth/{name}.png",
        f"dayton/{split}/{name}.{suffix}",
    )


def _write(
    folder: Path,
    sizes: tuple[Sequence[int], Sequence[int]],
    settings: dict,
    processes: int,
    progress: Progress | None,
) -> None:
    places = [(split, n) for split, count in settings["counts"].items() for n in range(count)]
    indices = [SPLITS[split] + n for split, n in places]
    files = [
        paths(number, split, settings["image_format"])
        for number, (split, _) in enumerate(places, start=1)
    ]
    _write_splits(folder, [split for split, _ in places], files)
    seed, knobs = settings["seed"], settings["knobs"]
    with closing(draw_city(indices, *sizes, seed, processes, **knobs)) as scenes:
        for done, (names, scene) in enumerate(zip(files, scenes, strict=True), start=1):
            _write_scene(folder, names, scene, settings["dayton"])
            if progress is not None:
                progress(done, len(files))


def _write_splits(folder: Path, splits: list[str], files: list[Paths]) -> None:
    """One csv file per split, of train and val even without rows, as the archive has them."""
    (folder / "splits").mkdir()
    for split in SPLITS:
        rows = [
            ",".join(names[:3]) + "\n"
            for at, names in zip(splits, files, strict=True)
            if at == split
        ]
        if rows or split != "test":
            path = folder / "splits" / f"{split}-19zl.csv"
            path.write_text("".join(rows), encoding="utf-8", newline="\n")


def _write_scene(folder: Path, names: Paths, scene: Pictures, dayton: bool) -> None:
    aerial, ground, aerial_labels, labels, depth = scene
    pictures = {names.aerial: aerial, names.ground: ground}
    if dayton:
        pictures[names.dayton] = np.concatenate([aerial, ahead(ground, aerial.shape[:2])], axis=1)
    for path, picture in pictures.items():
        _save(folder / path, picture)
    write_image(folder / names.annotation, COARSE[labels])
    write_image(folder / names.labels, labels)
    write_image(folder / names.aerial_labels, aerial_labels)
    write_image(folder / names.depth, depth)


def ahead(ground: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """The middle quarter of a panorama (90 degrees, to the north), resized to (height, width)."""
    width = ground.shape[1]
    view = ground[:, width * 3 // 8 : width * 5 // 8]
    return resize(np.ascontiguousarray(view), (int(size[0]), int(size[1])), "bilinear")


def _save(path: Path, picture: np.ndarray) -> None:
    if path.suffix == ".png":
        write_image(path, picture)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **JPEG)

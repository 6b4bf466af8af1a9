"""Writes toy maps as files in the layout of the published `maps` archive.

The loader, the checks and the command line then meet the same folders as with real data.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .cache import build_once, settings_hash
from .deterministic import TOY_VERSION
from .generate import COUNTS, SPLITS, Town, draw_towns
from .maps.knobs import make_knobs
from .maps.scene import check_size

# 4:4:4 keeps coloured lines of one pixel; 4:2:0 doubles the error at 64 px
JPEG: dict[str, Any] = {"quality": 95, "subsampling": 0}
Progress = Callable[[int, int], None]


def write_maps(
    folder: str | Path | None = None,
    size: int = 64,
    counts: tuple[int, int, int] = (1000, 100, 100),
    seed: int = 0,
    image_format: str = "png",
    limit: int | None = None,
    processes: int = 2,
    *,
    swap: bool = False,
    progress: Progress | None = None,
    **knobs: float | str | None,
) -> Path:
    """Draws toy maps into {train,val,test}/1.png, 2.png, ...: photograph left, map right.

    A folder `labels` beside the splits holds the class of every pixel (see
    `kgen.data.toy.maps.LABELS`); loaders of real data ignore it. A folder that already holds these
    very pairs is checked and used again.

    Args:
        folder: where the splits shall lie; default a folder of the cache in $KGEN_HOME (~/.kgen),
            whose name tells version, seed, size and whatever differs from the defaults.
        size: side of a picture in pixels, 16 to 1024, default 64; files are 2 size x size.
        counts: pairs in train, val and test.
        seed: any integer; another seed gives other towns.
        image_format: "png" (exact) or "jpg" (half the size; decoders differ by 1/255).
        limit: at most so many pairs per split; default no limit.
        processes: how many processes draw at once, default 2.
        swap: True puts the map left, so that the left half is still the source: map to photograph.
        progress: called with the numbers of finished and of all pairs, after each pair.
        **knobs: difficulty, organic, urban, tree_density, season, shadow, fov; see
            `kgen.data.toy.maps.Knobs`.

    Returns:
        The folder, for `kgen.data.side_by_side(folder, split, input_side="left")`.

    Raises:
        ValueError, TypeError: for an argument or knob that there is not.
        FileExistsError: the folder given holds something else.

    Example:
        >>> import tempfile
        >>> folder = write_maps(Path(tempfile.mkdtemp()) / "maps", size=32, counts=(2, 1, 0))
        >>> sorted(path.relative_to(folder).as_posix() for path in folder.glob("[tv]*/*"))
        ['train/1.png', 'train/2.png', 'val/1.png']
    """
    settings = _settings(size, counts, seed, image_format, limit, swap, knobs)
    place = Path(folder).expanduser() if folder is not None else cache_folder(settings)

    def build(unfinished: Path) -> None:
        _write_splits(unfinished, settings, processes, progress)

    return build_once(place, settings, build, is_cache=folder is None)


def _settings(
    size: int,
    counts: tuple[int, int, int],
    seed: int,
    image_format: str,
    limit: int | None,
    swap: bool,
    knobs: dict,
) -> dict:
    """Everything that decides the content, checked, as plain values."""
    check_size(size)
    make_knobs(**knobs)
    common = checked_settings("maps", size, counts, seed, image_format, limit, knobs)
    return common | {"swap": bool(swap)}


def checked_settings(
    name: str,
    size: int,
    counts: tuple[int, int, int],
    seed: int,
    image_format: str,
    limit: int | None,
    knobs: dict,
) -> dict:
    """What decides the content of any toy set, checked, as plain values."""
    if image_format not in ("png", "jpg"):
        raise ValueError(f"image_format must be 'png' or 'jpg'; received {image_format!r}.")
    if len(counts) != len(SPLITS) or min(counts) < 0 or not sum(counts):
        raise ValueError(
            "counts must be three numbers of pictures, for train, val and test, not all 0; "
            f"received {counts!r}."
        )
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be 1 or more per split, or None; received {limit!r}.")
    kept = [min(count, limit) if limit else count for count in counts]
    return {
        "set": name,
        "version": TOY_VERSION,
        "seed": int(seed),
        "size": int(size),
        "counts": dict(zip(SPLITS, kept, strict=True)),
        "image_format": image_format,
        "knobs": knobs,
    }


def cache_folder(
    settings: dict, counts: dict[str, int] = COUNTS, image_format: str = "png"
) -> Path:
    """The folder of the cache for these settings; unusual ones add a hash to its name."""
    from kgen.data.download import data_home

    name = "{set}-v{version}-s{seed}-{size}".format(**settings)
    usual = {
        "counts": counts,
        "image_format": image_format,
        "swap": False,
        "dayton": False,
        "knobs": {},
    }
    unusual = {
        key: settings[key] for key in usual if key in settings and settings[key] != usual[key]
    }
    if unusual:
        name += f"-{settings_hash(unusual)}"
    return data_home() / "toy" / name


def _write_splits(folder: Path, settings: dict, processes: int, progress: Progress | None) -> None:
    names = [(split, number) for split, count in settings["counts"].items()
             for number in range(1, count + 1)]  # fmt: skip
    indices = [SPLITS[split] + number - 1 for split, number in names]
    for split in {split: None for split, _ in names}:
        (folder / split).mkdir()
        (folder / "labels" / split).mkdir(parents=True)
    size, seed, knobs = settings["size"], settings["seed"], settings["knobs"]
    with closing(draw_towns(indices, size, seed, processes, **knobs)) as towns:
        for done, ((split, number), town) in enumerate(zip(names, towns, strict=True), start=1):
            _write_town(folder, f"{split}/{number}", town, settings)
            if progress is not None:
                progress(done, len(names))


def _write_town(folder: Path, name: str, town: Town, settings: dict) -> None:
    aerial, street_map, labels = town
    halves = [street_map, aerial] if settings["swap"] else [aerial, street_map]
    image = Image.fromarray(np.concatenate(halves, axis=1))
    suffix = settings["image_format"]
    image.save(folder / f"{name}.{suffix}", **(JPEG if suffix == "jpg" else {}))
    Image.fromarray(labels).save(folder / "labels" / f"{name}.png")

"""Help in cleaning VIGOR: which panoramas look unusable, and the list that leaves them out."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kgen.data.cross_view.files import read_lines
from kgen.data.images import ImageFileError
from kgen.data.resizing import resize

if TYPE_CHECKING:
    from kgen.data.cross_view.vigor_pairs import VigorPairs

LOOKED_AT = (128, 256)  # size at which panoramas are judged
SAME = 2  # grey levels within which neighbouring pixels count as equal


def find_unusable(pairs: VigorPairs, constant: float = 0.6, workers: int = 2) -> dict[str, str]:
    """Proposes panoramas to leave out; a suggestion to look at, no part of any published recipe.

    Found: panoramas that are mostly of one colour (water, walls, failed downloads), of a place that
    another one shows already, with a missing tile, and such that cannot be read.

    Args:
        pairs: from `kgen.data.vigor`.
        constant: share of pixels, 0 to 1, that may be near-constant: equal to their neighbours
            within 2 of 255 levels, at 128x256 pixels.
        workers: threads that read.

    Returns:
        {id of the panorama: why}, in the order of the pairs.

    Raises:
        ValueError: a share that is none.
    """
    if not 0 < constant <= 1:
        raise ValueError(f"constant is a share above 0 and up to 1; received {constant}.")
    paths = [pairs.ground_path(index) for index in range(len(pairs))]
    incomplete = np.any(pairs.tiles[pairs._rows] < 0, axis=1).tolist()
    reasons, places = dict[str, str](), dict[str, str]()

    def look(index: int) -> str | None:
        try:
            share = constant_share(pairs.grounds[pairs._row(index)])
        except (ImageFileError, FileNotFoundError) as error:
            return str(error).removeprefix(f"{paths[index]}: ")
        return f"{share:.0%} of its pixels are constant" if share > constant else None

    with ThreadPoolExecutor(workers) as threads:
        for index, why in enumerate(threads.map(look, range(len(paths)))):
            own = panorama_id(str(paths[index]))
            first = places.setdefault(paths[index].name.partition(",")[2] or own, own)
            if why is None and first != own:
                why = f"its coordinates are those of {first}"
            if why is None and incomplete[index]:
                why = "one of its tiles is missing"
            if why is not None:
                reasons[own] = why
    return reasons


def constant_share(image: np.ndarray) -> float:
    """Share of pixels that equal the one to the right and the one below, within 2 grey levels.

    Args:
        image: (H, W, 3) uint8; large ones are looked at in 128x256 pixels.

    Example:
        >>> constant_share(np.full((256, 512, 3), 90, "uint8"))
        1.0
    """
    height, width = (min(pair) for pair in zip(LOOKED_AT, image.shape[:2], strict=True))
    small = resize(image, (height, width), "area").astype(np.int16)
    down = np.abs(np.diff(small, axis=0))[:, :-1].max(axis=-1)
    right = np.abs(np.diff(small, axis=1))[:-1].max(axis=-1)
    return float((np.maximum(down, right) <= SAME).mean())


def panorama_id(name: str) -> str:
    """The id of a panorama from its path, its file name, or the id itself.

    Example:
        >>> panorama_id("VIGOR/Seattle/panorama/PpGmCm5mHqD1A,47.6,-122.3,.jpg")
        'PpGmCm5mHqD1A'
    """
    return Path(name).name.partition(",")[0].removesuffix(".jpg").strip()


def write_exclude(path: str | Path, reasons: Mapping[str, str]) -> Path:
    """Writes a list for `vigor_gen(exclude=)`: an id on each line, then # and why.

    Example:
        >>> import tempfile
        >>> file = write_exclude(Path(tempfile.mkdtemp()) / "exclude.txt", {"abc": "indoor"})
        >>> read_exclude(file)
        {'abc'}
    """
    path = Path(path)
    lines = (f"{panorama} # {why}\n" for panorama, why in reasons.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


def read_exclude(path: str | Path) -> set[str]:
    """Ids of the panoramas that a list names, by id, file name or path.

    Raises:
        FileNotFoundError: no such file.
    """
    advice = "It holds one panorama's id or file name on each line."
    names = (line.partition("#")[0].strip() for _, line in read_lines(Path(path), advice))
    return {panorama_id(name) for name in names if name}

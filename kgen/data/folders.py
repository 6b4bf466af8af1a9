"""Finding image files: splits, natural order, partners of one name.

Archives differ in how deep they lie after extraction and in what else lies in their folders; what
is image and what belongs together is decided here, once, for loaders and checks.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from kgen.data.images import IMAGE_SUFFIXES


def partner_faults(folders: Sequence[Path], stems: Sequence[dict]) -> list[tuple[Path, str]]:
    """Files of two folders (as `by_stem` gives them) that have no partner, or two."""
    faults = []
    for here, there, other in ((0, 1, folders[1]), (1, 0, folders[0])):
        for name in sorted(stems[here], key=natural_key):
            for extra in stems[here][name][1:]:
                faults.append((extra, f"the same name as {stems[here][name][0].name}"))
            if name not in stems[there]:
                faults.append((stems[here][name][0], f"no partner {name}.* in {other}"))
    return faults


def split_folder(folder: str | Path, split: str | None) -> Path:
    """Finds `folder/split`, also one level deeper, where archives were extracted.

    Raises:
        FileNotFoundError: says which folders there are.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder}: there is no such folder. kgen.data.download_pairs('maps') gets the "
            "published pairs, kgen.data.write_maps() draws a set of toy maps offline."
        )
    if split is None:
        return folder
    inner = [child for child in folder.iterdir() if child.is_dir() and child.name[0] != "."]
    for candidate in (folder, *(inner if len(inner) == 1 else [])):
        if (candidate / split).is_dir():
            return candidate / split
    there = ", ".join(sorted(child.name for child in inner)) or "none"
    raise FileNotFoundError(
        f"{folder}: it has no folder {split!r} (folders in it: {there}). "
        "Name one of them as split=, or pass split=None if the files lie in the folder itself."
    )


def list_images(folder: str | Path) -> list[Path]:
    """Image files of a folder in natural order; hidden files and other kinds are left out.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: no image file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder.")
    paths = [path for path in folder.iterdir() if is_image(path)]
    if not paths:
        inner = ", ".join(sorted(path.name for path in folder.iterdir() if path.is_dir())) or "none"
        raise ValueError(
            f"{folder}: it holds no image files ({' '.join(sorted(IMAGE_SUFFIXES))}). "
            f"Folders in it: {inner}."
        )
    return sorted(paths, key=lambda path: natural_key(path.name))


def is_image(path: Path) -> bool:
    """Whether a path is a visible file with the ending of an image."""
    return path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "." and path.is_file()


def by_stem(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Groups files by their name without its ending."""
    groups = defaultdict(list)
    for path in paths:
        groups[path.stem].append(path)
    return dict(groups)


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sorting key by which 2.jpg comes before 10.jpg."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]

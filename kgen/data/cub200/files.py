"""Where the files of CUB-200-2011 lie, and its small tables.

Copies differ: attributes.txt lies beside the folder CUB_200_2011 (as the archive has it) or in
CUB_200_2011/attributes (as its README says), the masks beside the images or beside the folder.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NAME = "CUB_200_2011"
ATTRIBUTES = "cub_attributes.json"
_LISTS = json.loads(Path(__file__).with_name(ATTRIBUTES).read_text(encoding="utf-8"))
# the 28 groups of the published 312 attributes, in their order
CUB_GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(values) for group, values in _LISTS["groups"].items()
}
# 42 attributes that decide the outline; the other 270 are colours and patterns
CUB_SHAPE_GROUPS: tuple[str, ...] = tuple(_LISTS["shape_groups"])


@dataclass(frozen=True)
class CubFiles:
    """What the tables of the archive say; row i is one image.

    Attributes:
        folder: CUB_200_2011.
        masks: folder of the segmentations, None where there is none.
        image_ids: (N,) as in images.txt, usually 1 to N.
        names: N paths within images/, "001.Black_footed_Albatross/....jpg".
        classes: (N,) number of the class, from 0.
        class_names: "001.Black_footed_Albatross", ...
        official_train: (N,) bool, the published split.
        boxes: (N, 4) x, y, w, h in pixels.
        attribute_names: "has_bill_shape::dagger", ...
    """

    folder: Path
    masks: Path | None
    image_ids: np.ndarray
    names: tuple[str, ...]
    classes: np.ndarray
    class_names: tuple[str, ...]
    official_train: np.ndarray
    boxes: np.ndarray
    attribute_names: tuple[str, ...]

    def image_path(self, row: int) -> Path:
        """The photograph of a row."""
        return self.folder / "images" / self.names[row]

    def mask_path(self, row: int) -> Path:
        """The mask of a row, whether it exists or not."""
        return (self.masks or self.folder.parent / "segmentations") / _png(self.names[row])


def read_cub(folder: str | Path, masks: str | Path | None = None) -> CubFiles:
    """Reads the tables of a folder as extracted from the archive.

    Args:
        folder: CUB_200_2011, or the folder that holds it.
        masks: folder of masks NNN.Class_Name/File.png; default `segmentations` beside or in
            CUB_200_2011.

    Raises:
        FileNotFoundError: no such folder, or a table is missing; says what was looked for.
        ValueError: a row that cannot be read, named by file and line; tables that disagree.
    """
    root = find_root(Path(folder))
    ids, names = _images(root / "images.txt")
    rows = {image_id: row for row, image_id in enumerate(ids)}
    class_names = _classes(root / "classes.txt")
    labels = _by_image(root / "image_class_labels.txt", rows, 1, int)[:, 0] - 1
    if labels.size and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(
            f"{root / 'image_class_labels.txt'}: classes are 1 to {len(class_names)}, as in "
            f"classes.txt; it names {labels.min() + 1} to {labels.max() + 1}."
        )
    return CubFiles(
        folder=root,
        masks=_find_masks(root, masks),
        image_ids=np.array(ids),
        names=tuple(names),
        classes=labels,
        class_names=class_names,
        official_train=_by_image(root / "train_test_split.txt", rows, 1, int)[:, 0] == 1,
        boxes=_by_image(root / "bounding_boxes.txt", rows, 4, float),
        attribute_names=_attributes(root),
    )


def find_root(folder: Path) -> Path:
    """The folder that holds images.txt: `folder`, or CUB_200_2011 in it."""
    for candidate in (folder, folder / NAME):
        if (candidate / "images.txt").is_file():
            return candidate
    raise FileNotFoundError(
        f"{folder}: neither it nor {NAME} in it holds images.txt. Give the folder into which "
        "CUB_200_2011.tgz was extracted; kgen.data.download_cub() gets it, "
        "kgen.data.write_birds() draws toy birds in this layout offline."
    )


def _find_masks(root: Path, masks: str | Path | None) -> Path | None:
    if masks is not None:
        if not Path(masks).is_dir():
            raise FileNotFoundError(f"{masks}: there is no such folder of masks.")
        return Path(masks)
    places = (root.parent / "segmentations", root / "segmentations")
    return next((place for place in places if place.is_dir()), None)


def _attributes(root: Path) -> tuple[str, ...]:
    places = (
        root.parent / "attributes.txt",
        root / "attributes" / "attributes.txt",
        root / "attributes.txt",
    )
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"attributes.txt is missing; looked for {', '.join(map(str, places))}. It lies at the "
            "root of CUB_200_2011.tgz, beside the folder: extract it too."
        )
    rows = read_rows(path, 2)
    if [row[0] for row in rows] != [str(number) for number in range(1, len(rows) + 1)]:
        raise ValueError(f"{path}: its rows must be numbered 1 to {len(rows)} in order.")
    return tuple(row[1] for row in rows)


def _images(path: Path) -> tuple[list[int], list[str]]:
    rows = read_rows(path, 2)
    ids = [int(row[0]) for row in rows]
    if len(set(ids)) != len(ids):
        raise ValueError(f"{path}: it names an image twice.")
    return ids, [row[1] for row in rows]


def _classes(path: Path) -> tuple[str, ...]:
    rows = read_rows(path, 2)
    if [row[0] for row in rows] != [str(number) for number in range(1, len(rows) + 1)]:
        raise ValueError(f"{path}: its classes must be numbered 1 to {len(rows)} in order.")
    return tuple(row[1] for row in rows)


def _by_image(
    path: Path, rows: dict[int, int], columns: int, kind: Callable[[str], Any]
) -> np.ndarray:
    """Reads "<image id> <values>" in any order into (N, columns)."""
    table = np.zeros((len(rows), columns), np.int64 if kind is int else np.float64)
    seen = np.zeros(len(rows), bool)
    for line, row in enumerate(read_rows(path, 1 + columns), start=1):
        try:
            place = rows[int(row[0])]
            table[place] = [kind(value) for value in row[1 : 1 + columns]]
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"{path}, line {line}: {' '.join(row)!r} is not the number of an image of "
                f"images.txt and {columns} numbers."
            ) from error
        seen[place] = True
    if not seen.all():
        raise ValueError(f"{path}: it lacks {int((~seen).sum())} of {len(rows)} images.")
    return table


def read_rows(path: Path, fields: int) -> list[list[str]]:
    """The rows of a table, split on white space; further fields stay in the last.

    Raises:
        FileNotFoundError, ValueError: a missing file, an empty one, a row with too few fields.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: this table is missing. Extract the archive again.")
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            row = line.split(None, fields - 1)
            if not row:
                continue
            if len(row) < fields:
                raise ValueError(
                    f"{path}, line {number}: {fields} fields are needed; it reads {line.strip()!r}."
                )
            rows.append([*row[:-1], row[-1].strip()])
    if not rows:
        raise ValueError(f"{path}: it is empty. Extract the archive again.")
    return rows


def _png(name: str) -> str:
    return str(Path(name).with_suffix(".png"))

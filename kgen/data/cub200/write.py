"""Writes pictures with attributes in the layout of CUB-200-2011, file by file.

So toy birds and a user's own set meet the same loader, checks and tools as the real archive.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kgen.data.crops import mask_box
from kgen.data.cub200.files import NAME

# the 15 parts of parts.txt, in their order
PART_NAMES = (
    "back", "beak", "belly", "breast", "crown", "forehead", "left eye", "left leg", "left wing",
    "nape", "right eye", "right leg", "right wing", "tail", "throat",
)  # fmt: skip
CERTAINTIES = "1 not visible\n2 guessing\n3 probably\n4 definitely\n"
# 4:4:4 keeps coloured lines of one pixel
JPEG: dict[str, Any] = {"quality": 95, "subsampling": 0}


def write_cub(
    folder: str | Path,
    pictures: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    names: Sequence[str],
    classes: Sequence[int],
    class_names: Sequence[str],
    attributes: np.ndarray,
    attribute_names: Sequence[str],
    certainty: np.ndarray | int = 4,
    train: Sequence[bool] | None = None,
    parts: Sequence[dict[str, tuple[float, float]]] | None = None,
) -> Path:
    """Writes images, masks and all tables; `pictures` is read one at a time.

    Args:
        folder: gets CUB_200_2011/, segmentations/ and attributes.txt.
        pictures: N of (image uint8 (H, W, 3), mask uint8 (H, W)).
        names: N file names with .png (exact) or .jpg; they lie in the folder of their class.
        classes: N numbers of classes, from 0.
        class_names: "001.Black_footed_Albatross", ...
        attributes: (N, n), 0 or 1.
        attribute_names: the n names.
        certainty: (N, n) 1 to 4, or one number for all.
        train: N flags for train_test_split.txt; default all for training.
        parts: N of {name in `PART_NAMES`: (x, y) in pixels}; others are not visible.

    Returns:
        The folder, for `kgen.data.cub`.

    Raises:
        ValueError: an empty mask; numbers that do not fit.

    Example:
        >>> import tempfile
        >>> from kgen.data.cub200 import cub
        >>> picture, mask = np.zeros((9, 8, 3), "uint8"), np.full((9, 8), 255, "uint8")
        >>> folder = write_cub(tempfile.mkdtemp(), [(picture, mask)], names=["a.png"], classes=[0],
        ...                    class_names=["001.Crow"], attributes=np.ones((1, 1)),
        ...                    attribute_names=["has_crown_color::black"])
        >>> cub(folder, "all", crop=None, cache=False)[0].image.shape
        (9, 9, 3)
    """
    folder = Path(folder)
    root = folder / NAME
    paths = [f"{class_names[number]}/{name}" for number, name in zip(classes, names, strict=True)]
    boxes = []
    for path, (image, mask) in zip(paths, pictures, strict=True):
        _save(root / "images" / path, image)
        _save((folder / "segmentations" / path).with_suffix(".png"), mask)
        boxes.append(mask_box(mask > 127))
    flags = [True] * len(paths) if train is None else list(train)
    attributes = np.asarray(attributes).astype(int)
    certainty = np.broadcast_to(certainty, attributes.shape)
    _table(root / "images.txt", paths)
    _table(root / "classes.txt", class_names)
    _table(root / "image_class_labels.txt", [int(number) + 1 for number in classes])
    _table(root / "train_test_split.txt", [int(flag) for flag in flags])
    _table(root / "bounding_boxes.txt", [" ".join(f"{v:.1f}" for v in box) for box in boxes])
    _table(folder / "attributes.txt", attribute_names)
    _write_attributes(root / "attributes", attributes, certainty, np.asarray(classes), class_names)
    _write_parts(root / "parts", [{} for _ in paths] if parts is None else parts)
    return folder


def _save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **(JPEG if path.suffix == ".jpg" else {}))


def _table(path: Path, values: Iterable[Any]) -> None:
    """Rows "<number from 1> <value>"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"{number} {value}\n" for number, value in enumerate(values, start=1))
    path.write_text("".join(rows), encoding="utf-8")


def _write_attributes(folder: Path, attributes, certainty, classes, class_names) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certainties.txt").write_text(CERTAINTIES)
    with (folder / "image_attribute_labels.txt").open("w") as file:
        for image, (row, sure) in enumerate(zip(attributes, certainty, strict=True), start=1):
            for number, (present, how) in enumerate(zip(row, sure, strict=True), start=1):
                file.write(f"{image} {number} {present} {how} 0.000\n")
    with (folder / "class_attribute_labels_continuous.txt").open("w") as file:
        for number in range(len(class_names)):
            rows = attributes[classes == number]
            shares = 100 * rows.mean(axis=0) if len(rows) else np.zeros(attributes.shape[1])
            file.write(" ".join(f"{share:.6f}" for share in shares) + "\n")


def _write_parts(folder: Path, parts: Sequence[dict[str, tuple[float, float]]]) -> None:
    _table(folder / "parts.txt", PART_NAMES)
    with (folder / "part_locs.txt").open("w") as file:
        for image, found in enumerate(parts, start=1):
            for number, name in enumerate(PART_NAMES, start=1):
                x, y = found.get(name, (0.0, 0.0))
                file.write(f"{image} {number} {x:.1f} {y:.1f} {int(name in found)}\n")

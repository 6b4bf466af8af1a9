"""A tiny copy of CUB-200-2011 with the quirks of the real archive."""

from pathlib import Path

import numpy as np
from PIL import Image

from kgen.data.cub200 import CUB_GROUPS

ATTRIBUTES = [f"{group}::{value}" for group, values in CUB_GROUPS.items() for value in values]
CLASSES = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross"]
IDS = [1, 2, 7, 2275, 9364, 11788]  # not without gaps, with the two malformed ones
HEIGHT, WIDTH = 40, 60


def save(path: Path, array: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path)


def write_table(path: Path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))


def labels():
    """Present and certainty of 6 images x 312 attributes."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 2, (6, 312)), rng.integers(1, 5, (6, 312))


def label_rows():
    present, certainty = labels()
    for image, *rows in zip(IDS, present, certainty, strict=True):
        extra = ["0"] if image in (2275, 9364) else []
        for number, (is_there, how) in enumerate(zip(*rows, strict=True), start=1):
            yield [image, number, is_there, how, *(extra if number == 10 else []), "1.509"]


def write_archive(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    root, names = folder / "CUB_200_2011", []
    for row, image_id in enumerate(IDS):
        names.append(f"{CLASSES[row // 2]}/Bird_{image_id:04}.jpg")
        picture = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        save(root / "images" / names[-1], picture, "L" if row == 1 else None)  # one is grey
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[10:30, 10:50] = 255
        mask[9], mask[10, 10:50] = 100, 150  # soft edges
        path = (folder / "segmentations" / names[-1]).with_suffix(".png")
        if row == 2:  # alpha that says nothing
            mask = np.stack([mask, np.where(mask == 255, 0, 255).astype(np.uint8)], axis=-1)
        save(path, mask)
    write_table(folder / "attributes.txt", enumerate(ATTRIBUTES, start=1))
    write_table(root / "images.txt", zip(IDS, names, strict=True))
    write_table(root / "classes.txt", enumerate(CLASSES, start=1))
    write_table(root / "image_class_labels.txt", [(n, 1 + i // 2) for i, n in enumerate(IDS)])
    write_table(root / "train_test_split.txt", [(n, i % 2) for i, n in enumerate(IDS)])
    write_table(root / "bounding_boxes.txt", [(n, "10.0", "9.0", "40.0", "21.0") for n in IDS])
    attributes = root / "attributes"
    write_table(attributes / "image_attribute_labels.txt", label_rows())
    shares = np.linspace(0, 100, 3 * 312).reshape(3, 312)
    write_table(attributes / "class_attribute_labels_continuous.txt", shares)
    (attributes / "certainties.txt").write_text("1 not visible\n2 guessing\n")
    return folder

"""Small stages and a batch for each, which the tests of this folder share."""

from __future__ import annotations

import numpy as np

from kgen import AttributeToShape, ShapeToImage

SIZE = 32
SHAPES = ["bill::dagger", "bill::hooked", "tail::forked", "size::small", "size::large"]
OTHERS = ["crown::red", "crown::blue", "wing::red", "wing::blue", "wing::green", "striped"]


def discs(radii: list[float]) -> np.ndarray:
    """Masks of discs: float32 (B, 32, 32, 1), -1 or 1."""
    rows, columns = np.mgrid[:SIZE, :SIZE] - SIZE / 2 + 0.5
    distance = np.hypot(rows, columns)[None]
    inside = distance < np.array(radii)[:, None, None]
    return np.where(inside, 1.0, -1.0).astype("float32")[..., None]


MASKS = discs([6.0, 9.0, 12.0, 14.0])
COLOURS = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, -1]], "float32")
PICTURES = np.where(MASKS > 0, COLOURS[:, None, None, :] * 0.8, -0.9).astype("float32")
SHAPE_BATCH = {"mask": MASKS, "shape_attributes": np.eye(4, 5, dtype="float32")}
PICTURE_BATCH = {
    "image": PICTURES,
    "mask": MASKS,
    "other_attributes": np.eye(4, 6, dtype="float32"),
}


def shape_stage(**arguments) -> AttributeToShape:
    """A stage I of a few thousand weights."""
    small = {"image_size": SIZE, "base_filters": 4, "noise_size": 6, "code_size": 8}
    return AttributeToShape.from_preset(**{**small, "attribute_names": SHAPES, **arguments})


def picture_stage(**arguments) -> ShapeToImage:
    """A stage II of a few thousand weights."""
    small = {"image_size": SIZE, "base_filters": 4, "code_size": 8, "attribute_names": OTHERS}
    if "dong" not in arguments.values():
        small |= {"depth": 2, "dropout_levels": [0]}  # a short U-Net, which compiles sooner
    return ShapeToImage.from_preset(**{**small, **arguments})

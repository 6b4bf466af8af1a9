"""The paper's figures 3, 4 and 5 with a model of one's own, and strips of interpolations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgen.attribute_gan.attribute_to_shape import AttributeToShape
from kgen.attribute_gan.shape_to_image import ShapeToImage
from kgen.attribute_gan.stacked import StackedAttributeGAN
from kgen.data.attribute_batches import AttributeBatches
from kgen.data.attributes import AttributePictures
from kgen.plotting import to_display
from kgen.plotting.grids import draw_panels

LETTERS = 13  # of a row's label, as many as have room beside a panel


def plot_shapes(
    model: AttributeToShape | StackedAttributeGAN,
    attributes: Any,
    expected: np.ndarray | None = None,
    n: int = 4,
    seed: int = 0,
    labels: Sequence[str] = (),
    title: str | None = None,
) -> Any:
    """Figure 3: for each set of attributes what stage I draws, beside a real mask.

    Args:
        model: stage I or both stages.
        attributes: B sets, as the model's `generate` takes them.
        expected: a real mask for each, uint8 or float in [-1, 1], (B, S, S, 1). Default: none.
        n: masks for each set. Default 4.
        seed: of the noise.
        labels: of the rows. Default: none.
        title: line above the picture.

    Returns:
        matplotlib Figure.
    """
    made = model.generate(attributes, n=n, seed=seed)
    masks = made[1] if isinstance(made, tuple) else made
    rows = _rows(masks, n)
    if expected is not None:
        rows = [[real, *row] for real, row in zip(to_display(expected), rows, strict=True)]
    columns = ["Real"] if expected is not None else []
    columns += ["Drawn", *[""] * (n - 1)]
    return draw_panels(rows, _short(labels), columns, title)


def plot_other_attributes(
    model: ShapeToImage, masks: np.ndarray, attributes: Any, title: str | None = None
) -> Any:
    """Figure 4: each shape painted with each set of other attributes; a row has one shape.

    Args:
        model: stage II.
        masks: uint8, bool or float in [-1, 1], (B, S, S, 1).
        attributes: K sets, as `ShapeToImage.generate` takes them; or a mapping from names for the
            columns to sets.
        title: line above the picture.

    Returns:
        matplotlib Figure with B rows of the mask and K pictures.
    """
    sets, labels = _sets(model, attributes)
    painted = [model.generate(masks, one) for one in sets]  # K of (B, S, S, 3)
    rows = [
        [mask, *(to_display(pictures[i])[0] for pictures in painted)]
        for i, mask in enumerate(_shown(masks))
    ]
    return draw_panels(rows, (), ["Shape", *labels], title)


def plot_other_shapes(
    model: ShapeToImage, masks: np.ndarray, attributes: Any, title: str | None = None
) -> Any:
    """Figure 5: each set of other attributes on each shape; a column has one shape.

    Args:
        model: stage II.
        masks: uint8, bool or float in [-1, 1], (B, S, S, 1).
        attributes: K sets, or a mapping from names for the rows to sets.
        title: line above the picture.

    Returns:
        matplotlib Figure: the B masks above K rows of B pictures.
    """
    sets, labels = _sets(model, attributes)
    rows = [list(_shown(masks)), *(list(to_display(model.generate(masks, one))) for one in sets)]
    named = ["Shape", *_short(labels)] if any(labels) else []
    return draw_panels(rows, named, (), title)


def plot_overview(
    model: StackedAttributeGAN,
    pictures: AttributePictures,
    count: int = 6,
    seed: int = 0,
    title: str | None = None,
) -> Any:
    """What a trained chain draws for the attributes of real pictures; a column has one picture.

    Args:
        model: both stages.
        pictures: real ones, best those that the stages have not learnt from; spread over the whole
            set.
        count: pictures shown. Default 6.
        seed: of the noise.
        title: line above the picture.

    Returns:
        matplotlib Figure of five rows: real pictures, what stage II paints on their masks, the
        masks; below, for the same attributes, drawn masks and what is painted on them.
    """
    chosen = pictures.spread(count)
    batch = AttributeBatches(chosen, 2, model.image_size, len(chosen), training=False)[0]
    real, masks = batch["image"], batch["mask"]
    asked = model.vectors_for(chosen)
    drawn, shapes = model.generate(asked, seed=seed)
    painted = model.stage2.generate(masks, asked[:, model.columns[1]])
    labels = ["Real", "Painted", "Real mask", "New mask", "Painted"]
    rows = [list(to_display(row)) for row in (real, painted, masks, shapes, drawn)]
    return draw_panels(rows, labels, (), title)


def plot_strip(images: np.ndarray, masks: np.ndarray, title: str | None = None) -> Any:
    """Pictures in a row under their masks, as `interpolate_noise` and `generate` return them.

    Args:
        images: uint8 (B, S, S, 3).
        masks: uint8 (B, S, S, 1).
        title: line above the picture.

    Returns:
        matplotlib Figure.

    Example:

    >>> import numpy as np
    >>> figure = plot_strip(np.zeros((3, 8, 8, 3), "uint8"), np.zeros((3, 8, 8, 1), "uint8"))
    >>> len(figure.axes)
    6
    """
    return draw_panels([list(to_display(masks)), list(to_display(images))], (), (), title)


def _sets(model: ShapeToImage, attributes: Any) -> tuple[list[np.ndarray], list[str]]:
    """Vectors (1, n), and what to call them."""
    if isinstance(attributes, Mapping):
        return [model.vectors(one) for one in attributes.values()], list(attributes)
    vectors = model.vectors(attributes)
    return [vector[None] for vector in vectors], [""] * len(vectors)


def _shown(masks: np.ndarray) -> np.ndarray:
    masks = np.asarray(masks)
    return to_display(np.where(masks, 255, 0).astype("uint8") if masks.dtype == bool else masks)


def _rows(images: np.ndarray, n: int) -> list[list[np.ndarray]]:
    shown = to_display(images)
    return [list(shown[i : i + n]) for i in range(0, len(shown), n)]


def _short(labels: Sequence[str]) -> list[str]:
    """Labels that have room: `has_bill_shape::dagger` -> `dagger`."""
    values = [label.rpartition("::")[2].replace("_", " ") for label in labels]
    return [v if len(v) <= LETTERS else v[: LETTERS - 1] + "…" for v in values]

"""Pictures and masks drawn from attributes, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kgen.attribute_gan.attribute_to_shape import AttributeToShape
from kgen.attribute_gan.shape_to_image import ShapeToImage
from kgen.attribute_gan.stacked import StackedAttributeGAN
from kgen.callbacks.files import write_json
from kgen.data.folders import list_images
from kgen.data.images import read_image, resize
from kgen.data.writing import write_image


def draw_files(
    model: StackedAttributeGAN | AttributeToShape,
    attributes: Sequence[Any],
    folder: str | Path,
    n: int = 1,
    seed: int = 0,
    hard_mask: bool = True,
) -> list[Path]:
    """Draw n pictures of each set of attributes into `images/` and `masks/` of a folder.

    Files are named by set and number, both from 1: `set1_0001.png`. `attributes.json` beside them
    says what the sets are.

    Args:
        model: both stages, or stage I, which draws masks only.
        attributes: sets of attributes, as the model's `generate` takes them.
        folder: where to write; missing folders are made.
        n: pictures of each set. Default 1.
        seed: of the noise; the same on every backend.
        hard_mask: threshold the masks at 0. Default True.

    Returns:
        The files of the pictures, or of the masks where there are no pictures.

    Raises:
        ValueError: attributes that the model does not have (near names are listed).

    Example:

    >>> import tempfile
    >>> stage1 = AttributeToShape.from_preset(image_size=32, n_attributes=2, base_filters=2)
    >>> [path.name for path in draw_files(stage1, [[1, 0], [0, 1]], tempfile.mkdtemp())]
    ['set1_0001.png', 'set2_0001.png']
    """
    made = model.generate(list(attributes), n=n, seed=seed, hard_mask=hard_mask)
    images, masks = made if isinstance(made, tuple) else (None, made)
    names = [f"set{s}_{number:04}" for s in range(1, len(masks) // n + 1) for number in _to(n)]
    written = _write(Path(folder) / "masks", names, masks)
    if images is not None:
        written = _write(Path(folder) / "images", names, images)
    _write_sets(Path(folder), attributes, n=n, seed=seed, hard_mask=hard_mask)
    return written


def paint_files(
    model: ShapeToImage, masks: Sequence[str | Path], attributes: Sequence[Any], folder: str | Path
) -> list[Path]:
    """Paint masks in files as each set of attributes says: `images/set1_NAME.png`.

    Args:
        model: stage II.
        masks: image files, and folders of them; what is brighter than 127 is the object. Resized
            to the model's size.
        attributes: sets of attributes, as the model's `generate` takes them.
        folder: where to write.

    Returns:
        The files that were written.

    Raises:
        FileNotFoundError, ValueError: no masks, broken ones, unknown attributes.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> disc = np.hypot(*np.mgrid[-20:20, -20:20]) < 15
    >>> mask = write_image(folder / "disc", disc.astype("uint8") * 255)
    >>> stage2 = ShapeToImage.from_preset(image_size=32, n_attributes=2, base_filters=2)
    >>> [path.name for path in paint_files(stage2, [mask], [[1, 0], [0, 1]], folder / "painted")]
    ['set1_disc.png', 'set2_disc.png']
    """
    paths = [
        f for path in map(Path, masks) for f in (list_images(path) if path.is_dir() else [path])
    ]
    size = model._mask_shape()[:2]
    shapes = np.stack([resize(read_image(path, "grey"), size, "nearest") > 127 for path in paths])
    written = []
    for number, present in enumerate(attributes, 1):
        names = [f"set{number}_{path.stem}" for path in paths]
        written += _write(Path(folder) / "images", names, model.generate(shapes, present))
    _write_sets(Path(folder), attributes)
    return written


def _to(count: int) -> range:
    return range(1, count + 1)


def _write(folder: Path, names: list[str], images: np.ndarray) -> list[Path]:
    return [write_image(folder / name, image) for name, image in zip(names, images, strict=True)]


def _write_sets(folder: Path, attributes: Sequence[Any], **settings: Any) -> None:
    sets = {f"set{number}": one for number, one in enumerate(attributes, 1)}
    write_json(folder / "attributes.json", {**settings, "sets": sets})

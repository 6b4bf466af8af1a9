"""Views generated from a user's own images, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgen.cross_view.sampling import CrossViewSampler
from kgen.data.cross_view.files import read_view
from kgen.data.folders import list_images
from kgen.data.resizing import resize
from kgen.data.writing import write_image


def generate_view_files(
    model: CrossViewSampler,
    images: Sequence[str | Path],
    folder: str | Path,
    n: int = 1,
    seed: int = 0,
    coarse: bool = False,
    weight_maps: bool = False,
    side_by_side: bool = False,
) -> list[Path]:
    """Draw n pictures of the other view for each image file: `NAME_0001.png`, ...

    Args:
        model: a trained `CrossViewGenerator`.
        images: files, and folders whose image files are taken in natural order; of any size.
        folder: where to write; missing folders are made.
        n: pictures of each image, of other local noise and style. Default 1.
        seed: of the noise; every image gets the noise of its own place in the list.
        coarse: also write the coarse pictures, into `coarse/`. Default False.
        weight_maps: also write where the embedding modulates the features, one grey picture for
            each block and image, into `weight_maps/`. Default False.
        side_by_side: also write `side_by_side/NAME.png`: the image, then its pictures.

    Returns:
        The pictures' files.

    Raises:
        FileNotFoundError, ValueError: no images, broken ones, two files of one name; name the file.

    Example:

    >>> import tempfile
    >>> from kgen.cross_view import CrossViewGenerator, RetrievalModel
    >>> embedder = RetrievalModel.from_preset("tiny", (32, 64), 32)
    >>> model = CrossViewGenerator.from_preset("tiny", embedder, width=8, facade_widths=(8, 4, 4))
    >>> photo = write_image(Path(tempfile.mkdtemp()) / "roofs", np.zeros((40, 40, 3), "uint8"))
    >>> [path.name for path in generate_view_files(model, [photo], photo.parent / "made", n=2)]
    ['roofs_0001.png', 'roofs_0002.png']
    """
    folder, written = Path(folder), []
    for number, (name, path) in enumerate(_named(images).items()):
        image = read_view(path)
        pictures, small = model.generate([image], n, seed=seed + number * n, coarse=True)
        names = [f"{name}_{index:04}" for index in range(1, n + 1)]
        written += _write(folder, names, pictures)
        if coarse:
            _write(folder / "coarse", names, small)
        if weight_maps:
            maps = model.weight_maps([image], seed=seed + number * n)
            shown = [np.rint(m[0] * 255).astype(np.uint8) for m in maps.values()]
            _write(folder / "weight_maps", [f"{name}_{block}" for block in maps], shown)
        if side_by_side:
            height = pictures.shape[1]
            source = resize(image, (height, round(height * image.shape[1] / image.shape[0])))
            write_image(folder / "side_by_side" / name, np.concatenate([source, *pictures], axis=1))
    return written


def _named(images: Sequence[str | Path]) -> dict[str, Path]:
    """Name without ending -> file."""
    named: dict[str, Path] = {}
    for place in map(Path, images):
        for path in list_images(place) if place.is_dir() else [place]:
            if path.stem in named:
                raise ValueError(
                    f"{path} and {named[path.stem]} have one name, {path.stem}, so their pictures "
                    "would too. Rename one of them, or take them one after the other."
                )
            named[path.stem] = path
    return named


def _write(folder: Path, names: Sequence[str], pictures: Sequence[np.ndarray]) -> list[Path]:
    return [write_image(folder / n, p) for n, p in zip(names, pictures, strict=True)]

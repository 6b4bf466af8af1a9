"""Translate image files with a trained model: files in, files out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kgen.data import one_hot, read_image, resize, to_float
from kgen.data.folders import list_images
from kgen.data.writing import write_image
from kgen.plotting import to_display

MODES = {1: "grey", 3: "rgb", 4: "rgba"}


def generate_files(
    model: Any,
    images: Sequence[str | Path],
    folder: str | Path,
    *,
    input_side: str | None = None,
    classes: int | None = None,
    side_by_side: bool = False,
) -> list[Path]:
    """Translate image files, one at a time.

    The results have the depth of the files: 16-bit files give 16-bit PNG. A model of fixed size
    gets pictures resized to it (bicubic, as in its evaluation); others get them as they are.

    Args:
        model: `Pix2Pix`, or any Keras model from pictures to pictures in [-1, 1].
        images: files, and folders whose image files are taken in natural order.
        folder: where to write; a file keeps its name. Missing folders are made.
        input_side: `"left"` or `"right"`, the half to translate of side-by-side pairs. Default:
            files are not pairs.
        classes: files hold class numbers, which the model takes as this many channels. Default:
            they do not.
        side_by_side: also write `folder/side_by_side/NAME.png`: source, result and, for pairs, the
            target.

    Returns:
        The files that were written, without the side-by-side ones.

    Raises:
        FileNotFoundError, ValueError: no images, broken ones, two files of one name; name the file.

    Example:

    >>> import keras, tempfile
    >>> model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(-1.0)])
    >>> folder = Path(tempfile.mkdtemp())
    >>> picture = write_image(folder / "in" / "black.png", np.zeros((16, 16, 3), "uint8"))
    >>> [white] = generate_files(model, [folder / "in"], folder / "out")
    >>> white.name, int(read_image(white).min())
    ('black.png', 255)
    """
    folder = Path(folder)
    written = []
    for path in _files(images):
        halves = _halves(read_image(path, _mode(model, classes)), path, input_side)
        source = _fit(model, halves[0], classes)
        network_input = one_hot(source, classes) if classes else source
        output = model.predict(to_float(network_input)[None], verbose=0)[0]
        written.append(write_image(folder / path.stem, _as_stored(output, source.dtype)))
        if side_by_side:
            pictures = [network_input, output, *halves[1:]]
            write_image(folder / "side_by_side" / path.stem, _strip(pictures))
    return written


def _files(images: Sequence[str | Path]) -> list[Path]:
    files = []
    for path in map(Path, images):
        files += list_images(path) if path.is_dir() else [path]
    by_stem: dict[str, Path] = {}
    for path in files:
        if path.stem in by_stem:
            raise ValueError(
                f"{path} and {by_stem[path.stem]} would be written to one file {path.stem}.png. "
                "Rename one of them, or translate them into two folders."
            )
        by_stem[path.stem] = path
    return files


def _mode(model: Any, classes: int | None) -> Any:
    return "ids" if classes else MODES.get(_input_shape(model)[-1], "stored")


def _input_shape(model: Any) -> tuple[Any, ...]:
    return getattr(model, "generator", model).input_shape


def _halves(image: np.ndarray, path: Path, input_side: str | None) -> list[np.ndarray]:
    """[source], or [source, target] of a side-by-side pair."""
    if input_side is None:
        return [image]
    if image.shape[1] % 2:
        raise ValueError(
            f"{path}: its width of {image.shape[1]} pixels is odd, so it is not two images of one "
            "size side by side. Leave out input_side for single images."
        )
    left, right = np.split(image, 2, axis=1)
    return [left, right] if input_side == "left" else [right, left]


def _fit(model: Any, source: np.ndarray, classes: int | None) -> np.ndarray:
    height, width = _input_shape(model)[1:3]
    size = (height or source.shape[0], width or source.shape[1])
    return resize(source, size, "nearest" if classes else "bicubic")


def _as_stored(output: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """[-1, 1] -> the integers of the source file; 8 bits where that has none."""
    kind = np.dtype(np.uint16 if dtype == np.uint16 else np.uint8)
    half = (2 ** (8 * kind.itemsize) - 1) / 2
    return np.rint((np.clip(output, -1, 1).astype(np.float64) + 1) * half).astype(kind)


def _strip(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures of any channel counts and depths beside each other, in RGB."""
    size = pictures[0].shape[:2]
    shown = [np.rint(to_display(picture)[0] * 255).astype(np.uint8) for picture in pictures]
    return np.concatenate([resize(picture, size) for picture in shown], axis=1)

"""What metrics take: images as arrays, tensors, lists or folders, checked before they count.

A metric that is given [0, 1] floats as [-1, 1], pictures of another size, or a NaN gives a number
that looks like any other. Here, once for all metrics, images become float64 in [0, 1] of their
stated range, or an error that names the image, the rule and the repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.data.folders import by_stem, list_images, partner_faults
from kgen.data.images import read_image

# dtype -> the range that it implies
INTEGER_RANGES = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}
SLACK = 1e-3  # of the range: rounding in float16 and bfloat16 networks

ValueRange = tuple[float, float] | None


def as_numpy(tensor: Any) -> np.ndarray:
    """An array, or a tensor of any backend on any device, as a numpy array."""
    is_array = isinstance(tensor, np.ndarray)  # of which Keras would make a copy
    array = tensor if is_array else np.asarray(keras.ops.convert_to_numpy(tensor))
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def limits(dtype: Any, value_range: ValueRange, name: str = "images") -> tuple[float, float]:
    """The lowest and highest value that images of this dtype can have.

    Args:
        dtype: of the images: uint8, uint16, or any float.
        value_range: (low, high) of float images; None for integers.
        name: what errors call the images.

    Raises:
        ValueError: floats without a range; a range that contradicts the dtype; other dtypes.

    Example:
        >>> limits("uint8", None), limits("float32", (-1, 1))
        ((0.0, 255.0), (-1.0, 1.0))
    """
    kind = keras.backend.standardize_dtype(dtype)
    if value_range is not None and not value_range[0] < value_range[1]:
        raise ValueError(f"value_range is (low, high) with low < high; got {value_range}")
    if implied := INTEGER_RANGES.get(kind):
        if value_range is not None and tuple(map(float, value_range)) != implied:
            raise ValueError(
                f"{name}: {kind} images range over {implied[0]:g}..{implied[1]:g}, but "
                f"value_range={tuple(value_range)} was stated. Leave value_range out, or convert "
                "both sets to one dtype (kgen.data.to_float, kgen.data.to_uint8)."
            )
        return implied
    if "float" not in kind:
        raise ValueError(
            f"{name}: images are uint8, uint16 or float; got {kind}, whose range is not known. "
            "Convert them, for example with .astype('uint8')."
        )
    if value_range is None:
        raise ValueError(
            f"{name}: float images need their range stated, which a metric cannot guess: "
            "value_range=(-1, 1) for what networks give, (0, 1) or (0, 255)."
        )
    return float(value_range[0]), float(value_range[1])


def unit_images(*images: Any, value_range: ValueRange, names: Sequence[str]) -> list[np.ndarray]:
    """Images that belong together as float64 in [0, 1], where 0 and 1 are their range's ends.

    Args:
        images: each (H, W, C), uint8, uint16 or float in `value_range`.
        value_range: (low, high) of float images.
        names: what errors call the images.

    Raises:
        ValueError: another number of axes, values that are not finite, outside of the range, or
            that fill so little of it that another range is meant.
    """
    arrays = [as_numpy(image) for image in images]
    ends = [limits(a.dtype, value_range, name) for a, name in zip(arrays, names, strict=True)]
    for array, (low, high), name in zip(arrays, ends, names, strict=True):
        _check_values(array, low, high, name)
    if value_range is not None and value_range[1] - value_range[0] > 2:
        _check_filled(arrays, value_range, names)
    return [
        (array.astype(np.float64) - low) / (high - low)
        for array, (low, high) in zip(arrays, ends, strict=True)
    ]


def _check_values(array: np.ndarray, low: float, high: float, name: str) -> None:
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            f"{name}: an image is (H, W, C), none of them 0; got {array.shape}. Single images go "
            "in as image[None], grey ones as image[..., None]."
        )
    if array.dtype.kind == "u":
        return
    if not np.all(np.isfinite(array)):
        raise ValueError(
            f"{name}: it holds NaN or infinity, of which no metric can be told. Look at the "
            "network that gave it: its losses were probably not finite either."
        )
    lowest, highest = float(array.min()), float(array.max())
    slack = SLACK * (high - low)
    if lowest < low - slack or highest > high + slack:
        raise ValueError(
            f"{name}: values must lie in the stated range ({low:g}, {high:g}); got {lowest:g} to "
            f"{highest:g}. State the range that the values have, or rescale them."
        )


def _check_filled(arrays: list[np.ndarray], value_range: tuple, names: Sequence[str]) -> None:
    """Refuse [0, 1] or [-1, 1] pictures in a range made for bytes."""
    fills = [np.abs(a).max() > 1 or np.array_equal(a, np.rint(a)) for a in arrays]
    if not any(fills):
        raise ValueError(
            f"{' and '.join(names)}: all values lie in [-1, 1] although the range "
            f"({value_range[0]:g}, {value_range[1]:g}) was stated. State value_range=(0, 1) or "
            "(-1, 1), or scale the images."
        )


# ------------------------------------------------------------------ sets of images


def is_folder(images: Any) -> bool:
    """Whether images are given as the folder that holds their files."""
    return isinstance(images, str | Path)


def count_images(images: Any) -> int | None:
    """How many images there are, or None where only going through them would tell."""
    if is_folder(images):
        return len(list_images(images))
    return len(images) if hasattr(images, "__len__") else None


def named_images(images: Any, what: str = "images") -> Iterator[tuple[str, Any]]:
    """Each image with the name that errors give it, one at a time.

    Args:
        images: (N, H, W, C) array or tensor; a folder of image files; or anything that gives
            images (H, W, C), batches of them or paths, one after the other (sizes may differ).
        what: name of the whole, where images have none of their own.

    Yields:
        name, image (H, W, C) as stored.

    Example:
        >>> [(name, image.shape) for name, image in named_images(np.zeros((2, 4, 6, 3)), "real")]
        [('real[0]', (4, 6, 3)), ('real[1]', (4, 6, 3))]
    """
    if is_folder(images):
        for path in list_images(images):
            yield str(path), read_image(path)
        return
    if len(getattr(images, "shape", (0, 0, 0, 0))) != 4:
        raise ValueError(
            f"{what}: images are (N, H, W, C); got {tuple(images.shape)}. Single images go in as "
            "image[None], grey ones as images[..., None]."
        )
    for i, image in enumerate(_flat(images)):
        if is_folder(image):  # the path of one file
            yield str(image), read_image(image)
        else:
            yield f"{what}[{i}]", image


def _flat(images: Iterable) -> Iterator[Any]:
    for item in images:
        if len(getattr(item, "shape", ())) == 4:
            yield from item
        else:
            yield item


def named_pairs(real: Any, fake: Any) -> Iterator[tuple[str, Any, str, Any]]:
    """The pairs of two sets: by file name (without its ending) in folders, else by their order.

    Raises:
        ValueError: partners are missing, or only one of the sets is a folder.
    """
    if is_folder(real) != is_folder(fake):
        raise ValueError(
            "a folder is compared with a folder, where files of one name are a pair; the order of "
            f"an array's images is not known. Got {_describe(real)} and {_describe(fake)}."
        )
    if is_folder(real):
        yield from _folder_pairs(Path(real), Path(fake))
        return
    _check_shapes(real, fake)
    for one, other in zip_longest(named_images(real, "real"), named_images(fake, "fake")):
        if one is None or other is None:
            raise ValueError(
                "each real image needs its generated one; one of the sets ends after "
                f"{(one or other)[0]} was read from the other"
            )
        yield *one, *other


def _describe(images: Any) -> str:
    return f"folder {images}" if is_folder(images) else type(images).__name__


def _check_shapes(real: Any, fake: Any) -> None:
    shapes = [tuple(images.shape) for images in (real, fake) if hasattr(images, "shape")]
    if len(set(shapes)) == 2:
        raise ValueError(
            f"real and fake must have one shape (N, H, W, C); got {shapes[0]} and {shapes[1]}. "
            "Resize one of them (kgen.data.resize)."
        )


def _folder_pairs(real: Path, fake: Path) -> Iterator[tuple[str, Any, str, Any]]:
    files = [list_images(real), list_images(fake)]
    stems = [by_stem(paths) for paths in files]
    if faults := partner_faults([real, fake], stems):
        shown = "\n".join(f"  {path}: {what}" for path, what in faults[:10])
        more = f"\n  ... and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise ValueError(
            f"{real} and {fake} must hold pairs of one name; {len(faults)} files do not fit:\n"
            f"{shown}{more}\nAdd the missing files or move the others away."
        )
    for path in files[0]:
        other = stems[1][path.stem][0]
        yield str(path), read_image(path), str(other), read_image(other)


def per_image(
    measure: Callable[[np.ndarray, np.ndarray], Any],
    real: Any,
    fake: Any,
    value_range: ValueRange = None,
    verbose: int = 0,
) -> np.ndarray:
    """One number for each pair of images.

    Args:
        measure: takes the real and the generated image, (H, W, C) float64 in [0, 1].
        real: (N, H, W, C), a list of images, or a folder; see `named_images`.
        fake: what is compared with it.
        value_range: (low, high) of float images.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (N,) float64.

    Raises:
        ValueError: see `unit_images` and `named_pairs`; two images of a pair differ in size.
    """
    values = []
    for name, image, other, partner in progress(
        named_pairs(real, fake), verbose, count_images(real) if verbose else None
    ):
        if tuple(image.shape) != tuple(partner.shape):
            raise ValueError(
                f"{name} is {tuple(image.shape)} and {other} is {tuple(partner.shape)}: both "
                "images of a pair must have one size and as many channels. Resize one of them "
                "(kgen.data.resize)."
            )
        pair = unit_images(image, partner, value_range=value_range, names=(name, other))
        try:
            values.append(float(measure(*pair)))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if not values:
        raise ValueError("there is no image to measure: both sets are empty")
    return np.array(values)


def progress(items: Iterable, verbose: int, total: int | None = None, unit: str = "image") -> Any:
    """The items, with a progress bar while they are gone through where `verbose` is 1."""
    if not verbose:
        yield from items
        return
    bar = keras.utils.Progbar(total, unit_name=unit)
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        if done != total:
            bar.update(done)
    if done:
        bar.update(done, finalize=True)

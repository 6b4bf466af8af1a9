"""Decoding of image files by Pillow, and what Pillow cannot do or does only by halves.

Pillow reads 16-bit colour but keeps 8 bits of it, and knows no more than four channels. Here such
files are noticed and read whole, by a second reading of a PNG or by the package `tifffile`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

DIRECT_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I", "F")


def decode_file(path: Path, ids: bool, any_colours: bool) -> np.ndarray:
    """Decodes an image file that is no `.npy`.

    Args:
        path: the file.
        ids: whether palette images give their indices, and not their colours.
        any_colours: whether CMYK and the like are converted to RGB; else they are refused.

    Returns:
        (H, W) or (H, W, C) uint8, uint16, or float32.
    """
    image: Any  # which attributes it has depends on the format
    try:
        image = Image.open(path)
    except UnidentifiedImageError:
        if path.suffix.lower() in (".tif", ".tiff"):  # N channels: unknown to Pillow
            return _read_with_tifffile(path)
        raise
    with image:
        if getattr(image, "n_frames", 1) > 1:
            return _read_pages(image)
        if image.format == "TIFF" and image.mode != "I;16":
            depths = image.tag_v2.get(258, (1,))  # tag 258: BitsPerSample
            if len(depths) > 1 and max(depths) > 8:
                return _read_with_tifffile(path)
        if image.format == "PNG" and "16B" in str(image.tile[0].args) and image.mode != "I;16":
            return _read_deep_png(path, image)
        return _decode(image, ids, any_colours)


def _decode(image: Image.Image, ids: bool, any_colours: bool) -> np.ndarray:
    if ids and image.mode in ("P", "1"):
        return np.asarray(image).astype(np.uint8)
    if image.mode in ("P", "PA", "1"):
        transparent = image.mode == "PA" or "transparency" in image.info
        image = image.convert("L" if image.mode == "1" else "RGBA" if transparent else "RGB")
    elif image.mode not in DIRECT_MODES:
        if not any_colours:
            raise ValueError(f"its colours are {image.mode}, not RGB; read it with mode='rgb'")
        image = image.convert("RGB")
    array = np.asarray(image)
    if image.mode != "I":
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.min() < 0 or array.max() > 65535:
        raise ValueError(f"its 32-bit values {array.min()}..{array.max()} do not fit in 16 bits")
    return array.astype(np.uint16)


def _read_pages(image: Any) -> np.ndarray:
    if image.format != "TIFF":
        raise ValueError(f"it is an animation of {image.n_frames} frames")
    pages = []
    for number in range(image.n_frames):
        image.seek(number)
        pages.append(_decode(image, ids=False, any_colours=False))
    if any(page.ndim != 2 or page.shape != pages[0].shape for page in pages):
        raise ValueError("only grey pages of one size can be stacked as channels")
    return np.stack(pages, axis=-1)


def _read_deep_png(path: Path, image: Any) -> np.ndarray:
    """Reads 16-bit colour: Pillow keeps one byte of the two, so it is asked for each in turn."""
    tile = image.tile[0]
    if tile.args == "LA;16B":  # 2 x 16 bits, declared 4 x 8: upper and lower bytes alternate
        image.tile = [tile._replace(args="RGBA")]
        halves = np.asarray(image).astype(np.uint16)
        return halves[..., ::2] << 8 | halves[..., 1::2]
    upper = np.asarray(image).astype(np.uint16)
    with Image.open(path) as again:
        # declared little-endian: what Pillow takes for the upper byte is the lower one
        again.tile = [tile._replace(args=tile.args.replace("16B", "16L"))]
        return upper << 8 | np.asarray(again)


def _read_with_tifffile(path: Path) -> np.ndarray:
    try:
        import tifffile
    except ImportError as error:
        raise ValueError(
            "16-bit colour and N-channel TIFF need a reader: `pip install tifffile`"
        ) from error
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        axes, array = series.axes, series.asarray()
    if sorted(axes.replace("Y", "").replace("X", "")) == [] or array.ndim == 3:
        rest = [i for i, axis in enumerate(axes) if axis not in "YX"]
        return array.transpose(axes.index("Y"), axes.index("X"), *rest)
    raise ValueError(f"its axes {axes} {array.shape} are more than rows, columns and channels")

"""Reading image files as they are stored, and converting them to what networks take.

Readers that silently drop the lower byte of 16-bit colour, or the fifth channel, cost users of
microscopes and satellites their data. `read_image` reads every depth and channel count whole or
says, with the file's path, why it cannot.
"""

import struct
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from kgen.data.decoding import decode_file
from kgen.data.labels import one_hot
from kgen.data.resizing import resize

__all__ = [
    "IMAGE_SUFFIXES",
    "ImageFileError",
    "Mode",
    "as_stored",
    "one_hot",
    "read_image",
    "resize",
    "to_float",
    "to_uint8",
]

IMAGE_SUFFIXES = frozenset(
    (
        ".bmp",
        ".jpg",
        ".jpeg",
        ".npy",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    )
)
Mode = Literal["stored", "grey", "rgb", "rgba", "ids"]
MODES = ("stored", "grey", "rgb", "rgba", "ids")
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


class ImageFileError(ValueError):
    """A file that cannot be used as an image or pair, with what is wrong and what repairs it.

    Example:
        >>> str(ImageFileError("a.png", "its width is odd", "Cut it"))
        'a.png: its width is odd. Cut it.'
    """

    def __init__(self, path: str | Path, what: str, repair: str):
        super().__init__(f"{path}: {what}. {repair}.")
        self.path, self.what, self.repair = str(path), what, repair


def read_image(path: str | Path, mode: Mode = "stored") -> np.ndarray:
    """Reads one whole image file without losing depth or channels.

    PNG, JPEG, TIFF, BMP, WebP, PNM by Pillow; 16-bit colour and N-channel TIFF by the package
    `tifffile`; a TIFF of several grey pages becomes one channel per page; `.npy` holds (H, W) or
    (H, W, C).

    Args:
        path: the file.
        mode: what the channels shall be. "stored": as in the file, where palette images become
            their colours. "grey", "rgb", "rgba": 1, 3 or 4 channels; transparency is laid over
            white. "ids": class numbers, one channel: the indices of a palette image, the values of
            a grey one; colours are refused.

    Returns:
        (H, W, C) uint8, uint16 or float32.

    Raises:
        FileNotFoundError: there is no such file.
        ImageFileError: (a ValueError) broken, truncated, no image, or not convertible to `mode`.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "grey.png"
        >>> Image.fromarray(np.zeros((4, 6), "uint8")).save(file)
        >>> read_image(file).shape, read_image(file, "rgb").shape
        ((4, 6, 1), (4, 6, 3))
    """
    if mode not in MODES:
        raise ValueError(f"Unknown image mode {mode!r}; choose one of {', '.join(MODES)}.")
    path = Path(path)
    try:
        if path.suffix.lower() == ".npy":
            array = np.load(path, allow_pickle=False)
        else:
            array = decode_file(path, ids=mode == "ids", any_colours=mode not in ("stored", "ids"))
        return _convert(as_stored(array), mode)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such image file.") from None
    except UNREADABLE as error:
        raise ImageFileError(
            path,
            f"cannot be read as an image ({error})",
            "Repair, replace or delete this file; `kgen check-data` lists all such files at once",
        ) from error


def to_float(array: np.ndarray) -> np.ndarray:
    """Scales stored values to what networks take: v / 127.5 - 1, for 16 bits v / 32767.5 - 1.

    Args:
        array: any shape, uint8, uint16, or float32 that already lies in [-1, 1].

    Returns:
        The same shape, float32 in [-1, 1].

    Raises:
        ValueError: floats outside [-1, 1] (or not finite), other dtypes.

    Example:
        >>> to_float(np.array([0, 255], "uint8")).tolist()
        [-1.0, 1.0]
    """
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max / 2) - np.float32(1)
    array = as_stored(array)
    if array.dtype != np.float32:
        return to_float(array)
    if array.size and not np.abs(array).max() <= 1.0001:  # not <=: so that nan is refused too
        raise ValueError(
            "Float images are taken as they are and must lie in [-1, 1]; received "
            f"{array.min():.6g} to {array.max():.6g}. Scale them first (for a source of pairs: "
            "`pairs.map(lambda source, target: ...)`), or store them as uint8 or uint16."
        )
    return array


def to_uint8(array: np.ndarray) -> np.ndarray:
    """Turns a network's output into pixels: round((y + 1) * 127.5), clipped to 0..255.

    Args:
        array: any shape, float in [-1, 1]; uint8 is returned as it is, uint16 keeps its upper
            range.

    Returns:
        The same shape, uint8.

    Example:
        >>> to_uint8(np.array([-1.0, 0.0, 2.0])).tolist()
        [0, 128, 255]
    """
    array = np.asarray(array)
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        array = to_float(array)
    return np.clip(np.rint((array.astype(np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


def as_stored(array: np.ndarray) -> np.ndarray:
    """Brings an array to the form of stored images: (H, W, C) uint8, uint16 or float32.

    Args:
        array: (H, W) or (H, W, C) of these dtypes, of bool (becomes 0 / 255), or of another float.

    Raises:
        ValueError: other shapes or integer dtypes (whose range would have to be guessed).

    Example:
        >>> as_stored(np.ones((2, 3), bool))[0, 0]
        array([255], dtype=uint8)
    """
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"an image is (H, W) or (H, W, C), none of them 0; received {array.shape}")
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype in (np.uint8, np.uint16):
        return array
    if array.dtype.kind == "f":
        return array.astype(np.float32, copy=False)
    raise ValueError(
        f"images are uint8, uint16 or float; received {array.dtype}, whose range is not known. "
        "Store it with .astype(np.uint8) or .astype(np.uint16)"
    )


def _convert(array: np.ndarray, mode: Mode) -> np.ndarray:
    """Changes the channels of a stored image; see `read_image`."""
    count = array.shape[2]
    wanted = {"stored": count, "ids": 1, "grey": 1, "rgb": 3, "rgba": 4}[mode]
    if count == wanted:
        return array
    if mode == "ids" or count > 4:
        raise ValueError(f"it has {count} channels, which mode={mode!r} cannot take")
    top = np.iinfo(array.dtype).max if array.dtype.kind == "u" else 1.0
    alpha = array[..., -1:] if count in (2, 4) else np.full_like(array[..., :1], top)
    colour = array[..., : count - 1] if count in (2, 4) else array
    if mode == "rgba":
        colour = np.broadcast_to(colour, (*array.shape[:2], 3))
        return np.concatenate([colour, alpha], axis=-1)
    share = alpha.astype(np.float64) / top
    values = colour * share + top * (1 - share)  # over white
    if mode == "grey" and values.shape[2] == 3:
        values = values @ np.array([[0.299], [0.587], [0.114]])  # ITU-R 601 luma, as Pillow
    values = np.rint(values) if array.dtype.kind == "u" else values
    return np.broadcast_to(values, (*array.shape[:2], wanted)).astype(array.dtype)

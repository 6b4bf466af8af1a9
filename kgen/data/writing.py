"""Writing images without losing depth.

Pillow cannot write 16-bit colour, so PNG is written here: its format is a header, the rows, and a
checksum for each.
"""

import os
import struct
import zlib
from pathlib import Path

import numpy as np

from kgen.data.images import IMAGE_SUFFIXES, as_stored

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> grey, grey + alpha, RGB, RGBA
UP = 2  # the filter that stores the difference to the row above; most pictures get smaller by it


def write_image(path: str | Path, array: np.ndarray) -> Path:
    """Writes an image of 1 to 4 channels as PNG, any other as `.npy`, whole or not at all.

    Args:
        path: where to; gets the ending `.png` or `.npy` in place of an image's. Missing folders
            are made.
        array: (H, W, C) or (H, W), uint8 or uint16 (PNG); float32 or more channels (`.npy`).

    Returns:
        The path that was written, which `kgen.data.read_image` reads back unchanged.

    Example:
        >>> import tempfile
        >>> from kgen.data import read_image
        >>> deep = np.arange(24, dtype="uint16").reshape(2, 4, 3) * 1000
        >>> path = write_image(Path(tempfile.mkdtemp()) / "deep", deep)
        >>> path.name, bool((read_image(path) == deep).all())
        ('deep.png', True)
    """
    array = as_stored(array)
    is_png = array.shape[2] in COLOUR_TYPES and array.dtype.kind == "u"
    path = Path(path)
    name = path.stem if path.suffix.lower() in IMAGE_SUFFIXES else path.name
    path = path.with_name(name + (".png" if is_png else ".npy"))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".writing-{path.name}")
    if is_png:
        temporary.write_bytes(_png(array))
    else:
        np.save(temporary, array)
    os.replace(temporary, path)
    return path


def _png(array: np.ndarray) -> bytes:
    height, width, channels = array.shape
    depth = array.dtype.itemsize * 8
    rows = (
        np.ascontiguousarray(array, array.dtype.newbyteorder(">"))
        .view(np.uint8)
        .reshape(height, -1)
    )
    filtered = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    lines = np.insert(filtered, 0, UP, axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, depth, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

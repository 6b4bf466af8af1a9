"""The jitter that pix2pix is trained with, and the other ways to bring pairs to one size.

Both halves of a pair go through the same crop and the same mirror, or the network would learn from
pixels that do not belong together. What is random is drawn beforehand (`draw`), so the jitter
itself is a pure function that tests compare with the reference code, number by number.
"""

from typing import Literal, NamedTuple

import numpy as np

from kgen.data.images import to_float
from kgen.data.resizing import as_size, resize

Preprocess = Literal["resize_and_crop", "crop", "scale_width", "scale_width_and_crop", "none"]
PREPROCESS = ("resize_and_crop", "crop", "scale_width", "scale_width_and_crop", "none")


class Draw(NamedTuple):
    """What is random about one jitter: the left top corner of the crop, and the mirror."""

    crop_x: int
    crop_y: int
    flip: bool


def jitter(
    source: np.ndarray,
    target: np.ndarray,
    load_size: int | tuple[int, int],
    crop_size: int | tuple[int, int],
    crop_x: int,
    crop_y: int,
    flip: bool,
    resize: str = "bicubic",
    target_resize: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Enlarges both halves of a pair, cuts the same window out of them, and mirrors both or none.

    Isola et al. 2017, section 6.2: 256 -> 286 -> random 256 window -> mirrored in half of the
    cases.

    Args:
        source, target: stored images (H, W, C), uint8, uint16, or float32 in [-1, 1].
        load_size: (height, width) to resize to, in pixels.
        crop_size: (height, width) of the window, in pixels.
        crop_x, crop_y: column and row of the window's left top corner, in the resized image.
        flip: whether to mirror left and right, after the crop.
        resize: method for the source (and the target unless `target_resize` is given).

    Returns:
        source, target: crop_size, float32 in [-1, 1].

    Raises:
        ValueError: if the window does not lie inside the resized image.

    Example:
        >>> photo, drawing = np.zeros((60, 80, 3), "uint8"), np.zeros((60, 80, 1), "uint8")
        >>> source, target = jitter(photo, drawing, 286, 256, crop_x=30, crop_y=0, flip=True)
        >>> source.shape, target.shape, float(source.min())
        ((256, 256, 3), (256, 256, 1), -1.0)
    """
    halves = []
    for half, method in ((source, resize), (target, target_resize or resize)):
        resized = resize_stored(half, load_size, method)
        halves.append(to_float(window(resized, crop_size, Draw(crop_x, crop_y, flip))))
    return halves[0], halves[1]


def default_load_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Sizes to resize to before a random crop of `size`: round(S * 286 / 256) for each side.

    Example:
        >>> default_load_size(256), default_load_size((64, 512))
        ((286, 286), (72, 572))
    """
    height, width = as_size(size)
    return round(height * 286 / 256), round(width * 286 / 256)


def scaled_size(
    stored: tuple[int, int],
    preprocess: Preprocess,
    load_size: tuple[int, int],
    size: tuple[int, int],
    multiple: int = 4,
) -> tuple[int, int]:
    """Size (height, width) that a stored image is resized to before it is cropped.

    The modes of the PyTorch implementation: "resize_and_crop" takes `load_size` whatever the shape
    was; "scale_width" and "scale_width_and_crop" take its width and keep the shape, but are never
    lower than `size`; "crop" keeps the stored size; "none" rounds it to a multiple.

    Args:
        stored: height and width of the image, in pixels.
        load_size, size: (height, width) before and after the crop, in pixels.
        multiple: for "none" only.

    Example:
        >>> scaled_size((600, 1200), "scale_width", (286, 286), (128, 256))
        (143, 286)
        >>> scaled_size((601, 1201), "none", (286, 286), (256, 256))
        (600, 1200)
    """
    if preprocess == "resize_and_crop":
        return load_size
    if preprocess == "crop":
        return stored
    if preprocess == "none":
        height, width = (max(1, round(side / multiple)) * multiple for side in stored)
        return height, width
    if stored[1] == load_size[1] and stored[0] >= size[0]:
        return stored
    return max(load_size[1] * stored[0] // stored[1], size[0]), load_size[1]


def draw(
    rng: np.random.Generator, scaled: tuple[int, int], size: tuple[int, int], flip: bool
) -> Draw:
    """Draws one jitter: a window of `size` anywhere in `scaled`, and a mirror with chance 1/2.

    Three numbers are drawn whatever the arguments are, so that turning the mirror off leaves the
    crops of a seed as they were.

    Example:
        >>> draw(np.random.default_rng(0), (286, 286), (256, 256), flip=False).flip
        False
    """
    crop_x = int(rng.integers(0, max(0, scaled[1] - size[1]) + 1))
    crop_y = int(rng.integers(0, max(0, scaled[0] - size[0]) + 1))
    mirrored = bool(rng.random() < 0.5)
    return Draw(crop_x, crop_y, flip and mirrored)


def centre(scaled: tuple[int, int], size: tuple[int, int]) -> Draw:
    """The jitter of evaluation: the window in the middle, never mirrored.

    Example:
        >>> centre((286, 300), (256, 256))
        Draw(crop_x=22, crop_y=15, flip=False)
    """
    return Draw((scaled[1] - size[1]) // 2, (scaled[0] - size[0]) // 2, False)


def window(array: np.ndarray, size: int | tuple[int, int], draw: Draw) -> np.ndarray:
    """Cuts a window out of (H, W, C) and mirrors it if drawn so (a view, nothing is copied).

    Raises:
        ValueError: if the window does not lie inside the image.

    Example:
        >>> window(np.arange(6).reshape(1, 6, 1), (1, 2), Draw(3, 0, True)).ravel().tolist()
        [4, 3]
    """
    height, width = as_size(size)
    rows, columns = array.shape[:2]
    if not (0 <= draw.crop_x <= columns - width and 0 <= draw.crop_y <= rows - height):
        raise ValueError(
            f"A window of {height}x{width} (height x width) at row {draw.crop_y}, column "
            f"{draw.crop_x} does not lie inside the image of {rows}x{columns}. Take a smaller "
            "size, a larger load_size, or preprocess='resize_and_crop'."
        )
    cut = array[draw.crop_y : draw.crop_y + height, draw.crop_x : draw.crop_x + width]
    return cut[:, ::-1] if draw.flip else cut


def resize_stored(array: np.ndarray, size: int | tuple[int, int], method: str) -> np.ndarray:
    """Resizes a stored image; floats keep their range (a bicubic kernel overshoots at edges).

    Example:
        >>> edge = np.array([[-1, 1]], "float32")[..., None]
        >>> float(resize_stored(edge, (1, 9), "bicubic").max())
        1.0
    """
    resized = resize(array, size, method)
    if array.dtype.kind == "f" and resized is not array:
        resized = np.clip(resized, array.min(), array.max())
    return resized

"""Windows around the object of an image, given its bounding box.

Photographs of birds show mostly sky and twigs. Cutting each image to its bird before training is
part of the method, so the rules are written down here with their rounding; StackGAN's is compared
number by number with the code it comes from.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CROPS = ("side", "stackgan", "area")
FITS = ("pad", "squeeze")


class Window(NamedTuple):
    """A rectangle of pixels: columns left..right and rows top..bottom, the ends excluded.

    Cut it out with `image[window.top : window.bottom, window.left : window.right]`.
    """

    left: int
    top: int
    right: int
    bottom: int


def check_crop(crop: str | None, fit: str) -> None:
    """Raises ValueError for names that `cut_object` does not know."""
    if crop not in (None, *CROPS):
        raise ValueError(
            f"crop is one of {', '.join(map(repr, CROPS))} or None; received {crop!r}."
        )
    if fit not in FITS:
        raise ValueError(f"fit is {' or '.join(map(repr, FITS))}; received {fit!r}.")


def cut_object(
    array: np.ndarray,
    box: Sequence[float] | None,
    crop: str | None = "side",
    fit: str = "pad",
    fill: int | None = None,
) -> np.ndarray:
    """Cuts the window around an object out of an image or mask.

    Args:
        array: (H, W) or (H, W, C).
        box: x, y, w, h of the object in pixels; may be None if `crop` is.
        crop: "side": a square, of whose side the longer side of the box fills 3/4 or more;
            "stackgan": as StackGAN's code, 2/3 or more; "area": the box enlarged by 1.1547 each
            way, of whose area it fills 3/4; None: the whole image.
        fit: what is done about windows that reach beyond the image, or are not square: "pad" adds
            pixels up to a square, so that shapes keep their proportions; "squeeze" does nothing,
            so that resizing to a square will squeeze them, as StackGAN does.
        fill: what is added: None repeats the pixels of the border; else this value, 0 for masks.

    Returns:
        (H', W') or (H', W', C), of the same dtype; a square with "pad".

    Raises:
        ValueError: unknown names, a box of which no pixel lies in the image.

    Example:
        >>> cut_object(np.zeros((60, 90, 3), "uint8"), (70, 10, 18, 30)).shape
        (40, 40, 3)
        >>> cut_object(np.zeros((60, 90), bool), (70, 10, 18, 30), fit="squeeze").shape
        (40, 31)
    """
    check_crop(crop, fit)
    height, width = array.shape[:2]
    if crop is None or box is None:
        wanted = Window(0, 0, width, height)
    else:
        wanted = object_window(box, crop)
    inside = clip_window(wanted, height, width, box)
    piece = array[inside.top : inside.bottom, inside.left : inside.right]
    if fit == "squeeze":
        return piece
    square = _square(wanted)
    around = [
        (inside.top - square.top, square.bottom - inside.bottom),
        (inside.left - square.left, square.right - inside.right),
        *[(0, 0)] * (array.ndim - 2),
    ]
    if fill is None:
        return np.pad(piece, around, mode="edge")
    return np.pad(piece, around, mode="constant", constant_values=fill)


def object_window(box: Sequence[float], crop: str = "side") -> Window:
    """The window around a box, which may reach beyond the image; see `cut_object`.

    The box's numbers, its middle and the half side are each cut off to whole pixels, in this order,
    as StackGAN's code does.

    Example:
        >>> object_window((70, 10, 18, 30))
        Window(left=59, top=5, right=99, bottom=45)
    """
    if len(box) != 4:
        raise ValueError(f"a bounding box is four numbers x, y, w, h; received {tuple(box)}")
    x, y, w, h = (int(number) for number in box)
    column, row = int((2 * x + w) / 2), int((2 * y + h) / 2)
    if crop == "area":
        half = [max(1, int(side * 1.1547 / 2)) for side in (w, h)]
    elif crop == "stackgan":
        half = [int(0.75 * max(w, h))] * 2
    else:
        half = [max(1, int(max(w, h) / (2 * 0.75)))] * 2
    return Window(column - half[0], row - half[1], column + half[0], row + half[1])


def clip_window(
    window: Window, height: int, width: int, box: Sequence[float] | None = None
) -> Window:
    """The part of a window that lies in an image; `box` is named if there is none."""
    clipped = Window(
        left=max(0, window.left),
        top=max(0, window.top),
        right=min(width, window.right),
        bottom=min(height, window.bottom),
    )
    if clipped.left >= clipped.right or clipped.top >= clipped.bottom:
        x, y, w, h = (int(number) for number in (window if box is None else box))
        raise ValueError(
            f"the bounding box x={x}, y={y}, w={w}, h={h} leaves no pixel of an image of "
            f"{height}x{width} (height x width). The box is in pixels of the image as it is "
            "stored; was the image resized, or is it another one?"
        )
    return clipped


def mask_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """The bounding box x, y, w, h of a mask (H, W), in pixels.

    Raises:
        ValueError: an empty mask.

    Example:
        >>> mask_box(np.eye(4)[:, :3])
        (0, 0, 3, 3)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise ValueError("the mask is empty: no pixel belongs to the object")
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y


def _square(window: Window) -> Window:
    """The smallest square about a window, with the window in its middle."""
    width, height = window.right - window.left, window.bottom - window.top
    side = max(width, height)
    left, top = window.left - (side - width) // 2, window.top - (side - height) // 2
    return Window(left, top, left + side, top + side)


def stackgan_window(height: int, width: int, box: Sequence[float]) -> Window:
    """The window around a bounding box that StackGAN trains on.

    Zhang et al., 2017, section 4.1, by their code (`custom_crop`): a square of side 2R about the
    middle of the box with R = 0.75 max(w, h), clipped to the image; so the longer side of the box
    is at least 2/3 of the window's. The window is a rectangle where the image ends before the
    square does. The box's numbers, the middle and R are each cut off to whole pixels, in this
    order.

    Args:
        height, width: of the image, in pixels.
        box: x, y, w, h of the bounding box, in pixels from the left top corner, as CUB-200-2011's
            `bounding_boxes.txt` has them (there as 60.0 27.0 325.0 304.0).

    Returns:
        The window.

    Raises:
        ValueError: a box that is not four numbers, or none of whose window lies in the image.

    Example:
        >>> stackgan_window(height=438, width=450, box=(27, 22, 81, 287))
        Window(left=0, top=0, right=282, bottom=380)
    """
    return clip_window(object_window(box, "stackgan"), height, width, box)

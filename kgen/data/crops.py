"""Windows around the object of an image, given its bounding box.

Photographs of birds show mostly sky and twigs. Cutting each image to its bird before training is
part of the method, so the rule is written down here with its rounding, and compared number by
number with the code it comes from.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """A rectangle of pixels: columns left..right and rows top..bottom, the ends excluded.

    Cut it out with `image[window.top : window.bottom, window.left : window.right]`.
    """

    left: int
    top: int
    right: int
    bottom: int


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
    if len(box) != 4:
        raise ValueError(f"a bounding box is four numbers x, y, w, h; received {tuple(box)}")
    x, y, w, h = (int(number) for number in box)
    radius = int(0.75 * max(w, h))
    column, row = int((2 * x + w) / 2), int((2 * y + h) / 2)
    window = Window(
        left=max(0, column - radius),
        top=max(0, row - radius),
        right=min(width, column + radius),
        bottom=min(height, row + radius),
    )
    if window.left >= window.right or window.top >= window.bottom:
        raise ValueError(
            f"the bounding box x={x}, y={y}, w={w}, h={h} leaves no pixel of an image of "
            f"{height}x{width} (height x width). The box is in pixels of the image as it is "
            "stored; was the image resized, or is it another one?"
        )
    return window

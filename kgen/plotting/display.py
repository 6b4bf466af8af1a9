"""From stored or generated images of any channel count to RGB that can be looked at."""

import colorsys
from collections.abc import Sequence
from typing import Any

import numpy as np

INVALID = (1.0, 0.0, 1.0)  # magenta: a network that diverged must not look like a black image


def to_display(images: Any, channels: Sequence[int] | str | None = None) -> np.ndarray:
    """Turn images of any channel count into RGB.

    One channel becomes grey, two become red and green, three are RGB.  Of more, one-hot label maps
    get one colour per class, anything else shows its first three channels.  Pixels that are not
    numbers become magenta.

    Args:
        images: (B, H, W, C) or (H, W, C), float in [-1, 1], or uint8, or uint16.
        channels: which channels are red, green and blue (three indices), or `"classes"` for one
            colour per strongest channel; None chooses as above.

    Returns:
        (B, H, W, 3) float32 in [0, 1].

    Raises:
        ValueError: the shape is not one of images, or floats lie outside [-1, 1].

    Example:
        >>> import numpy as np
        >>> to_display(np.zeros((2, 8, 8, 1), "float32")).shape
        (2, 8, 8, 3)
    """
    images = to_unit(images)
    if channels == "classes" or (channels is None and is_one_hot(images)):
        return _class_colours(images.shape[-1])[np.argmax(images, axis=-1)]
    shown = _three_channels(images, channels)
    invalid = ~np.isfinite(shown).all(axis=-1)
    shown = np.clip(np.where(np.isfinite(shown), shown, 0.0), 0.0, 1.0)
    shown[invalid] = INVALID
    return shown.astype("float32")


def _to_numpy(images: Any) -> np.ndarray:
    if not isinstance(images, np.ndarray):
        import keras

        images = keras.ops.convert_to_numpy(images)
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            "images must be (B, H, W, C) or (H, W, C), channels last and not empty; "
            f"received shape {images.shape}. A grey image needs its channel: image[..., None]."
        )
    return images


def to_unit(images: Any) -> np.ndarray:
    """Bring images of any stored or generated range to (B, H, W, C) float32 in [0, 1]."""
    images = _to_numpy(images)
    if images.dtype in (np.uint8, np.uint16):
        return images.astype("float32") / np.iinfo(images.dtype).max
    images = images.astype("float32")
    finite = images[np.isfinite(images)]
    if finite.size and max(finite.max(), -finite.min()) > 1.5:
        raise ValueError(
            "float images must lie in [-1, 1]; received values from "
            f"{finite.min():.4g} to {finite.max():.4g}. Pass 0..255 images as uint8, "
            "or scale them: images / 127.5 - 1."
        )
    return (images + 1.0) / 2.0


def _three_channels(images: np.ndarray, channels: Sequence[int] | str | None) -> np.ndarray:
    count = images.shape[-1]
    if channels is not None:
        indices = [int(channel) for channel in channels if channel in range(-count, count)]
        if len(channels) != 3 or len(indices) != 3:
            raise ValueError(
                f'channels must be three indices below {count}, or "classes"; received {channels!r}'
            )
        return images[..., indices]
    if count == 1:
        return np.repeat(images, 3, axis=-1)
    if count == 2:
        return np.concatenate([images, np.zeros_like(images[..., :1])], axis=-1)
    return images[..., :3].copy()


def is_one_hot(images: np.ndarray) -> bool:
    """Tell whether images in [0, 1] of more than three channels mark one channel per pixel."""
    if images.shape[-1] <= 3:
        return False
    on = images > 0.99
    return bool((on | (images < 0.01)).all() and (on.sum(axis=-1) == 1).all())


def _class_colours(count: int) -> np.ndarray:
    """Distinct colours: hues a golden angle apart, in two brightnesses."""
    colours = [
        colorsys.hsv_to_rgb(index * 0.618034 % 1.0, 0.75, (0.95, 0.7)[index % 2])
        for index in range(count)
    ]
    return np.array(colours, dtype="float32")

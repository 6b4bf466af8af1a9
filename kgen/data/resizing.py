"""Resizing of stored images on the CPU, equal on every backend.

Bicubic resizing differs between the frameworks (by 0.27 of the range), and none of them equals what
pix2pix was trained with, so images are resized before they reach a framework: by Pillow, as the
reference code does, and by a few lines of numpy for the variants without antialiasing.
"""

import numpy as np
from PIL import Image

PILLOW_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
METHODS = (*PILLOW_FILTERS, "nearest", "area", "bicubic_no_antialias", "bilinear_no_antialias")


def resize(array: np.ndarray, size: int | tuple[int, int], method: str = "bicubic") -> np.ndarray:
    """Resizes one image to `size`, with the rounding and the borders of the reference codes.

    "bicubic", "bilinear" and "lanczos" are Pillow's: antialiased when shrinking (the kernel
    widens), cubic coefficient a = -0.5. "nearest" takes the pixel under the centre of the new one,
    as Pillow and `tf.image.resize` do, and keeps label colours and ids unmixed.
    "bicubic_no_antialias" and "bilinear_no_antialias" equal `tf.image.resize(...,
    antialias=False)`, the TensorFlow tutorial's; the second is OpenCV's INTER_LINEAR too. "area"
    weighs old pixels by how much of each the new one covers, as OpenCV's INTER_AREA and
    TensorFlow's area resizing do, whether a side shrinks or grows.

    Args:
        array: (H, W) or (H, W, C) uint8, uint16 or float32, any C.
        size: new (height, width) in pixels; one number means a square.
        method: one of `resizing.METHODS`.

    Returns:
        (height, width) or (height, width, C) of the same dtype. Integers are rounded and clipped to
        their range; floats are not clipped (bicubic may overshoot by some percent).

    Raises:
        ValueError: unknown method, a size below 1, or an array of another shape or dtype.

    Example:
        >>> resize(np.array([[0, 100]], "uint8"), (1, 4), "nearest").tolist()
        [[0, 0, 100, 100]]
        >>> resize(np.zeros((40, 60, 3), "uint8"), 286).shape
        (286, 286, 3)
    """
    height, width = as_size(size)
    _check(array, method)
    if array.shape[:2] == (height, width):
        return array
    if method == "nearest":
        rows, columns = _nearest(array.shape[0], height), _nearest(array.shape[1], width)
        return array[rows[:, None], columns]
    if method in PILLOW_FILTERS:
        return _pillow_resize(array, height, width, PILLOW_FILTERS[method])
    return _weighted(array, height, width, method.removesuffix("_no_antialias"))


def as_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Turns 256 or (256, 512) into (height, width), both at least 1 pixel.

    Raises:
        ValueError: if it is neither a whole number nor a pair of them.

    Example:
        >>> as_size(256), as_size((128, 512))
        ((256, 256), (128, 512))
    """
    pair = (size, size) if isinstance(size, int | np.integer) else tuple(np.atleast_1d(size))
    if len(pair) != 2 or not all(isinstance(side, int | np.integer) for side in pair):
        raise ValueError(
            "A size is one whole number (a square) or (height, width) in pixels; "
            f"received {size!r}. Example: size=256 or size=(128, 512)."
        )
    if min(pair) < 1:
        raise ValueError(f"A size is at least 1 pixel on each side; received {size!r}.")
    return int(pair[0]), int(pair[1])


def _check(array: np.ndarray, method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"Unknown resize method {method!r}; choose one of {', '.join(METHODS)}.")
    if array.ndim not in (2, 3) or array.dtype not in (np.uint8, np.uint16, np.float32):
        raise ValueError(
            "resize takes one image, (H, W) or (H, W, C), of uint8, uint16 or float32; "
            f"received shape {array.shape}, dtype {array.dtype}."
        )


def _nearest(old: int, new: int) -> np.ndarray:
    # in float32, as TensorFlow does: which side a tie falls to depends on the rounding
    centre = (np.arange(new, dtype=np.float32) + np.float32(0.5)) * np.float32(old / new)
    return np.minimum(np.floor(centre).astype(int), old - 1)


def _pillow_resize(array: np.ndarray, height: int, width: int, how: Image.Resampling) -> np.ndarray:
    if array.dtype == np.uint8 and (array.ndim == 2 or array.shape[2] == 3):
        return np.asarray(Image.fromarray(array).resize((width, height), how))
    # One channel at a time: Pillow would multiply the colours of a 4-channel image by the fourth,
    # and knows neither 16-bit colour nor other channel counts. Mode F is exact for 16 bits.
    work = array if array.dtype == np.uint8 else array.astype(np.float32)
    channels = work[..., None] if work.ndim == 2 else work
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(channels[..., c])).resize((width, height), how)
        )
        for c in range(channels.shape[2])
    ]
    resized = np.stack(planes, axis=-1).reshape(height, width, *array.shape[2:])
    return _to_dtype(resized, array.dtype)


def _to_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "f" or values.dtype == dtype:
        return values.astype(dtype, copy=False)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)


def _weighted(array: np.ndarray, height: int, width: int, kernel: str) -> np.ndarray:
    """Weighs old pixels along the rows, then along the columns, in float32."""
    values = array
    for axis, new in ((0, height), (1, width)):
        old = array.shape[axis]
        taps, weights = _areas(old, new) if kernel == "area" else _neighbours(old, new, kernel)
        values = _sum_of_taps(values, axis, taps, weights)
    return _to_dtype(values, array.dtype)


def _sum_of_taps(
    values: np.ndarray, axis: int, taps: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Sum over t of weights[:, t] times the pixels with the numbers taps[:, t] along an axis."""
    shape = [1] * values.ndim
    shape[axis] = len(taps)
    parts = (
        np.take(values, tap, axis) * weight.reshape(shape)
        for tap, weight in zip(taps.T, weights.T, strict=True)
    )
    return sum(parts, start=np.zeros((), np.float32))


def _neighbours(old: int, new: int, kernel: str) -> tuple[np.ndarray, np.ndarray]:
    """The 2 (bilinear) or 4 (bicubic) nearest pixels and their weights, half-pixel centres."""
    centre = (np.arange(new) + 0.5) * (old / new) - 0.5
    reach = np.arange(0, 2) if kernel == "bilinear" else np.arange(-1, 3)
    left = np.floor(centre)
    taps = left.astype(int)[:, None] + reach  # (new, 2 or 4)
    part = centre - left
    if kernel == "bicubic":
        part = np.rint(part * 1024) / 1024  # TensorFlow looks its cubic up in a table of 1024 steps
    distance = np.abs(part[:, None] - reach)
    weights = np.maximum(0, 1 - distance) if kernel == "bilinear" else _keys(distance)
    weights = weights * ((taps >= 0) & (taps < old))  # the border: what lies outside has no weight
    return _within(taps, weights, old)


def _areas(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that a new one covers and the covered share of each."""
    edges = np.arange(new + 1) * (old / new)
    first, last = edges[:-1, None], edges[1:, None]
    taps = np.floor(first).astype(int) + np.arange(int(np.ceil(old / new)) + 1)
    covered = np.minimum(last, taps + 1) - np.maximum(first, taps)
    covered = np.where(covered > 1e-6, covered, 0)  # less is a rounding error of the edges
    used = covered.any(axis=0)
    return _within(taps[:, used], covered[:, used], old)


def _within(taps: np.ndarray, weights: np.ndarray, old: int) -> tuple[np.ndarray, np.ndarray]:
    """Taps that exist, and weights that sum to 1."""
    return np.clip(taps, 0, old - 1), (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _keys(distance: np.ndarray, a: float = -0.5) -> np.ndarray:
    """Keys' cubic convolution kernel (1981): |d| <= 1 and 1 < |d| < 2 have a cubic each."""
    near = (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    far = a * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))

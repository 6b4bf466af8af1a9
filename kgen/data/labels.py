"""Label maps as one-hot channels, from class numbers or from a palette of colours.

A network that sees label colours must first learn that a mixed colour is no class; one channel per
class says so at once. Colours that are in no palette (JPEG, smooth resizing) are an error here and
not a silent class, because that is where users lose hours.
"""

import numpy as np


def one_hot(
    labels: np.ndarray,
    classes: int | np.ndarray,
    *,
    unknown: int | tuple[int, ...] | None = None,
    tolerance: float = 0.0,
) -> np.ndarray:
    """Turns a label map into one channel per class: +1 where the pixel has the class, -1 elsewhere.

    -1 and +1 (not 0 and 1), so that a label map is an image in [-1, 1] as all others are: it can be
    a target of a tanh generator, it survives `to_uint8` as 0 / 255, and it can be plotted.

    Args:
        labels: (H, W) or (H, W, 1) class numbers, or (H, W, 3) colours, of an integer dtype.
        classes: how many classes there are (then `labels` holds 0..classes-1), or the palette, an
            (N, 3) array of colours in the order of the channels (for class numbers that are not
            0..N-1: an (N, 1) array of them).
        unknown: the class number or colour of pixels that have no class (all channels -1).
        tolerance: largest distance of a pixel's colour to its palette colour, in grey levels
            (Euclidean over the channels). Raise it for label maps stored as JPEG.

    Returns:
        (H, W, N) float32, values -1 and +1.

    Raises:
        ValueError: if a pixel has no class; names the first of them, with their counts.

    Example:
        >>> one_hot(np.array([[0, 2]], "uint8"), 3)[0].tolist()
        [[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]]
        >>> palette = np.array([[0, 0, 255], [255, 0, 0]])  # facade, window
        >>> one_hot(np.array([[[255, 0, 0]]], "uint8"), palette)[0].tolist()
        [[-1.0, 1.0]]
    """
    palette = np.asarray(classes)
    if palette.ndim == 0:
        palette = np.arange(int(palette))[:, None]
    pixels = labels[..., None] if labels.ndim == 2 else labels
    if pixels.dtype.kind not in "ui" or palette.ndim != 2 or pixels.shape[2] != palette.shape[1]:
        raise ValueError(
            "one_hot takes whole class numbers (H, W, 1) with a count of classes, or colours "
            "(H, W, 3) with an (N, 3) palette; received labels of shape "
            f"{labels.shape}, dtype {labels.dtype}, and classes of shape {palette.shape}. "
            "For a palette PNG read the numbers: mode='ids'."
        )
    colours, where = np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0, return_inverse=True)
    codes = _codes(colours, palette, unknown, tolerance)
    _refuse_strangers(colours, codes, np.bincount(where.ravel()), palette)
    channels = np.full((len(palette) + 1, len(palette)), -1.0, np.float32)  # last row: unknown
    np.fill_diagonal(channels, 1.0)
    return channels[codes][where.ravel()].reshape(*pixels.shape[:2], len(palette))


def _codes(colours, palette, unknown, tolerance) -> np.ndarray:
    """Class of each colour (M, C): 0..N-1, N for unknown, -1 if none is near enough."""
    distance = np.linalg.norm(colours[:, None].astype(np.float64) - palette[None], axis=-1)
    nearest = distance.argmin(1)
    codes = np.where(distance.min(1) <= tolerance, nearest, -1)
    if unknown is not None:
        codes[(colours == np.asarray(unknown).reshape(1, -1)).all(1)] = len(palette)
    return codes


def _refuse_strangers(colours, codes, counts, palette) -> None:
    strangers = np.flatnonzero(codes < 0)
    if not len(strangers):
        return
    listed = strangers[counts[strangers].argsort()[::-1]][:5]
    examples = ", ".join(f"{colours[s].tolist()} ({counts[s]} pixels)" for s in listed)
    raise ValueError(
        f"{len(strangers)} label values belong to no class: {examples}. Every pixel must be one of "
        f"the {len(palette)} given classes. If the map was stored as JPEG or resized smoothly, "
        "store it as PNG, resize with method='nearest', or pass tolerance=; if these pixels have "
        "no class, pass unknown=."
    )

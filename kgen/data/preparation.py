"""What happens to one pair between storage and model: sizes, crop, mirror, scaling, one-hot.

Split in a part that is the same in every epoch (`resize`, which can be cached) and a part that is
drawn anew (`draw`, `finish`). Everything here is a pure function of its arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kgen.data.augment import (
    PREPROCESS,
    Draw,
    Preprocess,
    centre,
    default_load_size,
    draw,
    resize_stored,
    scaled_size,
    window,
)
from kgen.data.images import to_float
from kgen.data.labels import one_hot
from kgen.data.pairs import Pair
from kgen.data.resizing import METHODS, as_size

OneHot = int | np.ndarray | Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Preparation:
    """The settings of `Batches` that concern single pairs, and what they do.

    Args: see `kgen.data.Batches`; `load_size`, `size`: (height, width); `methods`, `encoders`: of
        the source and of the target.

    Example:
        >>> small = prepare(size=64, training=True)
        >>> small.load_size, small.methods
        ((72, 72), ('bicubic', 'bicubic'))
    """

    size: tuple[int, int]
    load_size: tuple[int, int]
    training: bool
    flip: bool
    preprocess: Preprocess
    multiple: int
    methods: tuple[str, str]
    encoders: tuple[OneHot | None, OneHot | None]

    def resize(self, source: np.ndarray, target: np.ndarray) -> Pair:
        """Brings both halves to the size before the crop."""
        stored = source.shape[:2]
        scaled = scaled_size(stored, self.preprocess, self.load_size, self.size, self.multiple)
        first, second = self.methods
        return resize_stored(source, scaled, first), resize_stored(target, scaled, second)

    def final_size(self, scaled: tuple[int, int]) -> tuple[int, int]:
        """The size after the crop, of a pair of the size `scaled` before it."""
        return self.size if "crop" in self.preprocess else scaled

    def draw(self, rng: np.random.Generator, scaled: tuple[int, int]) -> Draw:
        """Draws crop and mirror in training; the middle and no mirror otherwise."""
        size = self.final_size(scaled)
        return draw(rng, scaled, size, self.flip) if self.training else centre(scaled, size)

    def finish(self, source: np.ndarray, target: np.ndarray, drawn: Draw) -> Pair:
        """Cuts and mirrors both halves alike and scales them to float32 in [-1, 1]."""
        size = self.final_size(source.shape[:2])
        halves = [
            _encode(window(half, size, drawn), encoder)
            for half, encoder in zip((source, target), self.encoders, strict=True)
        ]
        return halves[0], halves[1]


def prepare(
    size: int | tuple[int, int],
    training: bool,
    load_size: int | tuple[int, int] | None = None,
    flip: bool = True,
    resize: str = "bicubic",
    target_resize: str | None = None,
    one_hot: OneHot | None = None,
    target_one_hot: OneHot | None = None,
    preprocess: Preprocess = "resize_and_crop",
    multiple: int = 4,
) -> Preparation:
    """Checks the settings and fills in their defaults; see `kgen.data.Batches`.

    Raises:
        ValueError: unknown names, sizes that do not fit each other.

    Example:
        >>> prepare(size=(64, 128), training=False).load_size
        (64, 128)
    """
    if preprocess not in PREPROCESS:
        raise ValueError(
            f"Unknown preprocess {preprocess!r}; choose one of {', '.join(PREPROCESS)}."
        )
    for method in (resize, target_resize or resize):
        if method not in METHODS:
            raise ValueError(
                f"Unknown resize method {method!r}; choose one of {', '.join(METHODS)}."
            )
    if multiple < 1:
        raise ValueError(f"multiple is at least 1 pixel; received {multiple}.")
    chosen = (resize, target_resize or resize)
    return Preparation(
        size=as_size(size),
        load_size=_load_size(as_size(size), training, preprocess, load_size),
        training=training,
        flip=flip and training,
        preprocess=preprocess,
        multiple=multiple,
        # class numbers and palette colours must not be mixed
        methods=(
            chosen[0] if one_hot is None else "nearest",
            chosen[1] if target_one_hot is None else "nearest",
        ),
        encoders=(one_hot, target_one_hot),
    )


def _load_size(size, training, preprocess, load_size) -> tuple[int, int]:
    if not training and preprocess in ("resize_and_crop", "scale_width_and_crop"):
        return size
    if load_size is not None and preprocess in ("crop", "none"):
        raise ValueError(
            f"preprocess={preprocess!r} does not resize to a load_size (received {load_size!r}): "
            "leave it out, or take 'resize_and_crop' or 'scale_width_and_crop'."
        )
    if load_size is None:
        return default_load_size(size) if "_and_crop" in preprocess else size
    load_size = as_size(load_size)
    if "_and_crop" in preprocess and (load_size[0] < size[0] or load_size[1] < size[1]):
        raise ValueError(
            f"load_size {load_size} must be at least as large as size {size} (height, width), from "
            "which the crop is cut. Leave load_size out for the paper's 286/256 of the size."
        )
    return load_size


def _encode(half: np.ndarray, encoder: OneHot | None) -> np.ndarray:
    if encoder is None:
        return to_float(half)
    if callable(encoder):
        return np.asarray(encoder(half), np.float32)
    return one_hot(half, encoder)

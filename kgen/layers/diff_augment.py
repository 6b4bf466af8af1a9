"""Differentiable augmentation: what the discriminator sees is disturbed, real and fake alike.

A discriminator learns a small data set by heart. If it only ever sees augmented images, and the
generator's gradient flows back through the augmentation, it cannot, and the generator does not
learn to produce augmented images either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

POLICIES = ("color", "translation", "cutout")
SHIFT = 0.125  # largest translation, as a share of the side
HOLE = 0.5  # side of the square that cutout blanks, as a share of the side


@keras.saving.register_keras_serializable("kgen")
class DiffAugment(keras.layers.Layer):
    """Augment images so that gradients flow through (Zhao et al., 2020, section 3.3).

    The same layer is applied to real and to generated images before the discriminator, in its step
    and in the generator's, with new random numbers for each image and call. Outside of training,
    images pass unchanged.

    - `color`: brightness by u - 1/2, then saturation by the factor 2u, then contrast by the factor
      u + 1/2, with u uniform in [0, 1) for each image and each of the three.
    - `translation`: by up to 1/8 of height and width, zeros move in.
    - `cutout`: a rectangle of half the height and width, anywhere (it may reach over the border),
      is set to zero.

    Input and output: float (B, H, W, C) in [-1, 1]; colour may leave that range. For a condition
    and an image that must stay aligned, concatenate them along the channels.

    Args:
        policy: names separated by commas, applied in this order. Default
            `"color,translation,cutout"`.
        seed: of the draws.

    Raises:
        ValueError: an unknown name, or none.

    Example:

    >>> from keras import ops
    >>> from kgen.layers import DiffAugment
    >>> augment = DiffAugment("cutout", seed=0)
    >>> ones = ops.ones((1, 16, 16, 3))
    >>> bool(ops.mean(augment(ones, training=True)) < 1.0)
    True
    >>> float(ops.mean(augment(ones)))
    1.0
    """

    def __init__(
        self, policy: str = "color,translation,cutout", seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.stages = tuple(name.strip() for name in policy.split(","))
        if unknown := [name for name in self.stages if name not in POLICIES]:
            raise ValueError(
                f"policy must name some of {', '.join(POLICIES)}, separated by commas; got "
                f"{policy!r} with {', '.join(map(repr, unknown))}. To augment nothing, leave the "
                "layer out."
            )
        self.policy = policy
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        return self.apply(images, self.draw(images)) if training else images

    def draw(self, images: Any) -> dict[str, Any]:
        """The random numbers of one call, each (B,), under the names that `apply` takes."""
        batch, height, width = ops.shape(images)[:3]
        draws: dict[str, Any] = {}
        if "color" in self.stages:
            for name in ("brightness", "saturation", "contrast"):
                draws[name] = self._uniform(batch)
        if "translation" in self.stages:
            for name, side in (("shift_rows", height), ("shift_columns", width)):
                reach = _share(side, SHIFT)
                draws[name] = self._integers(batch, 2 * reach + 1) - reach
        if "cutout" in self.stages:
            for name, side in (("hole_row", height), ("hole_column", width)):
                # even rectangles have their centre between two pixels: one place more
                draws[name] = self._integers(batch, side + 1 - _share(side, HOLE) % 2)
        return draws

    def apply(self, images: Any, draws: Mapping[str, Any]) -> Any:
        """The augmentation itself, with the random numbers given."""
        for stage in self.stages:
            if stage == "color":
                images = brightness(images, draws["brightness"])
                images = saturation(images, draws["saturation"])
                images = contrast(images, draws["contrast"])
            elif stage == "translation":
                images = translation(images, draws["shift_rows"], draws["shift_columns"])
            else:
                images = cutout(images, draws["hole_row"], draws["hole_column"])
        return images

    def _uniform(self, batch: Any) -> Any:
        return keras.random.uniform((batch,), dtype="float32", seed=self.seed_generator)

    def _integers(self, batch: Any, count: Any) -> Any:
        """Whole numbers in [0, count); count may be known only when the step runs."""
        return ops.cast(self._uniform(batch) * ops.cast(count, "float32"), "int32")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "policy": self.policy, "seed": self.seed}


def brightness(images: Any, u: Any) -> Any:
    """x + (u - 1/2), with one u in [0, 1) for each image, (B,)."""
    return images + (_per_image(u, images) - 0.5)


def saturation(images: Any, u: Any) -> Any:
    """m + 2 u (x - m), where m is each pixel's mean over the channels; u as in `brightness`."""
    mean = ops.mean(images, axis=-1, keepdims=True)
    return (images - mean) * (_per_image(u, images) * 2.0) + mean


def contrast(images: Any, u: Any) -> Any:
    """m + (u + 1/2) (x - m), where m is each image's mean; u as in `brightness`."""
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * (_per_image(u, images) + 0.5) + mean


def translation(images: Any, rows: Any, columns: Any) -> Any:
    """out[r, c] = x[r + rows, c + columns], 0 outside; one shift for each image, int (B,)."""
    for axis, shift in ((1, rows), (2, columns)):
        side = ops.shape(images)[axis]
        places = ops.arange(side)[None] + ops.cast(shift, "int32")[:, None]  # (B, side)
        inside = ops.logical_and(places >= 0, places < side)
        places = ops.clip(places, 0, side - 1)
        images = ops.take_along_axis(images, _along(places, axis), axis=axis)
        images = images * ops.cast(_along(inside, axis), images.dtype)
    return images


def cutout(images: Any, row: Any, column: Any) -> Any:
    """Blank half the height and width around (row, column), int (B,), as far as it is inside."""
    blank = None
    for axis, centre in ((1, row), (2, column)):
        side = ops.shape(images)[axis]
        hole = _share(side, HOLE)
        start = ops.cast(centre, "int32")[:, None] - hole // 2
        places = ops.arange(side)[None]
        covered = _along(ops.logical_and(places >= start, places < start + hole), axis)
        blank = covered if blank is None else ops.logical_and(blank, covered)
    return images * ops.cast(ops.logical_not(blank), images.dtype)


def _per_image(u: Any, images: Any) -> Any:
    return ops.cast(ops.reshape(u, (-1, 1, 1, 1)), images.dtype)


def _along(places: Any, axis: int) -> Any:
    """(B, side) -> (B, side, 1, 1) for axis 1, (B, 1, side, 1) for axis 2."""
    return places[:, :, None, None] if axis == 1 else places[:, None, :, None]


def _share(side: Any, share: float) -> Any:
    """round(side * share), also where the side is a tensor."""
    if isinstance(side, int):
        return int(side * share + 0.5)
    return ops.cast(ops.cast(side, "float32") * share + 0.5, "int32")

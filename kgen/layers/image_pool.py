"""A memory of earlier fakes that the discriminator sees again."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("kgen")
class ImagePool(keras.layers.Layer):
    """Return each image or, once the pool is full, with probability 1/2 an older one in its place.

    Shrivastava et al., 2017, section 2.3; Zhu et al., 2017, section 4 (50 images for CycleGAN,
    none for pix2pix). Images are taken one after another: while the pool is filling, the image is
    stored and returned; afterwards, if p > 1/2, the image in a random slot is returned and
    replaced.

    Input and output: float (B, H, W, C). The pool, its filling and the random state are variables:
    they are saved with the model.

    Args:
        size: images kept, at least 1.
        seed: of the draws.

    Example:

    >>> import numpy as np
    >>> from kgen.layers import ImagePool
    >>> pool = ImagePool(2, seed=0)
    >>> first = np.full((2, 1, 1, 1), 7.0, "float32")
    >>> np.ravel(pool(first)).tolist()
    [7.0, 7.0]
    """

    def __init__(self, size: int, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if size < 1:
            raise ValueError(f"an image pool holds at least one image; got size={size}")
        self.size = size
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple) -> None:
        if None in input_shape[1:]:
            raise ValueError(
                f"an image pool stores images of one size; got {input_shape}. Build the "
                "networks for a "
                "fixed height and width, or set pool_size=0."
            )
        self.stored = self.add_weight(
            shape=(self.size, *input_shape[1:]), initializer="zeros", trainable=False, name="stored"
        )
        self.count = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="count"
        )

    def call(self, images: Any) -> Any:
        batch = ops.shape(images)[0]
        chances = keras.random.uniform((batch,), seed=self.seed_generator)
        slots = keras.random.randint((batch,), 0, self.size, seed=self.seed_generator)
        return self.exchange(images, chances, slots)

    def exchange(self, images: Any, chances: Any, slots: Any) -> Any:
        """The rule itself, with the draws given: `chances` p in [0, 1) and `slots`, each (B,)."""

        images, slots = ops.convert_to_tensor(images), ops.cast(slots, "int32")
        batch = ops.shape(images)[0]

        def at(place: Any, size: Any) -> Any:
            """Mask that is true at one place of the first axis."""
            return ops.reshape(ops.arange(size) == place, (size, *[1] * (len(images.shape) - 1)))

        def take(i: Any, state: tuple) -> tuple:
            stored, count, returned = state
            image, slot = ops.take(images, i, axis=0), ops.take(slots, i)
            filling = count < self.size
            swaps = ops.logical_and(ops.logical_not(filling), ops.take(chances, i) > 0.5)
            place = ops.where(filling, ops.minimum(count, self.size - 1), slot)
            older = ops.where(swaps, ops.take(stored, place, axis=0), image)
            kept = ops.logical_and(at(place, self.size), ops.logical_or(filling, swaps))
            return (
                ops.where(kept, image[None], stored),
                count + ops.cast(filling, "int32"),
                ops.where(at(i, batch), older[None], returned),
            )

        start = (ops.convert_to_tensor(self.stored), ops.convert_to_tensor(self.count), images)
        stored, count, returned = ops.fori_loop(0, batch, take, start)
        self.stored.assign(stored)
        self.count.assign(count)
        return returned

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size, "seed": self.seed}

"""AlexNet without its classifier, as torchvision has it."""

from __future__ import annotations

import keras
from keras import layers


def alexnet(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    kernel_initializer: str = "glorot_uniform",
    name: str = "alexnet",
) -> keras.Model:
    """Build the convolutions of AlexNet, untrained.

    Krizhevsky, 2014 ("One weird trick ..."), the variant with one column: 64, 192, 384, 256, 256
    channels. The layers bear the names of torchvision's modules (`features-0` is `features.0`).

    Input: float32 (B, H, W, 3), normalized as the weights expect; 31 pixels a side at least.
    Output: float32, the five maps after each ReLU.

    Args:
        input_shape: (H, W, 3); None for any height or width. Default (None, None, 3).
        kernel_initializer: of the convolutions; "zeros" spares drawing what is replaced by loaded
            weights. Default "glorot_uniform".
        name: of the model.

    Example:

    >>> from kgen.networks import alexnet
    >>> [tuple(tap.shape) for tap in alexnet((64, 64, 3), "zeros").outputs]
    [(None, 15, 15, 64), (None, 7, 7, 192), (None, 3, 3, 384), ...]
    """

    def convolve(
        x: keras.KerasTensor, filters: int, size: int, padding: int, name: str, strides: int = 1
    ) -> keras.KerasTensor:
        # padding of its own: with strides, `same` would pad below and right only
        x = layers.ZeroPadding2D(padding, dtype="float32", name=f"{name}_pad")(x)
        return layers.Conv2D(
            filters,
            size,
            strides,
            activation="relu",
            kernel_initializer=kernel_initializer,
            dtype="float32",
            name=name,
        )(x)

    inputs = keras.Input(input_shape, name="normalized", dtype="float32")
    first = convolve(inputs, 64, 11, 2, "features-0", strides=4)  # (B, (H - 7) // 4 + 1, ..., 64)
    second = convolve(_halve(first, "pool1"), 192, 5, 2, "features-3")
    third = convolve(_halve(second, "pool2"), 384, 3, 1, "features-6")
    fourth = convolve(third, 256, 3, 1, "features-8")
    fifth = convolve(fourth, 256, 3, 1, "features-10")
    return keras.Model(inputs, [first, second, third, fourth, fifth], name=name)


def _halve(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.MaxPooling2D(3, 2, dtype="float32", name=name)(x)

"""The Inception of 2015 whose features FID, KID and the Inception score are defined with.

It is Szegedy's third Inception in the version that TensorFlow's team published on 5 December 2015,
and differs from the later InceptionV3 of torchvision and keras.applications: 1008 classes, averages
that leave the border out, and a maximum instead of an average in the last block.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

EPSILON = 1e-3  # of batch normalization
SIDE = 299  # pixels that it was trained with
CLASSES = 1008


def inception2015(
    input_shape: tuple[int | None, int | None, int] = (SIDE, SIDE, 3),
    kernel_initializer: str = "glorot_uniform",
    name: str = "inception2015",
) -> keras.Model:
    """Build the Inception of 2015, untrained.

    Szegedy et al., 2016 ("Rethinking the Inception architecture"), with the differences that
    pytorch-fid documents. The layers bear the names of its modules (`Mixed_5b-branch1x1-conv`).

    Input: float32 (B, H, W, 3) in [-1, 1]; 75 pixels a side at least, 299 for the published
    numbers. Output: features, float32 (B, 2048), the average of the last maps; logits, float32
    (B, 1008).

    Args:
        input_shape: (H, W, 3); None for any height or width. Default (299, 299, 3).
        kernel_initializer: of the convolutions; "zeros" spares drawing what is replaced by loaded
            weights. Default "glorot_uniform".
        name: of the model.

    Example:

    >>> from kgen.networks import inception2015
    >>> network = inception2015(kernel_initializer="zeros")
    >>> [tuple(output.shape) for output in network.outputs], network.count_params()
    ([(None, 2048), (None, 1008)], 23885392)
    """
    inputs = keras.Input(input_shape, name="images", dtype="float32")
    blocks = _Blocks(kernel_initializer)
    x = blocks.convolve(inputs, 32, 3, "Conv2d_1a_3x3", strides=2)  # (B, 149, 149, 32)
    x = blocks.convolve(x, 32, 3, "Conv2d_2a_3x3")
    x = blocks.convolve(x, 64, 3, "Conv2d_2b_3x3", padding="same")
    x = _halve(x, "pool1")  # (B, 73, 73, 64)
    x = blocks.convolve(x, 80, 1, "Conv2d_3b_1x1")
    x = blocks.convolve(x, 192, 3, "Conv2d_4a_3x3")
    x = _halve(x, "pool2")  # (B, 35, 35, 192)
    for block, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = blocks.a(x, pooled, block)
    x = blocks.b(x, "Mixed_6a")  # (B, 17, 17, 768)
    for letter, width in zip("bcde", (128, 160, 160, 192), strict=True):
        x = blocks.c(x, width, f"Mixed_6{letter}")
    x = blocks.d(x, "Mixed_7a")  # (B, 8, 8, 1280)
    x = blocks.e(x, _average, "Mixed_7b")
    # a maximum, most likely by mistake when it was made, but the published numbers have it
    x = blocks.e(x, _maximum, "Mixed_7c")
    features = layers.GlobalAveragePooling2D(dtype="float32", name="features")(x)
    logits = layers.Dense(
        CLASSES, kernel_initializer=kernel_initializer, dtype="float32", name="fc"
    )(features)
    return keras.Model(inputs, [features, logits], name=name)


class _Blocks:
    """The network's parts, by Szegedy's letters."""

    def __init__(self, kernel_initializer: str) -> None:
        self.kernel_initializer = kernel_initializer

    def convolve(
        self,
        x: keras.KerasTensor,
        filters: int,
        size: int | tuple[int, int],
        name: str,
        strides: int = 1,
        padding: str = "valid",
    ) -> keras.KerasTensor:
        x = layers.Conv2D(
            filters,
            size,
            strides,
            padding,
            use_bias=False,
            kernel_initializer=self.kernel_initializer,
            dtype="float32",
            name=f"{name}-conv",
        )(x)
        x = layers.BatchNormalization(epsilon=EPSILON, dtype="float32", name=f"{name}-bn")(x)
        return layers.ReLU(dtype="float32", name=f"{name}-relu")(x)

    def chain(
        self,
        x: keras.KerasTensor,
        block: str,
        branch: str,
        *steps: tuple[int, int | tuple[int, int]],
    ) -> keras.KerasTensor:
        """Convolutions of stride 1 one after the other: BRANCH_1, BRANCH_2, ..."""
        for i, (filters, size) in enumerate(steps, 1):
            x = self.convolve(x, filters, size, f"{block}-{branch}_{i}", padding="same")
        return x

    def a(self, x: keras.KerasTensor, pooled: int, block: str) -> keras.KerasTensor:
        branches = [
            self.convolve(x, 64, 1, f"{block}-branch1x1"),
            self.chain(x, block, "branch5x5", (48, 1), (64, 5)),
            self.chain(x, block, "branch3x3dbl", (64, 1), (96, 3), (96, 3)),
            self.convolve(_average(x, f"{block}-average"), pooled, 1, f"{block}-branch_pool"),
        ]
        return _join(branches, block)

    def b(self, x: keras.KerasTensor, block: str) -> keras.KerasTensor:
        double = self.chain(x, block, "branch3x3dbl", (64, 1), (96, 3))
        branches = [
            self.convolve(x, 384, 3, f"{block}-branch3x3", strides=2),
            self.convolve(double, 96, 3, f"{block}-branch3x3dbl_3", strides=2),
            _halve(x, f"{block}-maximum"),
        ]
        return _join(branches, block)

    def c(self, x: keras.KerasTensor, width: int, block: str) -> keras.KerasTensor:
        row, column = (1, 7), (7, 1)
        narrow = (width, 1)
        double = ((width, column), (width, row), (width, column), (192, row))
        branches = [
            self.convolve(x, 192, 1, f"{block}-branch1x1"),
            self.chain(x, block, "branch7x7", narrow, (width, row), (192, column)),
            self.chain(x, block, "branch7x7dbl", narrow, *double),
            self.convolve(_average(x, f"{block}-average"), 192, 1, f"{block}-branch_pool"),
        ]
        return _join(branches, block)

    def d(self, x: keras.KerasTensor, block: str) -> keras.KerasTensor:
        single = self.chain(x, block, "branch3x3", (192, 1))
        triple = self.chain(x, block, "branch7x7x3", (192, 1), (192, (1, 7)), (192, (7, 1)))
        branches = [
            self.convolve(single, 320, 3, f"{block}-branch3x3_2", strides=2),
            self.convolve(triple, 192, 3, f"{block}-branch7x7x3_4", strides=2),
            _halve(x, f"{block}-maximum"),
        ]
        return _join(branches, block)

    def e(self, x: keras.KerasTensor, pool: Callable, block: str) -> keras.KerasTensor:
        single = self.chain(x, block, "branch3x3", (384, 1))
        double = self.chain(x, block, "branch3x3dbl", (448, 1), (384, 3))
        branches = [
            self.convolve(x, 320, 1, f"{block}-branch1x1"),
            *self.fork(single, f"{block}-branch3x3_2"),
            *self.fork(double, f"{block}-branch3x3dbl_3"),
            self.convolve(pool(x, f"{block}-pool"), 192, 1, f"{block}-branch_pool"),
        ]
        return _join(branches, block)

    def fork(self, x: keras.KerasTensor, name: str) -> list[keras.KerasTensor]:
        """A row and a column of three, side by side."""
        return [
            self.convolve(x, 384, size, f"{name}{part}", padding="same")
            for part, size in (("a", (1, 3)), ("b", (3, 1)))
        ]


def _halve(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.MaxPooling2D(3, 2, dtype="float32", name=name)(x)


def _average(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Over 3x3; at the border over what is inside only."""
    return layers.AveragePooling2D(3, 1, "same", dtype="float32", name=name)(x)


def _maximum(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.MaxPooling2D(3, 1, "same", dtype="float32", name=name)(x)


def _join(branches: list, block: str) -> keras.KerasTensor:
    return layers.Concatenate(dtype="float32", name=block)(branches)

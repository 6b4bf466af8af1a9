"""Padding with mirrored border pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("kgen")
class ReflectionPadding2D(keras.layers.Layer):
    """Pad images with their own mirrored rows and columns, the border itself not repeated.

    Input: (B, H, W, C). Output: (B, top + H + bottom, left + W + right, C), same dtype.

    Args:
        padding: pixels on every side, or ((top, bottom), (left, right)). Default 1. Each must be
            smaller than the image side it mirrors.

    Example:

    >>> import numpy as np
    >>> from kgen.layers import ReflectionPadding2D
    >>> row = np.arange(3, dtype="float32").reshape(1, 1, 3, 1)
    >>> [int(v) for v in np.ravel(ReflectionPadding2D(((0, 0), (2, 1)))(row))]
    [2, 1, 0, 1, 2, 1]
    """

    def __init__(self, padding: int | tuple = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pads = ((padding, padding), (padding, padding)) if isinstance(padding, int) else padding
        self.padding = tuple(tuple(int(p) for p in side) for side in pads)

    def call(self, inputs: Any) -> Any:
        return ops.pad(inputs, ((0, 0), *self.padding, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        sides = [
            None if size is None else size + sum(pads)
            for size, pads in zip(input_shape[1:3], self.padding, strict=True)
        ]
        return (input_shape[0], *sides, input_shape[3])

    def get_config(self) -> dict:
        return {**super().get_config(), "padding": self.padding}

"""A vector of numbers beside every pixel of a feature map."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("kgen")
class ConcatenateCode(keras.layers.Layer):
    """Append a code to the channels of every pixel: how a condition meets an image.

    Reed et al., 2016, section 4.1: the code is replicated spatially and concatenated in depth.

    Input: `[features, code]`, float (B, H, W, C) and (B, n). Output: float (B, H, W, C + n).

    Example:

    >>> import numpy as np
    >>> from kgen.layers import ConcatenateCode
    >>> features, code = np.zeros((2, 4, 4, 512), "float32"), np.ones((2, 128), "float32")
    >>> tuple(ConcatenateCode()([features, code]).shape)
    (2, 4, 4, 640)
    """

    def call(self, inputs: list) -> Any:
        features, code = inputs
        batch, height, width, _ = ops.shape(features)
        code = ops.cast(code, self.compute_dtype)[:, None, None, :]
        code = ops.broadcast_to(code, (batch, height, width, code.shape[-1]))
        return ops.concatenate([features, code], axis=-1)

    def compute_output_shape(self, shapes: list) -> tuple:
        features, code = shapes
        return (*features[:-1], features[-1] + code[-1])

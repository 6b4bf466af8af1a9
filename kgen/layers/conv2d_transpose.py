"""Transposed convolution whose gradient is quick on every backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgen.backend import conv_transpose


@keras.saving.register_keras_serializable("kgen")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` for channels-last images, equal to it in results and weights.

    On JAX its gradient is written as the plain convolution that it inverts, which XLA computes many
    times faster on CPUs. Input (B, H, W, C), output (B, s H, s W, filters) with padding `"same"`.

    Raises:
        ValueError: channels-first data, dilation or output padding, which it does not offer.

    Example:

    >>> import numpy as np
    >>> from kgen.layers import Conv2DTranspose
    >>> tuple(Conv2DTranspose(8, 4, 2, "same")(np.zeros((1, 16, 16, 3), "float32")).shape)
    (1, 32, 32, 8)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (
            self.data_format != "channels_last"
            or set(self.dilation_rate) != {1}
            or self.output_padding is not None
        ):
            raise ValueError(
                "kgen's Conv2DTranspose takes channels-last images, without dilation or "
                "output padding; "
                f"got data_format={self.data_format!r}, dilation_rate={self.dilation_rate}, "
                f"output_padding={self.output_padding}. Use keras.layers.Conv2DTranspose for these."
            )

    def call(self, inputs: Any) -> Any:
        kernel = ops.convert_to_tensor(self.kernel)
        outputs = conv_transpose(inputs, kernel, tuple(self.strides), self.padding)
        if self.use_bias:
            outputs = outputs + ops.convert_to_tensor(self.bias)
        return self.activation(outputs) if self.activation else outputs

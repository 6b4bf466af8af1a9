"""Every channel of every image brought to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgen import backend


@keras.saving.register_keras_serializable("kgen")
class InstanceNormalization(keras.layers.Layer):
    """(x - mean) / sqrt(variance + epsilon), for each image and channel over height and width.

    Ulyanov et al., 2016, without scale and offset; population variance. Statistics are float32 in
    mixed precision too.

    Input and output: float (B, H, W, C).

    Args:
        epsilon: added to the variance. Default 1e-5.

    Example:

    >>> import keras, numpy as np
    >>> from kgen.layers import InstanceNormalization
    >>> x = np.array([1.0, 3.0], "float32").reshape(1, 2, 1, 1)
    >>> np.round(keras.ops.convert_to_numpy(InstanceNormalization()(x)), 3).reshape(-1).tolist()
    [-1.0, 1.0]
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs: Any) -> Any:
        outputs = backend.normalize_instances(ops.cast(inputs, "float32"), self.epsilon)
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "epsilon": self.epsilon}

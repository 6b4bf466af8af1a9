"""The layers of SAIG that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("kgen")
class PositionEmbedding(layers.Layer):
    """Adds a learnt vector to each token: it ties a network to one number of tokens.

    Input and output: float (B, N, E).

    Args:
        initializer: of the vectors. Default: normal, standard deviation .02.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.saig_layers import PositionEmbedding
    >>> layer = PositionEmbedding("ones")
    >>> keras.ops.convert_to_numpy(layer(np.ones((1, 2, 2), "float32"))).tolist()
    [[[2.0, 2.0], [2.0, 2.0]]]
    """

    def __init__(self, initializer: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        default = keras.initializers.TruncatedNormal(stddev=0.02)
        self.initializer = keras.initializers.get(default if initializer is None else initializer)

    def build(self, input_shape: tuple) -> None:
        self.positions = self.add_weight(
            name="positions", shape=(1, *input_shape[1:]), initializer=self.initializer
        )

    def call(self, tokens: Any) -> Any:
        return tokens + ops.cast(self.positions, tokens.dtype)

    def get_config(self) -> dict:
        own = {"initializer": keras.initializers.serialize(self.initializer)}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("kgen")
class SelfAttention(layers.Layer):
    """softmax(q k^T / sqrt(d)) v of several heads, from what one dense layer made of the tokens.

    Vaswani et al., 2017, section 3.2. No weights.

    Input: float (B, N, 3 E), queries, keys and values in this order, each `heads` x E/heads.
    Output: float (B, N, E).

    Args:
        heads: number of heads; divides E.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.saig_layers import SelfAttention
    >>> tuple(SelfAttention(heads=2)(np.ones((1, 5, 12), "float32")).shape)
    (1, 5, 4)
    """

    def __init__(self, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def call(self, inputs: Any) -> Any:
        tokens, width = inputs.shape[1], inputs.shape[2] // 3
        shape = (-1, tokens, self.heads, width // self.heads)
        query, key, value = (ops.reshape(x, shape) for x in ops.split(inputs, 3, axis=-1))
        outputs = ops.dot_product_attention(query, key, value)  # (B, N, heads, E/heads)
        return ops.reshape(outputs, (-1, tokens, width))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], input_shape[-1] // 3)

    def get_config(self) -> dict:
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("kgen")
class GeneralizedMean(layers.Layer):
    """GeM pooling over tokens: mean(max(x, eps)^p)^(1/p) (Radenovic et al., 2018, equation 3).

    Input: float (B, N, E). Output: float (B, E).

    Args:
        power: p; 1 is the mean, large values approach the maximum. Default 3.
        epsilon: least value that counts. Default 1e-6.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.saig_layers import GeneralizedMean
    >>> tokens = np.array([[[1.0], [3.0]]], "float32")
    >>> round(float(GeneralizedMean()(tokens)[0, 0]), 2)  # (28 / 2) ^ (1/3)
    2.41
    """

    def __init__(self, power: float = 3.0, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power, self.epsilon = power, epsilon

    def call(self, tokens: Any) -> Any:
        powers = ops.power(ops.maximum(tokens, self.epsilon), self.power)
        return ops.power(ops.mean(powers, axis=1), 1.0 / self.power)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], input_shape[2])

    def get_config(self) -> dict:
        return {**super().get_config(), "power": self.power, "epsilon": self.epsilon}

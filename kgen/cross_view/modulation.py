"""How an embedding and a style enter a feature map: modulation of normalized features."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("kgen")
class AttentionalModulation(layers.Layer):
    """Attentional AdaIN: the embedding modulates a feature map where a weight map says so.

    Yang et al., 2024, equations 2 to 5, on features x^ that are already normalized (equation 1,
    `InstanceNormalization`):

    gamma = D2(relu(D1 r)), beta = D4(relu(D3 r)), M = sigmoid(conv3x3(x^)),
    y = M (gamma x^ + beta) + (1 - M) x^

    It starts as the identity: D2 and D4 begin with zero weights, gamma with bias 1, beta with 0.

    Inputs: `[features, embedding]`, float (B, H, W, C) and (B, E). Output: float (B, H, W, C).

    Args:
        hidden: units of D1 and D3. The paper's embedding size, 384.
        attention: whether there is a weight map; False means M = 1. Default True.
        seed: of the initial weights.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.modulation import AttentionalModulation
    >>> features, embedding = np.ones((2, 4, 8, 16), "float32"), np.ones((2, 5), "float32")
    >>> layer = AttentionalModulation(hidden=5)
    >>> tuple(layer([features, embedding]).shape), tuple(layer.weight_map(features).shape)
    ((2, 4, 8, 16), (2, 4, 8, 1))
    """

    def __init__(self, hidden: int, attention: bool = True, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden, self.attention, self.seed = hidden, attention, seed

    def build(self, input_shapes: list) -> None:
        features, embedding = input_shapes
        channels, units = features[-1], (None, self.hidden)
        self.gamma_hidden = self._dense(self.hidden, "gamma_hidden", embedding)
        self.gamma = self._dense(channels, "gamma", units, start=1.0)
        self.beta_hidden = self._dense(self.hidden, "beta_hidden", embedding)
        self.beta = self._dense(channels, "beta", units, start=0.0)
        if self.attention:
            glorot = keras.initializers.GlorotUniform(seed=self.seed + 2)
            self.mask = layers.Conv2D(
                1, 3, padding="same", kernel_initializer=glorot, dtype=self.dtype_policy,
                name=f"{self.name}_mask",
            )  # fmt: skip
            self.mask.build(features)

    def _dense(self, units: int, name: str, shape: tuple, start: float | None = None) -> Any:
        if start is None:
            seed = self.seed + (name == "beta_hidden")
            options: dict = {
                "kernel_initializer": keras.initializers.GlorotUniform(seed=seed),
                "activation": "relu",
            }
        else:
            options = {
                "kernel_initializer": "zeros",
                "bias_initializer": keras.initializers.Constant(start),
            }
        dense = layers.Dense(units, name=name, dtype=self.dtype_policy, **options)
        dense.build(shape)
        return dense

    def call(self, inputs: list) -> Any:
        x, embedding = inputs
        gamma = self.gamma(self.gamma_hidden(embedding))[:, None, None, :]
        beta = self.beta(self.beta_hidden(embedding))[:, None, None, :]
        if not self.attention:
            return gamma * x + beta
        weights = ops.cast(self.weight_map(x), x.dtype)
        return x + weights * ((gamma - 1.0) * x + beta)  # equation 5 with one product less

    def weight_map(self, features: Any) -> Any:
        """M of equation 4 (figure 6 of the paper): float32 (B, H, W, 1) in [0, 1].

        Raises:
            ValueError: the layer has `attention=False`.
        """
        if not self.attention:
            raise ValueError(f"{self.name} has no weight map: it was built with attention=False")
        return ops.sigmoid(ops.cast(self.mask(features), "float32"))

    def compute_output_shape(self, input_shapes: list) -> tuple:
        return tuple(input_shapes[0])

    def get_config(self) -> dict:
        own = {"hidden": self.hidden, "attention": self.attention, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("kgen")
class StyleModulation(layers.Layer):
    """AdaIN by a style vector: y = (1 + g) x^ + b with (g, b) = D w, g first.

    Karras et al., 2019, section 2, in the form of StarGAN v2; x^ are normalized features.

    Inputs: `[features, style]`, float (B, H, W, C) and (B, S). Output: float (B, H, W, C).

    Args:
        seed: of the initial weights.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.modulation import StyleModulation
    >>> features, style = np.ones((2, 4, 8, 16), "float32"), np.ones((2, 5), "float32")
    >>> tuple(StyleModulation()([features, style]).shape)
    (2, 4, 8, 16)
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shapes: list) -> None:
        features, style = input_shapes
        glorot = keras.initializers.GlorotUniform(seed=self.seed)
        self.dense = layers.Dense(
            2 * features[-1], kernel_initializer=glorot, dtype=self.dtype_policy, name="dense"
        )
        self.dense.build(style)

    def call(self, inputs: list) -> Any:
        x, style = inputs
        gamma, beta = ops.split(self.dense(style)[:, None, None, :], 2, axis=-1)
        return (1.0 + gamma) * x + beta

    def compute_output_shape(self, input_shapes: list) -> tuple:
        return tuple(input_shapes[0])

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("kgen")
class LayerScale(layers.Layer):
    """s * x with one learned s for each channel, so that a branch starts small.

    Touvron et al., 2021 (CaiT), equation 4.

    Input and output: float (B, H, W, C).

    Args:
        start: value of all s before training. Default 1e-5, as StyleGAN-T.
    """

    def __init__(self, start: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: tuple) -> None:
        initializer = keras.initializers.Constant(self.start)
        self.scale = self.add_weight(
            shape=(input_shape[-1],), initializer=initializer, name="scale"
        )

    def call(self, inputs: Any) -> Any:
        return inputs * ops.cast(self.scale, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "start": self.start}


@keras.saving.register_keras_serializable("kgen")
class PixelNoise(layers.Layer):
    """Add Gaussian noise to every pixel, with one learned strength that starts at 0.

    Karras et al., 2020 (StyleGAN2): in training drawn anew at each call; outside of it the same
    map for all images, so that inference is deterministic.

    Input and output: float (B, H, W, C) of one fixed size.

    Args:
        seed: of the noise.
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple) -> None:
        self.strength = self.add_weight(shape=(), initializer="zeros", name="strength")
        self.constant = self.add_weight(
            shape=(1, *input_shape[1:3], 1),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=self.seed),
            trainable=False,
            name="constant",
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        noise: Any = self.constant
        if training:
            shape = (*ops.shape(inputs)[:3], 1)
            noise = keras.random.normal(shape, seed=self.seed_generator)
        return inputs + ops.cast(noise * self.strength, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}

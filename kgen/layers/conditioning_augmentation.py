"""Conditioning augmentation: a random code around what a condition means."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

ACTIVATIONS = ("leaky_relu", "relu", "linear")
SPREADS = ("log_variance", "log_sigma")
NOISES = ("normal", "truncated_normal")


@keras.saving.register_keras_serializable("kgen")
class ConditioningAugmentation(keras.layers.Layer):
    """Turn a condition into a Gaussian, and draw a code from it while training.

    Zhang et al., 2017 (StackGAN), section 3.2: c = mu(phi) + sigma(phi) * epsilon, epsilon ~ N(0,
    I), with mu and sigma from one dense layer. Neighbouring conditions get overlapping codes, so
    that few descriptions fill the space of codes. Add `kgen.losses.gaussian_kl(mean, log_variance)`
    to the loss.

    Input: float (B, n). Output: code, mean and log-variance, each float32 (B, size). Outside of
    training the code is the mean.

    Args:
        size: numbers in the code. Default 128.
        activation: after the dense layer: `"leaky_relu"` (default, slope 0.2), `"relu"` (the
            PyTorch StackGAN; it allows no sigma below 1) or `"linear"`.
        spread: what the second half of the dense layer means: `"log_variance"` (default) or
            `"log_sigma"`, half of it (StackGAN for TensorFlow; Dong et al., 2017).
        noise: `"normal"` (default) or `"truncated_normal"`, cut at two deviations (StackGAN for
            TensorFlow).
        at_inference: draw outside of training too. Default False.
        use_bias: bias of the dense layer. Default True.
        kernel_initializer: of the dense layer.
        seed: of the draws.

    Raises:
        ValueError: unknown option.

    Example:

    >>> import numpy as np
    >>> from kgen.layers import ConditioningAugmentation
    >>> code, mean, log_variance = ConditioningAugmentation(16)(np.ones((4, 42), "float32"))
    >>> tuple(code.shape), bool(np.all(np.asarray(code == mean)))
    ((4, 16), True)
    """

    def __init__(
        self,
        size: int = 128,
        activation: str = "leaky_relu",
        spread: str = "log_variance",
        noise: str = "normal",
        at_inference: bool = False,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        seed: int | None = None,
        dtype: Any = "float32",  # exponentials, whatever the rest of a model computes in
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, **kwargs)
        _check("activation", activation, ACTIVATIONS)
        _check("spread", spread, SPREADS)
        _check("noise", noise, NOISES)
        self.size, self.activation, self.spread, self.noise = size, activation, spread, noise
        self.at_inference, self.use_bias, self.seed = at_inference, use_bias, seed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple) -> None:
        self.kernel = self.add_weight(
            (input_shape[-1], 2 * self.size), initializer=self.kernel_initializer, name="kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight((2 * self.size,), initializer="zeros", name="bias")

    def call(self, condition: Any, training: bool = False) -> tuple[Any, Any, Any]:
        mean, log_variance = self.parameters_of(condition)
        if not (training or self.at_inference):
            return mean, mean, log_variance
        return mean + ops.exp(0.5 * log_variance) * self.draw(mean), mean, log_variance

    def parameters_of(self, condition: Any) -> tuple[Any, Any]:
        """Mean and log-variance of the code, each (B, size)."""
        x = ops.matmul(ops.cast(condition, self.compute_dtype), self.kernel)
        x = x + self.bias if self.use_bias else x
        if self.activation == "leaky_relu":
            x = ops.leaky_relu(x, 0.2)
        elif self.activation == "relu":
            x = ops.relu(x)
        mean, spread = x[:, : self.size], x[:, self.size :]
        return mean, 2.0 * spread if self.spread == "log_sigma" else spread

    def draw(self, mean: Any) -> Any:
        """epsilon, of the shape of `mean`."""
        draw = keras.random.normal if self.noise == "normal" else keras.random.truncated_normal
        return draw(ops.shape(mean), dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return ((input_shape[0], self.size),) * 3

    def compute_output_spec(self, condition: Any, training: bool = False) -> tuple:
        shape = (condition.shape[0], self.size)
        return tuple(keras.KerasTensor(shape, dtype=self.compute_dtype) for _ in range(3))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "size": self.size,
            "activation": self.activation,
            "spread": self.spread,
            "noise": self.noise,
            "at_inference": self.at_inference,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")

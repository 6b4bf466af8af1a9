"""What the layers of a network have in common: initializers, normalization, bias, seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers

from kgen.layers import BatchNormalization, Conv2DTranspose

NORMALIZATIONS = ("batch", "instance", None)
INITIALIZERS = ("normal", "xavier", "kaiming", "orthogonal")


@dataclass
class Style:
    """Makes the layers of one network, each with a seed of its own.

    Args:
        normalization: `"batch"` (with scale and offset), `"instance"` (without) or None.
        use_bias: bias in convolutions that normalization follows; None: only with `"instance"`. In
            front of batch normalization a bias has no gradient but rounding noise, which Adam turns
            into a random walk.
        initializer: kernels: `"normal"` N(0, 0.02), `"xavier"` (gain 0.02), `"kaiming"`,
            `"orthogonal"` (gain 0.02). Biases start at 0.
        gamma_stddev: batch normalization's scale starts as N(1, gamma_stddev).
        epsilon: added to variances.
        momentum: share of the old moving statistics kept at each step.
        negative_slope: of LeakyReLU.
        seed: of the first layer; the following count on.
    """

    normalization: str | None = "batch"
    use_bias: bool | None = None
    initializer: str = "normal"
    gamma_stddev: float = 0.02
    epsilon: float = 1e-5
    momentum: float = 0.9
    negative_slope: float = 0.2
    seed: int = 0
    _drawn: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.normalization not in NORMALIZATIONS:
            raise ValueError(
                f"normalization must be 'batch', 'instance' or None; got {self.normalization!r}"
            )
        if self.initializer not in INITIALIZERS:
            raise ValueError(
                f"initializer must be one of {', '.join(INITIALIZERS)}; got {self.initializer!r}"
            )

    def next_seed(self) -> int:
        """A seed that no other layer of the network has."""
        self._drawn += 1
        return self.seed + self._drawn - 1

    def kernel(self) -> keras.initializers.Initializer:
        """The initializer of the next kernel."""
        seed = self.next_seed()
        if self.initializer == "xavier":  # Glorot with gain 0.02: variance times 0.02^2
            return keras.initializers.VarianceScaling(
                0.02**2, "fan_avg", "untruncated_normal", seed=seed
            )
        if self.initializer == "kaiming":
            return keras.initializers.VarianceScaling(
                2.0, "fan_in", "untruncated_normal", seed=seed
            )
        if self.initializer == "orthogonal":
            return keras.initializers.Orthogonal(0.02, seed=seed)
        return keras.initializers.RandomNormal(0.0, 0.02, seed=seed)

    def convolution(
        self,
        filters: int,
        size: int,
        stride: int = 1,
        padding: str = "same",
        bias: bool | None = None,
        **kwargs: Any,
    ) -> layers.Layer:
        """A convolution; `bias=None` means: as the normalization that follows wants it."""
        return layers.Conv2D(
            filters,
            size,
            stride,
            padding,
            use_bias=self.wants_bias(bias),
            kernel_initializer=self.kernel(),
            **kwargs,
        )

    def transposed(
        self,
        filters: int,
        size: int,
        padding: str = "same",
        bias: bool | None = None,
        **kwargs: Any,
    ) -> layers.Layer:
        """A transposed convolution of stride 2."""
        return Conv2DTranspose(
            filters,
            size,
            2,
            padding,
            use_bias=self.wants_bias(bias),
            kernel_initializer=self.kernel(),
            **kwargs,
        )

    def wants_bias(self, bias: bool | None) -> bool:
        """Whether a convolution has a bias."""
        if bias is not None:
            return bias
        return self.normalization == "instance" if self.use_bias is None else self.use_bias

    def normalize(self, x: Any, name: str | None = None) -> Any:
        """Normalize `x` as the style says."""
        if self.normalization == "batch":
            gamma = keras.initializers.RandomNormal(1.0, self.gamma_stddev, seed=self.next_seed())
            layer = BatchNormalization(
                self.momentum, self.epsilon, gamma_initializer=gamma, name=name
            )
        elif self.normalization == "instance":
            layer = layers.GroupNormalization(
                -1, epsilon=self.epsilon, center=False, scale=False, name=name
            )
        else:
            return x
        return layer(x)

    def leaky(self, x: Any, name: str | None = None) -> Any:
        """LeakyReLU with the style's slope."""
        return layers.LeakyReLU(self.negative_slope, name=name)(x)

"""kgen's networks with the hyper-parameters that the shapes of given weights tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import ops

from kgen.layers import BatchNormalization
from kgen.networks import patch_discriminator, resnet_generator, unet
from tests.goldens.weights import Weights, convolutions, normalization_of

Values = Mapping[str, np.ndarray]


def without_drawing(build: Callable) -> Callable:
    """Let a function build networks whose kernels start at 0: given ones follow.

    JAX compiles the drawing of each new shape, which takes longer than the tests. Of large networks
    drawing takes longer than all else on the other backends, too.
    """

    def zeros(self: Any, shape: tuple, dtype: Any = None) -> Any:
        return ops.convert_to_tensor(np.zeros(shape, dtype or "float32"))

    @wraps(build)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with (
            mock.patch.object(keras.initializers.RandomNormal, "__call__", zeros),
            mock.patch.object(keras.initializers.GlorotUniform, "__call__", zeros),
        ):
            return build(*args, **kwargs)

    return wrapped


@without_drawing
def build_unet(values: Values, height: int, width: int, **options: Any) -> tuple:
    """A U-Net with these weights, and its `Weights`."""
    kernels = convolutions(values)
    arguments = {"normalization": normalization_of(values), "dropout": 0.0, **options}
    network = unet(
        (height, width, kernels[0].shape[1]),
        output_channels=kernels[-1].shape[1],
        base_filters=kernels[0].shape[0],
        depth=len(kernels) // 2,
        **arguments,
    )
    return network, load(network, values)


@without_drawing
def build_resnet(values: Values, height: int, width: int) -> tuple:
    """A ResNet generator with these weights, and its `Weights`."""
    kernels = convolutions(values)
    network = resnet_generator(
        (height, width, kernels[0].shape[1]),
        output_channels=kernels[-1].shape[0],
        base_filters=kernels[0].shape[0],
        blocks=(len(kernels) - 6) // 2,  # first, two down, two up, last
        normalization=normalization_of(values),
    )
    return network, load(network, values)


@without_drawing
def build_discriminator(
    values: Values, height: int, width: int, condition_channels: int = 0
) -> tuple:
    """A PatchGAN or PixelGAN with these weights, and its `Weights`."""
    kernels = convolutions(values)
    filters, channels, size, _ = kernels[0].shape
    network = patch_discriminator(
        (height, width, channels - condition_channels),
        condition_channels=condition_channels,
        base_filters=filters,
        n_layers=0 if size == 1 else len(kernels) - 2,
        normalization=normalization_of(values),
    )
    return network, load(network, values)


def load(network: keras.Model, values: Values) -> Weights:
    """Set a network's variables; returns them by name."""
    weights = Weights(network, values)
    weights.load(values)
    return weights


def use_moving_statistics(network: keras.Model) -> None:
    """Inference as `inference_mode="moving"` has it."""
    for layer in network.layers:
        if isinstance(layer, BatchNormalization):
            layer.inference_statistics = "moving"


def trainable_count(network: keras.Model) -> int:
    """Number of trainable parameters."""
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)

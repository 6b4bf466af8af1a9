"""Up-sampling and convolution in one are the two layers that they replace."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from kgen import backend
from kgen.layers import SpectralNormalization, UpsampleConv2D
from tests.goldens.compiled import compiled

X, KERNEL, SLOPE = (
    np.random.default_rng(seed).normal(size=shape).astype("float32")
    for seed, shape in enumerate([(2, 3, 5, 4), (3, 3, 4, 7), (2, 6, 10, 7)])
)


def both_passes(layer: keras.layers.Layer, before: Callable) -> list[np.ndarray]:
    """Outputs, and the gradients by kernel and input."""
    layer.build(tuple(before(X).shape))
    kernel = getattr(layer, "layer", layer).kernel

    def run(x, slope):
        outputs, _, pull = backend.differentiate(lambda x: (layer(before(x)), None), [kernel], x)
        (by_kernel,), by_input = pull(slope)
        return outputs, by_kernel, by_input

    return compiled(run, layer.variables)(X, SLOPE)


@pytest.mark.parametrize("spectral", [False, True])
def test_equals_the_two_layers(spectral):
    """Sides that differ, more filters than channels; by itself and spectrally normalized."""
    wrap = SpectralNormalization if spectral else lambda layer: layer
    given = {"kernel_initializer": lambda shape, dtype: KERNEL}
    fused = wrap(UpsampleConv2D(7, **given))
    written = wrap(keras.layers.Conv2D(7, 3, padding="same", **given))
    found = both_passes(fused, lambda x: x)
    expected = both_passes(written, keras.layers.UpSampling2D(2))
    for each, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(each, other, rtol=1e-4, atol=1e-4 * abs(other).max())


def test_is_saved_with_its_arguments():
    layer = UpsampleConv2D(5, use_bias=False, activation="relu", name="up")
    config = UpsampleConv2D.from_config(layer.get_config()).get_config()
    assert config == layer.get_config()
    outputs = ops.convert_to_numpy(layer(X))
    assert outputs.shape == (2, 6, 10, 5)
    assert outputs.min() == 0.0

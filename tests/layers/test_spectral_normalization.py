"""Spectral normalization: PyTorch's numbers, and what the layer must not do."""

import keras
import numpy as np
import pytest
from keras import ops

from kgen import backend
from kgen.layers import SpectralNormalization
from tests.goldens.files import Golden, nchw, nhwc, read_set

GOLDENS = [g for g in read_set("xview") if {"W", "u", "u_new", "sigma", "dW"} <= set(g.names)]


def as_numpy(tensor) -> np.ndarray:
    return np.array(ops.convert_to_numpy(tensor))


def layer_of(inputs: np.ndarray, filters: int = 5, **kwargs) -> SpectralNormalization:
    layer = SpectralNormalization(keras.layers.Conv2D(filters, 3, padding="same"), **kwargs)
    layer.build(inputs.shape)
    return layer


def images_of() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.id)
def test_golden(golden: Golden) -> None:
    """Output, new u, sigma, and the gradient by the stored kernel, of one call in training."""
    kernel, inputs = golden["W"], nhwc(golden["x"])
    filters, _, height, width = kernel.shape
    side = golden["y"].shape[2]
    assert side in (inputs.shape[1], inputs.shape[1] - height + 1)
    layer = SpectralNormalization(
        keras.layers.Conv2D(
            filters,
            (height, width),
            padding="same" if side == inputs.shape[1] else "valid",
            use_bias=False,
        )
    )
    layer.build(inputs.shape)
    layer.layer.kernel.assign(kernel.transpose(2, 3, 1, 0))
    layer.u.assign(golden["u"])
    outputs = layer(inputs, training=True)
    rtol = golden.tolerance()["rtol"]
    for name, value in {
        "y": nchw(as_numpy(outputs)),
        "u_new": as_numpy(layer.u),
        "sigma": sigma_of(layer),
        "dW": slope_by_kernel(layer, inputs, golden["u"]).transpose(3, 2, 0, 1),
    }.items():
        expected = golden[name]
        rounding = 1e-6 * abs(expected).max()  # of float32 sums that end near 0
        golden.compare(name, value, expected, rounding, rtol)
    assert golden.unread() == []


def sigma_of(layer: SpectralNormalization) -> float:
    kernel = as_numpy(layer.layer.kernel).astype("float64")
    return as_numpy(layer.v) @ kernel.reshape(-1, kernel.shape[-1]) @ as_numpy(layer.u)


def slope_by_kernel(layer: SpectralNormalization, inputs: np.ndarray, u: np.ndarray) -> np.ndarray:
    layer.u.assign(u)
    loss, _, pull = backend.differentiate(
        lambda: (ops.mean(ops.square(layer(inputs, training=True))), None), [layer.layer.kernel]
    )
    return as_numpy(pull(ops.ones_like(loss))[0][0])


def test_the_kernel_is_never_assigned() -> None:
    inputs = images_of()
    layer = layer_of(inputs)
    before = as_numpy(layer.layer.kernel)
    for training in (True, True, False):
        layer(inputs, training=training)
    np.testing.assert_array_equal(as_numpy(layer.layer.kernel), before)


def test_the_vectors_are_frozen_at_inference_and_improve_in_training() -> None:
    inputs = images_of()
    layer = layer_of(inputs)
    before = as_numpy(layer.u), as_numpy(layer.v)
    outputs = [as_numpy(layer(inputs)) for _ in range(2)]
    np.testing.assert_array_equal(*outputs)
    np.testing.assert_array_equal(as_numpy(layer.u), before[0])
    np.testing.assert_array_equal(as_numpy(layer.v), before[1])
    for _ in range(100):
        layer(inputs, training=True)
    kernel = as_numpy(layer.layer.kernel)
    largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
    assert sigma_of(layer) == pytest.approx(largest, rel=1e-3)
    assert not np.array_equal(as_numpy(layer.u), before[0])


def test_the_gradient_flows_through_sigma() -> None:
    """W / sigma(W) does not change with the size of W, so its gradient is orthogonal to W.

    Were sigma a constant for the gradient, <W, dW> would be twice the loss.
    """
    inputs = images_of()
    layer = layer_of(inputs, iterations=60)
    layer.layer.bias.assign(np.zeros(5))
    slope = slope_by_kernel(layer, inputs, as_numpy(layer.u)).astype("float64")
    kernel = as_numpy(layer.layer.kernel)
    loss = float(np.mean(np.square(as_numpy(layer(inputs)))))
    assert abs(slope).max() > 0
    assert abs(np.sum(slope * kernel)) < 1e-4 * loss


def test_only_the_wrapped_layer_trains() -> None:
    layer = layer_of(images_of())
    trained = {id(v) for v in layer.trainable_variables}
    assert trained == {id(layer.layer.kernel), id(layer.layer.bias)}
    assert {id(v) for v in layer.non_trainable_variables} == {id(layer.u), id(layer.v)}


def test_one_training_step_in_fit_moves_kernel_and_vectors() -> None:
    inputs = images_of()
    layer = SpectralNormalization(keras.layers.Conv2D(5, 3, padding="same"))
    model = keras.Sequential([keras.Input(inputs.shape[1:]), layer])
    before = [as_numpy(v) for v in layer.weights]
    model.compile("sgd", "mse")
    model.fit(inputs, np.ones((2, 8, 8, 5), "float32"), verbose=0)
    for old, variable in zip(before, layer.weights, strict=True):
        assert np.any(as_numpy(variable) != old), variable.path


def test_saved_and_loaded(tmp_path) -> None:
    inputs = images_of()
    model = keras.Sequential(
        [
            keras.Input(inputs.shape[1:]),
            SpectralNormalization(keras.layers.Conv2D(4, 3, 2, "valid", activation="relu")),
            keras.layers.Flatten(),
            SpectralNormalization(keras.layers.Dense(3), iterations=2),
        ]
    )
    model(inputs, training=True)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(as_numpy(model(inputs)), as_numpy(again(inputs)))
    assert again.layers[-1].iterations == 2


def test_other_layers_are_refused() -> None:
    with pytest.raises(TypeError, match="Conv2DTranspose"):
        SpectralNormalization(keras.layers.Conv2DTranspose(3, 4))


def test_is_right_before_the_first_step() -> None:
    """At inference with u and v as built: sigma of a random kernel is known to a few percent."""
    layer, again = (
        SpectralNormalization(keras.layers.Dense(32, kernel_initializer=initializer))
        for initializer in (keras.initializers.RandomNormal(seed=3) for _ in range(2))
    )
    for each in (layer, again):
        each.build((None, 64))
    largest = np.linalg.svd(as_numpy(layer.layer.kernel), compute_uv=False)[0]
    assert 0.95 * largest < sigma_of(layer) < 1.0001 * largest
    inputs = np.random.default_rng(0).normal(size=(3, 64)).astype("float32")
    np.testing.assert_array_equal(as_numpy(layer(inputs)), as_numpy(again(inputs)))

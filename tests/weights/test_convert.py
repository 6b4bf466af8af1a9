"""State dicts in Keras models."""

import keras
import numpy as np
import pytest

from kgen.weights import load_torch_state


def small_model() -> keras.Model:
    inputs = x = keras.Input((6, 6, 2))
    x = keras.layers.Conv2D(3, 3, use_bias=False, name="a-conv")(x)
    x = keras.layers.BatchNormalization(name="a-bn")(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(5, name="fc")(x))


def small_state() -> dict[str, np.ndarray]:
    draws = np.random.RandomState(0)
    shapes = {
        "a.conv.weight": (3, 2, 3, 3),
        "a.bn.weight": (3,),
        "a.bn.bias": (3,),
        "a.bn.running_mean": (3,),
        "a.bn.running_var": (3,),
        "a.bn.num_batches_tracked": (),
        "fc.weight": (5, 48),
        "fc.bias": (5,),
        "classifier.weight": (7, 7),
    }
    return {name: draws.random_sample(shape) for name, shape in shapes.items()}


def test_kernels_are_turned_and_statistics_set():
    model, state = small_model(), small_state()
    load_torch_state(model, state)
    kernel, gamma, beta, mean, variance, dense, bias = model.get_weights()
    np.testing.assert_allclose(kernel[1, 2, 0, 1], state["a.conv.weight"][1, 0, 1, 2], rtol=1e-6)
    np.testing.assert_allclose(dense, state["fc.weight"].T, rtol=1e-6)
    for value, name in ((gamma, "weight"), (beta, "bias"), (mean, "running_mean")):
        np.testing.assert_allclose(value, state[f"a.bn.{name}"], rtol=1e-6)
    np.testing.assert_allclose(variance, state["a.bn.running_var"], rtol=1e-6)
    np.testing.assert_allclose(bias, state["fc.bias"], rtol=1e-6)


def broken(name: str, value: np.ndarray | None) -> dict:
    state = {**small_state(), name: value}
    return {key: array for key, array in state.items() if array is not None}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fc.bias", None, r"w\.pth: has no fc\.bias, so it belongs to another network"),
        ("fc.weight", np.ones((4, 48)), r"fc\.weight has the shape \(4, 48\)"),
        ("a.conv.weight", np.ones((3, 2, 5, 5)), r"a\.conv\.weight has the shape"),
        ("a.bn.bias", np.array([0.0, np.nan, 0.0]), r"a\.bn\.bias holds values that are not fin"),
    ],
)
def test_what_does_not_fit_is_an_error_and_nothing_is_set(name, value, message):
    model = small_model()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        load_torch_state(model, broken(name, value), "w.pth")
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_model_without_weights():
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="no layers whose weights"):
        load_torch_state(keras.Model(inputs, keras.layers.ReLU()(inputs)), {})

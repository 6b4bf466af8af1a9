"""Conditioning augmentation: what is drawn, when, and from what."""

import keras
import numpy as np
import pytest
from keras import ops

from kgen.layers import ConcatenateCode, ConditioningAugmentation

CONDITION = np.random.default_rng(0).integers(0, 2, (2000, 5)).astype("float32")


def drawn(training: bool = True, **arguments) -> tuple[np.ndarray, ...]:
    layer = ConditioningAugmentation(3, seed=1, **arguments)
    return tuple(ops.convert_to_numpy(x) for x in layer(CONDITION, training=training))


def test_draws_have_the_mean_and_deviation():
    code, mean, log_variance = drawn()
    epsilon = (code - mean) / np.exp(0.5 * log_variance)
    assert abs(epsilon.mean()) < 0.05
    assert epsilon.std() == pytest.approx(1.0, abs=0.05)
    assert np.abs(epsilon).max() > 2.5
    code, mean, log_variance = drawn(noise="truncated_normal")
    assert np.abs((code - mean) / np.exp(0.5 * log_variance)).max() < 2.01


def test_outside_of_training_the_code_is_the_mean_unless_asked():
    code, mean, _ = drawn(training=False)
    np.testing.assert_array_equal(code, mean)
    code, mean, _ = drawn(training=False, at_inference=True)
    assert np.any(code != mean)


def test_options_change_what_the_dense_layer_means():
    _, mean, log_variance = drawn(activation="relu")
    assert mean.min() == log_variance.min() == 0.0
    _, mean, plain = drawn(activation="linear", kernel_initializer=keras.initializers.Constant(0.1))
    _, _, doubled = drawn(
        activation="linear",
        spread="log_sigma",
        kernel_initializer=keras.initializers.Constant(0.1),
        use_bias=False,
    )
    np.testing.assert_allclose(doubled, 2 * plain, rtol=1e-6)
    assert len(ConditioningAugmentation(3, use_bias=False).weights) == 0  # not built yet


def test_stays_float32_in_mixed_precision_and_is_restored():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = ConditioningAugmentation(3, spread="log_sigma", noise="truncated_normal", seed=4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(layer(CONDITION)[0].dtype) == "float32"
    copy = ConditioningAugmentation.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize("option", ["activation", "spread", "noise"])
def test_unknown_options(option):
    with pytest.raises(ValueError, match=f"{option} must be one of"):
        ConditioningAugmentation(3, **{option: "other"})


def test_a_code_stands_at_every_pixel():
    features = np.arange(2 * 3 * 2 * 1, dtype="float32").reshape(2, 3, 2, 1)
    code = np.array([[1, 2], [3, 4]], "float32")
    joined = ops.convert_to_numpy(ConcatenateCode()([features, code]))
    assert joined.shape == (2, 3, 2, 3)
    np.testing.assert_array_equal(joined[..., :1], features)
    np.testing.assert_array_equal(joined[1, :, :, 1:], np.broadcast_to(code[1], (3, 2, 2)))

"""Cosines of embeddings, of Keras models and of functions."""

import keras
import numpy as np
import pytest

from kgen.metrics import identity_consistency


def pictures(count: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 8, 8, 3)).astype("float32")


def test_keras_model_in_batches():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(4)]
    )
    first, second = pictures(), pictures(seed=1)
    one, other = (keras.ops.convert_to_numpy(model(x)) for x in (first, second))
    expected = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    found = identity_consistency(first, second, model, batch_size=2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_one_picture_against_many_views():
    views = pictures()
    found = identity_consistency(views[:1], views, lambda x: x.reshape(len(x), -1))
    assert found.shape == (5,)
    assert found[0] == pytest.approx(1.0)
    assert np.abs(found[1:]).max() < 0.5


@pytest.mark.parametrize(
    ("embedder", "message"),
    [
        (lambda x: x, r"must give \(B, D\)"),
        (lambda x: x.reshape(1, -1), r"must give \(B, D\)"),
        (lambda x: np.full((len(x), 2), np.nan), "row 0 holds NaN"),
        (lambda x: np.zeros((len(x), 2)), "row 0 is all 0"),
    ],
)
def test_refused(embedder, message):
    with pytest.raises(ValueError, match=message):
        identity_consistency(pictures(), pictures(), embedder)
    with pytest.raises(ValueError, match="got 5 and 2 images"):
        identity_consistency(pictures(), pictures(2), embedder)

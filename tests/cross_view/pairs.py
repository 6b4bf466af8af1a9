"""Places that have a colour, which both views show: what little networks can learn."""

from __future__ import annotations

import itertools

import keras
import numpy as np

from kgen.cross_view import RetrievalModel
from kgen.layers import BatchNormalization

GROUND, AERIAL = (8, 16), (8, 8)


def places(count: int = 12, seed: int = 0) -> dict[str, np.ndarray]:
    """One pair for each place, at most 27; colours with noise, float32 in [-1, 1]."""
    random = np.random.default_rng(seed)
    grid = np.array(list(itertools.product((-0.7, 0.0, 0.7), repeat=3)))
    colours = random.permutation(grid)[:count].reshape(count, 1, 1, 3)
    views = {
        view: colours + random.uniform(-0.1, 0.1, (count, *size, 3))
        for view, size in (("aerial", AERIAL), ("ground", GROUND))
    }
    batch = {view: images.astype("float32") for view, images in views.items()}
    return {**batch, "location": np.arange(count, dtype="int32")}


def branch(size: tuple[int, int], seed: int, length: int = 16) -> keras.Model:
    """Convolution, batch normalization, mean, dense layer."""

    def start(offset: int) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=10 * seed + offset)

    images = keras.Input((*size, 3))
    x = keras.layers.Conv2D(12, 4, 4, kernel_initializer=start(0))(images)
    x = BatchNormalization(inference_statistics="moving")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    x = keras.layers.Dense(length, kernel_initializer=start(1))(x)
    return keras.Model(images, x)


def small_model() -> RetrievalModel:
    """Two such branches."""
    return RetrievalModel(branch(GROUND, 1), branch(AERIAL, 2))

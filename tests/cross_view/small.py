"""The smallest cross-view generator there is: 128x256 pixels, few channels."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kgen.cross_view import CrossViewGenerator

SIZE, SOURCE_SIZE, LENGTH = (128, 256), (32, 32), 6
WIDTHS: dict[str, Any] = {
    "width": 6,
    "local_channels": 3,
    "style_size": 5,
    "facade_widths": (4, 4, 4),
    "discriminator_options": {"base_filters": 2},
}


def embedder(size: tuple[int, int], seed: int) -> keras.Model:
    """Means over patches, a dense layer: images -> vectors, with gradients everywhere."""
    glorot = keras.initializers.GlorotUniform(seed=seed)
    images = keras.Input((*size, 3))
    x = keras.layers.AveragePooling2D(size[0] // 4)(images)
    x = keras.layers.Flatten()(x)
    return keras.Model(images, keras.layers.Dense(LENGTH, kernel_initializer=glorot)(x))


def generator(**arguments: Any) -> CrossViewGenerator:
    """Aerial to ground, with every loss; modulation that has left its start at the identity."""
    embedders = {"aerial": embedder(SOURCE_SIZE, 1), "ground": embedder((32, 64), 2)}
    model = CrossViewGenerator.from_preset(
        "tiny", **{"embedder": embedders, "target_size": SIZE, **WIDTHS, **arguments}
    )
    random = np.random.default_rng(0)
    for variable in model.generator.trainable_variables:
        if variable.path.endswith(("gamma/kernel", "beta/kernel")):
            variable.assign(random.normal(0.0, 0.1, variable.shape))
    return model


def batch(count: int = 2, seed: int = 0) -> dict[str, np.ndarray]:
    """Smooth pictures, float32 in [-1, 1]."""
    random = np.random.default_rng(seed)
    rows, columns = np.arange(SIZE[0])[:, None, None], np.arange(SIZE[1])[:, None]
    waves = [
        np.sin(0.02 * rows + a * columns + np.arange(3)) for a in random.uniform(0, 0.1, count)
    ]
    return {
        "ground": np.stack(waves).astype("float32"),
        "aerial": random.uniform(-1, 1, (count, *SOURCE_SIZE, 3)).astype("float32"),
        "location": np.arange(count, dtype="int32"),
    }

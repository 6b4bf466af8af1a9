"""The identity loss: what the retrieval network thinks of a generated picture."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

NORMS = ("none", "l2", "rms")


def embed(embedder: keras.Model, images: Any, norm: str = "none") -> Any:
    """Embeddings of images by a frozen network, float32 (B, E); gradients flow to the images.

    Args:
        embedder: images (B, h, w, 3) in [-1, 1] -> (B, E).
        images: float (B, H, W, 3) in [-1, 1]; resized bilinearly where the network wants another
            size.
        norm: `"none"`, the network's own numbers; `"l2"`, of length 1; `"rms"`, of length sqrt(E).
    """
    embeddings = embedder(resized(images, embedder), training=False)
    return normalized(ops.cast(embeddings, "float32"), norm)


def resized(images: Any, network: keras.Model) -> Any:
    """Images in the size that a network takes; half-pixel bilinear, no antialiasing."""
    size = network.input_shape[1:3]
    if None in size or tuple(images.shape[1:3]) == tuple(size):
        return images
    return ops.image.resize(images, size, interpolation="bilinear", data_format="channels_last")


def normalized(embeddings: Any, norm: str) -> Any:
    """Embeddings as the generator takes them: see `embed`."""
    if norm == "none":
        return embeddings
    squares = ops.sum(ops.square(embeddings), axis=-1, keepdims=True)
    unit = embeddings * ops.rsqrt(ops.maximum(squares, 1e-24))
    return unit * embeddings.shape[-1] ** 0.5 if norm == "rms" else unit


@keras.saving.register_keras_serializable("kgen")
class EmbeddingNorm(keras.layers.Layer):
    """`normalized` as a layer, for export.

    Args:
        norm: `"none"`, `"l2"` or `"rms"`.
    """

    def __init__(self, norm: str = "none", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.norm = norm

    def call(self, inputs: Any) -> Any:
        return normalized(inputs, self.norm)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "norm": self.norm}


def identity_loss(fake: Any, real: Any) -> Any:
    """Mean of 1 - cos(R(x_r), R(x_t)) over the batch (Yang et al., 2024, equation 9).

    Args:
        fake: embeddings of the generated pictures, float (B, E).
        real: of the real ones.

    Returns:
        scalar in [0, 2].

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.identity import identity_loss
    >>> float(identity_loss(np.array([[2.0, 0.0]]), np.array([[0.0, 3.0]])))
    1.0
    """
    fake, real = (normalized(ops.convert_to_tensor(x), "l2") for x in (fake, real))
    return ops.mean(1.0 - ops.sum(fake * real, axis=-1))


def area_average(images: Any, factor: int) -> Any:
    """Means of `factor` x `factor` pixels: (B, H, W, C) -> (B, H/factor, W/factor, C)."""
    return ops.average_pool(images, factor, factor, "valid", data_format="channels_last")

"""The encoder in place of the retrieval network in ablation (i): that of pix2pix, trained along."""

from __future__ import annotations

import keras
from keras import layers

from kgen.cross_view.blocks import leaky

WIDTHS = (1, 2, 4, 8, 8, 8, 8)  # in multiples of the base width


def source_encoder(
    source_size: tuple[int, int] = (256, 256),
    embedding_size: int = 384,
    base_filters: int = 64,
    seed: int = 0,
    name: str = "encoder",
) -> keras.Model:
    """Build seven 4x4 convolutions of stride 2, the mean over what is left, and a dense layer.

    Yang et al., 2024, table 4 (i): the encoder of pix2pix' U-Net (Isola et al., 2017) with batch
    statistics of no kind, so that one image is embedded alike in every batch.

    Input: source images, float (B, H, W, 3) in [-1, 1]. Output: float (B, embedding_size).

    Args:
        source_size: (H, W), at least 128 pixels on each side. Default (256, 256).
        embedding_size: default 384.
        base_filters: width of the first level, doubled up to 8 times. Default 64.
        seed: of the initial weights.
        name: of the model.

    Raises:
        ValueError: a side below 128 pixels.

    Example:

    >>> from kgen.cross_view.encoder import source_encoder
    >>> source_encoder((128, 128), 96, base_filters=8).output.shape
    (None, 96)
    """
    if min(source_size) < 2 ** len(WIDTHS):
        raise ValueError(
            f"the encoder halves its input {len(WIDTHS)} times, so each side needs at least "
            f"{2 ** len(WIDTHS)} pixels; got {source_size[0]}x{source_size[1]}"
        )
    source = x = keras.Input((*source_size, 3), name="source")
    for i, multiple in enumerate(WIDTHS):
        x = layers.Conv2D(
            multiple * base_filters,
            4,
            2,
            "same",
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + i),
            name=f"down{i}",
        )(x)
        x = leaky(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    glorot = keras.initializers.GlorotUniform(seed=seed + len(WIDTHS))
    x = layers.Dense(embedding_size, kernel_initializer=glorot, dtype="float32", name="embedding")(
        x
    )
    return keras.Model(source, x, name=name)

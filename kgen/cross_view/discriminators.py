"""The two one-way discriminators, of pictures and of coarse pictures."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from kgen.cross_view.blocks import leaky
from kgen.layers import ConcatenateCode, SpectralNormalization

# (kernel size, multiple of the base width); 4x4 convolutions have stride 2, 3x3 ones stride 1
FULL = ((4, 1), (4, 2), (4, 4), (4, 8))
COARSE = ((4, 1), (3, 2), (3, 4), (4, 8))


def cross_view_discriminator(
    image_size: tuple[int, int] = (128, 512),
    embedding_size: int = 384,
    base_filters: int = 48,
    coarse: bool = False,
    *,
    spectral_norm: bool = True,
    seed: int = 0,
    name: str = "discriminator",
) -> keras.Model:
    """Build a discriminator that judges whether a picture is real and belongs to an embedding.

    Yang et al., 2024, tables 6 and 7; the condition enters as in DF-GAN (Tao et al., 2022), with
    one logit for each patch. The tables print an activation behind the last convolution, too; the
    hinge loss needs raw logits, so there is none.

    Inputs: picture, float (B, H, W, 3) in [-1, 1]; embedding, float (B, E). Output: float32 logits,
    (B, H/64, W/64, 1), or (B, H/16, W/16, 1) of a coarse one. Its layers are two networks:
    `features`, of the picture alone, and `match`, so that the features of a picture can be matched
    with several embeddings.

    Args:
        image_size: (H, W) in pixels. Default (128, 512).
        embedding_size: E. Default 384.
        base_filters: width of the first level. Default 48.
        coarse: for coarse pictures: two of the four levels keep the size. Default False.
        spectral_norm: of all convolutions. Default True: nothing else bounds them.
        seed: of the initial weights.
        name: of the model.

    Raises:
        ValueError: a size that is no multiple of 64 (16 for a coarse one).

    Example:

    >>> from kgen.cross_view import cross_view_discriminator
    >>> cross_view_discriminator((128, 256), 64, base_filters=16).output.shape
    (None, 2, 4, 1)
    """
    _check_size(image_size, 16 if coarse else 64)
    make = _Convolutions(spectral_norm, seed)
    picture = x = keras.Input((*image_size, 3), name="picture")
    for i, (size, multiple) in enumerate(COARSE if coarse else FULL):
        x = leaky(make(x, multiple * base_filters, size, f"c{i}"))
    features = keras.Model(picture, x, name="features")

    inputs = [
        keras.Input(x.shape[1:], name="features"),
        keras.Input((embedding_size,), name="code"),
    ]
    x = ConcatenateCode(name="joined")(inputs)
    x = leaky(make(x, 2 * base_filters, 4, "j0"))
    x = make(x, 1, 4, "j1")
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    match = keras.Model(inputs, logits, name="match")

    embedding = keras.Input((embedding_size,), name="embedding")
    picture = keras.Input((*image_size, 3), name="picture")
    return keras.Model([picture, embedding], match([features(picture), embedding]), name=name)


class _Convolutions:
    """Makes convolutions with bias, each with a seed of its own."""

    def __init__(self, spectral_norm: bool, seed: int) -> None:
        self.spectral_norm, self.seed = spectral_norm, seed

    def __call__(self, x: Any, filters: int, size: int, name: str) -> Any:
        self.seed += 1
        layer: layers.Layer = layers.Conv2D(
            filters,
            size,
            2 if size == 4 else 1,
            "same",  # on even sides the padding of 1 that PyTorch code has
            kernel_initializer=keras.initializers.GlorotUniform(seed=self.seed),
            name=f"{name}_kernel" if self.spectral_norm else name,
        )
        return (SpectralNormalization(layer, name=name) if self.spectral_norm else layer)(x)


def _check_size(size: tuple[int, int], step: int) -> None:
    if any(side < step or side % step for side in size):
        raise ValueError(
            f"image_size must be multiples of {step} pixels, as the discriminator halves them "
            f"until one logit is left for each {step}x{step} of them; got {size[0]}x{size[1]}"
        )

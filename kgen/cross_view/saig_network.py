"""SAIG, the network that tells where a picture was taken: a convolutional stem and attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from kgen.cross_view.saig_layers import GeneralizedMean, PositionEmbedding, SelfAttention
from kgen.data.resizing import as_size
from kgen.layers import BatchNormalization

STRIDE = 16  # pixels of the image for each token
STEM_STRIDES = (2, 2, 1, 2, 1, 2)
POOLINGS = ("gap", "smd", "gem")
SMD_MAPS = 8
DEPTHS = {"S": 11, "D": 22}

# Arguments of `saig`, as plain numbers; any entry may be overridden.
SAIG_PRESETS: dict[str, dict[str, Any]] = {
    "saig-s": {"variant": "S"},
    "saig-d": {"variant": "D"},
    # a quarter of the width: trains on a laptop
    "teaching": {"dim": 96, "depth": 4, "heads": 4, "stem_widths": (16, 32, 32, 64, 64, 128)},
    # the smallest that learns a toy city
    "tiny": {"dim": 64, "depth": 2, "heads": 4, "stem_widths": (8, 16, 16, 32, 32, 64)},
}


def saig(
    image_size: int | tuple[int, int] = (128, 512),
    variant: str = "S",
    pooling: str = "gap",
    dim: int = 384,
    depth: int | None = None,
    heads: int = 12,
    stem_widths: Sequence[int] = (64, 128, 128, 256, 256, 512),
    normalize: bool = False,
    seed: int = 0,
    name: str = "saig",
) -> keras.Model:
    """Build one branch of SAIG (Zhu et al., 2023): image -> embedding.

    A stem of 3x3 convolutions makes one token of each 16x16 pixels; `depth` blocks
    x <- x + Attention(LayerNorm(x)), which have no MLP, and a last LayerNorm follow; then the
    tokens are pooled. 9,100,800 trained parameters for "S" and 15,614,208 for "D" at 256 tokens.

    Input: float (B, H, W, 3) in [-1, 1]. Output: float32 (B, E) with E = `dim`, or 8 `dim` for
    "smd"; not normalized, as the cross-view generator takes it, unless `normalize`.

    Args:
        image_size: (H, W), multiples of 16; one number means a square. Default (128, 512).
        variant: "S", 11 blocks (default), or "D", 22 blocks.
        pooling: "gap", the mean of the tokens (default); "smd", eight weighted sums of tokens,
            whose weights are learnt (527,624 parameters at 256 tokens); "gem", the generalized
            mean with p = 3.
        dim: channels of a token. Default 384.
        depth: number of blocks, in place of the variant's.
        heads: of the attention; divides `dim`. Default 12.
        stem_widths: channels of the six 3x3 convolutions.
        normalize: whether the embedding gets length 1. `RetrievalModel` does that by itself.
        seed: of the initial weights.
        name: of the model.

    Raises:
        ValueError: a size that is no multiple of 16, an unknown variant or pooling, heads that do
            not divide `dim`, or another number of stem widths than six.

    Example:

    >>> import math
    >>> from kgen.cross_view import SAIG_PRESETS, saig
    >>> branch = saig((128, 256), **SAIG_PRESETS["teaching"])
    >>> sum(math.prod(variable.shape) for variable in branch.trainable_variables)
    318912
    >>> tuple(branch.output.shape)
    (None, 96)
    """
    height, width = as_size(image_size)
    _check(height, width, variant, pooling, dim, heads, stem_widths)
    draw = _Initializers(seed)
    images = keras.Input((height, width, 3), name="image")
    x = _stem(images, stem_widths, dim, draw)  # (B, H/16, W/16, dim)
    x = layers.Reshape((-1, dim), name="tokens")(x)  # (B, N, dim), rows first
    x = PositionEmbedding(draw.normal(), name="pos_embed")(x)
    for i in range(DEPTHS[variant] if depth is None else depth):
        x = _block(x, heads, draw, f"blocks-{i}")
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    x = _pool(x, pooling, draw)
    if normalize:
        x = layers.UnitNormalization(dtype="float32", name="unit")(x)
    return keras.Model(images, x, name=name)


def _stem(x: Any, widths: Sequence[int], dim: int, draw: _Initializers) -> Any:
    """Six times conv3x3, BatchNorm, ReLU; then conv1x1 to the channels of a token."""
    for i, (filters, stride) in enumerate(zip(widths, STEM_STRIDES, strict=True)):
        name = f"patch_embed-conv_stem-{3 * i}"
        if stride == 2:  # "same" would pad an even size at one side only
            x = layers.ZeroPadding2D(1, name=f"{name}-pad")(x)
        x = layers.Conv2D(
            filters, 3, stride, "valid" if stride == 2 else "same",
            kernel_initializer=draw.glorot(), name=name,
        )(x)  # fmt: skip
        norm = f"patch_embed-conv_stem-{3 * i + 1}"
        x = BatchNormalization(inference_statistics="moving", name=norm)(x)
        x = layers.ReLU(name=f"patch_embed-conv_stem-{3 * i + 2}")(x)
    name = f"patch_embed-conv_stem-{3 * len(widths)}"
    return layers.Conv2D(dim, 1, kernel_initializer=draw.glorot(), name=name)(x)


def _block(x: Any, heads: int, draw: _Initializers, name: str) -> Any:
    """x + Attention(LayerNorm(x)): (B, N, dim)."""
    dim = x.shape[-1]
    h = layers.LayerNormalization(epsilon=1e-6, name=f"{name}-norm1")(x)
    h = layers.Dense(3 * dim, kernel_initializer=draw.normal(), name=f"{name}-attn-qkv")(h)
    h = SelfAttention(heads, name=f"{name}-attn")(h)
    h = layers.Dense(dim, kernel_initializer=draw.normal(), name=f"{name}-attn-proj")(h)
    return layers.Add(name=name)([x, h])


def _pool(x: Any, pooling: str, draw: _Initializers) -> Any:
    """Tokens (B, N, dim) -> (B, E), float32."""
    if pooling == "gap":
        return layers.GlobalAveragePooling1D(dtype="float32", name="gap")(x)
    if pooling == "gem":
        return GeneralizedMean(dtype="float32", name="gem")(x)
    count = x.shape[1]
    x = layers.Permute((2, 1), name="channels")(x)  # (B, dim, N)
    x = layers.Dense(4 * count, kernel_initializer=draw.normal(), name="linear1")(x)
    x = layers.Activation("gelu", name="gelu")(x)
    x = layers.Dense(count, kernel_initializer=draw.normal(), name="linear2")(x)
    x = layers.Dense(SMD_MAPS, kernel_initializer=draw.normal(), name="linear3")(x)
    x = layers.Permute((2, 1), name="maps")(x)  # (B, 8, dim)
    return layers.Flatten(dtype="float32", name="smd")(x)


class _Initializers:
    """Initializers with a seed of its own for each layer."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def _next(self) -> int:
        self.seed += 1
        return self.seed

    def normal(self) -> keras.initializers.Initializer:
        return keras.initializers.TruncatedNormal(stddev=0.02, seed=self._next())

    def glorot(self) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=self._next())


def _check(
    height: int, width: int, variant: str, pooling: str, dim: int, heads: int, widths: Sequence[int]
) -> None:
    if height < STRIDE or width < STRIDE or height % STRIDE or width % STRIDE:
        nearest = [max(STRIDE, round(side / STRIDE) * STRIDE) for side in (height, width)]
        raise ValueError(
            f"SAIG makes a token of each {STRIDE}x{STRIDE} pixels: height and width must be "
            f"multiples of {STRIDE}; got {height}x{width}. Take {nearest[0]}x{nearest[1]}."
        )
    if variant not in DEPTHS:
        raise ValueError(
            f"variant must be one of {', '.join(DEPTHS)}; got {variant!r}. For another number of "
            "blocks pass depth."
        )
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}; got {pooling!r}")
    if dim % heads:
        raise ValueError(f"heads must divide dim; got heads={heads} and dim={dim}")
    if len(widths) != len(STEM_STRIDES):
        raise ValueError(
            f"stem_widths are the channels of {len(STEM_STRIDES)} convolutions; got {len(widths)}"
        )

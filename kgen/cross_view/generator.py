"""The cross-view generator: from an embedding, a style and local noise to a picture."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kgen.cross_view.blocks import Blocks, leaky
from kgen.data.resizing import as_size

STEP = 128  # pixels of the picture for each pixel of the first map: seven doublings
COARSE_AT = (8, 16)


def cross_view_generator(
    target_size: int | tuple[int, int] = (128, 512),
    embedding_size: int = 384,
    width: int = 384,
    local_channels: int = 128,
    style_size: int = 512,
    facade_widths: Sequence[int] = (256, 128, 64),
    *,
    attention: bool = True,
    style: bool = True,
    retrieval_fusion: bool = True,
    same_blocks: bool = False,
    coarse_at: int = 8,
    noise_injection: bool = False,
    spectral_norm: bool = True,
    layer_scale: float = 1e-5,
    hidden: int | None = None,
    seed: int = 0,
    name: str = "generator",
) -> keras.Model:
    """Build the generator of Yang et al., 2024 (table 8): 25,901,528 parameters at 128x512.

    Four structure blocks turn the embedding into features of an eighth of the size, of which a
    small head makes a coarse picture; three facade blocks add what cannot be known from the other
    view, driven by local noise (a map) and a style.

    Inputs, by name: `embedding`, float (B, E); `z_local`, N(0, 1), float (B, H/8, W/8,
    local_channels); and, with `style`, `z`, N(0, 1), float (B, style_size).
    Outputs: picture, float32 (B, H, W, 3) in [-1, 1]; coarse picture, float32
    (B, H/coarse_at, W/coarse_at, 3) in [-1, 1]; features, (B, H/8, W/8, width); and, with `style`,
    the style vector (B, style_size).

    Its layers are networks: `structure` (embedding -> features, coarse), `mapping` (z -> style) and
    `texture` (features, z_local, embedding, style -> picture), so that pictures of other noise can
    be made without computing the structure again.

    Args:
        target_size: (H, W), multiples of 128; one number means a square. Default (128, 512).
        embedding_size: E. Default 384.
        width: channels of the structure blocks. Default 384.
        local_channels: channels of `z_local`. Default 128.
        style_size: length of z and of the style. Default 512.
        facade_widths: channels of the three facade blocks. Default (256, 128, 64).
        attention: whether modulation has weight maps (ablation ii). Default True.
        style: whether there are z and mapping network (ablation iii). Default True.
        retrieval_fusion: whether the embedding modulates the blocks (ablation iv); it enters the
            first dense layer in any case. Default True.
        same_blocks: structure blocks in place of facade blocks (ablation v); then there is no
            style. Default False.
        coarse_at: the coarse picture has 1/8 (default) or 1/16 of the size; 16 needs H >= 256.
        noise_injection: StyleGAN's noise for each pixel in facade blocks. Default False.
        spectral_norm: of the blocks' convolutions. Default True.
        layer_scale: start of the facade blocks' residuals. Default 1e-5.
        hidden: units between embedding and modulation in every block. Default: `embedding_size`;
            less where that is large, as of SMD's 8 numbers for each channel.
        seed: of the initial weights.
        name: of the model.

    Raises:
        ValueError: a size that is no multiple of 128, 128x128, or a coarse picture that the coarse
            discriminator cannot take.

    Example:

    >>> from kgen.cross_view import cross_view_generator
    >>> tiny = cross_view_generator((128, 256), 64, 64, 16, 64, (32, 16, 8))
    >>> [tuple(output.shape) for output in tiny.outputs]
    [(None, 128, 256, 3), (None, 16, 32, 3), (None, 16, 32, 64), (None, 64)]
    """
    height, width_of_picture = check_target_size(target_size, coarse_at)
    style = style and not same_blocks
    blocks = Blocks(
        embedding_size if hidden is None else hidden,
        attention,
        retrieval_fusion,
        spectral_norm,
        layer_scale,
        noise_injection,
        seed,
    )
    first = (height // STEP, width_of_picture // STEP)
    structure = _structure(blocks, first, embedding_size, width, coarse_at)
    embedding = keras.Input((embedding_size,), name="embedding")
    z_local = keras.Input((height // 8, width_of_picture // 8, local_channels), name="z_local")
    features, coarse = structure(embedding)
    inputs, parts, outputs = [embedding, z_local], [features, z_local, embedding], []
    if style:
        z = keras.Input((style_size,), name="z")
        styles = _mapping(blocks, style_size)(z)
        inputs, parts, outputs = [*inputs, z], [*parts, styles], [styles]
    texture = _texture(blocks, parts, facade_widths, same_blocks)
    return keras.Model(inputs, [texture(parts), coarse, features, *outputs], name=name)


def check_target_size(size: int | tuple[int, int], coarse_at: int = 8) -> tuple[int, int]:
    """Height and width that the generator can make, or a ValueError that says which it can."""
    height, width = as_size(size)
    if height % STEP or width % STEP:
        near = tuple(max(STEP, round(side / STEP) * STEP) for side in (height, width))
        raise ValueError(
            f"target_size must be multiples of {STEP} pixels, as the generator doubles its first "
            f"map seven times; got {height}x{width}. Resize the data, to {near[0]}x{near[1]} say."
        )
    if height == width == STEP:
        raise ValueError(
            "target_size 128x128 begins with a map of one pixel, which instance normalization "
            "turns into 0 whatever it holds. Take 128x256 or larger."
        )
    if coarse_at not in COARSE_AT or (coarse_at == 16 and height < 256):
        raise ValueError(
            "coarse_at must be 8, or 16 for pictures of at least 256 rows (the coarse "
            f"discriminator halves its input four times); got {coarse_at} at {height}x{width}"
        )
    return height, width


def _structure(
    blocks: Blocks, first: tuple[int, int], embedding_size: int, width: int, coarse_at: int
) -> keras.Model:
    """Embedding -> features (B, H/8, W/8, width) and the coarse picture."""
    embedding = keras.Input((embedding_size,), name="embedding")
    x = layers.Dense(width * first[0] * first[1], kernel_initializer=blocks.glorot(), name="fc")(
        embedding
    )
    x = layers.Reshape((width, *first), name="fc_maps")(x)  # channels first, as PyTorch code has it
    x = layers.Permute((2, 3, 1), name="fc_channels_last")(x)  # (B, H/128, W/128, width)
    coarse = None
    for i in range(4):
        x = blocks.structure(x, embedding, width, f"s{i}")
        if coarse_at == STEP // 2 ** (i + 1):
            coarse = blocks.picture(x, "coarse")
    return keras.Model(embedding, [x, coarse], name="structure")


def _mapping(blocks: Blocks, style_size: int) -> keras.Model:
    """z -> style, four dense layers with LeakyReLU (Karras et al., 2019)."""
    z = w = keras.Input((style_size,), name="z")
    for i in range(4):
        w = leaky(layers.Dense(style_size, kernel_initializer=blocks.glorot(), name=f"map{i}")(w))
    return keras.Model(z, w, name="mapping")


def _texture(blocks: Blocks, parts: list, widths: Sequence[int], same_blocks: bool) -> keras.Model:
    """Features, local noise, embedding and maybe style -> picture."""
    names = ("features", "z_local", "embedding", "style")
    inputs = [
        keras.Input(part.shape[1:], name=name) for part, name in zip(parts, names, strict=False)
    ]
    x = layers.Concatenate(name="with_noise")(inputs[:2])
    embedding, style = inputs[2], (inputs[3] if len(inputs) > 3 else None)
    for i, filters in enumerate(widths):
        x = (
            blocks.structure(x, embedding, filters, f"t{i}")
            if same_blocks
            else blocks.facade(x, embedding, style, filters, f"t{i}")
        )
    return keras.Model(inputs, blocks.picture(x, "rgb"), name="texture")

"""The discriminators of the stacked attribute GAN: one that reads attributes, and maps."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from kgen.attribute_gan.networks import MAX_WIDTH, check_count, check_size
from kgen.layers import ConcatenateCode
from kgen.networks.style import Style

READINGS = ("map", "receptive_field")


def conditional_discriminator(
    image_size: int = 64,
    n_attributes: int = 42,
    channels: int = 1,
    base_filters: int = 64,
    *,
    code_size: int = 128,
    own_code: bool = True,
    head_size: int = 1,
    residual: bool = False,
    first_bias: bool = True,
    name: str = "conditional_discriminator",
    **style: Any,
) -> keras.Model:
    """Build the discriminator that judges whether a picture is real and has these attributes.

    Reed et al., 2016, section 4.1; Dong et al., 2017: 4x4 convolutions of stride 2 down to 4x4,
    the attributes' code at every pixel, one convolution, one logit.

    Inputs: picture, float (B, S, S, channels) in [-1, 1]; attributes, float (B, n_attributes).
    Output: float32 logits (B, 1, 1, 1), no sigmoid. Its layers are two networks: `features`, of
    the picture alone, and `match`, so that the features of a picture can be matched with several
    attributes.

    Args:
        image_size: S, a power of two from 32 on. Default 64.
        n_attributes: default 42.
        channels: default 1.
        base_filters: width of the first level, doubled up to 8 times. Default 64.
        code_size: numbers in the attributes' code. Default 128.
        own_code: encode the attributes by a dense layer of its own. Default True; else the second
            input is a code already, float (B, code_size), as StackGAN's.
        head_size: side of the convolution that joins features and code. Default 1; StackGAN 3.
        residual: a residual branch on the features (Dong et al., 2017). Default False.
        first_bias: bias of the first convolution. Default True.
        name: of the model.
        style: see `kgen.networks.style.Style`.

    Example:

    >>> from kgen.attribute_gan.discriminators import conditional_discriminator
    >>> judge = conditional_discriminator(64, 42, base_filters=8)
    >>> judge.output.shape, judge.get_layer("features").output.shape
    ((None, 1, 1, 1), (None, 4, 4, 64))
    """
    check_count(n_attributes)
    layer = Style(**style)
    shape = (image_size, image_size, channels)
    features = _features(layer, shape, base_filters, first_bias, residual)
    n_condition = n_attributes if own_code else code_size
    match = _match(
        layer, features.output.shape[-1], n_condition, code_size if own_code else 0, head_size
    )
    picture = keras.Input(shape, name="picture")
    attributes = keras.Input((n_condition,), name="attributes")
    return keras.Model([picture, attributes], match([features(picture), attributes]), name=name)


def map_discriminator(
    image_size: int = 64,
    channels: int = 1,
    base_filters: int = 64,
    *,
    map_size: int = 1,
    reading: str = "map",
    first_bias: bool = True,
    name: str = "discriminator",
    **style: Any,
) -> keras.Model:
    """Build a discriminator that gives an N x N map of logits, and sees no attributes.

    The paper calls N = 1 "PixelGAN" and global, N = 3 "PatchGAN" and local. Its formula (each D_i
    computes an N_i x N_i probability map; 1 is the largest range) is that of Zhang et al., 2018
    (HDGAN), where N is the side of the map: with 1, one logit sees the whole picture; with 3, each
    of the nine sees three quarters of its side. Read as receptive fields, as pix2pix counts them,
    a discriminator of 1x1 pixel of a binary mask could only know how many pixels are white.

    Input: float (B, S, S, channels) in [-1, 1]. Output: float32 logits, no sigmoid: (B, 1, 1, 1)
    or (B, 3, 3, 1); (B, S, S, 1) with receptive fields.

    Args:
        image_size: S, a power of two from 32 on. Default 64.
        channels: default 1.
        base_filters: width of the first level. Default 64.
        map_size: N, 1 or 3. Default 1.
        reading: `"map"` (default) or `"receptive_field"`: N is the receptive field in pixels.
        first_bias: bias of the first convolution. Default True.
        name: of the model.
        style: see `kgen.networks.style.Style`.

    Raises:
        ValueError: another N, unknown reading.

    Example:

    >>> from kgen.attribute_gan.discriminators import map_discriminator
    >>> map_discriminator(64, map_size=3, base_filters=8).output.shape
    (None, 3, 3, 1)
    """
    if map_size not in (1, 3):
        raise ValueError(f"map_size must be 1 or 3; got {map_size}")
    if reading not in READINGS:
        raise ValueError(f"reading must be one of {', '.join(READINGS)}; got {reading!r}")
    layer = Style(**style)
    picture = keras.Input((image_size, image_size, channels), name="picture")
    if reading == "receptive_field":
        x = layer.convolution(base_filters, map_size, bias=first_bias, name="conv_0")(picture)
        x = layer.convolution(2 * base_filters, 1, name="conv_1")(layer.leaky(x, "conv_0_leaky"))
        x = layer.leaky(layer.normalize(x, "conv_1_norm"), "conv_1_leaky")
        x = layer.convolution(1, 1, bias=True, name="logits")(x)  # (B, S, S, 1)
    else:
        x = _down(layer, picture, 4 if map_size == 1 else 8, base_filters, first_bias)
        x = layer.leaky(x, "features_leaky")
        stride = 1 if map_size == 1 else 2  # 4 -> 1 or 8 -> 3
        x = layer.convolution(1, 4, stride, "valid", bias=True, name="logits")(x)
    x = layers.Activation("linear", dtype="float32", name="logits_float32")(x)
    return keras.Model(picture, x, name=name)


def _features(
    layer: Style, shape: tuple, base_filters: int, first_bias: bool, residual: bool
) -> keras.Model:
    """The picture's features at 4x4."""
    picture = keras.Input(shape, name="picture")
    x = _down(layer, picture, 4, base_filters, first_bias)
    if residual:
        y = layer.normalize(
            layer.convolution(2 * base_filters, 1, name="branch_0")(x), "branch_0_norm"
        )
        y = layer.convolution(2 * base_filters, 3, name="branch_1")(layer.leaky(y))
        y = layer.leaky(layer.normalize(y, "branch_1_norm"))
        y = layer.convolution(x.shape[-1], 3, name="branch_2")(y)
        x = layers.Add(name="branch")([x, layer.normalize(y, "branch_2_norm")])
    x = layer.leaky(x, "features_leaky")
    return keras.Model(picture, x, name="features")


def _match(
    layer: Style, width: int, n_condition: int, code_size: int, head_size: int
) -> keras.Model:
    """Features and condition to one logit."""
    features = keras.Input((4, 4, width), name="features")
    condition = code = keras.Input((n_condition,), name="attributes")
    if code_size:
        code = layers.Dense(code_size, kernel_initializer=layer.kernel(), name="code")(code)
        code = layer.leaky(code, "code_leaky")
    x = ConcatenateCode(name="features_and_code")([features, code])  # (B, 4, 4, 8 f + n)
    x = layer.convolution(width, head_size, name="join")(x)
    x = layer.leaky(layer.normalize(x, "join_norm"), "join_leaky")
    x = layer.convolution(1, 4, padding="valid", bias=True, name="logits")(x)
    x = layers.Activation("linear", dtype="float32", name="logits_float32")(x)
    return keras.Model([features, condition], x, name="match")


def _down(layer: Style, x: Any, side: int, base_filters: int, first_bias: bool) -> Any:
    """Halve the picture until `side`; the last level is left without activation."""
    count = check_size(x.shape[1]) - side.bit_length() + 1
    for level in range(count):
        x = layer.leaky(x, f"conv_{level - 1}_leaky") if level else x
        filters = base_filters * min(2**level, MAX_WIDTH)
        x = layer.convolution(
            filters, 4, 2, bias=None if level else first_bias, name=f"conv_{level}"
        )(x)
        x = layer.normalize(x, f"conv_{level}_norm") if level else x
    return x

"""The generators of the stacked attribute GAN; each ends in a picture and the code's Gaussian."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from kgen.layers import ConcatenateCode, ConditioningAugmentation
from kgen.networks import unet
from kgen.networks.style import Style

MAX_WIDTH = 8  # widths grow up to 8 times the base
SMALLEST_SIZE = 32


def mask_generator(
    image_size: int = 64,
    n_attributes: int = 42,
    base_filters: int = 64,
    *,
    noise_size: int = 100,
    code_size: int = 128,
    output_channels: int = 1,
    upsample: str = "transpose",
    normalize_units: bool = False,
    output_bias: bool = True,
    code: dict[str, Any] | None = None,
    name: str = "generator",
    **style: Any,
) -> keras.Model:
    """Build the generator of stage I: attributes and noise to a mask.

    A DCGAN (Radford et al., 2016) behind a conditioning augmentation: [noise, code] -> 4x4 ->
    doubled until `image_size`. Channels at 4, 8, ... pixels fall from at most 8 times to once the
    base.

    Inputs: shape attributes, float (B, n_attributes) in [0, 1]; noise, float (B, noise_size),
        normal.
    Outputs: mask, float32 (B, S, S, output_channels) in [-1, 1]; mean and log-variance of the code,
    float32 (B, code_size).

    Args:
        image_size: S, a power of two from 32 on. Default 64.
        n_attributes: default 42.
        base_filters: width of the last level. Default 64.
        noise_size: default 100.
        code_size: numbers in the code. Default 128.
        output_channels: default 1.
        upsample: `"transpose"` (default), or `"resize"`: nearest x2, then a 3x3 convolution, with
            one more level at full size (StackGAN).
        normalize_units: give each unit of the first layer statistics of its own (StackGAN), rather
            than each of its channels. Default False.
        output_bias: bias of the last convolution. Default True.
        code: further arguments of `kgen.layers.ConditioningAugmentation`.
        name: of the model.
        style: see `kgen.networks.style.Style`.

    Raises:
        ValueError: a size that is no power of two, no attributes, unknown option.

    Example:

    >>> from kgen.attribute_gan.networks import mask_generator
    >>> mask_generator(64, 42, base_filters=8).outputs[0].shape
    (None, 64, 64, 1)
    """
    levels = check_size(image_size) - 2
    check_count(n_attributes)
    if upsample not in ("transpose", "resize"):
        raise ValueError(f"upsample must be 'transpose' or 'resize'; got {upsample!r}")
    layer = Style(**style)
    widths = [base_filters * min(2 ** (levels - 1 - i), MAX_WIDTH) for i in range(levels)]

    attributes = keras.Input((n_attributes,), name="shape_attributes")
    noise = keras.Input((noise_size,), name="noise")
    drawn, mean, log_variance = _conditioning(layer, code_size, code)(attributes)
    x = layers.Concatenate(name="noise_and_code")([noise, drawn])
    x = layers.Dense(
        16 * widths[0], use_bias=False, kernel_initializer=layer.kernel(), name="first"
    )(x)
    x = layer.normalize(x, "first_norm") if normalize_units else x
    x = layers.Reshape((4, 4, widths[0]), name="first_map")(x)  # (B, 4, 4, C)
    x = x if normalize_units else layer.normalize(x, "first_norm")
    x = layers.ReLU(name="first_relu")(x)
    if upsample == "resize":
        widths.append(max(1, base_filters // 2))
    for level, filters in enumerate(widths[1:], 1):
        x = _up(layer, upsample, x, filters, f"up_{level}")
        x = layers.ReLU(name=f"up_{level}_relu")(layer.normalize(x, f"up_{level}_norm"))
    if upsample == "transpose":
        x = layer.transposed(output_channels, 4, bias=output_bias, name="last")(x)
    else:
        x = layer.convolution(output_channels, 3, bias=output_bias, name="last")(x)
    mask = layers.Activation("tanh", dtype="float32", name="mask")(x)  # (B, S, S, 1)
    return keras.Model([attributes, noise], [mask, mean, log_variance], name=name)


def picture_generator(
    image_size: int = 64,
    n_attributes: int = 270,
    base_filters: int = 64,
    *,
    kind: str = "unet",
    code_size: int = 128,
    mask_channels: int = 1,
    output_channels: int = 3,
    code_at_input: bool = False,
    code: dict[str, Any] | None = None,
    name: str = "generator",
    **options: Any,
) -> keras.Model:
    """Build the generator of stage II: a mask and the other attributes to a picture.

    The U-Net of pix2pix, whose bottleneck also gets the code of the attributes; or the residual
    encoder-decoder of Dong et al., 2017.

    Inputs: mask, float (B, S, S, mask_channels) in [-1, 1]; other attributes, float (B,
        n_attributes) in [0, 1].
    Outputs: picture, float32 (B, S, S, output_channels) in [-1, 1]; mean and log-variance of the
    code, float32 (B, code_size).

    Args:
        image_size: S, a power of two from 32 on. Default 64.
        n_attributes: default 270.
        base_filters: width of the first level. Default 64.
        kind: `"unet"` (default) or `"residual"`.
        code_size: numbers in the code. Default 128.
        mask_channels: default 1.
        output_channels: default 3.
        code_at_input: append the code to every pixel of the mask too. Default False.
        code: further arguments of `kgen.layers.ConditioningAugmentation`.
        name: of the model.
        options: of `kgen.networks.unet` (`dropout`, `upsample`, `depth`, ...) or
            `residual_generator`.

    Raises:
        ValueError: a size that is no power of two, no attributes, unknown option.

    Example:

    >>> from kgen.attribute_gan.networks import picture_generator
    >>> picture_generator(64, 270, base_filters=8).outputs[0].shape
    (None, 64, 64, 3)
    """
    check_size(image_size)
    check_count(n_attributes)
    if kind not in PICTURE_GENERATORS:
        raise ValueError(f"kind must be one of {', '.join(PICTURE_GENERATORS)}; got {kind!r}")
    style = Style(seed=options.get("seed", 0) + 500)  # the code's own seeds, far from the network's
    mask = keras.Input((image_size, image_size, mask_channels), name="mask")
    attributes = keras.Input((n_attributes,), name="other_attributes")
    drawn, mean, log_variance = _conditioning(style, code_size, code)(attributes)
    x = ConcatenateCode(name="input_code")([mask, drawn]) if code_at_input else mask
    network = PICTURE_GENERATORS[kind](
        tuple(x.shape[1:]),
        output_channels,
        base_filters,
        code_size=code_size,
        name=kind,
        **options,
    )
    return keras.Model([mask, attributes], [network([x, drawn]), mean, log_variance], name=name)


def residual_generator(
    input_shape: tuple[int | None, int | None, int] = (64, 64, 1),
    output_channels: int = 3,
    base_filters: int = 64,
    *,
    code_size: int = 128,
    blocks: int = 4,
    name: str = "residual",
    **style: Any,
) -> keras.Model:
    """Build the encoder, residual blocks and decoder of Dong et al., 2017, figure 2.

    The code joins the features at a quarter of the resolution. Without skips: the outline is
    drawn anew.

    Inputs: image (B, H, W, C), code (B, code_size). Output: float32 (B, H, W, output_channels) in
    [-1, 1].

    Args:
        input_shape: (H, W, C), divisible by 4.
        output_channels: default 3.
        base_filters: the first convolution is twice as wide, the blocks eight times. Default 64.
        code_size: default 128.
        blocks: residual blocks. Default 4.
        name: of the model.
        style: see `kgen.networks.style.Style`.

    Example:

    >>> from kgen.attribute_gan.networks import residual_generator
    >>> residual_generator((64, 64, 1), base_filters=4).output.shape
    (None, 64, 64, 3)
    """
    layer = Style(**style)
    image = x = keras.Input(input_shape, name="image")
    code = keras.Input((code_size,), name="code")
    x = layers.ReLU()(layer.convolution(2 * base_filters, 3, bias=True, name="first")(x))
    for level in (2, 3):
        x = layer.convolution(base_filters * 2**level, 4, 2, name=f"down_{level - 1}")(x)
        x = layers.ReLU()(layer.normalize(x, f"down_{level - 1}_norm"))
    x = ConcatenateCode(name="bottleneck_code")([x, code])  # (B, H / 4, W / 4, 8 f + n)
    x = layer.convolution(8 * base_filters, 3, name="join")(x)
    x = layer.normalize(x, "join_norm")
    for block in range(blocks):
        y = layer.convolution(8 * base_filters, 3, name=f"block_{block}_conv1")(x)
        y = layers.ReLU()(layer.normalize(y, f"block_{block}_norm1"))
        y = layer.convolution(8 * base_filters, 3, name=f"block_{block}_conv2")(y)
        y = layer.normalize(y, f"block_{block}_norm2")
        x = layers.ReLU()(layers.Add(name=f"block_{block}_add")([x, y]))
    for level in (2, 1):
        x = _up(layer, "resize", x, base_filters * 2**level, f"up_{level}")
        x = layers.ReLU()(layer.normalize(x, f"up_{level}_norm"))
    x = layer.convolution(output_channels, 3, bias=True, name="last")(x)
    x = layers.Activation("tanh", dtype="float32", name="generated")(x)
    return keras.Model([image, code], x, name=name)


PICTURE_GENERATORS = {"unet": unet, "residual": residual_generator}


@keras.saving.register_keras_serializable("kgen")
class HardMask(layers.Layer):
    """Threshold masks at 0: 1 above it, -1 elsewhere. Float in, float out, no gradient."""

    def call(self, images: Any) -> Any:  # a `mask` would be Keras' own kind
        return harden(images)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


def harden(mask: Any) -> Any:
    """1 where a mask is above 0, -1 elsewhere."""
    return ops.where(mask > 0, ops.ones_like(mask), -ops.ones_like(mask))


def check_size(image_size: int) -> int:
    """log2 of an image size, or a ValueError that says which sizes there are."""
    if image_size < SMALLEST_SIZE or image_size & (image_size - 1):
        raise ValueError(
            "image_size must be a power of two of at least "
            f"{SMALLEST_SIZE}: 32, 64, 128, 256, 512; got {image_size}"
        )
    return image_size.bit_length() - 1


def check_count(n_attributes: int) -> None:
    """Raise where there is no attribute."""
    if n_attributes < 1:
        raise ValueError(
            f"a model needs at least one attribute; got n_attributes={n_attributes}. For a GAN "
            "without attributes give it one that is always 0, and conditional_weight=0."
        )


def _conditioning(layer: Style, size: int, options: dict | None) -> ConditioningAugmentation:
    kernel, seed = layer.kernel(), layer.next_seed()
    return ConditioningAugmentation(
        size, kernel_initializer=kernel, seed=seed, name="conditioning", **(options or {})
    )


def _up(layer: Style, upsample: str, x: Any, filters: int, name: str) -> Any:
    """Double height and width."""
    if upsample == "transpose":
        return layer.transposed(filters, 4, name=name)(x)
    x = layers.UpSampling2D(2, name=f"{name}_nearest")(x)
    return layer.convolution(filters, 3, name=name)(x)

"""The residual generator of CycleGAN, which pix2pix offers beside the U-Net."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from kgen.layers import Dropout, ReflectionPadding2D
from kgen.networks.style import Style


def resnet_generator(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    output_channels: int = 3,
    base_filters: int = 64,
    blocks: int = 9,
    *,
    normalization: str | None = "instance",
    dropout: float = 0.0,
    upsample: str = "transpose",
    use_bias: bool | None = None,
    name: str = "generator",
    **style: Any,
) -> keras.Model:
    """Build the generator of residual blocks at a quarter of the resolution.

    Johnson et al., 2016; Zhu et al., 2017, appendix 7.2: c7s1-64, d128, d256, R256 x blocks, u128,
    u64, c7s1-3. Eight times the work of the U-Net at 256x256, and any size divisible by 4.

    Input: float (B, H, W, C) in [-1, 1]. Output: float32 (B, H, W, output_channels) in [-1, 1].

    Args:
        input_shape: (H, W, C); None for any height or width.
        output_channels: default 3.
        base_filters: width of the first layer. Default 64.
        blocks: residual blocks; 6 for 128x128, 9 for 256x256 in the paper. Default 9.
        normalization: `"instance"` (default, without scale and offset), `"batch"` or None.
        dropout: inside the residual blocks. Default 0.
        upsample: `"transpose"` (default) or `"resize"` (nearest x2, then a 3x3 convolution).
        use_bias: default: with instance normalization.
        name: of the model.
        style: see `kgen.networks.style.Style`.

    Raises:
        ValueError: height or width not divisible by 4; unknown option.

    Example:

    >>> from kgen.networks import resnet_generator
    >>> resnet_generator((256, 256, 3), base_filters=16).count_params()
    715651
    """
    if any(side is not None and side % 4 for side in input_shape[:2]):
        raise ValueError(
            "the ResNet generator needs a height and width divisible by 4; got "
            f"{input_shape[0]}x{input_shape[1]}"
        )
    if upsample not in ("transpose", "resize"):
        raise ValueError(f"upsample must be 'transpose' or 'resize'; got {upsample!r}")
    layer = Style(normalization, use_bias, **style)

    inputs = keras.Input(input_shape, name="source")
    x = ReflectionPadding2D(3, name="first_pad")(inputs)
    x = layer.convolution(base_filters, 7, padding="valid", name="first")(x)
    x = layers.ReLU()(layer.normalize(x, "first_norm"))
    for level in (1, 2):
        # one pixel on every side, as PyTorch pads: `same` would pad below and right only
        x = layers.ZeroPadding2D(1)(x)
        x = layer.convolution(base_filters * 2**level, 3, 2, "valid", name=f"down_{level}")(x)
        x = layers.ReLU()(layer.normalize(x, f"down_{level}_norm"))
    for block in range(blocks):
        x = _residual(layer, x, dropout, f"block_{block}")  # (B, H / 4, W / 4, 4 f)
    for level in (1, 0):
        x = _up(layer, upsample, x, base_filters * 2**level, f"up_{level}")
        x = layers.ReLU()(layer.normalize(x, f"up_{level}_norm"))
    x = ReflectionPadding2D(3, name="last_pad")(x)
    x = layer.convolution(output_channels, 7, padding="valid", bias=True, name="last")(x)
    x = layers.Activation("tanh", dtype="float32", name="generated")(x)
    return keras.Model(inputs, x, name=name)


def _residual(layer: Style, x: Any, dropout: float, name: str) -> Any:
    y = x
    for i in (1, 2):
        y = ReflectionPadding2D(1, name=f"{name}_pad{i}")(y)
        y = layer.convolution(x.shape[-1], 3, padding="valid", name=f"{name}_conv{i}")(y)
        y = layer.normalize(y, f"{name}_norm{i}")
        if i == 1:
            y = layers.ReLU()(y)
            y = Dropout(dropout, seed=layer.next_seed())(y) if dropout else y
    return layers.Add(name=f"{name}_add")([x, y])


def _up(layer: Style, upsample: str, x: Any, filters: int, name: str) -> Any:
    if upsample == "resize":
        x = layers.UpSampling2D(2, name=f"{name}_nearest")(x)
        x = ReflectionPadding2D(1, name=f"{name}_pad")(x)
        return layer.convolution(filters, 3, padding="valid", name=name)(x)
    x = layer.transposed(filters, 3, padding="valid", name=name)(x)  # (B, 2 H + 1, 2 W + 1, f)
    return layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(
        x
    )  # PyTorch: padding 1, output_padding 1

"""The PatchGAN: a discriminator that judges patches, not pictures."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from kgen.layers import SpectralNormalization
from kgen.networks.style import Style

MAX_WIDTH = 8


def patch_discriminator(
    image_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    condition_channels: int = 3,
    base_filters: int = 64,
    n_layers: int = 3,
    *,
    normalization: str | None = "batch",
    padding: str = "torch",
    spectral: bool = False,
    use_bias: bool | None = None,
    first_bias: bool = True,
    name: str = "discriminator",
    **style: Any,
) -> keras.Model:
    """Build the PatchGAN discriminator.

    Isola et al., 2017, section 3.2.2 and appendix 6.1.2: C64-C128-C256-C512 with `n_layers=3`
    judges overlapping patches of 70x70 pixels. The receptive field is 16, 34, 70, 142, 286 for 1
    to 5 layers; `n_layers=0` is the PixelGAN of 1x1 convolutions.

    Inputs: condition (B, H, W, condition_channels) and image (B, H, W, C), float in [-1, 1]; the
        image
    alone where `condition_channels` is 0. Output: float32 logits (B, h, w, 1), no sigmoid; 30x30
    for 256x256 with the default padding.

    Args:
        image_shape: (H, W, C) of the image judged; None for any height or width.
        condition_channels: channels of the picture it was made from; 0 for none. Default 3.
        base_filters: width of the first layer. Default 64.
        n_layers: layers of stride 2. Default 3.
        normalization: `"batch"` (default), `"instance"` or None.
        padding: `"torch"` (default): one pixel on every side of every layer, as the paper's code;
            `"same"`: Keras' padding, which makes the map 32x32 and shifts it by half a pixel.
        spectral: spectral normalization of every kernel. Default False.
        use_bias: bias in convolutions that normalization follows; default: with instance
            normalization only.
        first_bias: bias of the first convolution. Default True.
        name: of the model.
        style: see `kgen.networks.style.Style`.

    Raises:
        ValueError: unknown option, or images too small for the number of layers.

    Example:

    >>> from kgen.networks import patch_discriminator
    >>> patch_discriminator((256, 256, 3)).output.shape
    (None, 30, 30, 1)
    """
    if padding not in ("torch", "same"):
        raise ValueError(f"padding must be 'torch' or 'same'; got {padding!r}")
    smallest = min((side for side in image_shape[:2] if side is not None), default=2**31)
    if n_layers and smallest < 2**n_layers * 3:
        raise ValueError(
            f"a discriminator of n_layers={n_layers} needs images of at least "
            f"{2**n_layers * 3} pixels a side; "
            f"got {image_shape[0]}x{image_shape[1]}. Take fewer layers."
        )
    layer = Style(normalization, use_bias, **style)

    image = x = keras.Input(image_shape, name="image")
    inputs = image
    if condition_channels:
        condition = keras.Input((*image_shape[:2], condition_channels), name="condition")
        inputs = [condition, image]
        x = layers.Concatenate(name="pair")(inputs)

    def convolve(x: Any, filters: int, stride: int, name: str, bias: bool | None = None) -> Any:
        size = 4 if n_layers else 1
        if padding == "torch" and n_layers:
            x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
        pad = "same" if padding == "same" else "valid"
        convolution = layer.convolution(filters, size, stride, pad, bias, name=name)
        return (SpectralNormalization(convolution) if spectral else convolution)(x)

    strides = [2] * n_layers + [1] if n_layers else [1, 1]
    for i, stride in enumerate(strides):
        x = convolve(
            x, base_filters * min(2**i, MAX_WIDTH), stride, f"conv_{i}", None if i else first_bias
        )
        x = layer.normalize(x, f"conv_{i}_norm") if i else x
        x = layer.leaky(x, f"conv_{i}_leaky")
    # the reference's PixelGAN has a bias at the end only where instance normalization is used
    x = convolve(x, 1, 1, "logits", True if n_layers else None)
    x = layers.Activation("linear", dtype="float32", name="logits_float32")(x)
    return keras.Model(inputs, x, name=name)

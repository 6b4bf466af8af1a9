"""SqueezeNet 1.1 without its classifier, as torchvision has it."""

from __future__ import annotations

import keras
from keras import layers

# torchvision's index -> channels inside, channels of each half of the output
FIRES = {
    3: (16, 64),
    4: (16, 64),
    6: (32, 128),
    7: (32, 128),
    9: (48, 192),
    10: (48, 192),
    11: (64, 256),
    12: (64, 256),
}
POOLS = (2, 5, 8)
TAPS = (1, 4, 7, 9, 10, 11, 12)  # 1: the ReLU of the first convolution


def squeezenet(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    kernel_initializer: str = "glorot_uniform",
    name: str = "squeezenet",
) -> keras.Model:
    """Build the convolutions of SqueezeNet 1.1, untrained.

    Iandola et al., 2016: fire modules squeeze by 1x1 convolutions and expand by 1x1 and 3x3 ones.
    The layers bear the names of torchvision's modules (`features-3-squeeze`).

    Input: float32 (B, H, W, 3), normalized as the weights expect; 17 pixels a side at least.
    Output: float32, seven maps of 64, 128, 256, 384, 384, 512, 512 channels.

    Args:
        input_shape: (H, W, 3); None for any height or width. Default (None, None, 3).
        kernel_initializer: of the convolutions; "zeros" spares drawing what is replaced by loaded
            weights. Default "glorot_uniform".
        name: of the model.

    Example:

    >>> from kgen.networks import squeezenet
    >>> [tap.shape[-1] for tap in squeezenet((64, 64, 3), "zeros").outputs]
    [64, 128, 256, 384, 384, 512, 512]
    """

    def convolve(
        x: keras.KerasTensor, filters: int, size: int, name: str, strides: int = 1
    ) -> keras.KerasTensor:
        return layers.Conv2D(
            filters,
            size,
            strides,
            padding="same" if strides == 1 else "valid",
            activation="relu",
            kernel_initializer=kernel_initializer,
            dtype="float32",
            name=name,
        )(x)

    def fire(x: keras.KerasTensor, index: int) -> keras.KerasTensor:
        inside, half = FIRES[index]
        x = convolve(x, inside, 1, f"features-{index}-squeeze")
        halves = [
            convolve(x, half, size, f"features-{index}-expand{size}x{size}") for size in (1, 3)
        ]
        return layers.Concatenate(dtype="float32", name=f"fire{index}")(halves)

    inputs = keras.Input(input_shape, name="normalized", dtype="float32")
    x = convolve(inputs, 64, 3, "features-0", strides=2)  # (B, (H - 1) // 2, (W - 1) // 2, 64)
    maps = [x]
    for index in range(2, max(FIRES) + 1):
        x = _halve(x, f"pool{index}") if index in POOLS else fire(x, index)
        if index in TAPS:
            maps.append(x)
    return keras.Model(inputs, maps, name=name)


def _halve(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A 3x3 maximum of stride 2 whose last window may reach over the edge (PyTorch: ceil_mode).

    One zero below and right gives just these windows, for even and odd sizes; values are those of
    a ReLU, so a zero changes no maximum.
    """
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), dtype="float32", name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, 2, dtype="float32", name=name)(x)

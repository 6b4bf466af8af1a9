"""VGG16 without its classifier: the features that perceptual distances and losses compare."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

BLOCKS = (2, 2, 3, 3, 3)  # convolutions in each block
WIDTHS = (64, 128, 256, 512, 512)
VGG16_TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")


def vgg16(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    taps: Sequence[str] = VGG16_TAPS,
    kernel_initializer: str = "glorot_uniform",
    name: str = "vgg16",
) -> keras.Model:
    """Build the convolutions of VGG16, untrained.

    Simonyan & Zisserman, 2015, column D: 3x3 convolutions with ReLU, a 2x2 maximum after each
    block. The layers bear the names of torchvision's modules (`features-0` is `features.0`), so
    that `kgen.weights.load_torch_state` fills them.

    Input: float32 (B, H, W, 3), normalized as the weights expect; 16 pixels a side at least.
    Output: float32, one map for each tap, (B, H / 2^k, W / 2^k, channels).

    Args:
        input_shape: (H, W, 3); None for any height or width. Default (None, None, 3).
        taps: which maps to return: `"reluB_C"`, convolution C of block B with its ReLU. Nothing
            behind the last of them is built. Default: the last of each block.
        kernel_initializer: of the convolutions; "zeros" spares drawing what is replaced by loaded
            weights. Default "glorot_uniform".
        name: of the model.

    Raises:
        ValueError: unknown tap.

    Example:

    >>> from kgen.networks import vgg16
    >>> [tuple(tap.shape) for tap in vgg16((32, 48, 3), taps=("relu1_2", "relu3_1")).outputs]
    [(None, 32, 48, 64), (None, 8, 12, 256)]
    """
    known = [f"relu{b}_{c}" for b, count in enumerate(BLOCKS, 1) for c in range(1, count + 1)]
    if not taps or (wrong := [tap for tap in taps if tap not in known]):
        raise ValueError(f"VGG16 has no tap {wrong if taps else taps}; it has {', '.join(known)}")
    last = max(known.index(tap) for tap in taps)
    maps = {}
    inputs = x = keras.Input(input_shape, name="normalized", dtype="float32")
    module = 0  # torchvision counts convolutions, activations and maxima
    for tap in known[: last + 1]:
        block = int(tap[4])
        if tap.endswith("_1") and block > 1:
            x = layers.MaxPooling2D(2, dtype="float32", name=f"pool{block - 1}")(x)
            module += 1
        x = layers.Conv2D(
            WIDTHS[block - 1],
            3,
            padding="same",
            activation="relu",
            kernel_initializer=kernel_initializer,
            dtype="float32",
            name=f"features-{module}",
        )(x)
        module += 2
        maps[tap] = x
    return keras.Model(inputs, [maps[tap] for tap in taps], name=name)

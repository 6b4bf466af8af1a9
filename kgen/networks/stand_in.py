"""A small network of fixed random weights, in the place of trained ones that are not at hand.

Random features already tell blur, noise and colour shifts apart, so that metrics and losses built
upon features can be taught and tested without a download. Its numbers compare with nothing that is
published; results made with it bear its name.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

WIDTHS = (16, 32, 64)
SEED = 20150512


def stand_in(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    taps: int = len(WIDTHS),
    name: str = "stand_in",
) -> keras.Model:
    """Build the stand-in: 3x3 convolutions with ReLU and 2x2 averages between them.

    The weights are the same on every backend and machine: He-normal numbers of numpy's RandomState.

    Input: float32 (B, H, W, C) in [-1, 1]; 4 pixels a side at least. Output: float32, maps of 16,
    32 and 64 channels at H, H / 2 and H / 4.

    Args:
        input_shape: (H, W, C); None for any height or width. Default (None, None, 3).
        taps: number of maps, 1 to 3. Default 3.
        name: of the model.

    Raises:
        ValueError: another number of taps.

    Example:

    >>> from kgen.networks import stand_in
    >>> [tuple(tap.shape) for tap in stand_in((32, 32, 3)).outputs]
    [(None, 32, 32, 16), (None, 16, 16, 32), (None, 8, 8, 64)]
    """
    if not 1 <= taps <= len(WIDTHS):
        raise ValueError(f"the stand-in has 1 to {len(WIDTHS)} taps; asked for {taps}")
    draws = np.random.RandomState(SEED)
    inputs = x = keras.Input(input_shape, name="images", dtype="float32")
    maps = []
    for level, width in enumerate(WIDTHS[:taps]):
        if level:
            x = layers.AveragePooling2D(2, dtype="float32", name=f"half{level}")(x)
        shape = (3, 3, x.shape[-1], width)
        kernel = draws.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[:3]))
        convolution = layers.Conv2D(
            width,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="zeros",
            dtype="float32",
            name=f"level{level}",
        )
        x = convolution(x)
        convolution.kernel.assign(kernel.astype("float32"))
        convolution.bias.assign(0.1 * draws.standard_normal(width).astype("float32"))
        maps.append(x)
    return keras.Model(inputs, maps, name=name)

"""Penalties on the discriminator's gradient; they differentiate twice, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kgen.backend import gradient


def gradient_penalty(
    discriminator: Callable[[Any], Any],
    real: Any,
    fake: Any,
    mixing: Any | None = None,
    seed: keras.random.SeedGenerator | None = None,
    target_norm: float = 1.0,
) -> Any:
    """The WGAN-GP penalty: E (|| grad_x D(x) ||_2 - 1)^2 between real and fake images.

    Gulrajani et al., 2017, equation 3: x = a real + (1 - a) fake, with one uniform a for each
    image. Multiply by the weight lambda (10 in the paper).

    Args:
        discriminator: image -> logits; close over a condition.
        real, fake: float (B, H, W, C).
        mixing: the shares a, (B, 1, 1, 1); drawn from `seed` by default.
        seed: seed generator owned by the model, so that training stays reproducible.
        target_norm: the norm wanted. Default 1.

    Returns:
        scalar.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from kgen.losses import gradient_penalty
    >>> images = np.ones((2, 4, 4, 1), "float32")
    >>> float(gradient_penalty(lambda x: ops.sum(x, (1, 2, 3)), images, images, images[:, :1, :1]))
    9.0
    """
    if mixing is None:
        mixing = keras.random.uniform((ops.shape(real)[0], 1, 1, 1), seed=seed)
    slopes = gradient(discriminator, mixing * real + (1.0 - mixing) * fake)
    squares = ops.sum(ops.square(slopes + 1e-16), axis=(1, 2, 3))  # the root has no slope at 0
    return ops.mean(ops.square(ops.sqrt(squares) - target_norm))


def r1_penalty(discriminator: Callable[[Any], Any], real: Any) -> Any:
    """The R1 penalty: 1/2 E || grad_x D(x) ||^2 on real images.

    Mescheder et al., 2018, equation 9, without the weight gamma.

    Args:
        discriminator: image -> logits; for maps of logits the gradient of their sum is taken.
        real: float (B, H, W, C).

    Returns:
        scalar.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from kgen.losses import r1_penalty
    >>> float(r1_penalty(lambda x: 3.0 * ops.sum(x, (1, 2, 3)), np.ones((2, 2, 2, 1), "float32")))
    18.0
    """
    slopes = gradient(discriminator, real)
    return 0.5 * ops.mean(ops.sum(ops.square(slopes), axis=(1, 2, 3)))

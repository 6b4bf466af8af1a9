"""A price for pictures that stay the same while the noise changes."""

from __future__ import annotations

from typing import Any

from keras import ops


def mode_seeking_loss(
    images: Any, others: Any, noise: Any, other_noise: Any, epsilon: float = 1e-5
) -> Any:
    """1 / (|G(z1) - G(z2)| / |z1 - z2| + epsilon): large where a generator ignores its noise.

    Mao et al., 2019 (MSGAN), equation 2, in the form of its code: distances are mean absolute
    differences over the batch.

    Args:
        images, others: G(z1) and G(z2) for equal conditions, float (B, H, W, C).
        noise, other_noise: z1 and z2, float (B, n).
        epsilon: keeps the price finite.

    Returns:
        scalar.

    Example:

    >>> import numpy as np
    >>> from kgen.losses import mode_seeking_loss
    >>> black, white = np.full((2, 4, 4, 1), -1.0), np.full((2, 4, 4, 1), 1.0)
    >>> z1, z2 = np.zeros((2, 8)), np.ones((2, 8))
    >>> round(float(mode_seeking_loss(black, white, z1, z2)), 3)
    0.5
    """
    far = ops.mean(ops.abs(ops.subtract(images, others)))
    apart = ops.mean(ops.abs(ops.subtract(noise, other_noise)))
    return 1.0 / (far / apart + epsilon)

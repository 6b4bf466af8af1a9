"""How far a Gaussian is from the standard one."""

from __future__ import annotations

from typing import Any

from keras import ops


def gaussian_kl(mean: Any, log_variance: Any) -> Any:
    """KL(N(mu, sigma^2) || N(0, 1)), mean over the batch *and* the dimensions.

    1/2 (mu^2 + sigma^2 - 1 - log sigma^2) for each dimension (Kingma and Welling, 2014, appendix
    B, there as a sum; Zhang et al., 2017, section 3.2, whose code takes the mean). With 128
    dimensions a weight of 2 on this mean is 0.0156 on the sum.

    Args:
        mean: mu, float (B, n).
        log_variance: log sigma^2, float (B, n).

    Returns:
        scalar, at least 0.

    Example:

    >>> import numpy as np
    >>> from kgen.losses import gaussian_kl
    >>> float(gaussian_kl(np.full((2, 8), 2.0, "float32"), np.zeros((2, 8), "float32")))
    2.0
    """
    mean, log_variance = ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance)
    return 0.5 * ops.mean(ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance)

"""The perceptual loss: how different two pictures look to a network that knows pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from kgen.metrics.lpips import LPIPSNetwork, lpips_network

Loss = Callable[[Any, Any], Any]
# name -> (trunk of `lpips_network`, whether the loss is LPIPS; else the L1 of the features)
PERCEPTUAL = {
    "lpips_vgg": ("vgg", True),
    "lpips_alex": ("alex", True),
    "lpips_keras_vgg": ("keras_vgg", True),
    "lpips_stand_in": ("stand_in", True),
    "vgg_l1": ("vgg", False),
    "keras_vgg_l1": ("keras_vgg", False),
    "stand_in_l1": ("stand_in", False),
}


def perceptual_loss(name: str) -> Loss:
    """The loss of a name: (real, generated), float (B, H, W, 3) in [-1, 1] -> scalar.

    Args:
        name: `"lpips_vgg"`, LPIPS v0.1 on torchvision's VGG16 (Zhang et al., 2018), which the paper
            cites; `"vgg_l1"`, the mean absolute difference of its features, summed over the five
            taps, as equation 8 is printed; both with `keras_vgg` (other weights, other numbers),
            `alex` or `stand_in` (fixed random weights: for tests and toy data) as trunk.

    Raises:
        ValueError: unknown name.
        FileNotFoundError: the trunk's weights are neither here nor to be downloaded; says which
            file is missing and where to put it.

    Example:

    >>> import numpy as np
    >>> black = np.full((1, 16, 16, 3), -1.0, "float32")
    >>> float(perceptual_loss("lpips_stand_in")(black, black))
    0.0
    """
    trunk, is_lpips = PERCEPTUAL[check_perceptual(name)]
    network = lpips_network(trunk)
    if is_lpips:
        return lambda real, fake: ops.mean(network(real, fake))
    return lambda real, fake: _feature_l1(network, real, fake)


def check_perceptual(name: str) -> str:
    """The name itself, or a ValueError that lists the names there are."""
    if name not in PERCEPTUAL:
        raise ValueError(
            f"perceptual must be one of {', '.join(PERCEPTUAL)}; got {name!r}. For no perceptual "
            "loss: perceptual_weight=0."
        )
    return name


def _feature_l1(network: LPIPSNetwork, real: Any, fake: Any) -> Any:
    """Sum over taps of |f(x) - f(y)|, each the mean over its map."""
    pairs = zip(network.trunk(real), network.trunk(fake), strict=True)
    return sum(ops.mean(ops.abs(f - g)) for f, g in pairs)

"""The GAN criteria: what a discriminator and a generator want of the logits."""

from __future__ import annotations

from typing import Any

from keras import ops

GAN_MODES = ("vanilla", "nonsaturating", "lsgan", "hinge", "wgangp")


def real_loss(logits: Any, mode: str = "vanilla", weights: Any | None = None) -> Any:
    """What a discriminator pays for taking real images for fakes.

    - `vanilla`, `nonsaturating`: binary cross-entropy with logits against 1 (Goodfellow et al.,
      2014).
    - `lsgan`: (D - 1)^2 (Mao et al., 2017).
    - `hinge`: max(0, 1 - D) (Lim and Ye, 2017).
    - `wgangp`: -D (Gulrajani et al., 2017; add `gradient_penalty`).

    Args:
        logits: discriminator outputs before any sigmoid, float, any shape.
        mode: one of `GAN_MODES`. Default `"vanilla"`.
        weights: of each image, float (B,): 0 leaves an image out. Default: all count alike.

    Returns:
        scalar: mean over all elements; 0 where all weights are 0.

    Raises:
        ValueError: unknown mode.

    Example:

    >>> import numpy as np
    >>> from kgen.losses import real_loss
    >>> round(float(real_loss(np.zeros((1, 30, 30, 1), "float32"))), 3)
    0.693
    """
    return _mean(_CRITERIA[check_gan_mode(mode)][0](logits), weights)


def fake_loss(logits: Any, mode: str = "vanilla", weights: Any | None = None) -> Any:
    """What a discriminator pays for taking fakes for real images.

    - `vanilla`, `nonsaturating`: binary cross-entropy with logits against 0.
    - `lsgan`: D^2; `hinge`: max(0, 1 + D); `wgangp`: D.

    Arguments, result and errors as in `real_loss`.
    """
    return _mean(_CRITERIA[check_gan_mode(mode)][1](logits), weights)


def generator_loss(logits: Any, mode: str = "vanilla") -> Any:
    """What a generator pays for fakes that the discriminator recognises.

    The non-saturating form (Goodfellow et al., 2014, section 3): fakes are scored as if they were
    real. For `hinge` and `wgangp` it is -D.

    Arguments, result and errors as in `real_loss`, without weights.
    """
    return ops.mean(_CRITERIA[check_gan_mode(mode)][2](logits))


def check_gan_mode(mode: str) -> str:
    """Return `mode`, or raise a ValueError that lists the modes there are."""
    if mode not in _CRITERIA:
        raise ValueError(f"gan_mode must be one of {', '.join(GAN_MODES)}; got {mode!r}")
    return mode


def _mean(values: Any, weights: Any | None) -> Any:
    """Mean of the images' means, weighted."""
    if weights is None:
        return ops.mean(values)
    each = ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=1)
    weights = ops.cast(weights, each.dtype)
    return ops.sum(weights * each) / ops.maximum(ops.sum(weights), 1e-7)


def _entropy_real(d: Any) -> Any:
    return ops.softplus(-d)  # -log sigmoid(D)


def _entropy_fake(d: Any) -> Any:
    return ops.softplus(d)  # -log(1 - sigmoid(D))


def _square_real(d: Any) -> Any:
    return ops.square(d - 1.0)


# mode -> (D on real, D on fake, G)
_CRITERIA = {
    "vanilla": (_entropy_real, _entropy_fake, _entropy_real),
    "nonsaturating": (_entropy_real, _entropy_fake, _entropy_real),
    "lsgan": (_square_real, ops.square, _square_real),
    "hinge": (lambda d: ops.relu(1.0 - d), lambda d: ops.relu(1.0 + d), ops.negative),
    "wgangp": (ops.negative, lambda d: d, ops.negative),
}

"""What lies between two noises, or between two sets of attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.attribute_gan.attribute_to_shape import draw_noise
from kgen.attribute_gan.stacked import StackedAttributeGAN


def interpolate_noise(
    model: StackedAttributeGAN,
    attributes: Any,
    seeds: tuple[int, int] = (0, 1),
    steps: int = 8,
    hard_mask: bool | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one set of attributes while the noise goes from one seed's to another's.

    Along the great circle (White, 2016): every step is as likely a noise as the ends.

    Args:
        model: both stages.
        attributes: one set, as `StackedAttributeGAN.generate` takes it.
        seeds: of the first and the last picture; each is what `generate(seed=...)` draws.
        steps: pictures, at least 2. Default 8.
        hard_mask: as `generate` takes it.

    Returns:
        images, uint8 (steps, S, S, 3); masks, uint8 (steps, S, S, 1).

    Raises:
        ValueError: more than one set of attributes, fewer than two steps.
    """
    vectors = _one(model, attributes)
    first, last = (draw_noise(1, model.noise_size, seed)[0] for seed in seeds)
    noise = slerp(first, last, _shares(steps))
    return model.generate(np.repeat(vectors, steps, axis=0), 1, 0, hard_mask, noise)


def interpolate_attributes(
    model: StackedAttributeGAN,
    first: Any,
    last: Any,
    steps: int = 8,
    seed: int = 0,
    hard_mask: bool | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw with one noise while the attributes go straight from one set to another.

    Args:
        model: both stages.
        first, last: sets of attributes, as `StackedAttributeGAN.generate` takes them.
        steps: pictures, at least 2. Default 8.
        seed: of the noise, the same for all pictures.
        hard_mask: as `generate` takes it.

    Returns:
        images, uint8 (steps, S, S, 3); masks, uint8 (steps, S, S, 1).

    Raises:
        ValueError: more than one set of attributes at an end, fewer than two steps.
    """
    a, b = _one(model, first), _one(model, last)
    shares = _shares(steps)[:, None]
    noise = np.repeat(draw_noise(1, model.noise_size, seed), steps, axis=0)
    return model.generate((1.0 - shares) * a + shares * b, 1, 0, hard_mask, noise)


def slerp(first: np.ndarray, last: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Spherical interpolation: sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b, w between a and b.

    Args:
        first, last: float (n,).
        shares: t in [0, 1], float (k,).

    Returns:
        float32 (k, n).

    Example:

    >>> import numpy as np
    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.5])).round(3).tolist()
    [[1.0, 0.0], [0.7070000171661377, 0.7070000171661377]]
    """
    first, last = np.asarray(first, "float64"), np.asarray(last, "float64")
    t = np.asarray(shares, "float64")[:, None]
    cosine = first @ last / (np.linalg.norm(first) * np.linalg.norm(last))
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    if np.sin(angle) < 1e-6:  # parallel: the circle is a line
        return ((1.0 - t) * first + t * last).astype("float32")
    weights = np.sin((1.0 - t) * angle), np.sin(t * angle)
    return ((weights[0] * first + weights[1] * last) / np.sin(angle)).astype("float32")


def _shares(steps: int) -> np.ndarray:
    if steps < 2:
        raise ValueError(f"an interpolation needs at least 2 steps, its ends; got {steps}")
    return np.linspace(0.0, 1.0, steps, dtype="float32")


def _one(model: StackedAttributeGAN, attributes: Any) -> np.ndarray:
    vectors = model.vectors(attributes)
    if len(vectors) != 1:
        raise ValueError(f"give one set of attributes; got {len(vectors)}")
    return vectors

"""The sky: a gradient, clouds in perspective and the glow around the sun."""

from __future__ import annotations

import numpy as np

from ..deterministic import rgb
from .frame import Frame
from .textures import look_up, noise_tile

LOW, HIGH, CLOUD, GLOW = rgb("c9d8e6"), rgb("5d8fd0"), rgb("f3f5f7"), np.array([1.0, 0.93, 0.75])


def _ease(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.minimum(np.maximum((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def paint_sky(
    frame: Frame, du: np.ndarray, dv: np.ndarray, slope: np.ndarray, degrees: np.ndarray
) -> np.ndarray:
    """Colours (n, 3) of sky pixels.

    Args:
        frame: of the city; how overcast it is is drawn from its key.
        du, dv: (n,) direction over the ground.
        slope: (n,) height over distance.
        degrees: (n,) elevation.
    """
    height = np.minimum(np.maximum(degrees / 40.0, 0.0), 1.0)[:, None]
    colour = LOW * (1 - height) + HIGH * height
    far = 58.0 / np.maximum(slope, 0.01)  # texels to the clouds' layer
    x, y = frame.shift(107)
    density = look_up(noise_tile(8, 4), du * far + x, dv * far + y)
    overcast = frame.draw(106)
    cover = _ease(0.62 - 0.3 * overcast, 0.80 - 0.2 * overcast, density)
    cover *= np.minimum(np.maximum(degrees / 8.0, 0.0), 1.0)
    cloud = CLOUD * (0.86 + 0.14 * density[:, None])
    colour += (cloud - colour) * cover[:, None]
    glow = np.maximum(du * frame.sun[0] + dv * frame.sun[1], 0.0)
    glow = glow * glow
    colour += (0.16 * glow * glow)[:, None] * GLOW
    return colour

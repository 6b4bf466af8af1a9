"""Structural similarity in all the variants that papers report under one name.

One pair of pictures scores .164, .199, .280 or .165, depending on the window, the covariance, the
colours and the border. Each variant is a row of settings here, has a name that belongs into the
report, and equals the tool it is named after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kgen.metrics.images import ValueRange, per_image

LUMA_601 = (0.299, 0.587, 0.114)
# Wang et al., 2003: weights of the scales of MS-SSIM
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@dataclass(frozen=True)
class SSIMVariant:
    """What distinguishes one SSIM from another (Wang et al., 2004).

    Args:
        window: "gaussian" or "uniform" weights. Default "gaussian".
        size: side of the window in pixels, odd. Default 11.
        sigma: of the Gaussian, in pixels. Default 1.5.
        sample_covariance: divide by n - 1, not n. Default False.
        luma: compare the weighted sum of the colours (ITU-R 601), not each channel. Default False.
        border: "valid": windows that lie inside of the image; "reflect": a window on every pixel of
            the mirrored image. Default "valid".
        rounded: round to 8 bits first, as a stored PNG is. Default False.
        k1, k2: constants of the formula. Default .01 and .03.

    Example:
        >>> SSIMVariant(window="uniform", size=3).weights().round(3).tolist()
        [0.333, 0.333, 0.333]
    """

    window: str = "gaussian"
    size: int = 11
    sigma: float = 1.5
    sample_covariance: bool = False
    luma: bool = False
    border: str = "valid"
    rounded: bool = False
    k1: float = 0.01
    k2: float = 0.03

    def __post_init__(self) -> None:
        if self.window not in ("gaussian", "uniform") or self.border not in ("valid", "reflect"):
            raise ValueError(
                "window is 'gaussian' or 'uniform', border 'valid' or 'reflect'; got "
                f"{self.window!r} and {self.border!r}"
            )
        if self.size < 3 or self.size % 2 == 0:
            raise ValueError(f"the window's size must be odd and at least 3; got {self.size}")

    def weights(self) -> np.ndarray:
        """(size,) float64: the window along one axis; they sum to 1."""
        steps = np.arange(self.size) - self.size // 2
        flat = np.ones(self.size)
        bell = np.exp(-0.5 * np.square(steps / self.sigma)) if self.window == "gaussian" else flat
        return bell / bell.sum()


VARIANTS = {
    "gaussian": SSIMVariant(),
    "skimage": SSIMVariant(window="uniform", size=7, sample_covariance=True),
    "luma": SSIMVariant(window="uniform", size=7, sample_covariance=True, luma=True),
    "s2sp": SSIMVariant(rounded=True),
    "reflect": SSIMVariant(border="reflect"),
}


def ssim_variant(variant: str | SSIMVariant) -> SSIMVariant:
    """The settings of a named variant, or those given; an error lists the names.

    Example:
        >>> ssim_variant("skimage").size
        7
    """
    if isinstance(variant, SSIMVariant):
        return variant
    if variant not in VARIANTS:
        raise ValueError(
            f"the SSIM variant must be one of {', '.join(VARIANTS)}, or an SSIMVariant; got "
            f"{variant!r}"
        )
    return VARIANTS[variant]


def ssim(
    real: Any,
    fake: Any,
    value_range: ValueRange = None,
    variant: str | SSIMVariant = "gaussian",
    verbose: int = 0,
) -> np.ndarray:
    """Structural similarity of each image (Wang et al., 2004), mean over windows and channels.

    (2 m n + c1)(2 s_mn + c2) / ((m^2 + n^2 + c1)(s_m^2 + s_n^2 + c2)), c = (k . range)^2, where m,
    n are the windows' means, s_m^2, s_n^2, s_mn their variances and covariance.

    - "gaussian" (default): 11x11, sigma 1.5, windows inside of the image, each channel. Equals
      `tf.image.ssim`, pytorch-msssim and the original paper's code.
    - "skimage": 7x7 uniform window, sample covariance: `skimage.metrics.structural_similarity`.
    - "luma": the same on ITU-R 601 luma.
    - "s2sp": "gaussian" on images rounded to 8 bits, as the script of Sat2StrPanoramaSynthesis.
    - "reflect": "gaussian" over the mirrored border too: torchmetrics.

    Args:
        real: (N, H, W, C) uint8, uint16 or float; a list of images; or a folder of image files.
        fake: likewise; folders are paired by the files' names.
        value_range: (low, high) of float images; integers imply theirs. Never max - min.
        variant: a name above, or an `SSIMVariant`. State it with the number.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (N,) float64, at most 1 (equal images).

    Raises:
        ValueError: unknown variant, images smaller than the window, and all that `psnr` raises.

    Example:
        >>> ramp = np.arange(0, 240, 10, dtype="uint8").reshape(1, 24, 1, 1).repeat(24, axis=2)
        >>> ramp = ramp.repeat(3, axis=3)
        >>> noisy = ramp + np.random.default_rng(0).integers(0, 16, ramp.shape, "uint8")
        >>> [ssim(ramp, noisy, variant=v).round(2).item() for v in ("gaussian", "skimage", "luma")]
        [0.95, 0.97, 0.98]
    """
    chosen = ssim_variant(variant)
    return per_image(lambda a, b: ssim_formula(np, a, b, chosen), real, fake, value_range, verbose)


def ms_ssim(
    real: Any,
    fake: Any,
    value_range: ValueRange = None,
    variant: str | SSIMVariant = "gaussian",
    verbose: int = 0,
) -> np.ndarray:
    """Multi-scale structural similarity of each image (Wang et al., 2003).

    The product over five scales, each half as large, of contrast and structure (luminance on the
    last) to the power .0448, .2856, .3001, .2363, .1333. "gaussian" takes the product for each
    channel and pads odd sides with zeros, as pytorch-msssim; "reflect" takes the means of all
    channels, a mirrored border on the last scale, and drops odd rows, as torchmetrics.

    Arguments and result as in `ssim`; the sides of the images must exceed 16 (window - 1) pixels,
    160 by default (176 and more for "reflect").

    Example:
        >>> ramp = np.arange(176, dtype="uint8").reshape(1, 176, 1, 1).repeat(176, axis=2)
        >>> ms_ssim(ramp, ramp)
        array([1.])
    """
    chosen = ssim_variant(variant)
    return per_image(
        lambda a, b: ms_ssim_formula(np, a, b, chosen), real, fake, value_range, verbose
    )


# The formulas, for numpy and `keras.ops` alike (`xp` is either).


def ssim_formula(xp: Any, real: Any, fake: Any, variant: SSIMVariant, span: float = 1.0) -> Any:
    """SSIM of images (..., H, W, C) whose range is `span` wide; (...)."""
    luminance, contrast = ssim_parts(xp, real, fake, variant, span)
    return xp.mean(luminance * contrast, axis=(-3, -2, -1))


def ssim_parts(
    xp: Any, real: Any, fake: Any, variant: SSIMVariant, span: float = 1.0
) -> tuple[Any, Any]:
    """The two factors of SSIM for every window: luminance; contrast and structure."""
    real, fake = _prepare(xp, real, variant), _prepare(xp, fake, variant)
    c1, c2 = (variant.k1 * span) ** 2, (variant.k2 * span) ** 2
    count = variant.size**2
    scale = count / (count - 1) if variant.sample_covariance else 1.0

    # both variances appear as their sum only
    terms = [real, fake, xp.square(real) + xp.square(fake), real * fake]
    if xp is np:  # one by one, they stay in the processor's cache
        mean, other, mean_squares, mean_product = (_filter(term, variant) for term in terms)
    else:  # together, there is a quarter to compile
        filtered = _filter(xp.stack(terms), variant)
        mean, other, mean_squares, mean_product = (filtered[i] for i in range(4))
    product, squares = mean * other, xp.square(mean) + xp.square(other)
    variances, covariance = scale * (mean_squares - squares), scale * (mean_product - product)
    return (2 * product + c1) / (squares + c1), (2 * covariance + c2) / (variances + c2)


def _prepare(xp: Any, images: Any, variant: SSIMVariant) -> Any:
    height, width = images.shape[-3:-1]
    if any(side is not None and side < variant.size for side in (height, width)):
        raise ValueError(
            f"SSIM needs images at least as large as its window of {variant.size}x{variant.size} "
            f"pixels; got {height}x{width}. Use a larger size or SSIMVariant(size=...)."
        )
    if variant.rounded:
        images = xp.round(255.0 * images) / 255.0
    if variant.luma:
        if images.shape[-1] != 3:
            raise ValueError(f"luma is of RGB images; got {images.shape[-1]} channels")
        images = sum(w * images[..., c : c + 1] for c, w in enumerate(LUMA_601))
    if variant.border == "reflect":
        reach = variant.size // 2
        pads = [(0, 0)] * (len(images.shape) - 3) + [(reach, reach), (reach, reach), (0, 0)]
        images = xp.pad(images, pads, mode="reflect")
    return images


def _filter(images: Any, variant: SSIMVariant) -> Any:
    """Weighted means of all windows inside of the images: (..., H - size + 1, W - size + 1, C).

    Shifted sums rather than a convolution: exact in numpy's float64, and no GPU rounds them to
    TF32, which would eat the small differences that variances are.
    """
    weights = variant.weights().tolist()
    last = variant.size - 1
    rows = sum(w * images[..., i : i - last or None, :, :] for i, w in enumerate(weights))
    return sum(w * rows[..., i : i - last or None, :] for i, w in enumerate(weights))


def ms_ssim_formula(xp: Any, real: Any, fake: Any, variant: SSIMVariant, span: float = 1.0) -> Any:
    """MS-SSIM of images (..., H, W, C) whose range is `span` wide; (...)."""
    mirrored = variant.border == "reflect"
    halves = 2 ** (len(SCALE_WEIGHTS) - 1)
    smallest = variant.size * halves if mirrored else (variant.size - 1) * halves + 1
    if min(real.shape[-3:-1]) < smallest:
        raise ValueError(
            f"MS-SSIM halves images four times under a window of {variant.size} pixels, so their "
            f"sides must be {smallest} pixels or more; got {real.shape[-3]}x{real.shape[-2]}"
        )
    inside = replace(variant, border="valid")
    axes = (-3, -2, -1) if mirrored else (-3, -2)  # the other form has a product for each channel
    result: Any = 1.0
    for power in SCALE_WEIGHTS[:-1]:
        contrast = xp.mean(ssim_parts(xp, real, fake, inside, span)[1], axis=axes)
        result = result * xp.maximum(contrast, 0.0) ** power  # negative means have no power
        real, fake = _halve(xp, real, not mirrored), _halve(xp, fake, not mirrored)
    luminance, contrast = ssim_parts(xp, real, fake, variant, span)
    last = xp.maximum(xp.mean(luminance * contrast, axis=axes), 0.0) ** SCALE_WEIGHTS[-1]
    return xp.mean(result * last, axis=() if mirrored else -1)


def _halve(xp: Any, images: Any, pad: bool) -> Any:
    """Means of 2x2 pixels; an odd side gets zeros on both ends, or loses its last pixels."""
    odd = [side % 2 for side in images.shape[-3:-1]]
    if pad and any(odd):
        before = [(0, 0)] * (len(images.shape) - 3)
        images = xp.pad(images, [*before, (odd[0], odd[0]), (odd[1], odd[1]), (0, 0)])
    height, width = (side // 2 * 2 for side in images.shape[-3:-1])
    images = images[..., :height, :width, :]
    rows = images[..., 0::2, :, :] + images[..., 1::2, :, :]
    return (rows[..., 0::2, :] + rows[..., 1::2, :]) / 4.0

"""The metrics by name: what each one is called, which variant it is, and which way is better.

One and the same pair of pictures scores SSIM .164, .199 or .280 depending on the variant, so the
variant is a part of every result and is written here, beside the function that computes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from kgen import metrics

LPIPS_TRUNKS = ("alex", "vgg", "squeeze", "keras_vgg", "stand_in")
DEFAULT = ("psnr", "ssim", "rmse", "log_spectral_distance")  # need no weights
STAND_IN = "a stand-in of random weights for tests and teaching: comparable with nothing else"


@dataclass(frozen=True)
class About:
    """How a report speaks of a metric.

    Attributes:
        label: for tables and axes.
        better: `"higher"`, `"lower"`, or empty where neither is.
        variant: the definition, as exact as a line can be.
        unit: such as dB, or empty.
    """

    label: str
    better: str
    variant: str
    unit: str = ""


_GAUSSIAN = "11x11 Gaussian window of sigma 1.5, population variance, valid region"
IMAGE_METRICS: dict[str, tuple[Callable[..., Any], About]] = {
    "psnr": (
        metrics.psnr,
        About("PSNR", "higher", "10 log10(255^2 / MSE) of each picture, then their mean", "dB"),
    ),
    "ssim": (
        metrics.ssim,
        About("SSIM", "higher", f"{_GAUSSIAN}, mean over channels (as tf.image.ssim)"),
    ),
    "ssim_skimage": (
        partial(metrics.ssim, variant="skimage"),
        About("SSIM (scikit-image)", "higher", "7x7 uniform window, sample covariance"),
    ),
    "ssim_luma": (
        partial(metrics.ssim, variant="luma"),
        About("SSIM (luma)", "higher", "7x7 uniform window, sample covariance, of ITU-R 601 luma"),
    ),
    "ssim_s2sp": (
        partial(metrics.ssim, variant="s2sp"),
        About("SSIM (S2SP)", "higher", "as tf.image.ssim, of pictures rounded to 8 bits"),
    ),
    "ssim_reflect": (
        partial(metrics.ssim, variant="reflect"),
        About("SSIM (torchmetrics)", "higher", "11x11 Gaussian window, over the mirrored border"),
    ),
    "rmse": (
        metrics.rmse,
        About("RMSE", "lower", "root of the mean squared error on 0..255 of each picture"),
    ),
    "sharp_diff": (
        metrics.sharp_diff,
        About("SharpDiff", "higher", "of absolute forward differences, border cropped; S2SP", "dB"),
    ),
}
LPIPS = About("LPIPS", "lower", "v0.1, learned linear heads; inputs in [-1, 1]")
FEATURE_METRICS: dict[str, dict[str, About]] = {
    "fid": {
        "fid": About("FID", "lower", "Frechet distance of float64 moments, covariance with N - 1"),
    },
    "kid": {
        "kid": About("KID", "lower", "unbiased, (x.y / d + 1)^3, 100 subsets of up to 1000"),
    },
    "precision_recall": {
        "precision": About("Precision", "higher", "improved precision, 3 nearest neighbours"),
        "recall": About("Recall", "higher", "improved recall, 3 nearest neighbours"),
    },
    "inception_score": {
        "inception_score": About("Inception score", "higher", "exp of the mean KL, 10 splits"),
    },
}
SPECTRUM_METRICS = {
    "log_spectral_distance": About(
        "Log-spectral distance",
        "lower",
        "RMS difference of log10 mean power spectra of luma, without the zero frequency",
    ),
    "spectrum_spikes": About(
        "Spectrum spikes", "lower", "bins of the mean spectrum 10^0.5 above the median around them"
    ),
}
MEMORISATION = About(
    "Distance to training pictures",
    "",
    "RMS on 0..255 to the nearest one at 32x32; copies are much nearer than held-out real pictures",
)


def known_names() -> list[str]:
    """Every name that `kgen.evaluate(metrics=...)` takes.

    Example:

    >>> [name for name in known_names() if name.startswith("ssim")]
    ['ssim', 'ssim_skimage', 'ssim_luma', 'ssim_s2sp', 'ssim_reflect']
    """
    lpips = [f"lpips_{trunk}" for trunk in LPIPS_TRUNKS]
    sets = [
        f"{family}_{extractor}" for family in FEATURE_METRICS for extractor in metrics.EXTRACTORS
    ]
    return [*IMAGE_METRICS, *lpips, *sets, *SPECTRUM_METRICS, "memorisation"]

"""Pairwise image metrics against the reference tools, as plain functions and as Keras metrics."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np

from kgen.metrics import (
    PSNR,
    RMSE,
    SSIM,
    SharpDiff,
    SSIMVariant,
    mae,
    ms_ssim,
    psnr,
    rmse,
    sharp_diff,
    ssim,
)
from kgen.metrics.similarity import VARIANTS, ssim_formula
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden

WINDOW_11 = SSIMVariant(window="uniform", size=11, sample_covariance=True)
LUMA_601 = np.array([0.299, 0.587, 0.114])
KERAS_METRICS = (PSNR, SSIM, RMSE, SharpDiff)


def in_unit_range(metric: Any, **options: Any) -> Any:
    """The metric of the same pictures as floats in [0, 1]."""
    return lambda a, b: metric(a / 255.0, b / 255.0, value_range=(0, 1), **options)


def with_own_range(a: np.ndarray, b: np.ndarray) -> float:
    """What comes of max - min as the range, which kgen does not offer: the formula alone."""
    a, b = a.astype(float), b.astype(float)
    span = max(np.ptp(a), np.ptp(b))
    return float(ssim_formula(np, a, b, VARIANTS["reflect"], span)[0])


# name in the file -> the metric, the manifest's tolerance for it
METRICS = {
    "ski_ssim_default": (lambda a, b: ssim(a, b, variant="skimage"), "ski"),
    "ski_ssim_gauss": (ssim, "ski"),
    "ski_ssim_gauss_samplecov": (
        lambda a, b: ssim(a, b, variant=SSIMVariant(sample_covariance=True)),
        "ski",
    ),
    "ski_ssim_win11": (lambda a, b: ssim(a, b, variant=WINDOW_11), "ski"),
    "ski_ssim_default_luma601": (lambda a, b: ssim(a, b, variant="luma"), "ski"),
    "ski_ssim_default_float01": (in_unit_range(ssim, variant="skimage"), "ski"),
    "ski_psnr": (psnr, "ski"),
    "ski_mse": (lambda a, b: rmse(a, b) ** 2, "ski"),
    "rmse_255": (rmse, "ski"),
    "mae_255": (mae, "ski"),
    "tm_ssim_255": (lambda a, b: ssim(a, b, variant="reflect"), "tm"),
    "tm_ssim_01": (in_unit_range(ssim, variant="reflect"), "tm"),
    "tm_ssim_datarange_none": (with_own_range, "tm"),
    "tm_psnr_255": (psnr, "tm"),
    "tm_msssim_255": (lambda a, b: ms_ssim(a, b, variant="reflect"), "tm"),
    "pm_ssim_255": (ssim, "s2sp"),  # float32, as that script
    "pm_msssim_255": (ms_ssim, "s2sp"),
    "s2sp_ssim": (lambda a, b: ssim(a, b, variant="s2sp"), "s2sp"),
    "s2sp_psnr": (psnr, "s2sp"),
    "s2sp_rmse": (rmse, "s2sp"),
    "s2sp_sharpdiff": (sharp_diff, "s2sp"),
}
# Keras metric -> the array it is compared with
IN_KERAS = ("ski_psnr", "ski_ssim_gauss", "rmse_255", "s2sp_sharpdiff")


def check_image_metrics(golden: Golden) -> None:
    """Every number of every pair; and the Keras metrics, compiled, in float32."""
    for match in golden.matching(r"(\w+)/a"):
        pair = match.group(1)
        a, b = golden[f"{pair}/a"][None], golden[f"{pair}/b"][None]
        for number in golden.matching(rf"{pair}/(\w\w+)"):
            metric, tolerance = METRICS[number.group(1)]
            golden.check(number.group(0), np.squeeze(metric(a, b)), tolerance)
        for found, name in zip(_keras_values(a, b), IN_KERAS, strict=True):
            golden.compare(name, found[0], golden[f"{pair}/{name}"], atol=1e-5, rtol=2e-5)


def _keras_values(a: np.ndarray, b: np.ndarray) -> Any:
    """PSNR, SSIM, RMSE and SharpDiff of each image, as the Keras metrics measure them."""
    metrics = [kind() for kind in KERAS_METRICS]
    run = compiled(lambda x, y: [metric.measure(x, y) for metric in metrics])
    return run(*(x.astype("float32") / 255.0 for x in (a, b)))


def check_s2sp_metrics(golden: Golden) -> None:
    """The evaluation script of Sat2StrPanoramaSynthesis: image by image, and summed up."""
    decibel = float(re.search(r"([\d.e-]+) dB", golden.entry["tol"]).group(1))
    fake, real = golden["inputs"], golden["targets"]
    found = {
        "ssim": ssim(real, fake, variant="s2sp"),
        "psnr": psnr(real, fake),
        "rmse": rmse(real, fake),
        "sharpdiff": sharp_diff(real, fake),
    }
    for name, values in found.items():
        limit = golden.tolerance() if name == "ssim" else {"atol": decibel, "rtol": 0.0}
        golden.compare(name, values, golden[name], **limit)
    in_file = {"ssim": SSIM("s2sp"), "psnr": PSNR(), "rmse": RMSE(), "sharpdiff": SharpDiff()}
    sums = sorted(float(values.sum()) for values in found.values())
    golden.compare("sums", sums, sorted(golden["sums"]), atol=len(real) * decibel, rtol=0.0)
    for name, metric in in_file.items():  # 8-bit pictures, as they are
        golden.compare(f"{name} in Keras", _mean(metric, real, fake), found[name].mean(), 0.0, 2e-5)


def _mean(metric: keras.metrics.Metric, real: np.ndarray, fake: np.ndarray) -> float:
    def run(a: Any, b: Any) -> Any:
        metric.update_state(a, b)
        return metric.result()

    return float(compiled(run, metric.variables)(real, fake))

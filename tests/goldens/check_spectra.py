"""Mean power spectra against the definitions of both sets, and what follows from them."""

from __future__ import annotations

import numpy as np
import pytest

from kgen.metrics import (
    log_spectral_distance,
    mean_power_spectrum,
    radial_spectrum,
    seam_band,
    seam_scores,
    spectrum_spikes,
)
from tests.goldens.files import Golden

LUMA_601 = (0.299, 0.587, 0.114)


def _power(images: np.ndarray, **options) -> np.ndarray:
    with pytest.warns(UserWarning, match=f"of {len(images)} images"):
        return mean_power_spectrum(images, **options)


def check_power_spectrum(golden: Golden) -> None:
    """The definition of the pix2pix set: luma 601, rings of nearest radius."""
    for match in golden.matching("(.*)/images"):
        case = match.group(1)
        power = _power(golden[match.group(0)], luma=LUMA_601)
        golden.check(f"{case}/mean_power", power)
        row = np.log10(power[len(power) // 2] + 1e-12)
        golden.compare(
            f"{case}/row", row, golden[f"{case}/log10_mean_power_center_row"], 1e-12, 1e-9
        )
        mean, count = radial_spectrum(power, rings="nearest")
        golden.check(f"{case}/radial", mean)
        np.testing.assert_array_equal(count, golden[f"{case}/radial_count"])


def check_power_spectrum_sims(golden: Golden) -> None:
    """The definition of the semi-parametric set: windows, rings, spikes, distances."""
    for match in golden.matching(r"(\w+)_images"):
        case, images = match.group(1), golden[match.group(0)]
        power = _power(images)
        golden.check(f"{case}_power", power)
        golden.check(f"{case}_power_hann", _power(images, window="hann"))
        mean, count = radial_spectrum(power)
        golden.check(f"{case}_radial", mean)
        np.testing.assert_array_equal(count, golden[f"{case}_radial_count"])
        spikes = spectrum_spikes(power)
        np.testing.assert_array_equal(spikes.mask, golden[f"{case}_spike_mask"])
        assert spikes.count == golden[f"{case}_spike_mask"].sum()
        golden.check(f"{case}_spike_excess", spikes.excess)
    for match in golden.matching(r"lsd_(\w+)_(\w+)"):
        powers = [golden[f"{case}_power"] for case in match.groups()]
        golden.check(match.group(0), log_spectral_distance(*powers))


def check_seam(golden: Golden) -> None:
    """The band, and both scores."""
    missing = golden["missing"]
    for mask, band in zip(missing, golden["band"], strict=True):
        np.testing.assert_array_equal(seam_band(mask), band)
    scores = seam_scores(golden["output"], golden["real"], missing)
    golden.check("seam", scores.seam)
    golden.check("texture", scores.texture)

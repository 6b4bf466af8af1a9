"""The mean power spectrum of images: what periodic artefacts look like as numbers.

Upsampling by transposed convolutions leaves spurious peaks that eyes miss and Fourier transforms
show. Two definitions of luma and of rings are in use; both are arguments here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from kgen.metrics.images import ValueRange, count_images, named_images, progress, unit_images

LUMA_709 = (0.2125, 0.7154, 0.0721)  # as scikit-image's rgb2gray
FLOOR = 1e-12  # under logarithms
FEW = 50  # images; below, single pictures shape the mean


@dataclass(frozen=True)
class Spikes:
    """Isolated peaks of a power spectrum.

    Args:
        count: how many bins.
        excess: sum of their heights above the threshold, in powers of ten.
        mask: (H, W) bool, where they are.
    """

    count: int
    excess: float
    mask: np.ndarray


def mean_power_spectrum(
    images: Any,
    luma: tuple[float, ...] | None = LUMA_709,
    window: str | None = None,
    value_range: ValueRange = None,
    verbose: int = 0,
) -> np.ndarray:
    """Mean over images of |FFT(luma)|^2 / (H W), the zero frequency in the middle.

    Images are gone through one by one, so a set of any size fits. Drawn as log10(P + 1e-12).

    Args:
        images: (N, H, W, C) uint8 or float, a list or generator of images, or a folder; all of one
            size.
        luma: weights of the channels. Default (.2125, .7154, .0721), as scikit-image; (.299, .587,
            .114) is in use too. None: the mean of all channels. Grey images need no weights.
        window: "hann" takes the mean off and weighs with a Hann window (divided by the sum of its
            squares), which removes the cross that image borders make. Default None.
        value_range: (low, high) of float images.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (H, W) float64.

    Raises:
        ValueError: images of several sizes, or what `kgen.metrics.psnr` refuses.

    Warns:
        UserWarning: fewer than 50 images.

    Example:
        >>> stripes = np.tile(np.array([0, 255], "uint8"), (60, 8, 4))[..., None]
        >>> power = mean_power_spectrum(stripes)
        >>> power.shape, [index.tolist() for index in np.nonzero(power > 1)]
        ((8, 8), [[4, 4], [0, 4]])
    """
    if window not in (None, "hann"):
        raise ValueError(f"window is None or 'hann'; got {window!r}")
    total, count, weights = np.zeros((0, 0)), 0, np.ones((0, 0))
    items = progress(named_images(images), verbose, count_images(images) if verbose else None)
    for name, image in items:
        (unit,) = unit_images(image, value_range=value_range, names=[name])
        grey = _grey(unit, luma, name)
        if not count:
            total, weights = np.zeros(grey.shape), _window(grey.shape, window)
        if grey.shape != total.shape:
            raise ValueError(
                f"{name}: a mean spectrum needs images of one size; this one is "
                f"{grey.shape[0]}x{grey.shape[1]}, those before {total.shape[0]}x{total.shape[1]}. "
                "Resize or crop them to one size first."
            )
        centred = grey - grey.mean() if window else grey
        total += np.square(np.abs(np.fft.fft2(centred * weights)))
        count += 1
    if not count:
        raise ValueError("there is no image to take the spectrum of")
    if count < FEW:
        warnings.warn(
            f"this mean power spectrum is of {count} images: under {FEW}, single pictures show in "
            "it",
            stacklevel=2,
        )
    return np.fft.fftshift(total / (count * np.sum(np.square(weights))))


def _grey(unit: np.ndarray, luma: tuple[float, ...] | None, name: str) -> np.ndarray:
    if unit.shape[-1] == 1:
        return unit[..., 0]
    if luma is None:
        return unit.mean(axis=-1)
    if len(luma) != unit.shape[-1]:
        raise ValueError(
            f"{name}: luma has {len(luma)} weights, the image {unit.shape[-1]} channels. Pass "
            "luma=None for the mean of all channels."
        )
    return unit @ np.asarray(luma, np.float64)


def _window(shape: tuple[int, ...], window: str | None) -> np.ndarray:
    """(H, W) weights; without a window all are 1, whose squares sum to H W."""
    if window is None:
        return np.ones(shape)
    return np.outer(np.hanning(shape[0]), np.hanning(shape[1]))


def log_spectral_distance(real: Any, fake: Any) -> float:
    """Root mean square of log10(P + 1e-12) - log10(Q + 1e-12), the zero frequency left out.

    Args:
        real: (H, W) mean power spectrum of the real images, by `mean_power_spectrum`.
        fake: (H, W) of the generated images, with the same arguments.

    Raises:
        ValueError: sizes that differ, values that are negative or not finite.

    Example:
        >>> round(log_spectral_distance(np.full((4, 4), 10.0), np.full((4, 4), 1000.0)), 6)
        2.0
    """
    powers = [_check_power(real, "real"), _check_power(fake, "fake")]
    if powers[0].shape != powers[1].shape:
        raise ValueError(
            f"both spectra must be of images of one size; got {powers[0].shape} and "
            f"{powers[1].shape}"
        )
    squares = np.square(np.log10(powers[0] + FLOOR) - np.log10(powers[1] + FLOOR))
    middle = tuple(side // 2 for side in squares.shape)
    return float(np.sqrt((squares.sum() - squares[middle]) / (squares.size - 1)))


def spectrum_spikes(power: Any, threshold: float = 0.5, size: int = 5) -> Spikes:
    """Spurious peaks: bins where log10 P exceeds the median around it by more than `threshold`.

    The median is circular; the two axes with their neighbours are left out, where image borders
    make a cross. Photographs have none; a checkerboard has several.

    Args:
        power: (H, W) mean power spectrum, by `mean_power_spectrum`.
        threshold: powers of ten above the median. Default .5.
        size: side of the square over which the median is taken, odd. Default 5.

    Returns:
        `Spikes`: count, excess, mask.

    Raises:
        ValueError: no spectrum, negative values, NaN or infinity.

    Example:
        >>> power = np.ones((16, 16))
        >>> power[12, 12] = 100.0
        >>> spikes = spectrum_spikes(power)
        >>> spikes.count, round(spikes.excess, 6)
        (1, 1.5)
    """
    from scipy.ndimage import median_filter

    logs = np.log10(_check_power(power, "power") + FLOOR)
    above = logs - median_filter(logs, size=size, mode="wrap")
    off = [np.abs(np.arange(side) - side // 2) > 1 for side in logs.shape]
    mask = (above > threshold) & off[0][:, None] & off[1]
    return Spikes(int(mask.sum()), float(np.sum(above[mask] - threshold)), mask)


def radial_spectrum(power: Any, rings: str = "floor") -> tuple[np.ndarray, np.ndarray]:
    """Mean power on rings of equal frequency.

    With n = min(H, W) // 2 and the frequency r in cycles per pixel along the shorter side:

    - "floor" (default): n rings, ring floor(2 n r), without the zero frequency and the corners.
    - "nearest": n + 1 rings, ring rint(r min(H, W)), the zero frequency first.

    Args:
        power: (H, W) mean power spectrum, by `mean_power_spectrum`.
        rings: which of the two.

    Returns:
        mean power of each ring, float64, NaN where no bin falls on it; number of bins, int64.

    Raises:
        ValueError: unknown rings, no spectrum.

    Example:
        >>> mean, count = radial_spectrum(np.ones((8, 8)))
        >>> mean[1:].tolist(), count.tolist()
        ([1.0, 1.0, 1.0], [0, 8, 16, 20])
    """
    if rings not in ("floor", "nearest"):
        raise ValueError(f"rings is 'floor' or 'nearest'; got {rings!r}")
    power = _check_power(power, "power")
    frequencies = [np.fft.fftshift(np.fft.fftfreq(side)) for side in power.shape]
    radius = np.sqrt(np.square(frequencies[0])[:, None] + np.square(frequencies[1]))
    half = min(power.shape) // 2
    if rings == "floor":
        ring = np.floor(radius * 2 * half).astype(int)
        kept, count = (radius > 0) & (radius < 0.5), half
    else:
        ring = np.rint(radius * min(power.shape)).astype(int)
        kept, count = ring <= half, half + 1
    bins = np.bincount(ring[kept], minlength=count)
    sums = np.bincount(ring[kept], power[kept], minlength=count)
    return np.where(bins > 0, sums / np.maximum(bins, 1), np.nan), bins


def _check_power(power: Any, name: str) -> np.ndarray:
    array = np.asarray(power, np.float64)
    if array.ndim != 2 or min(array.shape) < 2:
        raise ValueError(
            f"{name}: a mean power spectrum is (H, W), from mean_power_spectrum(images); got "
            f"{array.shape}"
        )
    if not np.all(np.isfinite(array)) or array.min() < 0:
        raise ValueError(f"{name}: powers are finite and not negative")
    return array

"""Measures of whole sets from pixels: mean power spectra, and copies of training pictures."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kgen import metrics
from kgen.data import resize
from kgen.evaluation.catalogue import MEMORISATION, SPECTRUM_METRICS
from kgen.evaluation.examples import as_bytes
from kgen.evaluation.measures import Measure, describe
from kgen.evaluation.sources import open_truth

FEW = 50  # pictures; below, single ones show in a mean spectrum
SIDE = 32  # pixels in which pictures are compared with training pictures


class MeanSpectrum:
    """The mean power spectrum of pictures that come batch by batch."""

    def __init__(self) -> None:
        self.count = 0
        self._sum: np.ndarray | None = None

    def add(self, images: np.ndarray) -> None:
        """Look at pictures, (B, H, W, C) uint8; all of one size."""
        if self._sum is not None and images.shape[1:3] != self._sum.shape:
            raise ValueError(
                "a mean power spectrum needs pictures of one size; got (height, width) "
                f"{images.shape[1:3]} after {self._sum.shape}. Crop them to one size, or leave the "
                f"metrics {' and '.join(SPECTRUM_METRICS)} out."
            )
        options: dict[str, Any] = {} if images.shape[-1] in (1, 3) else {"luma": None}
        with warnings.catch_warnings():  # that a batch has few pictures
            warnings.simplefilter("ignore", UserWarning)
            total = len(images) * metrics.mean_power_spectrum(images, **options)
        self._sum = total if self._sum is None else self._sum + total
        self.count += len(images)

    def mean(self) -> np.ndarray:
        """(H, W) float64, the zero frequency in the middle."""
        if self._sum is None:
            raise ValueError("there are no pictures to take the spectrum of")
        return self._sum / self.count


class SpectrumMeasure(Measure):
    """What the mean power spectra of both sets tell.

    Args:
        names: of `catalogue.SPECTRUM_METRICS`.

    Attributes:
        spectra: `"real"` and `"generated"` -> (H, W) mean power; after `finish`.
    """

    needs_pairs = False

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names
        self.sides = {"real": MeanSpectrum(), "generated": MeanSpectrum()}
        self.spectra: dict[str, np.ndarray] = {}

    def update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        for side, images in (("real", real), ("generated", fake)):
            if images is not None:
                self.sides[side].add(images)

    def finish(self) -> dict[str, dict[str, Any]]:
        self.spectra = {name: side.mean() for name, side in self.sides.items()}
        real, fake = self.spectra.values()
        values: dict[str, dict[str, Any]] = {}
        for name in self.names:
            if name == "spectrum_spikes":
                found, before = (metrics.spectrum_spikes(power).count for power in (fake, real))
                values[name] = {"value": found, "real_value": before}
            else:
                values[name] = {"value": metrics.log_spectral_distance(real, fake)}
        shared: dict[str, Any] = {"n": self.sides["generated"].count}
        if min(side.count for side in self.sides.values()) < FEW:
            shared["note"] = f"of fewer than {FEW} pictures: single ones show in it"
        return {
            name: {**value, **shared, **describe(SPECTRUM_METRICS[name])}
            for name, value in values.items()
        }


class MemorisationMeasure(Measure):
    """How near generated pictures are to the nearest training picture, and real ones likewise.

    Args:
        training_data: what the model was trained on: pairs, batches with `training=False`, a folder
            or an array of pictures.
    """

    def __init__(self, training_data: Any) -> None:
        super().__init__()
        if training_data is None:
            raise ValueError(
                "memorisation is the distance to training pictures: pass training_data=, the pairs "
                "or the folder that the model was trained on"
            )
        self.training_data = training_data
        self._small: dict[str, list[np.ndarray]] = {"real": [], "fake": []}

    def update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        for side, images in (("real", real), ("fake", fake)):
            for image in () if images is None else images:
                self._small[side].append(resize(image.astype(np.float32), SIDE, "bilinear"))

    def finish(self) -> dict[str, dict[str, Any]]:
        counts = {side: len(images) for side, images in self._small.items()}
        both = np.clip(np.stack(self._small["fake"] + self._small["real"]), 0.0, 255.0)
        both = np.rint(both).astype(np.uint8)
        truth = open_truth(self.training_data, "", "stored")
        training = (as_bytes(real, place) for _, place, _, real in truth.items)
        found = metrics.nearest_training_images(both, training, SIDE, verbose=self.verbose)
        fake, real = np.split(found.distances, [counts["fake"]])
        self.per_image["memorisation"] = [fake]
        self.per_image["memorisation_row"] = [found.indices[: counts["fake"]]]
        entry = {
            "value": float(fake.mean()),
            "median": float(np.median(fake)),
            "real_value": float(real.mean()) if counts["real"] else None,
            "n": counts["fake"],
            **describe(MEMORISATION),
        }
        return {"memorisation": entry}

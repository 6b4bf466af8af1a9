"""Measures: each takes pictures batch by batch, and gives named results at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kgen.evaluation.catalogue import About


class Measure:
    """Something that is measured over a stream of pictures.

    Attributes:
        needs_pairs: whether each generated picture is compared with its own truth.
        seconds: spent so far.
        verbose: 1 shows progress bars in `finish` where that takes long.
        per_image: name -> batches of values, one per picture, where there is one.
    """

    needs_pairs = True
    verbose = 0

    def __init__(self) -> None:
        self.seconds = 0.0
        self.per_image: dict[str, list[np.ndarray]] = {}

    def update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        """Look at a batch.

        Args:
            real, fake: (B, H, W, C) uint8; one of them is None where the sets are not paired.
        """
        raise NotImplementedError

    def finish(self) -> dict[str, dict[str, Any]]:
        """Name -> value and what there is to know about it."""
        raise NotImplementedError

    def timed_update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        """`update`, on the clock."""
        started = time.perf_counter()
        self.update(real, fake)
        self.seconds += time.perf_counter() - started

    def timed_finish(self) -> dict[str, dict[str, Any]]:
        """`finish`, on the clock; the seconds become a part of every result."""
        started = time.perf_counter()
        entries = self.finish()
        self.seconds += time.perf_counter() - started
        for entry in entries.values():
            entry.setdefault("seconds", self.seconds)
        return entries


class ImageMeasure(Measure):
    """The mean of a value that each picture has.

    Args:
        name: of the result.
        function: (real, fake) -> (B,), of two uint8 batches (B, H, W, C).
        about: what the report says of it.
        extras: further entries of the result, such as the trunk.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], about: About, **extras: Any
    ) -> None:
        super().__init__()
        self.name, self.function, self.about, self.extras = name, function, about, extras
        self.per_image[name] = []

    def update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        assert real is not None
        values = np.asarray(keras.ops.convert_to_numpy(self.function(real, fake)), np.float64)
        if values.shape != (len(real),):
            raise ValueError(
                f"{self.name} must give one value per picture, shape ({len(real)},); got shape "
                f"{values.shape}"
            )
        if np.isnan(values).any():
            raise ValueError(f"{self.name} is not a number")
        self.per_image[self.name].append(values)

    def finish(self) -> dict[str, dict[str, Any]]:
        values = np.concatenate(self.per_image[self.name])
        endless = int(np.isinf(values).sum())  # equal pictures have an infinite PSNR
        entry = {
            "value": float(values.mean()),
            "standard_deviation": None if endless else float(values.std()),
            "median": float(np.median(values)),
            "n": len(values),
            **describe(self.about),
            **self.extras,
        }
        if endless:
            entry |= {"infinite": endless, "note": f"infinite for {endless} pictures: equal ones"}
        return {self.name: entry}


class KerasMeasure(Measure):
    """A `keras.metrics.Metric`, which gets float32 in [-1, 1], as in `compile`."""

    def __init__(self, metric: keras.metrics.Metric) -> None:
        super().__init__()
        self.metric, self.count = metric, 0
        metric.reset_state()

    def update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        assert real is not None
        assert fake is not None
        self.count += len(real)
        self.metric.update_state(*(part.astype("float32") / 127.5 - 1.0 for part in (real, fake)))

    def finish(self) -> dict[str, dict[str, Any]]:
        better = {"up": "higher", "down": "lower"}.get(getattr(self.metric, "_direction", ""), "")
        kind = type(self.metric)
        about = About(self.metric.name, better, f"{kind.__module__}.{kind.__name__}")
        value = float(keras.ops.convert_to_numpy(self.metric.result()))
        return {
            self.metric.name: {
                "value": value,
                "n": self.count,
                **describe(about),
                "value_range": [-1, 1],
            }
        }


def describe(about: About) -> dict[str, Any]:
    """What a result says of its metric."""
    return {
        "label": about.label,
        "unit": about.unit,
        "better": about.better,
        "variant": about.variant,
        "value_range": [0, 255],
    }

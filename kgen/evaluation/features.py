"""Measures of whole sets from features: extracted once, shared by all that need them.

Of 50,000 pictures with 2,048 features each, one float32 copy has 410 MB. A set's features are kept
once, and only where something needs them: the Frechet distance of large sets streams its moments.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from kgen import metrics
from kgen.evaluation.catalogue import FEATURE_METRICS, STAND_IN
from kgen.evaluation.measures import Measure, describe

SUBSET = 1000  # pictures in KID's subsets, as everywhere


class Rows:
    """Rows that come batch by batch and are held once.

    Args:
        count: of all rows, where it is known: then they are written to their places at once.

    Example:

    >>> rows = Rows()
    >>> for batch in (np.zeros((2, 3)), np.ones((1, 3))):
    ...     rows.add(batch)
    >>> rows.all().shape, rows.all().dtype
    ((3, 3), dtype('float32'))
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count
        self._whole = np.empty((0, 0), np.float32)
        self._filled = 0
        self._waiting: list[np.ndarray] = []

    def add(self, batch: np.ndarray) -> None:
        """Keep a batch, (B, D)."""
        if self.count is None:
            self._waiting.append(np.asarray(batch, np.float32))
            return
        if not self._filled:
            self._whole = np.empty((self.count, batch.shape[1]), np.float32)
        self._whole[self._filled : self._filled + len(batch)] = batch
        self._filled += len(batch)

    def all(self) -> np.ndarray:
        """(N, D) float32."""
        if self._waiting:
            self._whole = np.concatenate(self._waiting)
            self._filled, self._waiting = len(self._whole), [self._whole]
        return self._whole[: self._filled]


class FeatureSet:
    """The features of one set of pictures.

    Args:
        extractor: images -> features (N, D).
        streams: whether moments are wanted.
        keeps: whether the features themselves are wanted.
        logits: whether class scores are wanted.
        count: of the pictures, None if unknown.
    """

    def __init__(
        self, extractor: Any, streams: bool, keeps: bool, logits: bool, count: int | None = None
    ) -> None:
        self.extractor = extractor
        self.moments = metrics.Moments(extractor.dimension) if streams else None
        self.features = Rows(count) if keeps else None
        self.logits = Rows(count) if logits else None
        self.count = 0

    def add(self, images: np.ndarray) -> None:
        """Look at pictures, (B, H, W, C) uint8 of 1 or 3 channels."""
        self.count += len(images)
        if self.logits is None:
            features = self.extractor(images)
        else:
            features, logits = self.extractor.outputs(images)  # of one run
            self.logits.add(self.extractor.logits(images) if logits is None else logits)
        if self.moments is not None:
            self.moments.update(features)
        if self.features is not None:
            self.features.add(features)


class FeatureMeasure(Measure):
    """Everything that is computed from one extractor's features.

    Args:
        extractor: images (N, H, W, 3) uint8 -> features (N, D); see `kgen.metrics`.
        families: of `catalogue.FEATURE_METRICS`.
        count: of the pictures of a set, None if unknown: small sets take another way to FID.
        reference: moments of the real set in a file, in place of its pictures.
    """

    needs_pairs = False

    def __init__(
        self,
        extractor: Any,
        families: list[str],
        count: int | None = None,
        reference: Path | None = None,
    ) -> None:
        super().__init__()
        self.extractor, self.families, self.reference = extractor, families, reference
        few = count is not None and count < extractor.dimension
        keeps = bool({"kid", "precision_recall"} & set(families)) or (few and "fid" in families)
        if reference is not None and set(families) - {"fid", "inception_score"}:
            raise ValueError(
                f"{reference}: holds mean and covariance, from which fid_{extractor.name} can be "
                f"computed, but not {', '.join(families)}: these need the real pictures."
            )
        keeps = keeps and reference is None
        streams = "fid" in families and not (few and keeps)
        scores = "inception_score" in families
        self.real = FeatureSet(extractor, streams, keeps, False, count)
        self.fake = FeatureSet(extractor, streams, keeps, scores, count)

    def update(self, real: np.ndarray | None, fake: np.ndarray | None) -> None:
        alone = self.families == ["inception_score"]  # a judgement without any truth
        if real is not None and not alone:
            self.real.add(real)
        if fake is not None:
            self.fake.add(fake)

    def finish(self) -> dict[str, dict[str, Any]]:
        extraction = self.seconds
        entries: dict[str, dict[str, Any]] = {}
        for family in self.families:
            started = time.perf_counter()
            values = getattr(self, f"_{family}")()
            seconds = time.perf_counter() - started
            for (result, about), value in zip(FEATURE_METRICS[family].items(), values, strict=True):
                entry = {**value, **self._describe(), **describe(about), "seconds": seconds}
                entry["extraction_seconds"] = extraction  # shared by all of this extractor
                if self.extractor.name == "stand_in":
                    entry["note"] = STAND_IN
                entries[f"{result}_{self.extractor.name}"] = entry
        return entries

    def _describe(self) -> dict[str, Any]:
        name = self.extractor.name
        reference = str(self.reference) if self.reference else f"{self.real.count} real pictures"
        return {
            "n": self.fake.count,
            "n_real": self.real.count,
            "trunk": name,
            "resizer": self.extractor.resizer,
            "reference": reference,
        }

    def _both(self) -> tuple[np.ndarray, np.ndarray]:
        assert self.real.features is not None
        assert self.fake.features is not None
        return self.real.features.all(), self.fake.features.all()

    def _fid(self) -> list[dict[str, Any]]:
        if self.reference is not None:
            real = metrics.Moments.load(self.reference)
            return [{"value": metrics.frechet_distance(real, self.fake.moments)}]
        if self.fake.moments is None:
            return [{"value": metrics.frechet_distance(*self._both())}]
        return [{"value": metrics.frechet_distance(self.real.moments, self.fake.moments)}]

    def _kid(self) -> list[dict[str, Any]]:
        real, fake = self._both()
        fewest = min(len(real), len(fake))
        size = SUBSET if fewest >= SUBSET else max(2, fewest // 2)
        mean, deviation = metrics.kernel_distance(
            real, fake, subset_size=size, verbose=self.verbose
        )
        found: dict[str, Any] = {"value": mean, "standard_deviation": deviation}
        found["subset_size"] = size
        if size < SUBSET:
            found["note"] = f"subsets of {size}, for want of {SUBSET} pictures: not as in papers"
        return [found]

    def _precision_recall(self) -> list[dict[str, Any]]:
        found = metrics.precision_recall(*self._both(), verbose=self.verbose)
        return [{"value": value} for value in found]

    def _inception_score(self) -> list[dict[str, Any]]:
        assert self.fake.logits is not None
        mean, deviation = metrics.inception_score(self.fake.logits.all())
        return [{"value": mean, "standard_deviation": deviation}]

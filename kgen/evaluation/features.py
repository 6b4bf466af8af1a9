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


class FeatureSet:
    """The features of one set of pictures.

    Args:
        extractor: images -> features (N, D).
        streams: whether moments are wanted.
        keeps: whether the features themselves are wanted.
        logits: whether class scores are wanted.
    """

    def __init__(self, extractor: Any, streams: bool, keeps: bool, logits: bool) -> None:
        self.extractor, self.keeps, self.wants_logits = extractor, keeps, logits
        self.moments = metrics.Moments(extractor.dimension) if streams else None
        self.count = 0
        self._features: list[np.ndarray] = []
        self._logits: list[np.ndarray] = []

    def add(self, images: np.ndarray) -> None:
        """Look at pictures, (B, H, W, C) uint8 of 1 or 3 channels."""
        self.count += len(images)
        if self.wants_logits:
            features, logits = self.extractor.outputs(images)  # of one run
            self._logits.append(self.extractor.logits(images) if logits is None else logits)
        else:
            features = self.extractor(images)
        if self.moments is not None:
            self.moments.update(features)
        if self.keeps:
            self._features.append(features)

    def features(self) -> np.ndarray:
        """All features, (N, D) float32."""
        self._features = [joined(self._features)]
        return self._features[0]

    def logits(self) -> np.ndarray:
        """All class scores, (N, K)."""
        return np.concatenate(self._logits)


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
        self.real = FeatureSet(extractor, streams, keeps, False)
        self.fake = FeatureSet(extractor, streams, keeps, "inception_score" in families)

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

    def _fid(self) -> list[dict[str, float]]:
        if self.reference is not None:
            real = metrics.Moments.load(self.reference)
            return [{"value": metrics.frechet_distance(real, self.fake.moments)}]
        if self.fake.moments is None:
            value = metrics.frechet_distance(self.real.features(), self.fake.features())
        else:
            value = metrics.frechet_distance(self.real.moments, self.fake.moments)
        return [{"value": float(value)}]

    def _kid(self) -> list[dict[str, Any]]:
        real, fake = self.real.features(), self.fake.features()
        fewest = min(len(real), len(fake))
        size = SUBSET if fewest >= SUBSET else max(2, fewest // 2)
        mean, deviation = metrics.kernel_distance(
            real, fake, subset_size=size, verbose=self.verbose
        )
        found = {"value": float(mean), "standard_deviation": float(deviation)}
        few = {"note": f"subsets of {size}, for want of {SUBSET} pictures: not as in papers"}
        return [{**found, "subset_size": size, **(few if size < SUBSET else {})}]

    def _precision_recall(self) -> list[dict[str, float]]:
        real, fake = self.real.features(), self.fake.features()
        found = metrics.precision_recall(real, fake, verbose=self.verbose)
        return [{"value": float(value)} for value in found]

    def _inception_score(self) -> list[dict[str, float]]:
        mean, deviation = metrics.inception_score(self.fake.logits())
        return [{"value": float(mean), "standard_deviation": float(deviation)}]


def joined(chunks: list[np.ndarray]) -> np.ndarray:
    """Concatenate along the first axis without holding everything twice; empties the list.

    Example:

    >>> joined([np.zeros((2, 3)), np.ones((1, 3))]).shape
    (3, 3)
    """
    if len(chunks) == 1:
        return chunks[0]
    whole = np.empty((sum(map(len, chunks)), *chunks[0].shape[1:]), chunks[0].dtype)
    place = len(whole)
    while chunks:  # the last first, so that each is freed as soon as it is copied
        part = chunks.pop()
        whole[place - len(part) : place] = part
        place -= len(part)
    return whole

"""One look at every picture: measure it, and keep those that the report will show."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from kgen.evaluation.examples import Example, Examples, grouped, shape_of
from kgen.evaluation.gallery import Gallery, Shown
from kgen.evaluation.measures import ImageMeasure, Measure

CHUNK = 16  # pictures that are measured at a time
LONG = 100  # pictures from which on a progress bar is shown
DARK, MIDDLE = 64, 127  # of 255


class Look:
    """Goes through examples once.

    Args:
        examples: pictures, with their truth or without.
        measures: what looks at them.
        rank_by: the metric that orders the pictures shown; None chooses.
        shown: pictures of each kind.

    Attributes:
        names: of the pictures that were measured.
        rank_by: the metric that was chosen; None if no metric has a value for each picture.
        seconds: of reading and generating.
    """

    def __init__(
        self, examples: Examples, measures: Sequence[Measure], rank_by: str | None, shown: int
    ) -> None:
        self.examples, self.measures, self.shown = examples, measures, shown
        self.names: list[str] = []
        self.seconds = 0.0
        self._sizes: set[tuple[int, ...]] = set()
        self._darkest = {"real": 255, "fake": 255}
        self._unordered: dict[str, list[Example]] = {}
        self._ranking = self._find_ranking(rank_by)
        self.rank_by = self._ranking.name if self._ranking else None
        better = self._ranking.about.better if self._ranking else ""
        self._gallery = Gallery(better, shown)

    def _find_ranking(self, asked: str | None) -> ImageMeasure | None:
        candidates = [m for m in self.measures if isinstance(m, ImageMeasure)]
        learned = [m for m in candidates if m.name.startswith("lpips_") and "stand" not in m.name]
        found = [m for m in learned + candidates if asked in (None, m.name)]
        if asked is not None and not found:
            raise ValueError(
                "rank_by must be a metric that has a value for each picture and is measured, one "
                f"of {', '.join(m.name for m in candidates) or 'none here'}; got {asked!r}"
            )
        return found[0] if found else None

    def run(self, verbose: int | str = 0) -> None:
        """Read, generate, measure.

        Raises:
            ValueError: from a metric, with the name of the picture.
        """
        for group in grouped(self._watched(verbose), CHUNK, key=_shapes):
            real, fake = _stacked(group, "real"), _stacked(group, "fake")
            for measure in self.measures:
                try:
                    measure.timed_update(real, fake)
                except ValueError as error:
                    last = f" to {group[-1].place}" if len(group) > 1 else ""
                    raise ValueError(f"{group[0].place}{last}: {error}") from error
            for index, example in enumerate(group):
                self._keep(example, index)
        if not self.names:
            raise ValueError("there are no pictures to measure")

    def _watched(self, verbose: int | str) -> Iterator[Example]:
        """The examples, on the clock and with a progress bar."""
        total = self.examples.count
        if verbose == "auto":
            verbose = int(total is None or total >= LONG)
        for measure in self.measures:
            measure.verbose = int(verbose)
        bar = keras.utils.Progbar(total, unit_name="picture", verbose=int(verbose))
        started, done = time.perf_counter(), 0
        for done, example in enumerate(self.examples.items, start=1):
            self.seconds += time.perf_counter() - started
            yield example
            if verbose and done != total:
                bar.update(done)
            started = time.perf_counter()
        if verbose and done:
            bar.update(done, finalize=True)

    def _keep(self, example: Example, index: int) -> None:
        for side in ("real", "fake"):
            picture = getattr(example, side)
            if picture is not None:
                self._sizes.add(picture.shape[:2])
                self._darkest[side] = min(self._darkest[side], int(picture.min()))
        if example.fake is not None:
            self.names.append(example.name)
        if self._ranking is not None:
            batch = self._ranking.per_image[self._ranking.name][-1]
            self._gallery.add(example, float(batch[index]))
        else:
            kind = "Generated" if example.real is None else "Real"
            kept = self._unordered.setdefault("Examples" if self.examples.paired else kind, [])
            kept += [example] if len(kept) < self.shown else []

    def pictures(self) -> dict[str, list[Shown]]:
        """Title -> pictures of the report."""
        unordered = {
            title: [Shown(example, None) for example in kept]
            for title, kept in self._unordered.items()
            if kept
        }
        return self._gallery.groups() or unordered

    def common_size(self) -> list[int] | None:
        """Height and width, where all pictures have the same."""
        return [int(side) for side in next(iter(self._sizes))] if len(self._sizes) == 1 else None

    def notes(self) -> list[str]:
        """What makes a number doubtful."""
        if self._darkest["real"] < DARK and MIDDLE <= self._darkest["fake"] < 255:
            return [
                "No generated value lies in the darker half of the range, although real ones do: "
                "does the model end in a sigmoid, so that it gives [0, 1] and not [-1, 1]?"
            ]
        return []


def _shapes(example: Example) -> tuple:
    return shape_of(example.real), shape_of(example.fake)


def _stacked(group: list[Example], side: str) -> np.ndarray | None:
    pictures = [getattr(example, side) for example in group]
    return None if pictures[0] is None else np.stack(pictures)

"""Which pictures a report shows: the best, some in the middle, the worst, by one metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgen.evaluation.examples import Example

KEPT = 64  # candidates for the middle; up to as many pictures the middle is exact


@dataclass(frozen=True)
class Shown:
    """A picture in a report.

    Attributes:
        example: with its pictures.
        value: of the metric by which the pictures are ordered; None without an order.
        rank: 1 is the best.
    """

    example: Example
    value: float | None
    rank: int | None = None


class Gallery:
    """Keeps some pictures of a stream that is too long to be kept.

    Args:
        better: `"higher"` or `"lower"`; what comes first.
        shown: pictures of each kind.
        seed: of the choice among which the middle is looked for.

    Example:

    >>> picture = np.zeros((4, 4, 3), "uint8")
    >>> gallery = Gallery("higher", shown=1)
    >>> for name, value in (("a", 0.3), ("b", 0.9), ("c", 0.5)):
    ...     gallery.add(Example(name, name, None, picture, picture), value)
    >>> [(title, shown[0].example.name) for title, shown in gallery.groups().items()]
    [('Best', 'b'), ('Middle', 'c'), ('Worst', 'a')]
    """

    def __init__(self, better: str, shown: int = 3, seed: int = 0) -> None:
        self.sign = -1.0 if better == "higher" else 1.0
        self.titles = ("Best", "Middle", "Worst") if better else ("Lowest", "Middle", "Highest")
        self.shown = shown
        self.values: list[float] = []
        self._random = np.random.default_rng(seed)
        self._ends: list[tuple[float, int, Example]] = []  # the first and the last ones so far
        self._sample: list[tuple[float, int, Example]] = []  # uniform among all so far

    def add(self, example: Example, value: float) -> None:
        """Look at the next picture and its value."""
        entry = (self.sign * value, len(self.values), example)
        self.values.append(value)
        self._ends = sorted([*self._ends, entry], key=lambda kept: kept[:2])
        if len(self._ends) > 2 * self.shown:
            del self._ends[self.shown]
        # reservoir sampling: each of n pictures stays with probability KEPT / n
        if len(self._sample) < KEPT:
            self._sample.append(entry)
        elif (place := int(self._random.integers(len(self.values)))) < KEPT:
            self._sample[place] = entry

    def groups(self) -> dict[str, list[Shown]]:
        """Title -> pictures in the order of their ranks; no picture twice."""
        if not self.values or not self.shown:
            return {}
        order = np.argsort(self.sign * np.array(self.values), kind="stable")
        rank = {int(index): place + 1 for place, index in enumerate(order)}
        count = min(self.shown, -(-len(self.values) // 3))
        chosen = {"first": self._ends[:count], "last": self._ends[count:][-count:]}
        taken = {index for entries in chosen.values() for _, index, _ in entries}
        middle = (len(self.values) + 1) / 2
        left = [entry for entry in self._sample if entry[1] not in taken]
        left.sort(key=lambda entry: abs(rank[entry[1]] - middle))
        between = sorted(left[:count], key=lambda entry: rank[entry[1]])
        groups = dict(zip(self.titles, (chosen["first"], between, chosen["last"]), strict=True))
        return {
            title: [Shown(e, self.values[index], rank[index]) for _, index, e in entries]
            for title, entries in groups.items()
            if entries
        }

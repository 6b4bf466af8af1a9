"""Sources of cross-view pairs: an aerial image and the ground panorama at its centre.

The two views have sizes of their own, and several panoramas may belong to one aerial tile. Both are
known here; resizing and batches come later, so that a source reads the same for training, checks
and pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from kgen.data.images import as_stored
from kgen.data.pairs import Pair, Pairs
from kgen.data.resizing import as_size, resize

View = Literal["aerial", "ground"]
VIEWS: tuple[View, View] = ("aerial", "ground")


class CrossViewPair(NamedTuple):
    """One place seen from above and from the street.

    Attributes:
        aerial: (H, W, 3) uint8, north up.
        ground: (H, W, 3) uint8 panorama of 360 degrees, south in its first column and north in the
            middle where the data set is aligned.
    """

    aerial: np.ndarray
    ground: np.ndarray


class CrossViewPairs:
    """Base of all sources: random access to stored pairs of views.

    Subclasses give `__len__`, `__getitem__`, `name`, and `location` where several pairs show one
    place. Reading must be safe from several threads.

    Example:
        >>> pairs = view_arrays(np.zeros((5, 8, 8, 3), "uint8"), np.zeros((5, 8, 32, 3), "uint8"))
        >>> train, validation = pairs.split(validation=0.2)
        >>> len(pairs), len(train), pairs[0].ground.shape
        (5, 4, (8, 32, 3))
    """

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> CrossViewPair:
        raise NotImplementedError

    def read(self, index: int, view: View) -> np.ndarray:
        """One view of pair `index`, as stored; sources of files read no other file for it."""
        return self[index][VIEWS.index(check_view(view))]

    def name(self, index: int) -> str:
        """What to call pair `index` in messages: its paths, where it has them."""
        return f"pair {index}"

    def location(self, index: int) -> int:
        """A number of the place; pairs that share their aerial image have the same one."""
        return index

    def __iter__(self) -> Iterator[CrossViewPair]:
        return (self[index] for index in range(len(self)))

    def subset(self, indices: Sequence[int] | np.ndarray) -> CrossViewPairs:
        """The pairs with these numbers, in this order: `pairs.subset(range(100))`."""
        return _Subset(self, indices)

    def split(
        self, validation: float = 0.1, seed: int = 0
    ) -> tuple[CrossViewPairs, CrossViewPairs]:
        """Splits places at random (the same for the same seed), so that none is on both sides.

        Args:
            validation: share of the places, between 0 and 1; at least one on each side.
            seed: of the choice.

        Raises:
            ValueError: a share that is none, or fewer than two places.
        """
        locations = np.array([self.location(index) for index in range(len(self))])
        places = np.unique(locations)
        if not 0 < validation < 1 or len(places) < 2:
            raise ValueError(
                "split takes a share between 0 and 1 of at least 2 places; "
                f"received {validation} of {len(places)} places."
            )
        count = min(max(1, round(len(places) * validation)), len(places) - 1)
        chosen = np.random.default_rng(seed).permutation(places)[:count]
        held_out = np.isin(locations, chosen)
        return self.subset(np.flatnonzero(~held_out)), self.subset(np.flatnonzero(held_out))

    def as_pairs(self, source: View, size: int | tuple[int, int], resize: str = "area") -> Pairs:
        """The same as (source, target) images of one size, for pix2pix and `kgen.evaluate`.

        Args:
            source: the view that is the input, "aerial" or "ground".
            size: height and width of both, in pixels.
            resize: a method of `kgen.data.resizing`.

        Raises:
            ValueError: no such view or size.
        """
        return _AsPairs(self, check_view(source), as_size(size), resize)


class _Subset(CrossViewPairs):
    def __init__(self, pairs: CrossViewPairs, indices: Sequence[int] | np.ndarray):
        self.pairs, self.indices = pairs, [int(index) for index in indices]
        if self.indices and not -1 < min(self.indices) <= max(self.indices) < len(pairs):
            raise IndexError(f"A subset's numbers must be within 0..{len(pairs) - 1}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> CrossViewPair:
        return self.pairs[self.indices[index]]

    def read(self, index: int, view: View) -> np.ndarray:
        return self.pairs.read(self.indices[index], view)

    def name(self, index: int) -> str:
        return self.pairs.name(self.indices[index])

    def location(self, index: int) -> int:
        return self.pairs.location(self.indices[index])


class _AsPairs(Pairs):
    def __init__(self, views: CrossViewPairs, source: View, size: tuple[int, int], method: str):
        self.views, self.source, self.size, self.method = views, source, size, method

    def __len__(self) -> int:
        return len(self.views)

    def __getitem__(self, index: int) -> Pair:
        aerial, ground = (resize(view, self.size, self.method) for view in self.views[index])
        return (aerial, ground) if self.source == "aerial" else (ground, aerial)

    def name(self, index: int) -> str:
        return self.views.name(index)


class _Arrays(CrossViewPairs):
    def __init__(
        self, aerial: Sequence[np.ndarray], ground: Sequence[np.ndarray], locations: Sequence[int]
    ):
        self.aerial, self.ground, self.locations = aerial, ground, locations

    def __len__(self) -> int:
        return len(self.aerial)

    def __getitem__(self, index: int) -> CrossViewPair:
        return CrossViewPair(as_stored(self.aerial[index]), as_stored(self.ground[index]))

    def location(self, index: int) -> int:
        return int(self.locations[index])


def view_arrays(
    aerial: Sequence[np.ndarray],
    ground: Sequence[np.ndarray],
    locations: Sequence[int] | None = None,
) -> CrossViewPairs:
    """Cross-view pairs that lie in memory.

    Args:
        aerial: (N, H, W, 3) uint8, or a list of N images.
        ground: the panoramas, of another size maybe.
        locations: (N,) numbers, equal for pairs of one place; default: all differ.

    Raises:
        ValueError: different numbers of images, or none.
    """
    numbers = range(len(aerial)) if locations is None else locations
    if not len(aerial) or len({len(aerial), len(ground), len(numbers)}) > 1:
        raise ValueError(
            "A pair needs one aerial and one ground image, and there must be some; received "
            f"{len(aerial)} aerial and {len(ground)} ground images and {len(numbers)} locations."
        )
    return _Arrays(aerial, ground, numbers)


def check_view(view: str) -> View:
    """The view itself, or a ValueError that says which there are."""
    for known in VIEWS:
        if view == known:
            return known
    raise ValueError(f"A view is 'aerial' or 'ground'; received {view!r}.")

"""Batches of aerial images and panoramas for the cross-view systems, on every backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kgen.data.cross_view.order import spread_locations
from kgen.data.cross_view.polar import polar_transform
from kgen.data.cross_view.views import VIEWS, CrossViewPairs, View
from kgen.data.epochs import JITTER, SHUFFLE, EpochBatches
from kgen.data.images import to_float
from kgen.data.resizing import METHODS, as_size, resize

AERIAL_SIZE = (256, 256)
Views = dict[View, np.ndarray]


class CrossViewBatches(EpochBatches):
    """Cross-view pairs as batches of aerial and ground images, shuffled and scaled to [-1, 1].

    Args:
        pairs: where they come from: `cvusa`, `cvact`, `vigor`, `vigor_gen`, `toy_city`,
            `view_arrays`.
        batch_size: pairs in a batch.
        aerial_size: height and width of the aerial images in pixels; default 256 x 256, with
            `polar` the `ground_size`.
        ground_size: height and width of the panoramas in pixels.
        training: whether to shuffle and drop an incomplete last batch.
        resize: method for both (`kgen.data.resizing.METHODS`). "area" is what the data of published
            generators were made with; other published code took "bilinear" (the SAIG embedder) or
            "bilinear_no_antialias" (the metrics): they differ by up to 57 of 255 grey levels.
        polar: whether the aerial image is turned to the panorama's directions first, see
            `polar_transform`.
        roll: whether training turns both views about the place by one random angle: any with
            `polar`, else quarter turns, for which aerial images are square and the width of
            panoramas a multiple of 4. Where places are few it keeps a network from learning them
            by heart. Cached embeddings in `extra` are of views that were not turned.
        unique_locations: no two pairs of one place in a batch where it can be avoided, for losses
            that take the other pairs of a batch for wrong ones. Needs shuffling.
        extra: arrays with a row for each pair, cached embeddings say, by the name that they get in
            the batch: float or whole numbers.
        views: which views are read and served, default both. With cached embeddings the source
            view is not needed: `views=("ground",)` reads no aerial image.
        shuffle, seed, workers, drop_remainder, steps_per_epoch: as in `kgen.data.Batches`.
        cache: "memory" keeps resized images: at 256x256 and 128x512 0.4 MB a pair.

    Attributes:
        locations: (N,) int32 number of each pair's place.

    Returns (of `batches[i]`), a dict:
        aerial (B, h, w, 3) and ground (B, H, W, 3), float32 in [-1, 1], as far as they are among
        the views; location (B,) int32; and the rows of `extra`, float32 or int32.

    Raises:
        ValueError: arguments that cannot be; and, naming the file, images that cannot be read or
            are not of three channels.

    Example:
        >>> from kgen.data.cross_view import view_arrays
        >>> pairs = view_arrays(*np.zeros((2, 5, 80, 80, 3), "uint8"))
        >>> batches = CrossViewBatches(pairs, 2, aerial_size=64, ground_size=(32, 64))
        >>> {name: array.shape for name, array in batches[0].items()}
        {'aerial': (2, 64, 64, 3), 'ground': (2, 32, 64, 3), 'location': (2,)}
    """

    def __init__(
        self,
        pairs: CrossViewPairs,
        batch_size: int = 8,
        aerial_size: int | tuple[int, int] | None = None,
        ground_size: int | tuple[int, int] = (128, 512),
        training: bool = True,
        resize: str = "area",
        polar: bool = False,
        roll: bool = False,
        unique_locations: bool = False,
        extra: Mapping[str, np.ndarray] | None = None,
        views: Sequence[View] = VIEWS,
        shuffle: bool | None = None,
        seed: int = 0,
        workers: int = 2,
        drop_remainder: bool | None = None,
        steps_per_epoch: int | None = None,
        cache: str | bool | None = None,
    ):
        _check(pairs, resize, cache, views)
        super().__init__(
            len(pairs), "pairs", batch_size, training, shuffle, seed, workers, drop_remainder,
            steps_per_epoch,
        )  # fmt: skip
        self.pairs, self.resize, self.polar = pairs, resize, polar
        self.views = tuple(view for view in VIEWS if view in views)
        self.ground_size = as_size(ground_size)
        if aerial_size is None:
            aerial_size = self.ground_size if polar else AERIAL_SIZE
        self.aerial_size = as_size(aerial_size)
        self.roll = roll and training
        if self.roll and not polar:
            self._check_quarters()
        self.locations = np.array([pairs.location(i) for i in range(len(pairs))], np.int32)
        self.unique_locations = unique_locations
        if unique_locations and not self.shuffle:
            raise ValueError(
                "unique_locations=True needs shuffle=True: without it batches keep the order of "
                "the pairs."
            )
        given = dict(extra or {}).items()
        self.extra = {name: _rows(name, rows, len(pairs)) for name, rows in given}
        self._kept: dict[int, Views] | None = {} if cache else None
        self._ordered: tuple[int, np.ndarray] | None = None  # the last epoch's order
        self.sample(int(self.order(0)[0]), 0)  # what is wrong with all of them fails here

    def order(self, epoch: int) -> np.ndarray:
        """Numbers of the pairs in the order of an epoch, a pure function of (seed, epoch)."""
        if not self.unique_locations:
            return super().order(epoch)
        kept = self._ordered
        if kept is None or kept[0] != epoch:
            rng = np.random.default_rng([SHUFFLE, self.seed, epoch])
            order = spread_locations(self.locations, self.batch_size, self.drop_remainder, rng)
            kept = self._ordered = epoch, order
        return kept[1]

    def sample(self, index: int, epoch: int) -> Views:
        """Pair `index` as the model sees it in an epoch, a pure function of (seed, epoch, index).

        Returns:
            view -> (H, W, 3) float32 in [-1, 1].
        """
        stored = self._load(index)
        try:
            views = {view: to_float(image) for view, image in stored.items()}
        except ValueError as error:
            raise ValueError(f"{self.pairs.name(index)}: {error}") from error
        if self.roll:
            turn = np.random.default_rng([JITTER, self.seed, epoch, index]).random()
            turned = _rolled if self.polar else _turned_by_quarters
            views = {view: turned(view, image, turn) for view, image in views.items()}
        return views

    def _check_quarters(self) -> None:
        height, width = self.aerial_size
        if height != width or self.ground_size[1] % 4:
            raise ValueError(
                "roll=True without polar=True turns both views by quarters: aerial_size must be "
                f"square, received {self.aerial_size}, and the width of ground_size a multiple of "
                f"4, received {self.ground_size}."
            )

    def _batch(self, epoch: int, index: int) -> dict[str, np.ndarray]:
        numbers = self.numbers(epoch, index)
        samples = [self.sample(int(number), epoch) for number in numbers]
        batch: dict[str, np.ndarray] = {
            view: np.stack([views[view] for views in samples]) for view in self.views
        }
        batch["location"] = self.locations[numbers]
        return batch | {name: _as_input(rows[numbers]) for name, rows in self.extra.items()}

    def _load(self, index: int) -> Views:
        """The stored views at the sizes of the batch."""
        if self._kept is not None and index in self._kept:
            return self._kept[index]
        if len(self.views) == 2:
            stored = dict(zip(VIEWS, self.pairs[index], strict=True))
        else:
            stored = {view: self.pairs.read(index, view) for view in self.views}
        views = {view: self._sized(index, view, image) for view, image in stored.items()}
        if self._kept is not None:
            self._kept[index] = views
        return views

    def _sized(self, index: int, view: View, image: np.ndarray) -> np.ndarray:
        if image.shape[2] != 3:
            raise ValueError(
                f"{self.pairs.name(index)}: its {view} image has {image.shape[2]} channels; "
                "cross-view images have 3. Convert it to RGB."
            )
        if view == "ground":
            return resize(image, self.ground_size, self.resize)
        if not self.polar:
            return resize(image, self.aerial_size, self.resize)
        try:
            return polar_transform(image, self.aerial_size)
        except ValueError as error:
            raise ValueError(f"{self.pairs.name(index)}: {error}") from error


def _rolled(view: View, image: np.ndarray, turn: float) -> np.ndarray:
    """A view whose columns are directions, by a share of its width."""
    return np.roll(image, int(turn * image.shape[1]), axis=1)


def _turned_by_quarters(view: View, image: np.ndarray, turn: float) -> np.ndarray:
    """The whole quarters of this share of a turn: what lay in the east comes to the north."""
    quarters = int(4 * turn)
    if view == "aerial":
        return np.rot90(image, quarters)
    return np.roll(image, -quarters * (image.shape[1] // 4), axis=1)


def _as_input(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float32 if rows.dtype.kind == "f" else np.int32, copy=False)


def _check(
    pairs: CrossViewPairs,
    method: str,
    cache: str | bool | None,
    views: Sequence[str],
) -> None:
    if not isinstance(pairs, CrossViewPairs):
        raise ValueError(
            f"CrossViewBatches takes a source of cross-view pairs, received "
            f"{type(pairs).__name__}. Make one with kgen.data.cvusa, cvact, vigor, vigor_gen, "
            "toy_city, or view_arrays(aerial, ground)."
        )
    if not len(pairs):
        raise ValueError("CrossViewBatches needs at least one pair; received none.")
    if method not in METHODS:
        raise ValueError(f"resize is one of {', '.join(METHODS)}; received {method!r}.")
    if isinstance(views, str) or not views or not set(views) <= set(VIEWS):
        raise ValueError(
            "views is a sequence of 'aerial' and 'ground', ('ground',) for one; received "
            f"{views!r}."
        )
    if cache not in (None, False, True, "memory"):
        raise ValueError(f"cache is None or 'memory'; received {cache!r}.")


def _rows(name: str, rows: np.ndarray, count: int) -> np.ndarray:
    """An array of `extra`, checked; memory-mapped ones stay on the disk."""
    rows = np.asanyarray(rows)
    if name in (*VIEWS, "location") or not rows.ndim or len(rows) != count:
        raise ValueError(
            f"extra holds arrays with one row for each of the {count} pairs, under other names "
            f"than 'aerial', 'ground' and 'location'; {name!r} has shape {rows.shape}."
        )
    if rows.dtype.kind not in "fiu":
        raise ValueError(f"extra[{name!r}] must hold numbers; its dtype is {rows.dtype}.")
    for start in range(0, count, 4096):
        finite = np.isfinite(rows[start : start + 4096]).reshape(-1, rows[0].size).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"extra[{name!r}] holds NaN or infinity in row {start + int(finite.argmin())}. "
                "Make it anew, with float32 if it was computed in half precision."
            )
    return rows

"""Batches for `fit`, `evaluate` and `predict` on every backend, read ahead by threads.

What a batch holds is a pure function of (seed, epoch, number of the batch): not of threads, of the
backend, or of what was read before. So a run that was killed and resumed sees the very batches that
it would have seen, and two backends can be compared step by step.
"""

from collections.abc import Callable

import numpy as np

from kgen.data.augment import Preprocess
from kgen.data.epochs import AUGMENT, JITTER, EpochBatches
from kgen.data.pairs import Pair, Pairs, unequal_halves
from kgen.data.preparation import OneHot, prepare

Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pair]


class Batches(EpochBatches):
    """Pairs as batches of (source, target), shuffled, jittered and scaled to [-1, 1].

    Training (Isola et al. 2017, section 6.2): each half is resized to `load_size`, one random
    window of `size` is cut from both, and both are mirrored in half of the cases. Otherwise:
    resized to `size`, in the order of the pairs.

    Args:
        pairs: where they come from.
        batch_size: pairs in a batch.
        size: height and width of what the model sees, in pixels.
        training: whether to shuffle, jitter and drop an incomplete last batch.
        load_size: height and width before the crop; default round(S * 286 / 256). The modes that do
            not crop take `size`; evaluation resizes to `size`.
        flip: whether training mirrors.
        resize: method for both halves (`kgen.data.resizing.METHODS`); "nearest" for label maps.
        target_resize: method for the target, if another one.
        one_hot: makes the source a label map of one channel per class: number of classes, palette
            (N, 3), or a function of the label map, see `kgen.data.one_hot`. Resizes by nearest.
        target_one_hot: the same for the target.
        preprocess: what to do about sizes, as in the PyTorch code: "resize_and_crop", "crop" (from
            the stored size; in evaluation its middle), "scale_width" (to the width of `load_size`),
            "scale_width_and_crop", "none" (nearest `multiple`; needs batch_size=1 or one size).
        multiple: of "none", in pixels; a U-Net for 2 ** n needs 2 ** n.
        augment: `augment(source, target, rng) -> (source, target)` on stored images, in training.
        shuffle: whether to shuffle in each epoch; default `training`.
        seed: of order and jitter, a whole number >= 0.
        workers: threads that read ahead; 0 reads when asked. Never processes.
        drop_remainder: whether to drop an incomplete last batch; default `training`.
        steps_per_epoch: batches in an epoch, if fewer than there are. Prefer it to the argument of
            `fit` of this name, with which Keras goes on in the middle of an epoch.
        cache: keep decoded (without `augment`: resized) pairs in memory: at 286x286 and 3 + 3
            channels 0.5 MB a pair. From the second epoch on, the published maps come 9 times and
            pairs of 64x64 twice as fast.

    Attributes:
        source_shape, target_shape: (H, W, C) of an item; H and W are None where they may vary.
        failure: the error of the last batch that could not be made, else None: TensorFlow turns
            what is raised in `fit` into an InvalidArgumentError that only quotes it.

    Returns (of `batches[i]`):
        source, target: (B, H, W, C) float32 in [-1, 1].

    Raises:
        ValueError: arguments that cannot be; and, naming the file, pairs that are broken, of two
            sizes, of other channel counts than the first, or smaller than the crop.

    Example:
        >>> from kgen.data import arrays
        >>> pairs = arrays(np.zeros((10, 80, 80, 3), "uint8"), np.zeros((10, 80, 80), "uint8"))
        >>> batches = Batches(pairs, batch_size=4, size=64)
        >>> source, target = batches[0]
        >>> len(batches), source.shape, target.shape
        (2, (4, 64, 64, 3), (4, 64, 64, 1))
    """

    def __init__(
        self,
        pairs: Pairs,
        batch_size: int = 1,
        size: int | tuple[int, int] = 256,
        training: bool = True,
        load_size: int | tuple[int, int] | None = None,
        flip: bool = True,
        resize: str = "bicubic",
        target_resize: str | None = None,
        one_hot: OneHot | None = None,
        target_one_hot: OneHot | None = None,
        preprocess: Preprocess = "resize_and_crop",
        multiple: int = 4,
        augment: Augment | None = None,
        shuffle: bool | None = None,
        seed: int = 0,
        workers: int = 2,
        drop_remainder: bool | None = None,
        steps_per_epoch: int | None = None,
        cache: bool = False,
    ):
        _check_pairs(pairs)
        super().__init__(
            len(pairs), "pairs", batch_size, training, shuffle, seed, workers, drop_remainder,
            steps_per_epoch,
        )  # fmt: skip
        self.pairs = pairs
        self.preparation = prepare(
            size, training, load_size, flip, resize, target_resize, one_hot, target_one_hot,
            preprocess, multiple,
        )  # fmt: skip
        self.augment = augment if training else None
        self._kept: dict[int, Pair] | None = {} if cache else None
        self._first_channels: tuple[int, int] | None = None
        self.source_shape, self.target_shape = self._shapes()

    def sample(self, index: int, epoch: int) -> Pair:
        """Pair `index` as the model sees it in an epoch, a pure function of (seed, epoch, index).

        Returns:
            source, target: (H, W, C) float32 in [-1, 1].
        """
        source, target = self._load(index)
        try:
            if self.augment is not None:
                rng = np.random.default_rng([AUGMENT, self.seed, epoch, index])
                source, target = self.augment(source, target, rng)
                source, target = self.preparation.resize(source, target)
            rng = np.random.default_rng([JITTER, self.seed, epoch, index])
            drawn = self.preparation.draw(rng, source.shape[:2])
            return self.preparation.finish(source, target, drawn)
        except ValueError as error:
            raise ValueError(f"{self.pairs.name(index)}: {error}") from error

    def _batch(self, epoch: int, index: int) -> Pair:
        numbers = self.numbers(epoch, index)
        samples = [self.sample(int(number), epoch) for number in numbers]
        for number, halves in zip(numbers, samples, strict=True):
            if [half.shape for half in halves] != [half.shape for half in samples[0]]:
                raise ValueError(
                    f"{self.pairs.name(int(number))}: its size {halves[0].shape[:2]} differs from "
                    f"{samples[0][0].shape[:2]} of another pair of the batch. Use batch_size=1, or "
                    "preprocess='resize_and_crop', which brings all to one size."
                )
        sources, targets = zip(*samples, strict=True)
        return np.stack(sources), np.stack(targets)

    def _load(self, index: int) -> Pair:
        """The stored pair, already resized if nothing random comes before that."""
        if self._kept is not None and index in self._kept:
            return self._kept[index]
        source, target = self.pairs[index]
        self._check_pair(index, source, target)
        if self.augment is None:
            source, target = self.preparation.resize(source, target)
        if self._kept is not None:
            self._kept[index] = source.copy(), target.copy()  # halves may be views of a whole file
        return source, target

    def _shapes(self) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
        """Reads the first pair: what is wrong with all of them fails here and not in fit."""
        halves = self.sample(int(self.order(0)[0]), 0)
        varying = self.preparation.preprocess in ("scale_width", "none")
        sides = [(None, None) if varying else half.shape[:2] for half in halves]
        return (*sides[0], halves[0].shape[2]), (*sides[1], halves[1].shape[2])

    def _check_pair(self, index: int, source: np.ndarray, target: np.ndarray) -> None:
        channels = (source.shape[2], target.shape[2])
        if self._first_channels is None:
            self._first_channels = channels
        name = self.pairs.name(index)
        if source.shape[:2] != target.shape[:2]:
            raise unequal_halves(name, source.shape[:2], target.shape[:2])
        if channels != self._first_channels:
            raise ValueError(
                f"{name}: it has {channels[0]} source and {channels[1]} target channels, other "
                f"pairs have {self._first_channels[0]} and {self._first_channels[1]}. Read all "
                "with one mode, for example source_mode='rgb', target_mode='rgb'."
            )


def _check_pairs(pairs: Pairs) -> None:
    if not isinstance(pairs, Pairs):
        raise ValueError(
            f"Batches takes a source of pairs, received {type(pairs).__name__}. Make one "
            "with kgen.data.side_by_side, two_folders, or arrays(source, target)."
        )

"""Batches for `fit`, `evaluate` and `predict` on every backend, read ahead by threads.

What a batch holds is a pure function of (seed, epoch, number of the batch): not of threads, of the
backend, or of what was read before. So a run that was killed and resumed sees the very batches that
it would have seen, and two backends can be compared step by step.
"""

import threading
from collections.abc import Callable

import keras
import numpy as np

from kgen.data.augment import Preprocess
from kgen.data.pairs import Pair, Pairs, unequal_halves
from kgen.data.preparation import OneHot, prepare
from kgen.data.read_ahead import ReadAhead

Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pair]
SHUFFLE, JITTER, AUGMENT = 0, 1, 2  # first word of each random stream's seed


class Batches(keras.utils.PyDataset):
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
        # Keras' own threads would start before the epoch is known; see read_ahead.py. So Keras is
        # told of one worker, which means: the batches are asked for in the thread that needs them.
        super().__init__(workers=1, use_multiprocessing=False)
        self.pairs, self.batch_size, self.training = pairs, batch_size, training
        self.preparation = prepare(
            size, training, load_size, flip, resize, target_resize, one_hot, target_one_hot,
            preprocess, multiple,
        )  # fmt: skip
        self.augment = augment if training else None
        self.shuffle = training if shuffle is None else shuffle
        self.drop_remainder = training if drop_remainder is None else drop_remainder
        self.steps_per_epoch, self.seed = steps_per_epoch, seed
        self._check_arguments(workers)
        self._kept: dict[int, Pair] | None = {} if cache else None
        self._read_ahead = ReadAhead(self._batch, workers)
        self._epoch = 0
        self._turns: dict[int, int] | None = None  # in a pass: asked for -> served
        self._lock = threading.Lock()
        self.failure: Exception | None = None
        self._first_channels: tuple[int, int] | None = None
        self.source_shape, self.target_shape = self._shapes()

    def __len__(self) -> int:
        whole, rest = divmod(len(self.pairs), self.batch_size)
        full = whole if self.drop_remainder or not rest else whole + 1
        return min(full, self.steps_per_epoch or full)

    def __getitem__(self, index: int) -> Pair:
        if not 0 <= index < len(self):
            raise IndexError(f"There is no batch {index}, only 0..{len(self) - 1}.")
        try:
            epoch = self.epoch if self.training else 0
            return self._read_ahead.get(epoch, self._turn(index), len(self))
        except Exception as error:
            self.failure = error
            raise

    @property
    def epoch(self) -> int:
        """Whose order and jitter are served, 0 at first; advances by itself, set it to resume."""
        return self._epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch, self._turns = epoch, None  # a pass that was interrupted is over

    def _turn(self, index: int) -> int:
        """Which batch to serve: during a pass the next one, whatever number Keras asks for.

        `fit` (shuffle=True) mixes the numbers with Python's global random generator, which knows no
        epoch and no resuming. A number that is asked for again gets the same batch.
        """
        if self._turns is None:
            return index
        with self._lock:
            return self._turns.setdefault(index, len(self._turns))

    def on_epoch_begin(self) -> None:
        """Called by Keras: a pass over the batches begins."""
        self._turns = {}

    def on_epoch_end(self) -> None:
        """Called by Keras when a pass ends: the epoch advances.

        Keras calls this also before the first epoch (there was no pass), and after it has looked at
        one batch to build a loss; neither is an epoch.
        """
        turns = self._turns
        self.epoch += turns is not None and len(turns) >= min(2, len(self))

    def order(self, epoch: int) -> np.ndarray:
        """Numbers of the pairs in the order of an epoch, a pure function of (seed, epoch)."""
        if not self.shuffle:
            return np.arange(len(self.pairs))
        return np.random.default_rng([SHUFFLE, self.seed, epoch]).permutation(len(self.pairs))

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
        first = index * self.batch_size
        numbers = self.order(epoch)[first : first + self.batch_size]
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

    def _check_arguments(self, workers: int) -> None:
        if not isinstance(self.pairs, Pairs):
            raise ValueError(
                f"Batches takes a source of pairs, received {type(self.pairs).__name__}. Make one "
                "with kgen.data.side_by_side, two_folders, or arrays(source, target)."
            )
        wholes = {
            "batch_size": (self.batch_size, 1),
            "seed": (self.seed, 0),
            "workers": (workers, 0),
        }
        wholes["steps_per_epoch"] = (self.steps_per_epoch or 1, 1)
        for name, (value, least) in wholes.items():
            if not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name} must be a whole number >= {least}; received {value!r}.")
        if not len(self):
            raise ValueError(
                f"{len(self.pairs)} pairs make no batch of {self.batch_size}: lower batch_size, or "
                "keep the incomplete batch with drop_remainder=False."
            )

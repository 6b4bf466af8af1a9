"""What all batches share: order, epochs, threads, and what Keras expects of a data source.

What a batch holds is a pure function of (seed, epoch, number of the batch): not of threads, of the
backend, or of what was read before. So a run that was killed and resumed sees the very batches that
it would have seen, and two backends can be compared step by step.
"""

import threading
from typing import Any

import keras
import numpy as np

from kgen.data.read_ahead import ReadAhead

SHUFFLE, JITTER, AUGMENT, MISMATCH = 0, 1, 2, 3  # first word of each random stream's seed


class EpochBatches(keras.utils.PyDataset):
    """Base of the data sources for `fit`: numbered samples in batches, anew in each epoch.

    Subclasses give `_batch(epoch, index)`, which takes its numbers from `numbers(epoch, index)` and
    is safe in threads.

    Args:
        count: number of samples.
        what: what a sample is called in messages, in the plural.
        batch_size: samples in a batch.
        training: whether epochs differ; otherwise each is like the first.
        shuffle: whether to shuffle in each epoch; default `training`.
        seed: of all that is random, a whole number >= 0.
        workers: threads that read ahead; 0 reads when asked.
        drop_remainder: whether to drop an incomplete last batch; default `training`.
        steps_per_epoch: batches in an epoch, if fewer than there are.

    Attributes:
        failure: the error of the last batch that could not be made, else None.

    Raises:
        ValueError: arguments that cannot be.

    Example:
        >>> class Numbers(EpochBatches):
        ...     def _batch(self, epoch, index):
        ...         return self.numbers(epoch, index).tolist()
        >>> evaluated = Numbers(5, "numbers", 2, False, None, 0, 0, None, None)
        >>> [evaluated[index] for index in range(len(evaluated))]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        count: int,
        what: str,
        batch_size: int,
        training: bool,
        shuffle: bool | None,
        seed: int,
        workers: int,
        drop_remainder: bool | None,
        steps_per_epoch: int | None,
    ):
        # Keras' own threads would start before the epoch is known; see read_ahead.py. So Keras is
        # told of one worker, which means: the batches are asked for in the thread that needs them.
        super().__init__(workers=1, use_multiprocessing=False)
        self.count, self.batch_size, self.training = count, batch_size, training
        self.shuffle = training if shuffle is None else shuffle
        self.drop_remainder = training if drop_remainder is None else drop_remainder
        self.steps_per_epoch, self.seed = steps_per_epoch, seed
        self._check_numbers(workers, what)
        self._read_ahead = ReadAhead(self._batch, workers)
        self._epoch = 0
        self._turns: dict[int, int] | None = None  # in a pass: asked for -> served
        self._lock = threading.Lock()
        self.failure: Exception | None = None

    def _batch(self, epoch: int, index: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        whole, rest = divmod(self.count, self.batch_size)
        full = whole if self.drop_remainder or not rest else whole + 1
        return min(full, self.steps_per_epoch or full)

    def __getitem__(self, index: int) -> Any:
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
        """Numbers of the samples in the order of an epoch, a pure function of (seed, epoch)."""
        if not self.shuffle:
            return np.arange(self.count)
        return np.random.default_rng([SHUFFLE, self.seed, epoch]).permutation(self.count)

    def numbers(self, epoch: int, index: int) -> np.ndarray:
        """Numbers of the samples in batch `index` of an epoch."""
        first = index * self.batch_size
        return self.order(epoch)[first : first + self.batch_size]

    def _check_numbers(self, workers: int, what: str) -> None:
        wholes = {
            "batch_size": (self.batch_size, 1),
            "seed": (self.seed, 0),
            "workers": (workers, 0),
            "steps_per_epoch": (self.steps_per_epoch or 1, 1),
        }
        for name, (value, least) in wholes.items():
            if not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name} must be a whole number >= {least}; received {value!r}.")
        if not len(self):
            raise ValueError(
                f"{self.count} {what} make no batch of {self.batch_size}: lower batch_size, or "
                "keep the incomplete batch with drop_remainder=False."
            )

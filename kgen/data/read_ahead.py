"""Threads that make the next batches while the model computes.

Keras' own queue hands over to the next epoch what it had read ahead in this one (fit with
steps_per_epoch, or the look at the first batch with which an unbuilt model is built), so the
batches of a run depend on timing. Here a batch is asked for by epoch and number, and nothing else
is served.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class ReadAhead:
    """Calls `make(epoch, index)` in threads for the numbers that are likely to be asked for next.

    Args:
        make: a pure function of its two arguments, safe in threads; what it raises is raised by the
            `get` that asks for that number.
        workers: number of threads; 0 calls `make` when asked.

    Example:
        >>> ahead = ReadAhead(lambda epoch, index: (epoch, index), workers=2)
        >>> [ahead.get(3, index, count=2) for index in range(2)]
        [(3, 0), (3, 1)]
    """

    def __init__(self, make: Callable[[int, int], Any], workers: int):
        self.make, self.workers = make, workers
        self._threads = ThreadPoolExecutor(workers, "kgen-batches") if workers else None
        self._futures: dict[tuple[int, int], Future] = {}
        self._last: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def get(self, epoch: int, index: int, count: int) -> Any:
        """Item `index` of `count` items of an epoch; begins to make those that follow it."""
        if self._threads is None:
            return self.make(epoch, index)
        with self._lock:
            in_turn = index == 0 or self._last == (epoch, index - 1)
            self._last = (epoch, index)
            # two per thread: enough to keep them busy, little enough for large batches in memory
            end = min(count, index + 1 + 2 * self.workers) if in_turn else index + 1
            wanted = [(epoch, number) for number in range(index, end)]
            for key in self._futures.keys() - set(wanted):  # of another epoch, or left behind
                self._futures.pop(key).cancel()
            for key in wanted:
                if key not in self._futures:
                    self._futures[key] = self._threads.submit(self.make, *key)
            future = self._futures.pop((epoch, index))
        return future.result()

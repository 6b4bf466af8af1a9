"""The examples that a run draws after every epoch: always the same, and what they began as."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.callbacks.files import replace_file
from kgen.callbacks.sample_grid import check_pair


def take_examples(data: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Take `count` pairs of a data source, spread over its whole length.

    Args:
        data: yields (source, target), each (B, H, W, C) float32 in [-1, 1].
        count: number of pairs; fewer if the source has fewer.

    Returns:
        (source, target), each (count, H, W, C).

    Raises:
        ValueError: the data are not batches of pairs.
    """
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        step = max(1, len(data) // count)
        batches = (data[index] for index in range(0, len(data), step))
    else:
        batches = iter(data)
    groups: list[tuple[np.ndarray, np.ndarray]] = []
    # From large batches only a part each, or all examples would be neighbours.
    while sum(len(source) for source, _ in groups) < count:
        batch = next(batches, None)
        if batch is None:
            break
        source, target = check_pair(batch)  # any backend's tensors become arrays
        share = count if not hasattr(data, "__len__") else -(-count // len(data))
        groups.append((source[:share], target[:share]))
    if not groups:
        raise ValueError("the data source yields no batch: nothing to train on")
    source, target = (np.concatenate(part)[:count] for part in zip(*groups, strict=True))
    return source, target


def write_examples(path: Path, source: np.ndarray, target: np.ndarray, before: np.ndarray) -> None:
    """Keep the examples and the untrained model's pictures of them."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, source=source, target=target, before=before)

    replace_file(path, write)


def read_examples(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read source, target and before, as `write_examples` kept them."""
    with np.load(path) as stored:
        return stored["source"], stored["target"], stored["before"]


class DataEpoch(keras.callbacks.Callback):
    """Tell a data source which epoch it is in, so that a resumed run sees the right batches.

    Keras itself calls `on_epoch_end` of a data source once before the first epoch, and again on
    every start; only the number it is given here is the epoch's own.
    """

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.data = data

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Set the epoch, counted from 0."""
        if hasattr(self.data, "epoch"):
            self.data.epoch = epoch

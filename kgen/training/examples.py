"""The examples that a run draws after every epoch: always the same, and what they began as."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from kgen.callbacks.examples import Examples
from kgen.callbacks.files import replace_file


def take_batch(data: Any, count: int) -> Any:
    """Take `count` examples of a data source, spread over its whole length.

    Args:
        data: yields batches: (source, target), or dictionaries of arrays (B, ...).
        count: number of examples; fewer if the source has fewer.

    Returns:
        One batch as `data` yields them, numpy arrays (count, ...).

    Raises:
        ValueError: the data source yields nothing.
    """
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        step = max(1, len(data) // count)
        batches = (data[index] for index in range(0, len(data), step))
    else:
        batches = iter(data)
    share = -(-count // len(data)) if hasattr(data, "__len__") else count
    parts: list[Any] = []
    # From large batches only a part each, or all examples would be neighbours.
    while sum(map(_length, parts)) < count and (batch := next(batches, None)) is not None:
        parts.append(tree.map_structure(lambda array: _to_numpy(array)[:share], batch))
    if not parts:
        raise ValueError("the data source yields no batch: nothing to train on")
    return tree.map_structure(lambda *arrays: np.concatenate(arrays)[:count], *parts)


def _length(batch: Any) -> int:
    return len(tree.flatten(batch)[0])


def _to_numpy(array: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(array))  # tensors of any backend


def write_examples(path: Path, examples: Examples, before: np.ndarray) -> None:
    """Keep the examples and the untrained model's pictures of them."""
    arrays: dict[str, Any] = {"inputs": examples.inputs}
    if isinstance(examples.inputs, dict):
        arrays = {f"inputs/{name}": array for name, array in examples.inputs.items()}
    if examples.source is not None:
        arrays["source"] = examples.source
    arrays |= {"target": examples.target, "before": before}

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)

    replace_file(path, write)


def read_examples(path: Path) -> tuple[Examples, np.ndarray]:
    """Read the examples and the pictures before training, as `write_examples` kept them."""
    with np.load(path) as stored:
        arrays: dict[str, Any] = dict(stored)
    named = {name[7:]: array for name, array in arrays.items() if name.startswith("inputs/")}
    inputs = named or arrays["inputs"]
    return Examples(inputs, arrays.get("source"), arrays["target"]), arrays["before"]


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

"""Models to choose from after training, each with its picture, as the classic walk-through does."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from kgen.callbacks.files import replace_file
from kgen.callbacks.sample_grid import SampleGrid


class SaveEvery(keras.callbacks.Callback):
    """Save the model, and a picture of what it makes, every `every` epochs.

    The last loss is not the best picture: look at the pictures and take the model that belongs to
    the one you like.  Files: `model_0010.keras` and `plot_0010.png`, ...

    Args:
        directory: folder for models and pictures; made when needed.
        every: epochs from one saving to the next.
        batch: the examples to draw, as for `SampleGrid`; None saves the models only.

    Raises:
        ValueError: `every` is below 1, or `batch` holds no examples, or not equally many of each.

    Example:
        >>> SaveEvery("runs/demo/saved", every=10).model_path(10).name
        'model_0010.keras'
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        every: int = 10,
        batch: Sequence[Any] | None = None,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be at least 1 epoch; received {every}")
        self.directory = Path(directory)
        self.every = every
        self._grid = None if batch is None else _Plot(batch, directory)

    def model_path(self, epoch: int) -> Path:
        """Return the model file of an epoch, counted from 1."""
        return self.directory / f"model_{epoch:04d}.keras"

    def plot_path(self, epoch: int) -> Path:
        """Return the picture of an epoch, counted from 1."""
        return self.directory / f"plot_{epoch:04d}.png"

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save, if it is this epoch's turn."""
        if (epoch + 1) % self.every:
            return
        replace_file(self.model_path(epoch + 1), self.model.save)
        if self._grid is not None:
            self._grid.set_model(self.model)
            self._grid.draw(epoch + 1)


class _Plot(SampleGrid):
    def path(self, epoch: int) -> Path:
        return self.directory / f"plot_{epoch:04d}.png"

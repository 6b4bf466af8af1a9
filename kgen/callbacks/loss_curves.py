"""Loss curves that are redrawn while training runs, so that one can look at any time."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras

from kgen.callbacks.epoch_table import EpochTable
from kgen.plotting import loss_curves, save_figure


class LossCurves(keras.callbacks.Callback):
    """Draw the losses of all epochs so far into one PNG.

    Args:
        path: the picture, such as `runs/demo/loss_curves.png`; replaced in one go.
        every: epochs from one drawing to the next; the last epoch is always drawn.
        history: name -> values of the epochs before, if this training continues another.

    Raises:
        ValueError: `every` is below 1.

    Example:
        >>> LossCurves("runs/demo/loss_curves.png").path.name
        'loss_curves.png'
    """

    def __init__(
        self,
        path: str | os.PathLike,
        every: int = 1,
        history: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be at least 1 epoch; received {every}")
        self.path = Path(path)
        self.every = every
        self.table = EpochTable(history)
        self._drawn = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add the epoch's values, and draw if it is this epoch's turn."""
        self.table.add(epoch + 1, logs)
        self._drawn = (epoch + 1) % self.every == 0
        if self._drawn:
            self.draw()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Draw what the last epochs added."""
        if not self._drawn:
            self.draw()

    def draw(self) -> Path:
        """Draw now."""
        return save_figure(loss_curves(self.table.columns()), self.path)

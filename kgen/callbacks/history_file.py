"""The losses as a table on disk, whole after every epoch."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras

from kgen.callbacks.epoch_table import EpochTable
from kgen.callbacks.files import replace_file


class HistoryFile(keras.callbacks.Callback):
    """Write `history.csv`: a column per value, a row per epoch counted from 1.

    The file is rewritten in one go after every epoch, so it never holds half a row, and a training
    that continues (`history`, `fit(initial_epoch=...)`) leaves no row twice.

    Args:
        path: the file, such as `runs/demo/history.csv`.
        history: name -> values of the epochs before, if this training continues another.

    Example:
        >>> HistoryFile("runs/demo/history.csv").path.name
        'history.csv'
    """

    def __init__(
        self, path: str | os.PathLike, history: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.table = EpochTable(history)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add the epoch and write."""
        self.table.add(epoch + 1, logs)
        self.write()

    def write(self) -> Path:
        """Write the table now."""
        return replace_file(self.path, self._write)

    def _write(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.table.names(), restval="")
            writer.writeheader()
            writer.writerows(self.table.rows)

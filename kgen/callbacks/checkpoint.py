"""Checkpoints that survive a kill at any moment, and continue a training exactly.

A checkpoint is a folder, `epoch_0007/`, with the whole model (weights, optimizers, random states)
and the history that led to it.  It is written under another name and renamed when it is complete;
older ones are removed only then.  So there is always a whole one.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from kgen.callbacks.epoch_table import EpochTable
from kgen.callbacks.files import flush, replace_file, write_json

MODEL, STATE = "model.keras", "state.json"


@dataclass(frozen=True)
class CheckpointState:
    """What is known at the end of an epoch, beside the model.

    Attributes:
        directory: the folder that holds the checkpoint.
        epoch: number of finished epochs.
        history: name -> values of all epochs, `epoch` included.
        best: the monitored value's best epoch, as {"name", "value", "epoch"}; empty if there is
            none.
    """

    directory: Path
    epoch: int
    history: dict[str, list[float]]
    best: dict[str, Any]

    @property
    def model_path(self) -> Path:
        """The saved model, for `keras.models.load_model`."""
        return self.directory / MODEL

    def restore(self, model: keras.Model) -> None:
        """Bring a compiled model of the same make to the state of this checkpoint.

        Args:
            model: its weights, random states and optimizers are overwritten.

        Raises:
            ValueError: the model differs from the saved one.
        """
        copy_state(keras.models.load_model(self.model_path), model)


class Checkpoint(keras.callbacks.Callback):
    """Save everything that is needed to go on, after every epoch.

    Args:
        directory: folder of the checkpoints.
        monitor: value whose lowest epoch is noted as the best, such as `"val_g_l1"`; None notes
            none.
        mode: `"min"` (default), or `"max"` where the highest value is the best.
        history: name -> values of the epochs before, if this training continues another.
        best: the best so far, if this training continues another.
        best_path: a `.keras` file that always holds the model of the best epoch; None keeps none.

    Raises:
        ValueError: another mode.

    Example:
        >>> callback = Checkpoint("runs/demo/checkpoint", monitor="val_g_l1")
        >>> Checkpoint.latest("runs/demo/checkpoint") is None
        True
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        monitor: str | None = None,
        history: Mapping[str, Sequence[float]] | None = None,
        best: dict[str, Any] | None = None,
        mode: str = "min",
        best_path: str | os.PathLike | None = None,
    ) -> None:
        super().__init__()
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max'; got {mode!r}")
        self.mode, self.best_path = mode, best_path
        self.directory = Path(directory)
        self.monitor = monitor
        self.table = EpochTable(history)
        self.best = dict(best or {}) if (best or {}).get("name") == monitor else {}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save the state after this epoch."""
        self.table.add(epoch + 1, logs)
        value = float((logs or {}).get(self.monitor, float("nan")))
        if self._is_best(value):
            self.best = {"name": self.monitor, "value": value, "epoch": epoch + 1}
            if self.best_path is not None:  # first: a run killed in between does the epoch again
                replace_file(self.best_path, self.model.save)
        self.save(epoch + 1)

    def _is_best(self, value: float) -> bool:
        best = self.best.get("value")
        if best is None:
            return value == value  # no nan
        return value < best if self.mode == "min" else value > best

    def save(self, epoch: int) -> Path:
        """Save the state now, as that after `epoch` epochs; 0 is before training."""
        final = self.directory / f"epoch_{epoch:04d}"
        temporary = self.directory / f".writing-{final.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        self.model.save(temporary / MODEL)
        flush(temporary / MODEL)
        state = {"epoch": epoch, "history": self.table.columns(), "best": self.best}
        write_json(temporary / STATE, state)
        if final.exists():  # of a training that started anew in this folder
            os.replace(final, self.directory / f".old-{final.name}")
        os.replace(temporary, final)
        for other in self.directory.iterdir():
            if other != final and other.is_dir():
                shutil.rmtree(other, ignore_errors=True)
        return final

    @staticmethod
    def latest(directory: str | os.PathLike) -> CheckpointState | None:
        """Find the newest whole checkpoint; None if there is none."""
        whole = [
            path
            for path in Path(directory).glob("epoch_*")
            if (path / MODEL).exists() and (path / STATE).exists()
        ]
        if not whole:
            return None
        newest = max(whole, key=lambda path: int(path.name.removeprefix("epoch_")))
        state = json.loads((newest / STATE).read_text(encoding="utf-8"))
        history = {
            name: [float("nan") if value is None else value for value in values]
            for name, values in state["history"].items()
        }
        return CheckpointState(newest, state["epoch"], history, state["best"])


def copy_state(source: keras.Model, target: keras.Model) -> None:
    """Copy weights, random states and optimizers from one model to an equal one.

    Raises:
        ValueError: the models' variables differ in number, order or shape.
    """
    pairs = [
        (a.variables, b.variables)
        for a, b in ((source, target), (source.optimizer, target.optimizer))
    ]
    for saved, own in pairs:
        shapes, wanted = ([tuple(v.shape) for v in group] for group in (saved, own))
        if shapes != wanted:
            different = next(
                (i for i, (a, b) in enumerate(zip(shapes, wanted, strict=False)) if a != b),
                min(len(shapes), len(wanted)),
            )
            raise ValueError(
                "the model must be made and compiled as the saved one was: the saved one has "
                f"{len(shapes)} variables and this one {len(wanted)}; they differ from number "
                f"{different} on ({shapes[different : different + 1]} saved, "
                f"{wanted[different : different + 1]} here)"
            )
    for saved, own in pairs:
        for value, variable in zip(saved, own, strict=True):
            variable.assign(value.value)

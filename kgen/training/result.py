"""What a training returns."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves, in memory and on disk.

    Attributes:
        model: the trained model, the one that was passed.
        history: name -> values of all epochs, `epoch` (from 1) included, earlier sessions of the
            same run too.
        directory: the run folder.
        files: what lies in it, name -> path: `run`, `history`, `loss_curves`, `samples`,
            `before_after`, `model`, `checkpoint`, `best` where it was kept, and `saved_model` where
            it was exported.
        best: epoch of the best monitored value, as {"name", "value", "epoch"}.
        notes: what is worth knowing, such as that a run was continued; empty for a plain run.
    """

    model: Any
    history: dict[str, list[float]]
    directory: Path
    files: dict[str, Path]
    best: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

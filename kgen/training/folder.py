"""The run folder: its name, its files, and whether a run may go on in it."""

import datetime
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunFolder:
    """Paths in a run folder."""

    directory: Path

    @property
    def files(self) -> dict[str, Path]:
        """Name -> path of everything that a finished run leaves."""
        names = {
            "run": "run.json",
            "history": "history.csv",
            "loss_curves": "loss_curves.png",
            "samples": "samples",
            "before_after": "before_after.png",
            "model": "model.keras",
            "best": "best.keras",
            "checkpoint": "checkpoint",
            "saved_model": "saved_model",
            "saved": "saved",
            "tensorboard": "tensorboard",
        }
        return {name: self.directory / file for name, file in names.items()}

    @property
    def examples(self) -> Path:
        """The pictures' inputs, and what the untrained model made of them."""
        return self.directory / "samples" / "before_training.npz"

    def present(self) -> dict[str, Path]:
        """Name -> path of what is there now."""
        return {name: path for name, path in self.files.items() if path.exists()}


def open_folder(
    run_dir: str | os.PathLike | None, name: str, resume: bool
) -> tuple[RunFolder, bool]:
    """Make a new run folder, or find the one to go on in.

    Args:
        run_dir: the folder; None makes `runs/NAME-DATE` in the current directory.
        name: start of the name of a new folder.
        resume: whether a run in `run_dir` may go on.

    Returns:
        The folder, and whether it holds a run.

    Raises:
        FileExistsError: the folder holds a run and `resume` is off, or it holds something else.
    """
    if run_dir is None:
        return RunFolder(_make_new(Path("runs"), name)), False
    folder = RunFolder(Path(run_dir))
    if folder.files["run"].exists():
        if not resume:
            raise FileExistsError(
                f"{folder.directory}: holds a run already, and runs are never overwritten. "
                "Pass resume=True to go on with it, or another run_dir."
            )
        return folder, True
    folder.directory.mkdir(parents=True, exist_ok=True)
    # What a run that was killed at its very start leaves is ours and hidden.
    foreign = sorted(p.name for p in folder.directory.iterdir() if not p.name.startswith("."))
    if foreign:
        raise FileExistsError(
            f"{folder.directory}: is no run folder (it has no run.json) and is not empty "
            f"({', '.join(foreign[:5])}). Pass a new or an empty folder as run_dir."
        )
    return folder, False


def run_name(model: Any, data: Any, name: str | None) -> str:
    """Return system, preset and data set, as far as they are known, joined by dashes."""
    system = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(model).__name__).lower()
    parts = [system, getattr(model, "preset", None), name or _data_name(data)]
    words = "-".join(part for part in parts if isinstance(part, str) and part)
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in words)


def _data_name(data: Any) -> str | None:
    """Guess the data set's name: the folder that holds all its files, above train, val or test."""
    source: Any = getattr(data, "pairs", getattr(data, "pictures", None))
    if not hasattr(source, "name"):
        return None
    first, last = (Path(source.name(index)).parts[:-1] for index in (0, len(source) - 1))
    folders = [ours for ours, other in zip(first, last, strict=False) if ours == other]
    splits = ("train", "val", "test", "A", "B", "images", os.sep)
    names = [folder for folder in folders if folder not in splits]
    return names[-1] if names else None


def _make_new(parent: Path, name: str) -> Path:
    date = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        directory = parent / (f"{name}-{date}" + (f"-{number}" if number > 1 else ""))
        try:
            directory.mkdir(parents=True)
            return directory
        except FileExistsError:  # another run of the same second
            number += 1

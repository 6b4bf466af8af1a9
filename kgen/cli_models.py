"""The model that a command names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras


def load_model(path: str) -> Any:
    """The model in a `.keras` file or a run folder; importing kgen has made its classes known."""
    file = Path(path)
    if file.is_dir():
        file = file / "model.keras"
    if not file.is_file():
        raise FileNotFoundError(
            f"{file}: there is no such model. Give a .keras file, or the folder of a finished run."
        )
    return keras.models.load_model(file)

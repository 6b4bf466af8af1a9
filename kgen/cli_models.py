"""The model that a command names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras


def load_model(path: str) -> Any:
    """The model in a `.keras` file or a run folder, of which the best epoch where it was kept."""
    import kgen.cross_view  # noqa: F401  # makes its classes known; those of others are already

    file = Path(path)
    if file.is_dir():
        best = file / "best.keras"
        file = best if best.is_file() else file / "model.keras"
    if not file.is_file():
        raise FileNotFoundError(
            f"{file}: there is no such model. Give a .keras file, or the folder of a finished run."
        )
    return keras.models.load_model(file)

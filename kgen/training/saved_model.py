"""The SavedModel at the end of a training, whose failure must not take the trained model along."""

import importlib.util
from pathlib import Path
from typing import Any

import keras


def has_tensorflow() -> bool:
    """Whether TensorFlow, which writes SavedModels, is installed."""
    return importlib.util.find_spec("tensorflow") is not None


def write_saved_model(model: keras.Model, path: Path) -> tuple[dict[str, Any], str | None]:
    """Export a model that is safe on disk already.

    Args:
        model: as for `kgen.export`.
        path: the folder to write.

    Returns:
        A short report for `run.json` (the whole one lies in `export.json` in the folder), and a
        note on why there is no SavedModel, or None. Of a model with `export_parts`, name ->
        network, each part gets a folder of its name in `path`, and its own report.
    """
    if hasattr(model, "export_parts"):
        parts = model.export_parts()
        found = {name: write_saved_model(part, path / name) for name, part in parts.items()}
        notes = dict.fromkeys(note for _, note in found.values() if note)
        return {name: report for name, (report, _) in found.items()}, "; ".join(notes) or None
    if not has_tensorflow():
        note = f"no {path.name}/: it needs TensorFlow, which is not installed"
        return {"status": "skipped", "reason": "TensorFlow is not installed"}, note
    from kgen.export import export

    try:
        report = export(model, path)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return {"status": "failed", "reason": reason}, f"no {path.name}/: {reason}"
    kept = ("max_difference", "tolerance", "seconds")
    return {"status": "written", **{name: report[name] for name in kept if name in report}}, None

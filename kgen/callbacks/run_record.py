"""`run.json`: everything that somebody needs who finds a run folder a year later."""

import datetime
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from kgen.callbacks.files import write_json


class RunRecord(keras.callbacks.Callback):
    """Write settings, versions, machine, times and progress of a training to `run.json`.

    `status` is `running` until training ends, then `finished`; a killed run stays `running` with
    the number of epochs that it completed.  Training again with the same file keeps the first start
    and adds to `continued`.

    Args:
        path: the file, such as `runs/demo/run.json`; replaced in one go.
        settings: what the run was asked to do; plain values, lists and dicts.
        data: description of the data; plain values.
        manual: leave start and end to `open` and `close`, for a caller with work to do before and
            after `fit`.

    Example:
        >>> record = RunRecord("runs/demo/run.json", settings={"epochs": 3, "seed": 0})
        >>> record.content["settings"]["epochs"]
        3
    """

    def __init__(
        self,
        path: str | os.PathLike,
        settings: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        manual: bool = False,
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.manual = manual
        earlier = read_record(self.path) if self.path.exists() else {}
        self.content: dict[str, Any] = {
            "status": "running",
            "epochs_done": earlier.get("epochs_done", 0),
            "started": earlier.get("started"),
            "continued": earlier.get("continued", []),
            "ended": None,
            "settings": settings or {},
            "data": data or {},
            "backend": keras.config.backend(),
            "versions": versions(),
        }

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Write the record for the first time, so that a run that dies early is known too."""
        if not self.manual:
            self.open()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write progress and the latest values."""
        latest = {name: float(value) for name, value in (logs or {}).items()}
        self.update(epochs_done=epoch + 1, latest=latest)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Close the record."""
        if not self.manual:
            self.close("finished")

    def open(self) -> None:
        """Note the start, or that an earlier run continues."""
        now = _now()
        if self.content["started"] is None:
            self.content["started"] = now
        else:
            self.content["continued"] = [*self.content["continued"], now]
        self.update(status="running", ended=None, machine=machine(self.model))

    def close(self, status: str, **values: Any) -> None:
        """Note the end; `status` is `finished` or `interrupted`."""
        self.update(status=status, ended=_now(), **values)

    def update(self, **values: Any) -> None:
        """Change entries and write the file."""
        self.content.update(values)
        write_json(self.path, self.content)


def read_record(path: str | os.PathLike) -> dict[str, Any]:
    """Read a `run.json`.

    Raises:
        ValueError: the file is no JSON object.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a readable run record ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: not a run record, which is a JSON object")
    return content


def versions() -> dict[str, str]:
    """Return the versions of Python and of every package that can change a result."""
    backend = keras.config.backend()
    found = {"python": platform.python_version(), "keras": keras.__version__}
    for package in ("kgen", backend, "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            module = sys.modules.get(package)  # a checkout that was never installed
            found[package] = str(getattr(module, "__version__", "not installed"))
    return found


def machine(model: Any = None) -> dict[str, Any]:
    """Return what the machine is, without its name or its user's."""
    found = {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }
    if model is not None and model.variables:
        # `.device` is there on every backend: a name, or an object that prints as one.
        found["device"] = str(model.variables[0].value.device)
    return found


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")

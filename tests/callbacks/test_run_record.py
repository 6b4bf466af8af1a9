"""run.json: what it holds while a training runs, after it, and after a second one."""

import json
import platform

import keras
import numpy as np
import pytest

from kgen.callbacks import RunRecord
from kgen.callbacks.run_record import read_record
from tests.callbacks.tiny import TinyData, duel


class Reader(keras.callbacks.Callback):
    """Reads the record as somebody else would while training runs."""

    def __init__(self, path) -> None:
        super().__init__()
        self.path, self.seen = path, []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        content = read_record(self.path)
        self.seen.append((content["status"], content["epochs_done"]))


def test_tells_the_whole_story(tmp_path) -> None:
    path = tmp_path / "run.json"
    settings = {"seed": 7, "rate": np.float32(0.5)}
    reader = Reader(path)
    callbacks = [RunRecord(path, settings, data={"name": "toy"}), reader]
    duel().fit(TinyData(1), epochs=2, callbacks=callbacks, verbose=0)
    content = json.loads(path.read_text())
    assert reader.seen == [("running", 0), ("running", 1)]
    assert (content["status"], content["epochs_done"]) == ("finished", 2)
    assert content["settings"] == {"seed": 7, "rate": 0.5}
    assert content["data"] == {"name": "toy"}
    assert content["backend"] == keras.config.backend()
    assert content["versions"]["keras"] == keras.__version__
    assert content["versions"]["python"] == platform.python_version()
    assert set(content["versions"]) == {"python", "keras", "kgen", "numpy", content["backend"]}
    assert "cpu" in content["machine"]["device"].lower()
    assert content["started"] <= content["ended"]
    assert content["latest"]["g_loss"] > 0

    again = RunRecord(path, settings)
    duel().fit(TinyData(1), epochs=3, initial_epoch=2, callbacks=[again], verbose=0)
    second = read_record(path)
    assert second["started"] == content["started"]
    assert len(second["continued"]) == 1
    assert second["epochs_done"] == 3


def test_broken_record_names_its_file(tmp_path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"run\.json: not a readable run record"):
        RunRecord(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="JSON object"):
        RunRecord(path)

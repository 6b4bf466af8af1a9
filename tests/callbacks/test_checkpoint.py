"""Checkpoints: whole at any moment, exact, and clear when they do not fit."""

import json
import os
import shutil

import keras
import numpy as np
import pytest

from kgen.callbacks import Checkpoint, HistoryFile
from kgen.callbacks import checkpoint as module
from kgen.callbacks.epoch_table import EpochTable
from kgen.callbacks.files import replace_file, write_json
from kgen.plotting import read_history
from tests.callbacks.tiny import TinyData, duel
from tests.checks import state_of


def test_restores_everything(tmp_path) -> None:
    model = duel()
    model.fit(TinyData(), epochs=2, callbacks=[Checkpoint(tmp_path, "g_loss")], verbose=0)
    state = Checkpoint.latest(tmp_path)
    assert (state.epoch, state.history["epoch"]) == (2, [1, 2])
    losses = state.history["g_loss"]
    assert state.best == {
        "name": "g_loss",
        "value": min(losses),
        "epoch": losses.index(min(losses)) + 1,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_0002"]
    other = duel()
    state.restore(other)
    for saved, restored in zip(state_of(model), state_of(other), strict=True):
        np.testing.assert_array_equal(saved, restored)


def test_the_highest_may_be_the_best_and_is_kept(tmp_path) -> None:
    kept = tmp_path / "best.keras"
    callback = Checkpoint(tmp_path / "states", "score", mode="max", best_path=kept)
    model = duel()
    callback.set_model(model)
    variable = model.trainable_variables[0]
    for epoch, score in enumerate([float("nan"), 0.25, 0.75, 0.75, 0.5]):
        variable.assign(np.full(variable.shape, epoch))
        callback.on_epoch_end(epoch, {"score": score})
        assert kept.exists() == (epoch > 0)
    assert callback.best == {"name": "score", "value": 0.75, "epoch": 3}
    best = keras.models.load_model(kept)
    assert set(np.ravel(keras.ops.convert_to_numpy(best.trainable_variables[0]))) == {2.0}
    assert Checkpoint.latest(tmp_path / "states").best == callback.best
    with pytest.raises(ValueError, match="'min' or 'max'"):
        Checkpoint(tmp_path, mode="highest")


class Killed(BaseException):
    """Stands for a kill: nothing may handle it."""


@pytest.mark.parametrize("victim", ["save", "flush", "write_json", "rename", "rmtree"])
def test_a_whole_one_survives_every_moment(tmp_path, monkeypatch, victim: str) -> None:
    model = duel()
    callback = Checkpoint(tmp_path)
    callback.set_model(model)
    callback.save(1)

    def die(*arguments: object, **options: object) -> None:
        raise Killed

    real_replace, real_rmtree = os.replace, shutil.rmtree

    def die_on_folders(source: object, target: object) -> None:
        if os.path.isdir(source):
            raise Killed
        real_replace(source, target)

    def die_on_the_old(path: object, **options: object) -> None:
        if os.path.basename(path) == "epoch_0001":
            raise Killed
        real_rmtree(path, **options)

    if victim == "save":
        monkeypatch.setattr(model, "save", lambda path: (path.write_bytes(b"half"), die()))
    elif victim == "rename":
        monkeypatch.setattr(module.os, "replace", die_on_folders)
    elif victim == "rmtree":
        monkeypatch.setattr(module.shutil, "rmtree", die_on_the_old)
    else:
        monkeypatch.setattr(module, victim, die)
    with pytest.raises(Killed):
        callback.save(2)
    monkeypatch.undo()
    state = Checkpoint.latest(tmp_path)
    assert state.epoch == (2 if victim == "rmtree" else 1)
    state.restore(duel())
    callback.save(3)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_0003"]


def test_another_model_is_refused(tmp_path) -> None:
    callback = Checkpoint(tmp_path)
    callback.set_model(duel())
    callback.save(1)
    other = duel(d_optimizer="sgd")
    with pytest.raises(ValueError, match="made and compiled as the saved one"):
        Checkpoint.latest(tmp_path).restore(other)


def test_not_a_number_is_kept(tmp_path) -> None:
    callback = Checkpoint(tmp_path, history={"epoch": [1], "g_l1": [float("nan")]})
    callback.set_model(duel())
    callback.save(1)
    assert np.isnan(Checkpoint.latest(tmp_path).history["g_l1"][0])


def test_history_has_no_row_twice(tmp_path) -> None:
    path = tmp_path / "history.csv"
    first = HistoryFile(path)
    for epoch in range(3):
        first.on_epoch_end(epoch, {"g_l1": np.float32(0.1 * epoch)})
    # Killed after epoch 3 was written, continued from the checkpoint of epoch 2.
    columns = {name: values[:2] for name, values in first.table.columns().items()}
    second = HistoryFile(path, columns)
    second.on_epoch_end(2, {"g_l1": 0.5, "val_g_l1": 0.6})
    history = read_history(path)
    assert history["epoch"] == [1, 2, 3]
    assert history["g_l1"] == [0.0, float(np.float32(0.1)), 0.5]
    np.testing.assert_array_equal(history["val_g_l1"], [np.nan, np.nan, 0.6])
    table = EpochTable(history)
    table.add(2, {"g_l1": 1.0})
    assert table.columns()["epoch"] == [1, 2]


def test_files_are_replaced_in_one_go(tmp_path) -> None:
    path = write_json(tmp_path / "a.json", {"x": float("nan"), "y": (1, np.float32(2))})
    assert json.loads(path.read_text()) == {"x": None, "y": [1, 2.0]}

    def fail(temporary) -> None:
        temporary.write_text("half")
        raise Killed

    with pytest.raises(Killed):
        replace_file(path, fail)
    assert json.loads(path.read_text())["y"] == [1, 2.0]

"""kgen.train: the run folder, going on after a kill, and what it refuses."""

import importlib
import importlib.util
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kgen
from kgen.callbacks import Checkpoint
from kgen.callbacks.run_record import read_record
from kgen.plotting import read_history
from kgen.training.examples import take_batch
from kgen.training.folder import run_name
from kgen.training.settings import describe_data
from tests.callbacks.tiny import SIDE, TinyData, pairs, tiny_system
from tests.checks import state_of

REPOSITORY = Path(__file__).resolve().parent.parent


def train_in_process(run_dir: Path, epochs: int, *kill: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.training_process", str(run_dir), str(epochs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([*command, *map(str, kill)], env=environment, cwd=run_dir.parent)


@pytest.mark.skipif(
    keras.config.backend() != "torch",
    reason="files outlive a process whatever it computes with; attribute_gan/test_training.py goes "
    "on bit for bit on every backend",
)
@pytest.mark.slow
def test_a_killed_run_ends_as_one_never_killed(tmp_path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted = train_in_process(whole, 4)
    # In the first epoch, where no epoch has been finished, and again in the third.
    assert train_in_process(killed, 4, 0, 2).wait() == -signal.SIGKILL
    assert read_record(killed / "run.json")["status"] == "running"
    assert Checkpoint.latest(killed / "checkpoint").epoch == 0
    assert train_in_process(killed, 4, 2, 1).wait() == -signal.SIGKILL
    assert Checkpoint.latest(killed / "checkpoint").epoch == 2
    assert train_in_process(killed, 4).wait() == 0
    assert uninterrupted.wait() == 0

    states = [state_of(keras.models.load_model(d / "model.keras")) for d in (whole, killed)]
    assert len(states[0]) > 20
    for never_killed, resumed in zip(*states, strict=True):
        np.testing.assert_array_equal(never_killed, resumed)
    for name in ("history.csv", "before_after.png", "samples/epoch_0004.png"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    history = read_history(killed / "history.csv")
    assert history["epoch"] == [1, 2, 3, 4]
    np.testing.assert_allclose(history["learning_rate"], [2e-4, 1.5e-4, 1e-4, 0.5e-4], rtol=1e-6)
    record = read_record(killed / "run.json")
    assert (record["status"], len(record["continued"])) == ("finished", 2)


class Interrupt(keras.callbacks.Callback):
    """The user stops the training in the second epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if epoch == 1:
            raise KeyboardInterrupt


def options(run_dir: Path, **changed: object) -> dict:
    return {
        "data": TinyData(),
        "run_dir": run_dir,
        "samples": 2,
        "export": False,
        "verbose": 0,
    } | changed


def test_life_of_a_run(tmp_path, capsys, caplog) -> None:
    """One run: interrupted, continued, finished, asked for again, prolonged, and refused."""
    caplog.set_level(logging.INFO, logger="kgen")
    run_dir = tmp_path / "run with a space"
    model = tiny_system()
    with pytest.raises(KeyboardInterrupt):
        kgen.train(model, **options(run_dir, epochs=2, callbacks=[Interrupt()], save_every=2))
    record = read_record(run_dir / "run.json")
    assert (record["status"], record["epochs_done"]) == ("interrupted", 1)
    assert record["reason"] == "KeyboardInterrupt"
    assert read_history(run_dir / "history.csv")["epoch"] == [1]

    result = kgen.train(tiny_system(), **options(run_dir, epochs=2, save_every=2))
    assert result.notes == ("continued after epoch 1 of 2",)
    assert result.history["epoch"] == [1, 2]
    assert result.history["g_l1"] == read_history(run_dir / "history.csv")["g_l1"]
    assert result.best["name"] == "g_l1"
    files = sorted(str(p.relative_to(run_dir)) for p in run_dir.rglob("*") if p.is_file())
    assert files == [
        "before_after.png",
        "checkpoint/epoch_0002/model.keras",
        "checkpoint/epoch_0002/state.json",
        "history.csv",
        "loss_curves.png",
        "model.keras",
        "run.json",
        "samples/before_training.npz",
        "samples/epoch_0000.png",
        "samples/epoch_0001.png",
        "samples/epoch_0002.png",
        "saved/model_0002.keras",
        "saved/plot_0002.png",
    ]
    assert result.directory == run_dir
    assert all(path.exists() for path in result.files.values())
    assert result.files["model"] == run_dir / "model.keras"
    record = read_record(run_dir / "run.json")
    assert (record["status"], record["epochs_done"]) == ("finished", 2)
    assert record["settings"]["model"]["networks"]["generator"]["input"] == [None, SIDE, SIDE, 3]
    assert record["settings"]["optimizers"]["g"]["class"] == "Adam"
    assert record["data"]["training"] == {
        "class": "TinyData",
        "length": 3,
        "moving": True,
        "seed": 0,
    }
    before = {p: p.read_bytes() for p in run_dir.rglob("*") if p.is_file()}

    again = tiny_system()
    unchanged = kgen.train(again, **options(run_dir, epochs=2, save_every=2))
    assert "finished with 2 epochs and returned as it is" in unchanged.notes[0]
    assert unchanged.notes[0] in caplog.text
    assert {p: p.read_bytes() for p in run_dir.rglob("*") if p.is_file()} == before
    for saved, restored in zip(state_of(result.model), state_of(again), strict=True):
        np.testing.assert_array_equal(saved, restored)

    with pytest.raises(ValueError, match=r"data.training.seed: 0 in run.json, 3 now"):
        kgen.train(again, **options(run_dir, epochs=3, data=TinyData(seed=3)))
    with pytest.raises(FileExistsError, match=r"never overwritten.*resume=True"):
        kgen.train(again, **options(run_dir, epochs=3, resume=False))
    assert {p: p.read_bytes() for p in run_dir.rglob("*") if p.is_file()} == before

    # Prolonged even without the checkpoint, which somebody removed to save space.
    for path in sorted((run_dir / "checkpoint").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    longer = kgen.train(again, **options(run_dir, epochs=3))
    assert longer.history["epoch"] == [1, 2, 3]
    assert int(again.step) == 9
    assert capsys.readouterr().out == ""


def test_resumed_run_without_checkpoint_is_refused(tmp_path) -> None:
    model = tiny_system()
    settings = options(tmp_path / "run", epochs=1)
    run = kgen.training.run.Run(
        model=model, validation_data=None, constant_epochs=None, decay_epochs=0, sample_every=1,
        save_every=0, monitor=None, tensorboard=False, callbacks=[],
        **{name: settings[name] for name in ("data", "epochs", "samples", "export")},
    )  # fmt: skip
    run.open(tmp_path / "run", None, True)
    content = {"epochs_done": 5, "status": "running", "backend": keras.config.backend()}
    content |= {"settings": run.settings, "data": run.sources}
    (tmp_path / "run" / "run.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"no whole checkpoint, although run\.json tells of 5"):
        kgen.train(model, **settings)


def test_other_folders_are_never_touched(tmp_path, monkeypatch) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"no run folder.*thesis\.tex"):
        kgen.train(tiny_system(), **options(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    monkeypatch.chdir(tmp_path)
    folders = [kgen.training.folder.open_folder(None, "pix2pix-maps", True)[0] for _ in range(3)]
    names = [str(folder.directory) for folder in folders]
    assert len(set(names)) == 3
    assert all(name.startswith("runs/pix2pix-maps-2") for name in names)


def test_names_of_new_folders() -> None:
    files = kgen.data.arrays(*[np.zeros((1, 8, 8, 3), "uint8")] * 2)
    data = kgen.data.Batches(files, size=8, workers=0)
    model = tiny_system()
    assert run_name(model, data, "my maps") == "pix2pix-my_maps"
    files.name = lambda index: "/data/maps/train/1.jpg"
    assert run_name(model, data, None) == "pix2pix-maps"
    model.preset = "paper"
    assert run_name(model, TinyData(), None) == "pix2pix-paper"


def test_data_are_described() -> None:
    files = kgen.data.arrays(*[np.zeros((3, 8, 8, 3), "uint8")] * 2)
    data = kgen.data.Batches(files, size=8, batch_size=2, seed=4, workers=0)
    data.epoch = 9
    description = describe_data(data)
    assert (description["seed"], description["batch_size"], description["length"]) == (4, 2, 1)
    assert description["pairs"]["length"] == 3
    assert "epoch" not in description
    assert json.loads(json.dumps(description))["preparation"]["load_size"] == [9, 9]


def test_examples_are_spread_over_the_data() -> None:
    data = TinyData(length=9)
    source, target = take_batch(data, 3)
    np.testing.assert_array_equal(source, [data[index][0][0] for index in (0, 3, 6)])
    np.testing.assert_array_equal(target, -source)
    assert len(take_batch(TinyData(length=2), 4)[0]) == 4
    assert len(take_batch(TinyData(length=1), 4)[0]) == 2
    assert len(take_batch(iter([pairs(3)]), 2)[0]) == 2
    named = take_batch([{"a": np.arange(4) + 10 * n, "b": np.ones((4, 2))} for n in range(3)], 3)
    assert named["a"].tolist() == [0, 10, 20]
    assert named["b"].shape == (3, 2)
    with pytest.raises(ValueError, match="no batch"):
        take_batch(iter([]), 2)


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"epochs": 0}, ValueError, "at least 1; received 0"),
        ({"data": pairs()}, TypeError, r"kgen\.data\.Batches\(kgen\.data\.arrays"),
        ({"validation_data": pairs()}, TypeError, "validation_data must be a data source"),
        ({"constant_epochs": 1}, ValueError, "needs decay_epochs"),
        ({"epochs": 5, "constant_epochs": 1, "decay_epochs": 2}, ValueError, "1 \\+ 2 for 5"),
        ({"epochs": 5, "decay_epochs": 6}, ValueError, "-1 \\+ 6 for 5"),
    ],
)
def test_wrong_arguments_are_explained(tmp_path, changed: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        kgen.train(tiny_system(), **options(tmp_path / "run", **changed))
    assert not (tmp_path / "run").exists()


def test_model_must_be_compiled(tmp_path) -> None:
    model = tiny_system()
    plain = kgen.Pix2Pix(model.generator, model.discriminator)
    with pytest.raises(ValueError, match=r"model\.compile\(\) before kgen\.train"):
        kgen.train(plain, **options(tmp_path / "run"))


def test_optional_packages_are_named(tmp_path, monkeypatch) -> None:
    find = importlib.util.find_spec
    missing = ("tensorflow", "tensorboard")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in missing else find(name, *a)
    )
    with pytest.raises(ImportError, match="missing: tensorflow and tensorboard"):
        kgen.train(tiny_system(), **options(tmp_path / "run", tensorboard=True))
    result = kgen.train(tiny_system(), **options(tmp_path / "run", export=True))
    assert result.notes == ("no saved_model/: it needs TensorFlow, which is not installed",)
    assert read_record(tmp_path / "run" / "run.json")["saved_model"]["status"] == "skipped"


def test_saved_model_and_its_failure(tmp_path, monkeypatch) -> None:
    calls = []

    def export(model: keras.Model, path: Path) -> dict:
        calls.append(path)
        if len(calls) == 1:
            raise ValueError("outputs differ")
        path.mkdir()
        return {"max_difference": {"serve": 1e-7}, "signatures": {}}

    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr(importlib.import_module("kgen.export"), "export", export)
    result = kgen.train(tiny_system(), **options(tmp_path / "run", export=True))
    assert result.notes == ("no saved_model/: ValueError: outputs differ",)
    assert "saved_model" not in result.files
    # Asked again, nothing is trained, and what was missing is made.
    result = kgen.train(result.model, **options(tmp_path / "run", export=True))
    assert result.files["saved_model"] == tmp_path / "run" / "saved_model"
    report = read_record(tmp_path / "run" / "run.json")["saved_model"]
    assert report == {"status": "written", "max_difference": {"serve": 1e-7}}


def test_tensorboard(tmp_path) -> None:
    pytest.importorskip("tensorflow")
    pytest.importorskip("tensorboard")
    result = kgen.train(tiny_system(), **options(tmp_path / "run", tensorboard=True))
    assert list(result.files["tensorboard"].rglob("events.out.tfevents*"))

"""A run of a retrieval model: it goes on where it was stopped, and keeps its best epoch."""

import keras
import numpy as np
import pytest

import kgen
from kgen.callbacks.run_record import read_record
from kgen.data.cross_view import CrossViewBatches, view_arrays
from tests.checks import state_of
from tests.cross_view.pairs import AERIAL, GROUND, places, small_model


class Interrupt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def batches(**options):
    data = places()
    views = [np.uint8(np.round(data[v] * 127.5 + 127.5)) for v in ("aerial", "ground")]
    return CrossViewBatches(
        view_arrays(*views), 6, aerial_size=AERIAL, ground_size=GROUND, workers=0, **options
    )


def train(run_dir, **options):
    model = small_model()
    model.compile(keras.optimizers.AdamW(3e-2, epsilon=1e-8))
    return kgen.train(
        model, batches(), batches(training=False), epochs=4, run_dir=run_dir, export=False,
        samples=4, verbose=0, **options,
    )  # fmt: skip


@pytest.mark.skipif(keras.config.backend() != "torch", reason="runs on one backend only")
def test_a_stopped_run_ends_as_one_never_stopped(tmp_path):
    whole = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", callbacks=[Interrupt()])
    assert read_record(tmp_path / "stopped" / "run.json")["epochs_done"] == 2
    stopped = train(tmp_path / "stopped")
    assert stopped.notes == ("continued after epoch 2 of 4",)
    assert stopped.best == whole.best
    assert whole.best["value"] == max(whole.history["val_r1"])
    for name in ("model", "best"):
        states = [state_of(keras.models.load_model(run.files[name])) for run in (whole, stopped)]
        for one, other in zip(*states, strict=True):
            np.testing.assert_array_equal(one, other)
    kept = keras.models.load_model(whole.files["best"])
    found = kept.evaluate(batches(training=False), verbose=0, return_dict=True)
    assert found["r1"] == pytest.approx(whole.best["value"])


def test_what_is_drawn_is_what_is_found():
    model, data = small_model(), places(5)
    inputs, source, target = model.example(data)
    assert source is data["ground"]
    assert target is data["aerial"]
    found = model.draw_examples(inputs)
    ground, aerial = (model.descriptors(view, data[view]) for view in ("ground", "aerial"))
    for vector, picture in zip(ground, found, strict=True):
        nearest = np.argmin(((aerial - vector) ** 2).sum(axis=1))
        np.testing.assert_array_equal(picture, data["aerial"][nearest])
    assert list(model.export_parts()) == ["ground", "aerial"]

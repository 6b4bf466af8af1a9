"""Metrics during fit: the right values in logs and files, and a training that does not notice."""

import json

import keras
import numpy as np
import pytest

import kgen
from kgen import metrics
from kgen.callbacks import LinearDecay, MetricReport
from kgen.data import to_uint8
from tests.callbacks.tiny import SIDE, TinyData, tiny_system
from tests.checks import state_of

SOURCE, REAL = np.random.default_rng(5).integers(0, 256, (2, 3, SIDE, SIDE, 3), "uint8")


def test_training_is_the_same_when_measured() -> None:
    states = []
    for callbacks in ([], [MetricReport((SOURCE, REAL), ["rmse"])]):
        keras.utils.set_random_seed(0)
        model = tiny_system("paper")  # dropout at inference: random states move when watched
        model.fit(TinyData(), epochs=2, callbacks=callbacks, verbose=0)
        states.append(state_of(model))
    for alone, measured in zip(*states, strict=True):
        np.testing.assert_array_equal(alone, measured)


def test_values_join_the_history_and_reports_are_written(tmp_path) -> None:
    model = tiny_system()
    pairs = kgen.data.arrays(SOURCE, REAL)
    callback = MetricReport(pairs, ["psnr", "lpips_stand_in"], every=2, directory=tmp_path)
    seen: list = []  # by a callback after it
    after = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(logs.get("eval_psnr"))
    )
    callbacks = [callback, LinearDecay(1, 3), after]
    history = model.fit(TinyData(), epochs=4, callbacks=callbacks, verbose=0)
    values = history.history["eval_psnr"]
    assert len(values) == len(history.history["eval_lpips_stand_in"]) == 2
    source = kgen.data.to_float(SOURCE)
    fake = np.concatenate([model.predict_on_batch(source[i : i + 1]) for i in range(3)])
    expected = metrics.psnr(REAL, to_uint8(fake)).mean()
    assert values[-1] == pytest.approx(expected, rel=1e-6)
    assert callback.results[4]["psnr"] == values[-1]
    assert seen == [None, values[0], None, values[1]]
    assert callback.results[4].pictures == {}  # they would pile up
    assert (tmp_path / "epoch_0002" / "report.html").stat().st_size > 1000
    record = json.loads((tmp_path / "comparison.json").read_text())
    assert record["table"]["psnr"] == {"epoch 2": values[0], "epoch 4": values[1]}


def test_mistakes_are_found_before_training() -> None:
    with pytest.raises(ValueError, match="at least 1 epoch; received 0"):
        MetricReport((SOURCE, REAL), every=0)
    model = tiny_system()
    with pytest.raises(ValueError, match="no metric 'psnrr'"):
        model.fit(TinyData(), callbacks=[MetricReport((SOURCE, REAL), ["psnrr"])], verbose=0)
    assert model.step == 0

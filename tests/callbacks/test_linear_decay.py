"""The schedule: the formula, the reference's numbers, all players, and going on after a stop."""

import keras
import numpy as np
import pytest

from kgen.callbacks import LinearDecay, linear_decay
from tests.callbacks.tiny import TinyData, duel


@pytest.mark.parametrize("form", ["step_at_epoch_end", "step_at_epoch_start"])
def test_formula(form: str) -> None:
    late = {"step_at_epoch_end": 0, "step_at_epoch_start": 1}[form]
    factors = [linear_decay(epoch, 100, 100, form) for epoch in range(1, 201)]
    wanted = [1 - max(0, epoch + late - 100) / 101 for epoch in range(1, 201)]
    np.testing.assert_allclose(factors, wanted, rtol=1e-12, atol=0)
    assert factors[-1] == pytest.approx(1 / 101 if late == 0 else 0.0, abs=1e-15)
    assert linear_decay(500, 100, 100, form) == 0.0


class Rates(keras.callbacks.Callback):
    """Remembers every player's rate in force during the epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[float]] = []

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if batch == 0:
            self.seen.append(rates(self.model))


def rates(model: keras.Model) -> list[float]:
    return [float(keras.ops.convert_to_numpy(o.learning_rate)) for o in model.optimizer.optimizers]


def rates_of(rate: float) -> dict[str, keras.optimizers.Optimizer]:
    return {f"{player}_optimizer": keras.optimizers.SGD(rate) for player in "dg"}


def fit(model: keras.Model, epochs: int, start: int = 0, **options: object) -> tuple[dict, list]:
    seen = Rates()
    callbacks = [LinearDecay(2, 3, **options), seen]
    history = model.fit(
        TinyData(1), epochs=epochs, initial_epoch=start, callbacks=callbacks, verbose=0
    )
    return history.history, seen.seen


def test_every_player_follows_and_ends_with_its_full_rate() -> None:
    model = duel(d_optimizer=keras.optimizers.SGD(0.004), g_optimizer=keras.optimizers.Adam(0.001))
    history, seen = fit(model, epochs=5)
    factors = [1, 1, 0.75, 0.5, 0.25]
    np.testing.assert_allclose(seen, [[0.004 * f, 0.001 * f] for f in factors], rtol=1e-6)
    np.testing.assert_allclose(history["d_learning_rate"], [0.004 * f for f in factors], rtol=1e-6)
    np.testing.assert_allclose(rates(model), [0.004, 0.001], rtol=1e-6)


def test_equal_rates_are_reported_once() -> None:
    history, _ = fit(duel(**rates_of(2e-4)), epochs=3, form="step_at_epoch_start")
    np.testing.assert_allclose(history["learning_rate"], [2e-4, 1.5e-4, 1e-4], rtol=1e-6)


def test_goes_on_after_saving(tmp_path) -> None:
    model = duel(**rates_of(2e-4))
    fit(model, epochs=4)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    _, seen = fit(loaded, epochs=5, start=4)
    np.testing.assert_allclose(seen, [[0.5e-4, 0.5e-4]], rtol=1e-6)


def test_goes_on_after_an_interruption_in_mid_epoch() -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            raise KeyboardInterrupt

    model = duel(**rates_of(2e-4))
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            TinyData(1), epochs=5, initial_epoch=4, callbacks=[LinearDecay(2, 3), Stop()], verbose=0
        )
    np.testing.assert_allclose(rates(model), [0.5e-4] * 2, rtol=1e-6)
    _, seen = fit(model, epochs=4, start=3)
    np.testing.assert_allclose(seen, [[1e-4, 1e-4]], rtol=1e-6)


def test_a_schedule_of_its_own_is_refused() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
    model = duel(g_optimizer=keras.optimizers.Adam(schedule))
    with pytest.raises(ValueError, match=r"plain number.*ExponentialDecay"):
        fit(model, epochs=1)


def test_wrong_arguments_are_explained() -> None:
    with pytest.raises(ValueError, match="received -1 and 3"):
        LinearDecay(-1, 3)
    with pytest.raises(ValueError, match="step_at_epoch_end, step_at_epoch_start; received 'end'"):
        LinearDecay(1, 3, form="end")


def test_works_with_a_plain_keras_model() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.ones((2, 1), "float32")
    history = model.fit(x, x, epochs=2, callbacks=[LinearDecay(1, 1)], verbose=0)
    np.testing.assert_allclose(history.history["learning_rate"], [0.1, 0.05], rtol=1e-6)

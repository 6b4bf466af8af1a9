"""The rate that is halved every so many epochs: its numbers, and going on after a stop."""

import numpy as np
import pytest

from kgen.callbacks import StepDecay
from tests.callbacks.test_linear_decay import Rates, rates, rates_of
from tests.callbacks.tiny import TinyData, duel


def test_the_rate_falls_by_the_factor_and_is_put_back() -> None:
    model, seen = duel(**rates_of(0.01)), Rates()
    history = model.fit(TinyData(1), epochs=5, callbacks=[StepDecay(2, 0.1), seen], verbose=0)
    wanted = [0.01, 0.01, 0.001, 0.001, 0.0001]
    np.testing.assert_allclose(seen.seen, [[rate, rate] for rate in wanted], rtol=1e-6)
    np.testing.assert_allclose(history.history["learning_rate"], wanted, rtol=1e-6)
    np.testing.assert_allclose(rates(model), [0.01, 0.01], rtol=1e-6)


def test_a_run_that_goes_on_has_the_rate_of_its_epoch() -> None:
    model, seen = duel(**rates_of(0.01)), Rates()
    callbacks = [StepDecay(2), seen]
    model.fit(TinyData(1), epochs=5, initial_epoch=4, callbacks=callbacks, verbose=0)
    np.testing.assert_allclose(seen.seen, [[0.0025, 0.0025]], rtol=1e-6)


@pytest.mark.parametrize("arguments", [(0, 0.5), (10, 0.0), (10, 2.0)])
def test_wrong_arguments(arguments: tuple) -> None:
    with pytest.raises(ValueError, match="every must be at least 1 epoch and factor in"):
        StepDecay(*arguments)

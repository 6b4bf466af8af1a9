"""What `fit` gets from Batches on every backend: each epoch's own, whatever happened before."""

import keras
import numpy as np
import pytest

from kgen.data import Batches, arrays


def numbered(count=10, size=16, channels=1):
    """Pairs whose pixels hold the number of the pair, target = 255 - source."""
    values = np.arange(count, dtype="uint8")[:, None, None, None]
    source = np.broadcast_to(values, (count, size, size, channels))
    return arrays(source, 255 - source)


def numbers(batch):
    """Which pairs are in a batch of `numbered` ones."""
    return np.rint((np.asarray(batch[0])[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def everything(batches):
    return [numbers(batch) for batch in batches]


class Recorder(keras.losses.Loss):
    """A loss that writes down which pairs it was given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, target, output):
        try:
            values = keras.ops.convert_to_numpy(target)[:, 0, 0, 0]
        except Exception:  # no values: Keras builds the loss from shapes
            return keras.ops.mean(output)
        self.seen.append((255 - np.rint((values + 1) * 127.5)).astype(int).tolist())
        return keras.ops.mean(output)


@pytest.fixture
def model():
    keras.utils.clear_session()
    inputs = keras.Input((16, 16, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs))
    model.compile("sgd", loss=Recorder(), run_eagerly=True)
    return model


def build(model):
    """Makes Keras build the loss, so that `fit` need not look at the first batch for it."""
    model.train_on_batch(np.zeros((1, 16, 16, 1)), np.zeros((1, 16, 16, 1)))
    model.loss.seen.clear()


def expected_epochs(epochs, **arguments):
    batches = Batches(numbered(), 2, 16, workers=0, **arguments)
    result = []
    for batches.epoch in epochs:
        result += everything(batches)
    return result


@pytest.mark.parametrize("workers", [0, 2])
def test_fit_sees_each_epochs_own_order(model, workers):
    """Also the first epoch of a model whose loss Keras builds by a look at the first batch."""
    batches = Batches(numbered(), 2, 16, workers=workers)
    model.fit(batches, epochs=3, verbose=0)
    assert model.loss.seen[-15:] == expected_epochs(range(3))
    assert len(model.loss.seen) <= 16
    assert batches.epoch == 3


def test_fit_goes_on_where_another_one_ended(model):
    batches = Batches(numbered(), 2, 16)
    build(model)
    batches.epoch = 2
    model.fit(batches, initial_epoch=2, epochs=4, verbose=0)
    assert model.loss.seen == expected_epochs([2, 3])


def test_fit_after_an_interrupted_one_begins_anew(model):
    batches = Batches(numbered(), 2, 16)
    build(model)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(batches, verbose=0, callbacks=[Stop()])
    model.loss.seen.clear()
    batches.epoch = 0  # as kgen's models do
    model.fit(batches, epochs=2, verbose=0)
    assert model.loss.seen == expected_epochs([0, 1])


def test_validation_is_the_same_every_time(model):
    batches = Batches(numbered(), 2, 16, steps_per_epoch=1)
    validation = Batches(numbered(5), 2, 16, training=False)
    build(model)
    model.fit(batches, validation_data=validation, epochs=3, verbose=0)
    in_order = [[0, 1], [2, 3], [4]]
    expected = []
    for batch in expected_epochs(range(3), steps_per_epoch=1):
        expected += [batch, *in_order]
    assert model.loss.seen == expected
    model.loss.seen.clear()
    model.evaluate(validation, verbose=0)
    assert model.loss.seen == in_order
    assert model.predict(validation, verbose=0).shape == (5, 16, 16, 1)

"""Pictures per epoch: the right files, and a training that does not notice them."""

import keras
import numpy as np
import pytest

from kgen.callbacks import LossCurves, SampleGrid, SaveEvery, generate_quietly
from tests.callbacks.tiny import TinyData, pairs, tiny_system
from tests.checks import state_of


class InTheMiddle(SampleGrid):
    """Draws inside of the epochs too, where JAX has taken the variables away."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if batch == 1:
            self.draw(1000 + batch)


def test_training_is_the_same_when_watched(tmp_path) -> None:
    states = []
    for callbacks in ([], [InTheMiddle(pairs(), tmp_path, every=2)]):
        keras.utils.set_random_seed(0)
        model = tiny_system("paper")  # dropout at inference: random states move when watched
        model.fit(TinyData(), epochs=3, callbacks=callbacks, verbose=0)
        states.append(state_of(model))
    for alone, watched in zip(*states, strict=True):
        np.testing.assert_array_equal(alone, watched)
    drawn = sorted(path.name for path in tmp_path.glob("epoch_0*"))
    assert drawn == ["epoch_0002.png"]


def test_images_do_not_depend_on_their_neighbours() -> None:
    model = tiny_system("paper")
    source, _ = pairs(3)
    together = generate_quietly(model, source)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(generate_quietly(model, source), together)
    np.testing.assert_array_equal(generate_quietly(model, source[:1]), together[:1])


def test_wrong_arguments_are_explained(tmp_path) -> None:
    source, target = pairs(2)
    with pytest.raises(ValueError, match="at least 1 epoch; received 0"):
        SampleGrid((source, target), tmp_path, every=0)
    with pytest.raises(ValueError, match=r"\(2, 12, 12, 3\) and \(1, 12, 12, 3\)"):
        SampleGrid((source, target[:1]), tmp_path)
    with pytest.raises(ValueError, match=r"\(source, target\)"):
        SampleGrid(source, tmp_path)
    with pytest.raises(ValueError, match=r"\(2, 12, 12, 3\) and \(1, 5\)"):
        SampleGrid(({"attributes": np.ones((1, 5))}, None, target), tmp_path)


def test_models_and_pictures_every_few_epochs(tmp_path) -> None:
    model = tiny_system()
    source, target = pairs()
    callbacks = [SaveEvery(tmp_path / "saved", every=2, batch=(source, target))]
    callbacks += [LossCurves(tmp_path / "curves.png", every=2)]
    model.fit(TinyData(1), epochs=3, callbacks=callbacks, verbose=0)
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == [
        "model_0002.keras",
        "plot_0002.png",
    ]
    loaded = keras.models.load_model(tmp_path / "saved" / "model_0002.keras")
    assert int(loaded.step) == 2
    assert generate_quietly(loaded, source).shape == source.shape
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert callbacks[1].table.columns()["epoch"] == [1, 2, 3]

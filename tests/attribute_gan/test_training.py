"""kgen.train with batches that are dictionaries: what a stage shows, and going on exactly."""

import keras
import numpy as np
import pytest

import kgen
from kgen.attribute_gan import train_stages
from kgen.callbacks import StepDecay
from kgen.callbacks.checkpoint import copy_state
from kgen.callbacks.examples import examples_of
from kgen.callbacks.run_record import read_record
from kgen.data import AttributeBatches, attribute_arrays, rgba_folder
from kgen.training.examples import read_examples
from kgen.training.folder import run_name
from kgen.training.settings import describe_data
from tests.attribute_gan.small import (
    MASKS,
    OTHERS,
    PICTURE_BATCH,
    PICTURES,
    SHAPE_BATCH,
    SHAPES,
    picture_stage,
    shape_stage,
)
from tests.checks import state_of

RATE = 1e-3


def pictures(seed: int = 0, count: int = 8):
    """The four discs twice, with attributes at random."""
    rng = np.random.default_rng(seed)
    images = kgen.data.to_uint8(np.concatenate([PICTURES, PICTURES]))[:count]
    masks = np.concatenate([MASKS, MASKS])[:count, ..., 0] > 0
    table = rng.integers(0, 2, (count, len(SHAPES) + len(OTHERS)))
    return attribute_arrays(images, masks, table, [*SHAPES, *OTHERS], shape=SHAPES)


def batches(training: bool = True, **changed) -> AttributeBatches:
    arguments = {"stage": 1, "size": 32, "batch_size": 4, "workers": 0, **changed}
    return AttributeBatches(arguments.pop("pictures", pictures()), training=training, **arguments)


def compiled_stage():
    model = shape_stage(ema_decay=0.5, global_weight=0.0, local_weight=0.0)
    model.compile(**{f"{p}_optimizer": keras.optimizers.Adam(RATE, 0.5) for p in model.players})
    return model


class Rates(keras.callbacks.Callback):
    """Notes the rate of every epoch; stops as a user would, if asked."""

    def __init__(self, stop: int | None = None) -> None:
        super().__init__()
        self.seen, self.stop = [], stop

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        rates = [float(optimizer.learning_rate) for optimizer in self.model.optimizer.optimizers]
        self.seen.append((epoch + 1, *rates))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.seen[-1][0] == self.stop:
            raise KeyboardInterrupt


def train(model, run_dir, rates: Rates, **changed):
    arguments = {
        "data": batches(), "validation_data": batches(False), "epochs": 2, "run_dir": run_dir,
        "samples": 2, "sample_every": 2, "export": False, "callbacks": [StepDecay(1, 0.5), rates],
        "verbose": 0, **changed,
    }  # fmt: skip
    return kgen.train(model, **arguments)


def test_a_stopped_stage_ends_as_one_never_stopped(tmp_path):
    """Weights, optimizers, random states, the halved rate, files: all bit for bit."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    model, rates = compiled_stage(), Rates()
    never = train(model, whole, Rates())
    expected = state_of(model)
    copy_state(compiled_stage(), model)  # as it began; its step is compiled already
    with pytest.raises(KeyboardInterrupt):
        train(model, stopped, Rates(stop=2))  # after a step of the epoch with the lower rate
    resumed = train(model, stopped, rates)
    assert resumed.notes == ("continued after epoch 1 of 2",)
    assert rates.seen == [(2, pytest.approx(RATE / 2), pytest.approx(RATE / 2))]
    for wanted, found in zip(expected, state_of(model), strict=True):
        np.testing.assert_array_equal(wanted, found)
    for name in ("history.csv", "before_after.png", "samples/epoch_0002.png"):
        assert (whole / name).read_bytes() == (stopped / name).read_bytes(), name
    assert never.history["learning_rate"] == pytest.approx([RATE, RATE / 2])
    assert np.isfinite(never.history["val_d_loss"]).all()
    assert never.best == {}  # no value says which shapes are best

    # Shown are masks of noise that is each example's own, and no source.
    (inputs, source, target), before = read_examples(whole / "samples" / "before_training.npz")
    assert source is None
    assert np.any(inputs["noise"][0] != inputs["noise"][1])
    held_out = batches(False)
    np.testing.assert_array_equal(target, [held_out[0]["mask"][0], held_out[1]["mask"][0]])
    after = model.predict(inputs, verbose=0)
    assert after.shape == before.shape == target.shape == (2, 32, 32, 1)
    assert np.any(after != before)

    record = read_record(whole / "run.json")
    assert record["settings"]["schedules"] == [{"class": "StepDecay", "every": 1, "factor": 0.5}]
    with pytest.raises(ValueError, match=r"training\.pictures\.attributes: '\(8, 11\) uint8"):
        train(model, whole, rates, data=batches(pictures=pictures(seed=1)))
    with pytest.raises(ValueError, match=r"schedules"):
        train(model, whole, rates, callbacks=[StepDecay(2, 0.5)])


def test_what_stages_show():
    painted = examples_of(picture_stage(), PICTURE_BATCH)
    assert set(painted.inputs) == {"mask", "other_attributes"}
    assert painted.source is PICTURE_BATCH["mask"]
    assert painted.target is PICTURE_BATCH["image"]
    with pytest.raises(ValueError, match="must have the keys mask, shape_attributes"):
        examples_of(shape_stage(), PICTURE_BATCH)
    model = shape_stage(seed=3)
    drawn, again = (examples_of(model, SHAPE_BATCH).inputs["noise"] for _ in range(2))
    np.testing.assert_array_equal(drawn, again)
    assert len(np.unique(drawn)) == drawn.size


def test_names_and_descriptions_of_data_with_attributes():
    source = pictures()
    data = batches(pictures=source)
    assert run_name(shape_stage(), data, None) == "attribute-to-shape-paper"
    source.names = [f"/data/birds/CUB_200_2011/images/{n % 2}/{n}.jpg" for n in range(8)]
    assert run_name(picture_stage(), data, None) == "shape-to-image-paper-CUB_200_2011"
    description = describe_data(data)
    assert description["stage"] == 1
    assert description["attributes"].startswith("(8, 5) float32, checksum ")
    assert (description["pictures"]["class"], description["pictures"]["length"]) == (
        "AttributeArrays",
        8,
    )
    other = describe_data(batches(pictures=source.divide(shape=SHAPES[:4])))
    assert other["attributes"] != description["attributes"]


def test_stages_that_cannot_be_chained_are_refused_before_training(tmp_path):
    shape, picture = compiled_stage(), picture_stage()
    with pytest.raises(ValueError, match="give shape=, picture=, or both"):
        train_stages(pictures(), run_dir=tmp_path)
    with pytest.raises(ValueError, match=r"attribute_names=pictures\.shape_names \(4 names\)"):
        train_stages(pictures().divide(shape=SHAPES[:4]), shape=shape, run_dir=tmp_path)
    unnamed = picture_stage(attribute_names=None, n_attributes=6)
    with pytest.raises(ValueError, match=r"pictures\.other_names \(6 names\); it has none"):
        train_stages(pictures(), picture=unnamed, run_dir=tmp_path)
    large = picture_stage(image_size=64)
    with pytest.raises(ValueError, match="build both with one image_size"):
        train_stages(pictures(), shape=shape, picture=large, run_dir=tmp_path)
    (tmp_path / "run.json").write_text("{}")  # of another system
    with pytest.raises(FileExistsError, match=r"holds no stage of an attribute GAN.*run\.json"):
        train_stages(pictures(), shape=shape, picture=picture, run_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.skipif(
    keras.config.backend() != "torch",
    reason="both stages in a row: each trains on every backend above; TensorFlow's run by `kgen`",
)
@pytest.mark.slow
def test_emoji_train_end_to_end(kgen_data, tmp_path):
    """A folder of pictures with transparency and a table of names: both stages, then drawing."""
    root = kgen_data / "noto_emoji_apache"
    emoji = rgba_folder(root / "png128", root / "index.csv", words="unicode_name", min_count=60)
    few = emoji.subset(range(0, len(emoji), len(emoji) // 16)[:16])
    small = {"image_size": 32, "base_filters": 2, "attribute_names": few.attribute_names}
    shape = kgen.AttributeToShape.from_preset("stackgan", **small)
    picture = kgen.ShapeToImage.from_preset(global_weight=0.0, depth=2, dropout=0.0, **small)
    for model in (shape, picture):
        fast = {f"{p}_optimizer": keras.optimizers.Adam(1e-2, 0.5) for p in model.players}
        model.compile(**fast)
    result = train_stages(
        few, shape=shape, picture=picture, shape_epochs=1, picture_epochs=5, batch_size=8,
        run_dir=tmp_path / "emoji", export=False, verbose=0,
    )  # fmt: skip
    l1 = result.stages["picture"].history["g_l1"]
    assert l1[-1] < l1[0]
    assert (tmp_path / "emoji" / "shape" / "samples" / "epoch_0001.png").is_file()
    chain = keras.models.load_model(result.files["model"])
    images, masks = chain.generate(["face"], n=2, seed=5)
    expected = result.model.generate(["face"], n=2, seed=5)
    np.testing.assert_array_equal(masks, expected[1])
    assert np.abs(images.astype(int) - expected[0]).max() <= 1
    with pytest.raises(ValueError, match=r"Unknown attribute 'fase'\. Did you mean 'face'"):
        chain.generate(["fase"])


def test_arrays_are_refused():
    with pytest.raises(TypeError, match=r"kgen\.data\.AttributeBatches"):
        kgen.train(compiled_stage(), SHAPE_BATCH)

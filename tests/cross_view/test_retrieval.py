"""Training two branches to find each other's pictures."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kgen.cross_view import CosineSchedule, LinearSchedule, RetrievalModel
from kgen.data.cross_view import CrossViewBatches, view_arrays
from tests import checks
from tests.cross_view.pairs import AERIAL, GROUND, branch, places, small_model


def fast() -> keras.optimizers.Optimizer:
    return keras.optimizers.AdamW(3e-2, epsilon=1e-8)


def batches(data: dict, size: int, **arguments) -> CrossViewBatches:
    bytes_ = {v: np.uint8(np.round(data[v] * 127.5 + 127.5)) for v in ("aerial", "ground")}
    pairs = view_arrays(bytes_["aerial"], bytes_["ground"], data["location"])
    return CrossViewBatches(
        pairs, size, aerial_size=AERIAL, ground_size=GROUND, workers=1, **arguments
    )


def test_learns_and_reports_over_the_whole_set(tmp_path):
    data, calls = places(), []
    model = small_model()
    model.compile(fast())
    loss = model.retrieval_loss
    model.retrieval_loss = lambda *arguments: (calls.append(1), loss(*arguments))[1]
    before = checks.values(model.trainable_variables)
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="val_r1", mode="max", save_best_only=True
    )
    validation = batches(data, 5, training=False)
    often = {name: np.concatenate([values] * 5) for name, values in data.items()}
    source = batches(often, 12, unique_locations=True)
    history = model.fit(
        source, epochs=12, validation_data=validation, callbacks=[best], verbose=0
    ).history
    assert history["retrieval_loss"][-1] < 0.5 * history["retrieval_loss"][0]
    assert max(history["val_r1"]) > 0.9
    assert history["val_r1"][-1] > history["val_r1"][0]
    after = checks.values(model.trainable_variables)
    moved = [np.any(a != b) for a, b in zip(before, after, strict=True)]
    assert all(moved)  # of both branches
    if keras.config.backend() != "torch":
        assert len(calls) <= 6, "the step was traced again"  # twice a trace
    # of all 12 pairs: not the mean over batches of five, in which finding is easier
    whole = model.evaluate(data, batch_size=12, verbose=0, return_dict=True)
    assert whole == pytest.approx(model.evaluate(validation, verbose=0, return_dict=True))
    found = keras.models.load_model(tmp_path / "best.keras", compile=False)
    scores = found.evaluate(validation, verbose=0, return_dict=True)
    assert scores["r1"] == pytest.approx(max(history["val_r1"]))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {
            "loss": "semi-triplet",
            "asam": "samsung",
            "rho": 0.2,
            "loss_arguments": {"weight": 5.0},
            "optimizer": {
                "class_name": "AdamW",
                "config": {"learning_rate": CosineSchedule(1e-2, 10, 2)},
            },
        },
    ],
    ids=["default", "chosen"],
)
def test_resumed_equals_uninterrupted(arguments):
    checks.check_continues(small_model, places(6), arguments)


def test_plain_steps_with_the_other_losses_and_a_batch_that_is_left():
    data = places(10)
    for loss in ("infonce", "semi-triplet"):
        model = small_model()
        model.compile(fast(), loss=loss, asam=None)
        history = model.fit(data, batch_size=4, epochs=8, verbose=0).history["retrieval_loss"]
        assert history[-1] < history[0]


def test_an_own_loss_and_clipping():
    model = small_model()
    model.compile(loss=lambda ground, aerial, location: keras.ops.mean((ground - aerial) ** 2))
    assert model.train_on_batch(places(4), return_dict=True)["retrieval_loss"] > 0
    model = small_model()
    model.compile(clip_norm=1.0)
    assert model.optimizer.of("retrieval").global_clipnorm == 1.0


# ------------------------------------------------------------------------------ embeddings


def test_embeddings_of_arrays_and_batches():
    data, model = places(7), small_model()  # not compiled: embedding needs no training
    vectors = model.embed("aerial", data["aerial"], batch_size=3)
    assert vectors.shape == (7, 16)
    assert abs(np.linalg.norm(vectors, axis=1) - 1).min() > 1e-3
    source = batches(data, 3, training=False)
    bytes_ = np.round(data["aerial"] * 127.5 + 127.5) / 127.5 - 1
    expected = model.embed("aerial", bytes_.astype("float32"))
    np.testing.assert_allclose(model.embed("aerial", source), expected, atol=1e-5)
    unit = model.descriptors("aerial", data)
    np.testing.assert_allclose(unit, vectors / np.linalg.norm(vectors, axis=1)[:, None], atol=1e-6)
    with pytest.raises(ValueError, match="shuffled"):
        model.embed("aerial", batches(data, 3))
    with pytest.raises(ValueError, match="view must be one of ground, aerial; got 'sky'"):
        model.embed("sky", source)
    with pytest.raises(ValueError, match=r"aerial must be images of shape \(batch, 8, 8, 3\)"):
        model.embed("aerial", data["ground"])


def test_what_diverged_is_no_perfect_score():
    data, model = places(4), small_model()
    model.compile()
    model.ground.layers[-1].bias.assign(np.full(16, np.nan))
    with pytest.raises(ValueError, match=r"4 of 4 ground embeddings hold NaN.*diverged"):
        model.evaluate(data, verbose=0)
    with pytest.raises(ValueError, match="diverged"):
        model.embed("ground", data["ground"])


# ------------------------------------------------------------------------------ precision


@pytest.mark.skipif(
    checks.lacks_bfloat16(),
    reason="PyTorch has no bfloat16 gradients of convolutions on a CPU without AVX-512",
)
def test_mixed_precision_trains():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small_model()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile()
    data = places(4)
    assert np.isfinite(checks.train(model, data, 2)["retrieval_loss"])
    assert model.embed("ground", data["ground"]).dtype == "float32"


def test_a_float16_step_that_overflows_is_left_out():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        branches = [
            keras.Sequential(
                [
                    keras.Input((*size, 3)),
                    keras.layers.Flatten(),
                    keras.layers.Dense(4),
                    keras.layers.BatchNormalization(),
                ]
            )
            for size in (GROUND, AERIAL)
        ]
    finally:
        keras.config.set_dtype_policy("float32")
    model = RetrievalModel(*branches)
    model.compile(loss=lambda g, a, _: 1e7 * keras.ops.mean((g - a) ** 2))  # beyond 65504
    before = checks.values(model.trainable_variables)
    model.train_on_batch(places(4))
    assert checks.largest_difference(before, checks.values(model.trainable_variables)) == 0.0
    assert all(np.all(np.isfinite(v)) for v in checks.values(model.variables))
    scale = model.optimizer.of("retrieval").dynamic_scale
    assert float(keras.ops.convert_to_numpy(scale)) == 2.0**14  # halved for the next step


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aerial": None}, "aerial is missing"),
        ({"ground": np.zeros((4, 9, 16, 3), "f4")}, r"ground must be images of shape \(batch, 8, "),
        ({"aerial": np.full((4, 8, 8, 3), 255, "f4")}, r"aerial must be scaled to \[-1, 1\]"),
        ({"aerial": np.zeros((3, 8, 8, 3), "f4")}, "as many of each"),
        ({"location": np.zeros((4, 1), "i4")}, "location must be one whole number"),
        ({"labels": np.zeros((4, 4), "f4")}, "labels must be locations"),
    ],
)
def test_batches_that_cannot_be(change, says):
    model = small_model()
    model.compile()
    batch = {k: v for k, v in {**places(4), **change}.items() if v is not None}
    with pytest.raises(ValueError, match=says):
        model.train_on_batch(batch)


def test_a_pair_alone_teaches_nothing():
    model = small_model()
    model.compile()
    with pytest.raises(ValueError, match="at least 2 pairs"):
        model.fit(places(4), batch_size=1, verbose=0)
    with pytest.raises(ValueError, match="at least 2 pairs"):
        model.fit(places(4), None, 1)
    with pytest.raises(ValueError, match="at least 2 pairs"):
        model.train_on_batch(places(1))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"loss": "triplets"}, "loss must be one of triplet, semi-triplet, infonce"),
        ({"asam": "asam"}, "asam must be None or one of saig, samsung, sam"),
        ({"rho": 0.0}, "rho, the radius of 'saig', must be above 0"),
        ({"eta": 0.1}, "eta is added to"),
        ({"asam": None, "rho": 1.0}, "rho and eta are of asam"),
        ({"optimizer": "adam", "clip_norm": 1.0}, "global_clipnorm"),
    ],
)
def test_training_that_cannot_be(arguments, says):
    with pytest.raises(ValueError, match=says):
        small_model().compile(**arguments)


def test_branches_that_cannot_be():
    ground = branch(GROUND, 1)
    with pytest.raises(ValueError, match="share no weights"):
        RetrievalModel(ground, ground)
    with pytest.raises(ValueError, match="ground gives 16 numbers and aerial 5"):
        RetrievalModel(ground, branch(AERIAL, 2, length=5))
    with pytest.raises(ValueError, match="aerial must be a built network"):
        RetrievalModel(ground, keras.Sequential([keras.Input((8, 8, 3)), keras.layers.ReLU()]))
    with pytest.raises(ValueError, match="preset must be one of saig-s"):
        RetrievalModel.from_preset("saig")


@pytest.mark.parametrize("schedule", [CosineSchedule, LinearSchedule])
def test_schedules_that_cannot_be(schedule):
    with pytest.raises(ValueError, match="warm_up < steps"):
        schedule(1e-4, steps=10, warm_up=10)

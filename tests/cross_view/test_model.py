"""The cross-view generator: the game, ablations, pictures, errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import kgen
from kgen.cross_view import ABLATIONS, CrossViewGenerator
from kgen.cross_view.perceptual import perceptual_loss
from kgen.layers import all_layers
from tests import checks
from tests.cross_view.small import LENGTH, SIZE, SOURCE_SIZE, batch, generator

FAST = {
    f"{player}_optimizer": {"class_name": "Adam", "config": {"learning_rate": 1e-2, "beta_1": 0.5}}
    for player in "dg"
}


# Compiling a step of this system takes longer than all that these tests compute.
quickest = pytest.mark.skipif(
    keras.config.backend() != "torch",
    reason="written with keras.ops alone, so PyTorch, which compiles nothing, answers for all",
)


def number(tensor) -> float:
    return float(ops.convert_to_numpy(tensor))


def test_passes_all_system_checks():
    # of one place: with mismatched pairs the three slopes by the last bias add up to 0 at the start
    pairs = batch() | {"location": np.zeros(2, "int32")}
    checks.check_system(generator, pairs, learns="g_l1", steps=15, compile_arguments=FAST)


@pytest.fixture(scope="module")
def model() -> CrossViewGenerator:
    return generator()


@quickest
def test_losses_have_their_signs_and_weights(model):
    played = model.play(batch(), training=False)
    d_loss, d = model.d_loss(batch(), played, training=False)
    expected = d["d_real"] + 0.5 * d["d_fake"] + 0.5 * d["d_mismatched"] + d["d_coarse"]
    assert number(d_loss) == pytest.approx(number(expected), rel=1e-5)
    logits = model.discriminator([played["image"], played["embedding"]])
    fooled = model._fooled(model.discriminator, played["image"], played, training=False)
    assert number(fooled) == pytest.approx(-number(ops.mean(logits)), rel=1e-4)


@quickest
def test_logits_of_zero_cost_two():
    silent = generator(discriminator_options={"base_filters": 2, "spectral_norm": False})
    for judge in (silent.discriminator, silent.coarse_discriminator):
        last = judge.get_layer("match").get_layer("j1")
        last.kernel.assign(ops.zeros_like(last.kernel))
    played = silent.play(batch(), training=False)
    loss, values = silent.d_loss(batch(), played, training=False)
    assert number(loss) == pytest.approx(4.0)  # two discriminators
    assert number(values["d_coarse"]) == pytest.approx(2.0)


@quickest
@pytest.mark.parametrize("bias", [-0.5, 0.0, 1.0, 2.0])
def test_who_ignores_the_place_cannot_cost_less_than_one(bias):
    model = generator(discriminator_options={"base_filters": 2, "spectral_norm": False})
    match = model.discriminator.get_layer("match")
    joined, last = match.get_layer("j0"), match.get_layer("j1")
    matters = np.ones(joined.kernel.shape, "float32")
    matters[:, :, -LENGTH:] = 0.0  # the place's numbers follow the picture's features
    joined.kernel.assign(joined.kernel * matters)
    last.bias.assign([bias])
    _, values = model.d_loss(batch(), model.play(batch(), training=False), training=False)
    assert number(values["d_real"]) + 0.5 * number(values["d_mismatched"]) >= 1.0 - 1e-6


@quickest
@pytest.mark.parametrize("location", [[4, 4], [0]])
def test_one_place_is_no_mismatched_pair(model, location):
    pairs = {k: v[: len(location)] for k, v in batch().items()} | {"location": np.array(location)}
    played = model.play(pairs, training=False)
    _, values = model.d_loss(pairs, played, training=False)
    assert number(values["d_mismatched"]) == 0.0
    assert np.isfinite(number(values["d_real"]))


def test_other_local_noise_leaves_the_coarse_picture_alone(model):
    embeddings = model.embed_images(batch()["aerial"])
    noise = model.draw_noise(2, seed=0)
    first, coarse = model.from_embeddings(embeddings, noise, coarse=True)
    other_noise = {**noise, "z_local": model.draw_noise(2, seed=1)["z_local"]}
    other, other_coarse = model.from_embeddings(embeddings, other_noise, coarse=True)
    assert np.array_equal(coarse, other_coarse)
    assert np.abs(first.astype(int) - other).mean() > 1.0
    moved = model.from_embeddings(embeddings[::-1], noise, coarse=True)
    assert all(np.any(a != b) for a, b in zip(moved, (first, coarse), strict=True))


@quickest
def test_identity_loss_reaches_the_generator_and_not_the_embedder(model):
    target = model.target_embedder.weights
    before = checks.values(target)
    fresh = generator(l1_weight=0.0, perceptual_weight=0.0, diversity_weight=0.0)
    fresh.compile(**FAST)
    logs = [checks.train(fresh, batch(), 1), checks.train(fresh, batch(), 8)]
    assert logs[1]["g_identity"] < logs[0]["g_identity"]
    assert checks.largest_difference(checks.values(fresh.target_embedder.weights), before) == 0.0


@quickest
@pytest.mark.parametrize("name", ["i", "iii", "iv", "v", "vi"])
def test_ablations_train(name):
    options = {"source_size": 128, "encoder_filters": 2} if name == "i" else {}
    ablated = generator(**ABLATIONS[name], **options)
    ablated.compile()
    pairs = batch()
    if name == "i":
        pairs["aerial"] = np.zeros((2, 128, 128, 3), "float32")
    logs = ablated.train_on_batch(pairs, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values())
    assert ("d_coarse" in logs) == (name != "vi")
    assert ("g_identity" in logs) == (name != "i")


@quickest
def test_the_average_and_diversity_continue_exactly():
    def make() -> CrossViewGenerator:
        return generator(ema_decay=0.9, diversity_interval=2, diversity_clip=5.0)

    checks.check_continues(make, batch(), {})


@pytest.mark.skipif(
    checks.lacks_bfloat16(),
    reason="PyTorch has no bfloat16 gradients of convolutions on a CPU without AVX-512",
)
def test_mixed_precision_trains():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = generator()
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.compile()
    logs = checks.train(mixed, batch(), 2)
    assert all(np.isfinite(value) for value in logs.values())
    dtypes = {layer.name: layer.compute_dtype for layer in all_layers(mixed.generator)}
    assert dtypes["rgb_tanh"] == "float32"
    assert dtypes["t0_conv0"] == "bfloat16"


def test_pictures_of_ones_own_images(model):
    photos = [np.full((50, 70, 3), 90, "uint8"), np.full((40, 40, 3), 10, "uint8")]
    pictures, coarse = model.generate(photos, n=2, seed=1, coarse=True)
    assert pictures.shape == (4, *SIZE, 3)
    assert coarse.shape == (4, 16, 32, 3)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(model.generate(photos[0], n=2, seed=1).shape, (2, *SIZE, 3))
    way = model.interpolate(*photos, steps=3)
    assert way.shape == (3, *SIZE, 3)
    with pytest.raises(ValueError, match="both ends"):
        model.interpolate(*photos, steps=1)


@quickest
def test_weight_maps(model):
    maps = model.weight_maps(batch()["aerial"], names=("s3_norm1", "t2_norm2"))
    assert {name: m.shape for name, m in maps.items()} == {
        "s3_norm1": (2, 8, 16, 1),
        "t2_norm2": (2, 128, 256, 1),
    }
    assert all(0.0 <= m.min() < m.max() <= 1.0 for m in maps.values())
    with pytest.raises(ValueError, match="no weight maps t9"):
        model.weight_maps(batch()["aerial"], names=("t9",))


def test_exports_what_it_generates(model, tmp_path):
    # the first map has two pixels: normalizing two numbers that nearly agree enlarges rounding
    # errors up to 1 / sqrt(1e-5) times
    report = kgen.export(model, tmp_path / "saved_model", uint8=False, tolerance=1e-3)
    assert max(report["mean_difference"].values()) < 1e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ground": np.zeros((2, 128, 128, 3), "float32")}, "ground must be images of shape"),
        ({"ground": np.full((2, *SIZE, 3), 255.0, "float32")}, "must be scaled to"),
        ({"source_embedding": np.zeros((2, LENGTH + 1), "float32")}, f"\\(batch, {LENGTH}\\)"),
        ({"source_embedding": np.full((2, LENGTH), np.nan, "float32")}, "diverged"),
    ],
)
def test_bad_batches_are_refused(model, change, message):
    with pytest.raises(ValueError, match=message):
        model.check_batch({**batch(), **change})


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="needs target_embedder"):
        CrossViewGenerator.from_preset("tiny")
    with pytest.raises(ValueError, match="preset must be one of"):
        CrossViewGenerator.from_preset("huge")
    with pytest.raises(ValueError, match="embedder must be a RetrievalModel"):
        CrossViewGenerator.from_preset("tiny", embedder=3)
    with pytest.raises(ValueError, match="perceptual must be one of"):
        generator(perceptual="vgg")
    with pytest.raises(ValueError, match="embedding_norm must be one of"):
        generator(embedding_norm="l1")


@quickest
def test_perceptual_losses_tell_pictures_apart():
    for name in ("lpips_stand_in", "stand_in_l1"):
        loss = perceptual_loss(name)
        one, other = batch()["ground"][:1, :32, :32], batch()["ground"][1:, :32, :32]
        assert number(loss(one, one)) == 0.0
        assert number(loss(one, other)) > 0.0


def test_the_source_may_be_the_ground():
    back = CrossViewGenerator.from_preset(
        "tiny",
        {"aerial": generator().source_embedder, "ground": generator().target_embedder},
        source="ground",
        identity_weight=0.0,
    )
    assert (back.source, back.target) == ("ground", "aerial")
    assert back.source_size == (32, 64)
    assert back.target_embedder.input_shape[1:3] == SOURCE_SIZE

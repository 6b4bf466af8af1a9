"""pix2pix: the game, its options, inference modes and errors."""

import keras
import numpy as np
import pytest
from keras import ops

import kgen
from kgen import Pix2Pix
from kgen.networks import patch_discriminator, resnet_generator, unet
from tests import checks

# two smooth pictures, and what is to be made of them
ROWS, COLUMNS, SHIFTS = np.arange(32)[:, None, None], np.arange(32)[:, None], np.arange(3)
SOURCE = np.stack([np.sin(0.2 * ROWS + 0.1 * k * COLUMNS + SHIFTS) for k in (1, 3)]).astype(
    "float32"
)
TARGET = np.tanh(2 * SOURCE[:, ::-1])


def small(**arguments) -> Pix2Pix:
    return Pix2Pix.from_preset(
        **{"image_shape": (32, 32, 3), "base_filters": 8, "n_layers": 2, **arguments}
    )


def compiled(learning_rate: float = 2e-4, **arguments) -> Pix2Pix:
    model = small(**arguments)
    model.compile(
        **{f"{p}_optimizer": keras.optimizers.Adam(learning_rate, beta_1=0.5) for p in ("d", "g")}
    )
    return model


@pytest.fixture
def nothing_drawn(monkeypatch):
    """Kernels are zeros: to draw fifty million numbers takes longer than to count them."""
    monkeypatch.setattr(
        keras.initializers.RandomNormal, "__call__", lambda _, s, **__: ops.zeros(s)
    )


def test_passes_all_system_checks():
    fast = {f"{p}_optimizer": keras.optimizers.Adam(5e-3, beta_1=0.5).get_config() for p in "dg"}
    fast = {k: {"class_name": "Adam", "config": v} for k, v in fast.items()}
    checks.check_system(small, (SOURCE, TARGET), learns="g_l1", compile_arguments=fast)


def test_everything_switched_on_continues_exactly():
    def make():
        return small(
            depth=3, dropout_levels=[0], pool_size=3, ema_decay=0.9, r1_weight=1.0,
            gan_mode="wgangp", penalty_interval=2, inference_mode="paper",
        )  # fmt: skip

    checks.check_continues(make, (SOURCE, TARGET), {})


@pytest.mark.parametrize("preset", ["paper", "torch", "tf_tutorial", "seed"])
def test_presets_train(preset):
    model = small(preset=preset, n_layers=3)
    model.compile()
    logs = checks.train(model, (SOURCE, TARGET), 1)
    assert all(np.isfinite(v) for v in logs.values())
    weight = 1.0 if preset == "tf_tutorial" else 0.5
    assert logs["d_loss"] == pytest.approx(weight * (logs["d_real"] + logs["d_fake"]), rel=1e-5)
    assert logs["g_loss"] == pytest.approx(logs["g_adversarial"] + 100 * logs["g_l1"], rel=1e-5)


@pytest.mark.usefixtures("nothing_drawn")
@pytest.mark.parametrize(
    ("size", "trainable"),
    [
        (32, 16_659_075),
        (64, 29_244_035),
        (128, 41_828_995),
        (256, 54_413_955),
        (512, 66_998_915),
    ],
)
def test_parameter_counts_of_the_generator(size, trainable):
    network = unet((size, size, 3))
    assert sum(int(np.prod(v.shape)) for v in network.trainable_variables) == trainable
    if size == 256:
        assert network.count_params() == 54_423_811  # with the moving statistics


@pytest.mark.usefixtures("nothing_drawn")
@pytest.mark.parametrize(
    ("n_layers", "trainable"),
    [(0, 9_024), (1, 139_585), (2, 666_433), (3, 2_768_705), (4, 6_964_033), (5, 11_159_361)],
)
def test_parameter_counts_of_the_discriminator(n_layers, trainable):
    network = patch_discriminator((256, 256, 3), n_layers=n_layers)
    assert sum(int(np.prod(v.shape)) for v in network.trainable_variables) == trainable
    side = {0: 256, 1: 126, 2: 62, 3: 30, 4: 14, 5: 6}[n_layers]
    assert network.output_shape == (None, side, side, 1)


@pytest.mark.usefixtures("nothing_drawn")
def test_parameter_counts_of_the_presets():
    def counts(preset):
        model = Pix2Pix.from_preset(preset)
        return model.generator.count_params(), model.discriminator.count_params()

    assert counts("seed") == (54_429_315, 2_771_393)
    assert counts("tf_tutorial") == (54_425_859, 2_770_433)
    assert counts("torch") == counts("paper") == (54_423_811, 2_770_497)
    assert resnet_generator((256, 256, 3)).count_params() == 11_378_179
    assert resnet_generator((256, 256, 3), blocks=6).count_params() == 7_837_699


def test_discriminator_is_trained_even_if_flagged_frozen_after_compile():
    # the classic recipe sets trainable=False and then never trains the discriminator
    model = compiled()
    model.discriminator.trainable = False
    before = checks.values(model.discriminator.weights)
    checks.train(model, (SOURCE, TARGET), 1)
    kernel = [i for i, v in enumerate(model.discriminator.weights) if v.path.endswith("kernel")]
    after = checks.values(model.discriminator.weights)
    assert all(np.any(before[i] != after[i]) for i in kernel)


def test_compile_refuses_a_player_with_nothing_to_train():
    model = small()
    model.generator.trainable = False
    with pytest.raises(ValueError, match="'g' has nothing to train"):
        model.compile()


def test_discriminator_is_updated_before_the_generator_sees_it():
    # with a huge step for D, the generator's adversarial loss is that of the updated D
    model = small(depth=3, dropout=0.0)
    model.compile(d_optimizer=keras.optimizers.SGD(10.0), g_optimizer=keras.optimizers.SGD(0.0))
    fake = model.generator(SOURCE, training=True)
    logs = checks.train(model, (SOURCE, TARGET), 1)
    logits = model.judge(ops.convert_to_tensor(SOURCE), fake, training=True)
    expected = float(np.mean(np.logaddexp(0, -ops.convert_to_numpy(logits))))
    assert logs["g_adversarial"] == pytest.approx(expected, rel=1e-3)
    assert logs["g_adversarial"] != pytest.approx(logs["d_real"], rel=0.1)


@pytest.mark.parametrize("mode", ["instance", "paper", "moving"])
def test_inference_modes(mode):
    model = compiled(inference_mode=mode)
    checks.train(model, (SOURCE, TARGET), 3)
    one = model.predict(SOURCE[:1], verbose=0)
    again = model.predict(SOURCE[:1], verbose=0)
    in_batch = model.predict(SOURCE, verbose=0)[:1]
    if mode == "paper":  # dropout stays on, and the batch changes the statistics
        assert np.abs(one - again).max() > 1e-3
    else:
        np.testing.assert_array_equal(one, again)
        np.testing.assert_allclose(one, in_batch, atol=2e-5)


def test_instance_mode_is_training_at_batch_one_without_dropout():
    model = compiled(dropout=0.0)
    trained = ops.convert_to_numpy(model.generator(SOURCE[:1], training=True))
    np.testing.assert_allclose(model.predict(SOURCE[:1], verbose=0), trained, atol=2e-5)


def test_inference_mode_can_be_changed_and_is_saved(tmp_path):
    model = compiled()
    checks.train(model, (SOURCE, TARGET), 2)
    instance = model.predict(SOURCE, verbose=0)
    model.inference_mode = "moving"
    moving = model.predict(SOURCE, verbose=0)
    assert np.abs(instance - moving).max() > 1e-3
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.inference_mode == "moving"
    np.testing.assert_allclose(loaded.predict(SOURCE, verbose=0), moving, atol=1e-6)


def test_averaged_generator_follows_and_is_used_at_inference():
    model = small(depth=3, ema_decay=0.5, dropout=0.0)
    model.compile()
    start = checks.values(
        model.averaged_generator.trainable_weights + model.averaged_generator.weights
    )
    checks.train(model, (SOURCE, TARGET), 1)
    for average, source, old in zip(
        checks.values(model.averaged_generator.weights),
        checks.values(model.generator.weights),
        start,
        strict=True,
    ):
        is_statistic = average.ndim == 1 and np.allclose(average, source)
        assert is_statistic or np.allclose(average, 0.5 * old + 0.5 * source, atol=1e-6)
    expected = ops.convert_to_numpy(model.averaged_generator(SOURCE, training=False))
    np.testing.assert_allclose(model.predict(SOURCE, verbose=0), expected, atol=1e-6)


def test_penalty_every_other_step():
    model = small(depth=3, r1_weight=10.0, penalty_interval=2)
    model.compile()
    penalties = [checks.train(model, (SOURCE, TARGET), 1)["d_penalty"] for _ in range(4)]
    assert penalties[0] > 0
    assert penalties[2] > 0
    assert penalties[1] == penalties[3] == 0.0


@pytest.mark.parametrize("gan_mode", ["lsgan", "hinge", "wgangp", "nonsaturating"])
def test_gan_modes_train(gan_mode):
    model = small(depth=3, gan_mode=gan_mode)  # a short U-Net, which compiles sooner
    model.compile()
    logs = checks.train(model, (SOURCE, TARGET), 2)
    assert all(np.isfinite(v) for v in logs.values())
    assert ("d_penalty" in logs) == (gan_mode == "wgangp")


def test_unconditional_discriminator_and_resnet_generator():
    model = small(generator="resnet", blocks=1, discriminator_options={"condition_channels": 0})
    model.compile()
    assert not model.is_conditional
    assert np.isfinite(checks.train(model, (SOURCE, TARGET), 1)["g_loss"])


def test_many_channels_and_odd_sizes():
    model = small(image_shape=(33, 50, 5), output_channels=1, pad_to_multiple=True, depth=3)
    model.compile()
    source = np.zeros((1, 33, 50, 5), "float32")
    target = np.zeros((1, 33, 50, 1), "float32")
    checks.train(model, (source, target), 1)
    assert model.generate(source).shape == (1, 33, 50, 1)


def test_generate_takes_and_gives_bytes():
    model = compiled()
    pictures = np.rint((SOURCE + 1) * 127.5).astype("uint8")
    generated = model.generate(pictures)
    assert generated.dtype == np.uint8
    expected = model.predict(pictures.astype("float32") / 127.5 - 1, verbose=0)
    assert np.abs(generated / 127.5 - 1 - expected).max() < 1 / 127.5


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        (SOURCE * 127.5 + 127.5, TARGET, r"source must be scaled to \[-1, 1\]"),
        (SOURCE, (TARGET + 1) * 127.5, r"astype\('float32'\) / 127.5 - 1"),
        (SOURCE, None, "learns from pairs"),
        (SOURCE[:, :16], TARGET, "any shape|must be images of shape"),
        (SOURCE, TARGET[..., :1], "must be images of shape"),
        (SOURCE * np.nan, TARGET, "not finite"),
    ],
)
def test_wrong_batches_are_refused_before_the_first_step(source, target, says):
    model = compiled()
    before = checks.values(model.weights)
    with pytest.raises(ValueError, match=says):
        model.fit(source, target, verbose=0)
    assert checks.largest_difference(before, checks.values(model.weights)) == 0.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"gan_mode": "wgan"}, "gan_mode must be one of vanilla"),
        ({"inference_mode": "eval"}, "inference_mode must be one of instance"),
        ({"preset": "isola"}, "preset must be one of paper"),
        ({"image_shape": (100, 100, 3)}, "multiples of 32; got 100x100 .nearest: 96 or 128"),
        ({"discriminator_options": {"condition_channels": 1}}, "must take 6 in all; it takes 4"),
        ({"generator": "vit"}, "generator must be one of unet, resnet"),
        ({"pool_size": 4, "image_shape": (None, None, 3)}, "stores images of one size"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments, says):
    with pytest.raises(ValueError, match=says):
        small(**arguments)


def test_metrics_compare_what_evaluate_generates(tmp_path):
    model = small()
    model.compile(metrics=[kgen.metrics.RMSE(), "mean_squared_error"])
    numbers = model.evaluate(SOURCE, TARGET, batch_size=1, return_dict=True, verbose=0)
    assert sorted(numbers) == ["g_l1", "mean_squared_error", "rmse"]
    error = TARGET - model.predict(SOURCE, batch_size=1, verbose=0)
    roots = np.sqrt(np.mean(error**2, axis=(1, 2, 3)))  # of each picture
    assert numbers["rmse"] == pytest.approx(127.5 * np.mean(roots), rel=1e-5)
    assert numbers["mean_squared_error"] == pytest.approx(np.mean(error**2), rel=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.evaluate(SOURCE, TARGET, batch_size=1, return_dict=True, verbose=0)
    assert again == pytest.approx(numbers, rel=1e-6)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([keras.metrics.MeanSquaredError(name="g_l1")], "g_l1: give that metric another name"),
        ([kgen.metrics.PSNR(), kgen.metrics.PSNR()], "two metrics have one name; got psnr"),
        (["no_such_metric"], "no_such_metric"),
    ],
)
def test_metrics_that_cannot_be_told_apart(metrics, message):
    with pytest.raises(ValueError, match=message):
        small().compile(metrics=metrics)

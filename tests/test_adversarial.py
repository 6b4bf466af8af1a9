"""The training core, on a small adversarial game with every feature in it."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kgen
from kgen import AdversarialModel
from kgen.backend import gradient
from kgen.layers import SpectralNormalization
from tests import checks

BATCH = {"image": np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")}


@keras.saving.register_keras_serializable("tests")
class Game(AdversarialModel):
    """Hinge GAN from noise: spectral normalization, an averaged and a frozen network, a lazy
    term."""

    players = {"d": "discriminator", "g": ("mapper", "generator")}  # noqa: RUF012
    trained_through_play = ("g",)
    reports = ("diversity",)
    averages = {"smooth": ("generator", 0.9)}  # noqa: RUF012

    def __init__(self, mapper, generator, discriminator, smooth, critic, every=2):
        super().__init__()
        self.mapper, self.generator, self.discriminator = mapper, generator, discriminator
        self.smooth, self.critic, self.every = smooth, critic, every
        self.noise = keras.random.SeedGenerator(7)

    @classmethod
    def make(cls, dtype=None):
        noise = keras.Input((4,))
        mapper = keras.Model(noise, layers.Dense(8, activation="tanh")(noise))
        code = keras.Input((8,))
        x = layers.Reshape((4, 4, 2))(layers.Dense(32)(code))
        x = layers.BatchNormalization(momentum=0.9)(layers.UpSampling2D(2)(x))
        x = layers.Dropout(0.2, seed=3)(x)
        generator = keras.Model(
            code, layers.Conv2D(1, 3, padding="same", activation="tanh", dtype="float32")(x)
        )
        image = keras.Input((8, 8, 1))
        y = SpectralNormalization(layers.Conv2D(4, 4, 2, "same"))(image)
        y = layers.Flatten()(layers.LeakyReLU(0.2)(y))
        discriminator = keras.Model(
            image, SpectralNormalization(layers.Dense(1, use_bias=False, dtype="float32"))(y)
        )
        statistics = layers.BatchNormalization(dtype="float32")
        critic = keras.Sequential(
            [keras.Input((8, 8, 1)), statistics, layers.Flatten(dtype="float32")]
        )
        smooth = keras.models.clone_model(generator)
        smooth.set_weights(generator.get_weights())
        return cls(mapper, generator, discriminator, smooth, critic)

    def call(self, noise):
        return self.smooth(self.mapper(noise))

    def draw(self, batch):
        return keras.random.normal((ops.shape(batch["image"])[0], 4), seed=self.noise)

    def check_batch(self, batch):
        kgen.checks.check_keys(batch, ["image"])

    def play(self, batch, training):
        code = self.mapper(self.draw(batch))
        return {"code": code, "fake": self.generator(code, training=training)}

    def d_loss(self, batch, played, training):
        real = self.discriminator(batch["image"], training=training)
        fake = self.discriminator(played["fake"], training=training)
        return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake)), {}

    def g_loss(self, batch, played, training):
        def diversity():
            other = self.generator(self.mapper(self.draw(batch)), training=training)
            return 1.0 / (0.1 + ops.mean(ops.abs(other - played["fake"])))

        extra = self.every_steps(self.every, diversity)
        judged = ops.mean(self.discriminator(played["fake"], training=training))
        frozen = ops.mean(ops.square(self.critic(played["fake"], training=False)))
        return 0.1 * extra + 0.01 * frozen - judged, {"diversity": extra}


def compiled(**arguments):
    model = Game.make()
    model.compile(**{"d_optimizer": "adam", "g_optimizer": "adam", **arguments})
    return model


def test_each_player_moves_only_its_own():
    checks.check_each_player_moves_its_own(Game.make, BATCH, {})


def test_training_continues_exactly_after_loading():
    arguments = {
        "d_optimizer": keras.optimizers.serialize(
            keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(1e-3, 2, 0.5))
        ),
        "g_optimizer": "adamw",
    }
    checks.check_continues(Game.make, BATCH, arguments)


def test_weights_file_continues_exactly(tmp_path):
    whole = compiled()
    checks.train(whole, BATCH, 2)
    whole.save_weights(tmp_path / "w.weights.h5")
    other = compiled()
    other.load_weights(tmp_path / "w.weights.h5")
    checks.train(whole, BATCH, 2)
    checks.train(other, BATCH, 2)
    assert checks.largest_difference(checks.state_of(whole), checks.state_of(other)) == 0.0


def test_lazy_term_runs_on_its_steps_only():
    model = compiled()
    shown = [checks.train(model, BATCH, 1)["diversity"] for _ in range(4)]
    assert [value > 0 for value in shown] == [True, False, True, False]


def test_averaged_and_frozen_networks():
    model = compiled()
    critic = checks.values(model.critic.weights)
    checks.train(model, BATCH, 3)
    assert checks.largest_difference(critic, checks.values(model.critic.weights)) == 0.0
    kernel = checks.values(model.generator.trainable_variables[:1])
    average = checks.values(model.smooth.trainable_variables[:1])
    assert 0 < checks.largest_difference(kernel, average) < 1.0


@pytest.mark.parametrize("arguments", [{"run_eagerly": True}, {"jit_compile": False}])
def test_ways_of_running_agree(arguments):
    usual, other = compiled(), compiled(**arguments)
    other.set_weights(usual.get_weights())
    a, b = checks.train(usual, BATCH, 3), checks.train(other, BATCH, 3)
    assert b["d_loss"] == pytest.approx(a["d_loss"], rel=1e-4)
    assert b["g_loss"] == pytest.approx(a["g_loss"], rel=1e-4)


def test_steps_per_execution_counts_every_step():
    images = np.concatenate([BATCH["image"]] * 4)
    if keras.config.backend() == "torch":
        with pytest.warns(UserWarning, match="counts as 1"):
            model = compiled(steps_per_execution=2)
    else:
        model = compiled(steps_per_execution=2)
    model.fit({"image": images}, batch_size=4, verbose=0)
    assert int(model.step) == 4


def test_train_on_batch_and_test_on_batch():
    model = compiled()
    logs = model.train_on_batch(BATCH, return_dict=True)
    assert sorted(logs) == ["d_loss", "diversity", "g_loss"]
    assert int(model.step) == 1
    scores = model.test_on_batch(BATCH, return_dict=True)
    assert np.isfinite(scores["d_loss"])
    assert int(model.step) == 1


def test_gradient_clipping_bounds_the_step():
    model = compiled(
        d_optimizer=keras.optimizers.SGD(1.0, global_clipnorm=1e-3),
        g_optimizer=keras.optimizers.SGD(0.0),
    )
    before = checks.values(model.optimizer.variables_of("d"))
    checks.train(model, BATCH, 1)
    after = checks.values(model.optimizer.variables_of("d"))
    norm = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(after, before, strict=True)))
    assert norm == pytest.approx(1e-3, rel=1e-2)


def test_gradient_accumulation_moves_every_second_step():
    model = compiled(d_optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    kernel = model.optimizer.variables_of("d")[:1]
    start = checks.values(kernel)
    checks.train(model, BATCH, 1)
    assert checks.largest_difference(start, checks.values(kernel)) == 0.0
    checks.train(model, BATCH, 1)
    assert checks.largest_difference(start, checks.values(kernel)) > 0.0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains(policy):
    if policy == "mixed_float16" and keras.config.backend() == "torch":
        pytest.skip("PyTorch has no float16 convolution gradients on CPUs")
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = compiled()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    before = checks.values(model.optimizer.variables_of("g"))
    logs = checks.train(model, BATCH, 3)
    assert all(np.isfinite(v) for v in logs.values())
    assert checks.largest_difference(before, checks.values(model.optimizer.variables_of("g"))) > 0
    scaled = [
        isinstance(o, keras.optimizers.LossScaleOptimizer) for o in model.optimizer.optimizers
    ]
    assert all(scaled) == (policy == "mixed_float16")


def test_learning_rate_callback_reaches_every_player():
    model = compiled()
    rate = keras.callbacks.LearningRateScheduler(lambda epoch, lr: 1e-3 * 0.5**epoch)
    model.fit(BATCH, batch_size=4, epochs=3, verbose=0, callbacks=[rate])
    rates = {p: float(r) for p, r in model.optimizer.learning_rate.items()}
    assert rates == pytest.approx({"d": 2.5e-4, "g": 2.5e-4})


def test_gradient_differentiates_twice():
    x = ops.convert_to_tensor(np.array([1.0, 2.0], "float32"))
    # d/dx sum (d/dx sum x^3)^2 = d/dx sum 9 x^4 = 36 x^3
    twice = gradient(lambda t: gradient(lambda s: s**3, t) ** 2, x)
    np.testing.assert_allclose(ops.convert_to_numpy(twice), [36.0, 288.0], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"optimizer": "adam"}, TypeError, "takes d_optimizer, g_optimizer.*got optimizer"),
        ({"loss": "mse"}, TypeError, "Losses are methods of the model"),
        ({"d_optimizer": "adamm"}, ValueError, "d_optimizer: Keras knows no optimizer 'adamm'"),
        ({"d_optimizer": 3}, TypeError, "must be a Keras optimizer"),
        ({"d_optimizer": None}, TypeError, "needs d_optimizer"),
    ],
)
def test_compile_errors(arguments, error, says):
    with pytest.raises(error, match=says):
        compiled(**arguments)


def test_one_optimizer_for_two_players_is_refused():
    shared = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="an optimizer of its own"):
        compiled(d_optimizer=shared, g_optimizer=shared)


def test_a_loss_that_is_no_scalar_is_explained():
    class Wrong(Game):
        def d_loss(self, batch, played, training):
            return self.discriminator(batch["image"])[:, 0], {}

    model = Wrong.make()
    model.compile(d_optimizer="sgd", g_optimizer="sgd", run_eagerly=True)
    with pytest.raises(
        ValueError, match=r"d_loss must return a scalar loss; it returned shape \(4,\)"
    ):
        checks.train(model, BATCH, 1)


def test_a_loss_without_reports_is_explained():
    class Wrong(Game):
        def d_loss(self, batch, played, training):
            return ops.mean(self.discriminator(batch["image"]))

    model = Wrong.make()
    model.compile(d_optimizer="sgd", g_optimizer="sgd", run_eagerly=True)
    with pytest.raises(TypeError, match="d_loss must return"):
        checks.train(model, BATCH, 1)


def test_a_batch_without_the_expected_key_is_explained():
    with pytest.raises(ValueError, match="must have the keys image; image is missing, got picture"):
        compiled().fit({"picture": BATCH["image"]}, verbose=0)


def test_training_needs_compile():
    with pytest.raises(ValueError, match="compile"):
        Game.make().fit(BATCH, verbose=0)

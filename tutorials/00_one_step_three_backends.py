# %% [markdown]
# # One adversarial step, on three backends
#
# **Goal.** After this notebook you can say, and show by numbers, what one training step of a GAN
# does: two players, one generated image, the discriminator first, and each player moving nothing
# but its own weights. You will write the losses once, with `keras.ops`, and see TensorFlow, JAX and
# PyTorch compute the same numbers from them.
#
# **You need** Python and `pip install -e .` of kgen, with one of the three frameworks. No GPU, no
# download. **Time**: under a minute of work for a processor core per backend installed.
#
# The next notebook, `01_pix2pix_maps`, trains a whole pix2pix.

# %% [markdown]
# ## Choose a backend
#
# Keras 3 reads the environment variable `KERAS_BACKEND` once, when it is imported. So set it
# before, and restart the notebook's kernel to change it.

# %%
import os
import time

# os.environ["KERAS_BACKEND"] = "jax"  # or "tensorflow" or "torch"; before keras is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
QUICK = os.environ.get("KGEN_QUICK", "1") == "1"
started = time.perf_counter(), time.process_time()

# %%
import keras
import numpy as np
from keras import ops

import kgen
from kgen.plotting.figure import new_figure

print(f"Keras {keras.__version__} on {keras.config.backend()}; QUICK is {QUICK}")

# %% [markdown]
# ## Look at the data first
#
# Pairs: an aerial photograph (the *source*) and its street map (the *target*), of towns that kgen
# draws itself. Images are float32 in [-1, 1], the range of the `tanh` that generates them.

# %%
pairs = kgen.data.toy_maps("train", size=64, count=4, seed=0)
source, target = kgen.data.to_float(pairs.source), kgen.data.to_float(pairs.target)
print(source.shape, source.dtype, f"{source.min():.2f} to {source.max():.2f}")
kgen.plotting.plot_pairs(source, target, count=4, title="Photographs and their maps")

# %% [markdown]
# ## Two players
#
# The **generator** turns a source into an image. The **discriminator** sees the source *and* an
# image, real or generated, and gives one number per patch: a *logit*, above 0 for "real".
#
# *Predict before you run*: the discriminator halves its input three times, then two convolutions
# without padding to `same` take one pixel each. How large is its map for 64x64 pixels?


# %%
def networks(dropout=0.5):
    shape = (64, 64, 3)
    generator = kgen.networks.unet(shape, base_filters=8, dropout=dropout, seed=0)
    discriminator = kgen.networks.patch_discriminator(shape, base_filters=8, seed=1)
    return generator, discriminator


generator, discriminator = networks()
fake = ops.convert_to_numpy(generator(source))
logits = ops.convert_to_numpy(discriminator([source, fake]))
for name, network, output in (("generator", generator, fake), ("discr.", discriminator, logits)):
    print(f"{name:10} {network.count_params():9,} weights, puts out {output.shape}")

# %% [markdown]
# Neither has learnt anything: the generator's image is grey, the discriminator guesses.

# %%
figure = new_figure(760, 240, layout="constrained")
panels = {"Source": source[0], "Generated": fake[0], "Expected": target[0], "Logits": logits[0]}
for axes, (title, image) in zip(figure.subplots(1, 4), panels.items(), strict=True):
    if title == "Logits":
        figure.colorbar(axes.imshow(image[..., 0], cmap="RdBu", vmin=-1, vmax=1))
    else:
        axes.imshow((image + 1) / 2)
    axes.set_title(title)
    axes.set_axis_off()
figure

# %% [markdown]
# ## The losses, once
#
# Binary cross-entropy, written with the logit $d$: calling a real image real costs
# $-\log\sigma(d) = \mathrm{softplus}(-d)$, calling a generated one generated costs
# $\mathrm{softplus}(d)$. The generator is scored as if its image were real, so that its gradient is
# largest where it is found out. `keras.ops` runs on every backend; there is nothing else to write.
#
# *Predict before you run*: what does a discriminator pay that always says 0?


# %%
def loss_if_real(d):
    return ops.mean(ops.softplus(-d))


def loss_if_generated(d):
    return ops.mean(ops.softplus(d))


paid = float(loss_if_real(logits)), float(loss_if_generated(logits))
print(f"untrained: {paid[0]:.3f} and {paid[1]:.3f}; log 2 = {np.log(2):.3f}")
print("kgen.losses:", float(kgen.losses.real_loss(logits)), float(kgen.losses.fake_loss(logits)))

# %%
d = np.linspace(-6, 6, 121, dtype="float32")
figure = new_figure(560, 320, layout="constrained")
axes = figure.add_subplot()
axes.plot(d, ops.convert_to_numpy(ops.softplus(-d)), label="softplus(-d): if it shall be real")
axes.plot(d, ops.convert_to_numpy(ops.softplus(d)), label="softplus(d): if it shall be generated")
axes.axvline(0, color="0.7", linewidth=1)
axes.set(xlabel="logit d", ylabel="loss", title="What a logit costs")
axes.legend()
figure

# %% [markdown]
# ## The game
#
# A kgen system says who plays (`players`, in order of update), what they share (`play`: the
# generated image, computed once) and what each pays. There is no `train_step` and no
# `GradientTape`: the same class trains on every backend. What a loss returns beside its value is
# reported; here each player reports a fingerprint of the image it was shown.


# %%
class Game(kgen.AdversarialModel):
    players = {"d": "discriminator", "g": "generator"}  # noqa: RUF012
    trained_through_play = ("g",)  # the generator's gradient goes through the shared image
    reports = ("seen_by_d", "seen_by_g", "l1")

    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator

    def play(self, batch, training):
        return self.generator(batch[0], training=training)


# %% [markdown]
# The losses of equation 4 of the pix2pix paper: $L_{cGAN} + 100\,L_{L1}$. (`training` switches
# batch normalization and dropout, as in any Keras model.)


# %%
def d_loss(self, batch, fake, training):
    source, target = batch
    on_real = loss_if_real(self.discriminator([source, target], training=training))
    on_fake = loss_if_generated(self.discriminator([source, fake], training=training))
    return 0.5 * (on_real + on_fake), {"seen_by_d": ops.mean(ops.abs(fake))}


def g_loss(self, batch, fake, training):
    source, target = batch
    adversarial = loss_if_real(self.discriminator([source, fake], training=training))
    l1 = ops.mean(ops.abs(target - fake))
    return adversarial + 100.0 * l1, {"l1": l1, "seen_by_g": ops.mean(ops.abs(fake))}


Game.d_loss, Game.g_loss = d_loss, g_loss  # in your own code: methods of the class

# %% [markdown]
# ## One step moves only each player's own weights
#
# To see a player alone, give the other one a learning rate of 0 and compare all weights before and
# after a single step.
#
# *Predict before you run*: the second table row below lets only the generator move. Which of the
# two networks changes, and by how many of its tensors?


# %%
def one_step(d_rate, g_rate, dropout=0.5):
    game = Game(*networks(dropout))
    sgd = keras.optimizers.SGD
    game.compile(d_optimizer=sgd(d_rate), g_optimizer=sgd(g_rate))
    weights = {p: game.optimizer.variables_of(p) for p in ("d", "g")}
    before = {p: [np.array(v.numpy()) for v in weights[p]] for p in weights}
    logs = game.train_on_batch(source, target, return_dict=True)
    moved = {
        p: [np.abs(v.numpy() - old).max() for v, old in zip(weights[p], before[p], strict=True)]
        for p in weights
    }
    return {name: float(value) for name, value in logs.items()}, moved


# %%
only_d, moved_by_d = one_step(d_rate=0.1, g_rate=0.0)
only_g, moved_by_g = one_step(d_rate=0.0, g_rate=0.1)
for title, moved in (("D's step", moved_by_d), ("G's step", moved_by_g)):
    counts = [f"{np.count_nonzero(moved[p])} of {len(moved[p])} tensors of {p}" for p in "dg"]
    print(f"{title} moved", " and ".join(counts))

# %%
figure = new_figure(900, 300, layout="constrained")
for axes, (title, moved) in zip(
    figure.subplots(1, 2, sharey=True),
    (("The discriminator's step", moved_by_d), ("The generator's step", moved_by_g)),
    strict=True,
):
    distance = np.array(moved["d"] + moved["g"])
    colours = ["C0"] * len(moved["d"]) + ["C1"] * len(moved["g"])
    axes.bar(np.arange(len(distance)), np.maximum(distance, 1e-9), color=colours)
    axes.axvline(len(moved["d"]) - 0.5, color="0.7")
    axes.set(yscale="log", ylim=(1e-9, 10), title=title, xlabel="tensors: D's | G's")
figure.axes[0].set_ylabel("largest change")
figure

# %% [markdown]
# An empty half is exactly 0, not small. This is the very thing that the classic Keras recipe gets
# wrong under Keras 3 (notebook 01 measures it): there, setting `trainable = False` for the
# generator's sake also stops the discriminator.

# %% [markdown]
# ## The same fake, and D before G
#
# Dropout makes the generator random: two forward passes would give two images. Both players report
# the same fingerprint, so there was one pass.
#
# And the generator is judged by the discriminator *after* its update. Compare a step in which D
# moved with one in which it did not: D's loss is the same, since it was computed before anybody
# moved, and G's differs.

# %%
still, _ = one_step(d_rate=0.0, g_rate=0.0)
moved, _ = one_step(d_rate=1.0, g_rate=0.0)
print(f"the fake, seen by D: {moved['seen_by_d']:.7f}, by G: {moved['seen_by_g']:.7f}")
print(f"{'D moves first?':16}{'d_loss':>10}{'g_loss - 100 l1':>18}")
for answer, logs in (("no", still), ("yes", moved)):
    print(f"{answer:16}{logs['d_loss']:10.5f}{logs['g_loss'] - 100 * logs['l1']:18.5f}")

# %%
adversarial = [logs["g_loss"] - 100 * logs["l1"] for logs in (still, moved)]
figure = new_figure(420, 300, layout="constrained")
axes = figure.add_subplot(ylabel="loss", title="G meets the updated D")
place = np.arange(2)
axes.bar(place - 0.2, [still["d_loss"], moved["d_loss"]], 0.4, label="discriminator")
axes.bar(place + 0.2, adversarial, 0.4, label="generator, adversarial")
axes.set_xticks(place, ["D stands still", "D moves first"])
axes.set_ylim(0, 1.4 * max(adversarial))
axes.legend(loc="upper left")
figure

# %% [markdown]
# ## Three backends agree
#
# Now the real thing: kgen's `Pix2Pix`, some steps on each backend that is installed. A process has
# one backend, so each runs in its own. What must be equal to compare them: the data, the *weights*
# (the frameworks draw random numbers differently, so numpy draws them here), and no dropout.
#
# *Predict before you run*: float32 has seven digits. How many will agree after these steps?

# %%
SCRIPT = """
import json, sys, keras, kgen, numpy as np
rng = np.random.default_rng(0)
model = kgen.Pix2Pix.from_preset("paper", image_shape=(64, 64, 3), base_filters=8, dropout=0.0)
for v in model.generator.weights + model.discriminator.weights:
    if v.path.endswith(("kernel", "gamma")):
        v.assign(rng.normal(float(v.path.endswith("gamma")), 0.02, v.shape).astype("float32"))
sgd = lambda: keras.optimizers.SGD(1e-3, momentum=0.5)
model.compile(d_optimizer=sgd(), g_optimizer=sgd())
x = rng.uniform(-1, 1, (int(sys.argv[1]), 64, 64, 3)).astype("float32")
steps = [model.train_on_batch(a[None], np.tanh(-2 * a[None]), return_dict=True) for a in x]
print(json.dumps([{k: float(v) for k, v in step.items()} for step in steps]))
"""

# %%
import importlib.util
import json
import subprocess
import sys

STEPS = 5 if QUICK else 50


def steps_on(backend):
    command = [sys.executable, "-c", SCRIPT, str(STEPS)]
    environment = {**os.environ, "KERAS_BACKEND": backend, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


chosen = os.environ.get("KGEN_BACKENDS", "tensorflow jax torch").split()
installed = [backend for backend in chosen if importlib.util.find_spec(backend)]
losses = {backend: steps_on(backend) for backend in installed}

# %%
first = installed[0]
names = ("d_loss", "g_adversarial", "g_l1")
largest_difference = max(
    abs(row[name] / expected[name] - 1)
    for backend in installed
    for row, expected in zip(losses[backend], losses[first], strict=True)
    for name in names
)
for backend in installed:
    row = losses[backend][-1]
    print(f"{backend:12}", "  ".join(f"{name} {row[name]:.8f}" for name in names))
print(f"largest relative difference in {STEPS} steps: {largest_difference:.1e}")

# %%
figure = new_figure(900, 300, layout="constrained")
for axes, name in zip(figure.subplots(1, 3), names, strict=True):
    for i, backend in enumerate(installed):
        values = [row[name] for row in losses[backend]]
        axes.plot(range(1, STEPS + 1), values, ("-", "--", ":")[i], linewidth=4 - i, label=backend)
    axes.set(title=name, xlabel="step")
figure.axes[0].legend()
figure

# %% [markdown]
# One line, not three. **Expected**: relative differences around 1e-7, and at most 1e-5, in QUICK
# mode (5 steps of plain SGD). With Adam, or after hundreds of steps, they grow: Adam divides by the
# size of the gradient, so where that is rounding noise, noise becomes a step of full length.
#
# ## How to switch
#
# | where | how |
# |---|---|
# | in a terminal | `KERAS_BACKEND=jax python train.py` |
# | in a notebook | `os.environ["KERAS_BACKEND"] = "jax"`, in the first cell |
# | for good | `"backend": "jax"` in `~/.keras/keras.json` |
#
# A `.keras` file saved on one backend loads on the others.

# %% [markdown]
# ## When something is wrong
#
# Errors say what to do. The two mistakes that everybody makes once: images in 0..255, and sources
# without targets.

# %%
model = kgen.Pix2Pix(*networks())
model.compile()
for mistake in ((pairs.source, pairs.target), (source, None)):
    try:
        model.train_on_batch(*mistake)
    except ValueError as error:
        print(f"ValueError: {error}\n")

# %% [markdown]
# ## Exercises
#
# 1. Swap the order of `players` to `{"g": ..., "d": ...}` and run the table "D moves first?" again.
#    Which numbers change?
# 2. Replace the two softplus losses by squares (LSGAN): `(d - 1)**2` and `d**2`. What does the
#    undecided discriminator pay now? Compare with `kgen.losses.real_loss(logits, "lsgan")`.
# 3. In `SCRIPT`, take Adam (`keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)`). How large is
#    the largest difference after 10 steps? kgen's tests allow 2e-3.
# 4. Give the discriminator a learning rate of 10. What happens to the generator's adversarial loss?

# %%
wall, work = time.perf_counter() - started[0], time.process_time() - started[1]
print(
    f"{keras.config.backend()}, QUICK {QUICK}, {os.cpu_count()} cores: {wall:.0f} s by the clock,"
)
print(f"{work:.0f} s of work in this process; the backends' own processes come on top")

# %% [markdown]
# # pix2pix: maps from aerial photographs
#
# **Goal.** Follow the classic Keras walk-through of pix2pix ("Using Pix2Pix for generating
# street-view images from satellite images", by Khush Garg) step by step, in Keras 3, on
# TensorFlow, JAX or PyTorch. Its function names are the headings here, so that a reader of the
# original finds the way. Each step says what kgen has in its place, and why.
#
# | walk-through | here |
# |---|---|
# | `load_images` | `kgen.data.side_by_side` |
# | `preprocess_data` | `kgen.data.Batches`, `kgen.data.to_float` |
# | `define_discriminator` | `kgen.networks.patch_discriminator` |
# | `define_encoder_block`, `decoder_block`, `define_generator` | `kgen.networks.unet` |
# | `define_gan` | nothing: `kgen.Pix2Pix` needs no combined model |
# | `generate_real_samples`, `generate_fake_samples` | the batches; `Pix2Pix.play` |
# | `summarize_performance` | `kgen.callbacks.SampleGrid`, `SaveEvery` |
# | `train` | `model.fit` |
# | `plot_images` | `kgen.plotting.plot_images` |
#
# **Time.** In QUICK mode one to two minutes of work for a processor core: 64-pixel toy maps, small
# networks, 400 steps of 4 pairs at ten times the paper's learning rate, which so few steps need;
# the results are blurry and are meant to be. The full run (`KGEN_QUICK=0`) has 256 pixels and the
# paper's settings: hours on a GPU, days on two cores.

# %%
import importlib.util
import os
import time
from pathlib import Path

# os.environ["KERAS_BACKEND"] = "jax"  # or "tensorflow" or "torch"; before keras is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
started = time.perf_counter(), time.process_time()

# %%
import keras
import numpy as np
from keras import layers, ops

import kgen
from kgen.plotting.figure import new_figure
from kgen.plotting.grids import draw_panels

# %%
QUICK = os.environ.get("KGEN_QUICK", "1") != "0"
MAPS = os.environ.get("KGEN_MAPS", "")  # "": toy maps; "download"; or the folder of the real maps
SIZE, FILTERS = (64, 8) if QUICK else (256, 64)
COUNTS = (160, 8, 16) if QUICK else (1000, 100, 100)  # toy pairs to train, validate and test
CONSTANT, DECAY = (7, 3) if QUICK else (100, 100)  # epochs: full learning rate, then falling
if os.environ.get("KGEN_QUICK") == "2":  # to see that all cells run, not that it learns
    CONSTANT, DECAY = 1, 1
BATCH, RATE = (4, 2e-3) if QUICK else (1, 2e-4)
RUN = Path("runs", "01_pix2pix_maps")

keras.utils.set_random_seed(0)
print(f"Keras {keras.__version__} on {keras.config.backend()}, QUICK {QUICK}, {SIZE} pixels")

# %% [markdown]
# ## load_images
#
# The original reads all files of `maps/train` into memory, squeezed to 256x512, and cuts each at
# pixel 256. `side_by_side` cuts at half the width, whatever the size, reads when asked, and names
# the file when one is broken. It asks which half is the input, because archives differ: the
# photograph is left in `maps`, the input is right in `facades`.
#
# Toy maps are written in the archive's own layout, so that nothing changes for the real ones:
# `KGEN_MAPS=download` fetches them (1096 + 1098 pairs), `KGEN_MAPS=/path/to/maps` takes a folder.


# %%
def load_images(folder, split):
    return kgen.data.side_by_side(folder, split, input_side="left")


if MAPS == "download":
    folder = kgen.data.download_pairs("maps")
else:
    near = {"fov": 80.0} if QUICK else {}  # metres across: few, large houses for few pixels
    folder = Path(MAPS or kgen.data.write_maps(RUN / "maps", size=SIZE, counts=COUNTS, **near))
splits = ("train", "val", "val" if MAPS else "test")  # the real archive has no test split
train_pairs, val_pairs, test_pairs = (load_images(folder, split) for split in splits)
source, target = train_pairs[0]
print("Loaded:", len(train_pairs), "pairs of", source.shape, source.dtype, "in", folder)

# %% [markdown]
# ## Look at the data before training
#
# *Ask yourself*: which colours does a map have, and which of them can be told from the photograph?
# What is there in the photograph that the map never shows?

# %%
examples = [train_pairs[i] for i in range(4)]
sources, targets = (np.stack(images) for images in zip(*examples, strict=True))
kgen.plotting.plot_pairs(sources, targets, count=4, title="Training pairs")

# %% [markdown]
# What would a lazy model score, one that always answers the same map: at each pixel the median of
# the training maps? Training must beat that number, or nothing was learnt from the source.
#
# *Predict before you run*: mean absolute error on the scale [-1, 1], which is 2 wide.

# %%
few = range(min(len(test_pairs), 16))
test_source, test_target = (
    kgen.data.to_float(np.stack([kgen.data.resize(test_pairs[i][half], SIZE) for i in few]))
    for half in (0, 1)
)
some = [kgen.data.resize(train_pairs[i][1], SIZE) for i in range(min(len(train_pairs), 80))]
lazy = np.median(kgen.data.to_float(np.stack(some)), axis=0)
lazy_l1 = float(np.abs(test_target - lazy).mean())
print(f"the lazy answer: L1 distance {lazy_l1:.3f} to the test maps")

# %% [markdown]
# ## preprocess_data
#
# The original maps 0..255 to [-1, 1] and is done: every epoch shows the same pixels. The paper's
# training resizes to 286, cuts a random 256x256 window from *both* halves alike, and mirrors every
# second pair. `Batches` does that, scaled to other sizes, as a function of (seed, epoch) only: a
# resumed run, or another backend, sees the same pictures.


# %%
def preprocess_data(pairs, training, batch_size=1):
    return kgen.data.Batches(pairs, batch_size, size=SIZE, training=training, seed=0)


by_hand = (train_pairs[0][0] - 127.5) / 127.5
print("as the original's:", np.allclose(by_hand, kgen.data.to_float(train_pairs[0][0]), atol=1e-6))
one = preprocess_data(train_pairs.subset([0]), training=True)
seen = []
for one.epoch in range(5):
    seen.append(one[0])
jittered = [np.concatenate(images) for images in zip(*seen, strict=True)]
kgen.plotting.plot_pairs(*jittered, count=5, title="One pair as five epochs show it")

# %%
train_data = preprocess_data(train_pairs, training=True, batch_size=BATCH)
val_data = preprocess_data(val_pairs, training=False)
test_data = preprocess_data(test_pairs, training=False)
batch = train_data[0]
print(
    f"{len(train_data)} batches of {batch[0].shape}, {batch[0].min():.2f} to {batch[0].max():.2f}"
)

# %% [markdown]
# ## define_discriminator
#
# C64-C128-C256-C512, each patch of 70x70 pixels judged by itself. This is the original's network,
# with the two arguments that Keras has renamed since (`alpha`, `lr`). Its halved loss is said to
# slow the discriminator down; with Adam, a constant factor on the loss changes nothing but the
# number printed, since Adam divides by the size of the gradient.


# %%
def define_discriminator(image_shape, filters=FILTERS):
    source, target = keras.Input(image_shape), keras.Input(image_shape)
    d = layers.Concatenate()([source, target])
    for width, stride in ((1, 2), (2, 2), (4, 2), (8, 1)):
        init = keras.initializers.RandomNormal(stddev=0.02)
        d = layers.Conv2D(width * filters, 4, stride, "same", kernel_initializer=init)(d)
        d = layers.BatchNormalization()(d) if width > 1 else d
        d = layers.LeakyReLU(negative_slope=0.2)(d)
    patch = layers.Conv2D(1, 4, padding="same", activation="sigmoid")(d)
    model = keras.Model([source, target], patch)
    adam = keras.optimizers.Adam(learning_rate=2e-4, beta_1=0.5)
    model.compile(loss="binary_crossentropy", optimizer=adam, loss_weights=0.5)
    return model


# %% [markdown]
# kgen's gives logits, not probabilities: the sigmoid belongs into the loss, where it cannot
# saturate. The default pads one pixel on each side, as the paper's code (30x30 for 256 pixels); the
# preset "seed" pads as the walk-through (`same`, 32x32).

# %%
shape = (SIZE, SIZE, 3)
walk_d = define_discriminator(shape)
seed_d, paper_d = (
    kgen.networks.patch_discriminator(shape, base_filters=FILTERS, **options)
    for options in ({"padding": "same", "use_bias": True}, {})
)
for name, network in (("walk-through", walk_d), ("seed", seed_d), ("paper", paper_d)):
    print(f"{name:13}{network.count_params():10,} weights, map {network.output.shape[1:3]}")

# %% [markdown]
# *Predict before you run*: change a single pixel in the middle of a 256x256 picture. How many of
# the 30x30 logits can notice?

# %%
wide = kgen.networks.patch_discriminator((256, 256, 3), base_filters=4, seed=0)
blank = np.zeros((1, 256, 256, 3), "float32")
dotted = blank.copy()
dotted[:, 128, 128] = 1.0
for layer in wide.layers:  # statistics of the whole picture would carry the dot everywhere
    if hasattr(layer, "inference_statistics"):
        layer.inference_statistics = "moving"
change = ops.convert_to_numpy(wide([blank, dotted]) - wide([blank, blank]))[0, ..., 0]
figure = new_figure(380, 340, layout="constrained")
axes = figure.add_subplot(title=f"{np.count_nonzero(change)} of 900 logits notice")
axes.imshow(change != 0, cmap="Blues")
figure

# %% [markdown]
# 70 / 8 = 8.75, so 8 or 9 in each direction: a patch is 70 pixels wide, and neighbours lie 8 apart.
#
# ## define_encoder_block, decoder_block
#
# The two halves of a U-Net level. The original passes `training=True` to batch normalization and
# dropout, which freezes that choice into the saved model. kgen's layers have a switch for it,
# which we come back to under "Inference modes".


# %%
def define_encoder_block(layer_in, n_filters, batchnorm=True):
    init = keras.initializers.RandomNormal(stddev=0.02)
    g = layers.Conv2D(n_filters, 4, 2, "same", kernel_initializer=init)(layer_in)
    g = layers.BatchNormalization()(g, training=True) if batchnorm else g
    return layers.LeakyReLU(negative_slope=0.2)(g)


def decoder_block(layer_in, skip_in, n_filters, dropout=True):
    init = keras.initializers.RandomNormal(stddev=0.02)
    g = layers.Conv2DTranspose(n_filters, 4, 2, "same", kernel_initializer=init)(layer_in)
    g = layers.BatchNormalization()(g, training=True)
    g = layers.Dropout(0.5)(g, training=True) if dropout else g
    return layers.ReLU()(layers.Concatenate()([g, skip_in]))


# %% [markdown]
# ## define_generator
#
# The original is written out for 256 pixels: seven blocks down, a bottleneck of 1x1, seven up. Here
# the number of levels follows from the size, as in `kgen.networks.unet`. (The prose of the original
# lists one block too few on the way down and one CD512 too many on the way up; its code is right.)


# %%
def define_generator(image_shape, filters=FILTERS, drops=True):
    depth = image_shape[0].bit_length() - 1
    widths = [filters * min(2**level, 8) for level in range(depth)]
    source = x = keras.Input(image_shape)
    skips = []
    for level, width in enumerate(widths[:-1]):
        x = define_encoder_block(x, width, batchnorm=level > 0)
        skips.append(x)
    x = layers.Conv2D(widths[-1], 4, 2, "same", activation="relu")(x)  # the bottleneck, 1x1
    for level in reversed(range(depth - 1)):
        dropout = drops and depth - 2 - level < min(3, depth - 4)
        x = decoder_block(x, skips[level], widths[level], dropout)
    return keras.Model(source, layers.Conv2DTranspose(3, 4, 2, "same", activation="tanh")(x))


# %% [markdown]
# Is the preset "seed" the same network? Give it the same weights, and compare what they put out.

# %%
walk_g = define_generator(shape, drops=False)
seed = kgen.networks.unet(shape, 3, FILTERS, dropout=0.0, use_bias=True, epsilon=1e-3,
                          concat_order="up_first")  # fmt: skip
seed.set_weights(walk_g.get_weights())
photograph = test_source[:1]
difference = np.abs(ops.convert_to_numpy(walk_g(photograph) - seed(photograph))).max()
print(f"weights: {walk_g.count_params():,} and {seed.count_params():,}")
print(f"largest difference between the two outputs: {difference:.1e}")

# %%
figure = new_figure(900, 260)
axes = figure.add_subplot(title=f"The U-Net for {SIZE} pixels: width x height, channels")
places = [layer for layer in seed.layers if layer.name.split("_")[-1].isdigit()]
for x, layer in enumerate(places):
    _, height, _, channels = layer.output.shape
    colour = "C0" if layer.name.startswith("down") else "C1"
    axes.bar(x, height, width=0.8, color=colour)
    axes.text(x, height, f"{height}x{height}\n{channels}", ha="center", va="bottom", fontsize=8)
axes.set(ylim=(0, SIZE * 1.3), xticks=[], ylabel="pixels")
figure

# %% [markdown]
# ## Presets "seed" and "paper"
#
# `Pix2Pix.from_preset` builds both networks by a named recipe. What differs between the
# walk-through and the paper's code:
#
# | | "seed" | "paper" |
# |---|---|---|
# | discriminator's map at 256 | 32x32, `same` padding | 30x30, one pixel each side |
# | bias in front of batch norm. | yes (no true gradient: Adam makes it drift) | no |
# | batch norm. epsilon, momentum | 1e-3, 0.99 | 1e-5, 0.9 |
# | its scales start as | 1 | N(1, 0.02) |
# | at test time | batch statistics, dropout on | image statistics, no dropout |
# | weights at 256 pixels: G, D | 54,429,315 and 2,771,393 | 54,423,811 and 2,770,497 |

# %%
models = {
    preset: kgen.Pix2Pix.from_preset(preset, image_shape=shape, base_filters=FILTERS, seed=0)
    for preset in ("seed", "paper")
}
for preset, built in models.items():
    print(f"{preset:6} G {built.generator.count_params():10,}  D "
          f"{built.discriminator.count_params():9,}  mode {built.inference_mode!r}")  # fmt: skip
model = models["paper"]
players = {f"{p}_optimizer": keras.optimizers.Adam(RATE, 0.5, epsilon=1e-8) for p in "dg"}
model.compile(**players)  # compile() alone: the paper's, with learning rate 2e-4

# %% [markdown]
# ## define_gan: what stopped working
#
# The original stacks the two networks, and marks the discriminator's layers untrainable for the
# generator's sake. In Keras 2, `d_model.compile` had written down before what D trains, so D still
# learnt. Keras 3 looks at the flags when it trains.
#
# *Predict before you run*: which of D's weights still move in D's own training steps? The loop
# skips BatchNormalization.


# %%
def define_gan(g_model, d_model, image_shape):
    for layer in d_model.layers:
        if not isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    source = keras.Input(image_shape)
    generated = g_model(source)
    model = keras.Model(source, [d_model([source, generated]), generated])
    adam = keras.optimizers.Adam(learning_rate=2e-4, beta_1=0.5)
    model.compile(loss=["binary_crossentropy", "mae"], optimizer=adam, loss_weights=[1, 100])
    return model


# %%
def distances(network, action):
    chosen = [v for v in network.weights if "moving" not in v.path]
    before = [np.array(ops.convert_to_numpy(v)) for v in chosen]
    action()
    after = [np.array(ops.convert_to_numpy(v)) for v in chosen]
    return {v.path: np.abs(a - b).max() for v, a, b in zip(chosen, after, before, strict=True)}


# %%
gan = define_gan(walk_g, walk_d, shape)
A, B = batch
patches = (len(A), *walk_d.output.shape[1:])


def train_d():
    walk_d.train_on_batch([A, B], np.ones(patches))
    walk_d.train_on_batch([A, test_target[: len(A)]], np.zeros(patches))


moved = {
    "walk-through: D's two steps": distances(walk_d, train_d),
    "walk-through: G's step": distances(
        walk_d, lambda: gan.train_on_batch(A, [np.ones(patches), B])
    ),
    "kgen: one step of both": distances(
        model.discriminator, lambda: model.train_on_batch(A, B, return_dict=True)
    ),
}

# %%
for title, change in moved.items():
    kernels = [float(value) for path, value in change.items() if path.endswith("kernel")]
    still = sum(value == 0.0 for value in change.values())
    print(f"{title:28} {len(change) - still:2} of {len(change)} of D's tensors moved; "
          f"its kernels by {min(kernels):.1e} to {max(kernels):.1e}")  # fmt: skip

# %%
figure = new_figure(960, 280, layout="constrained")
for axes, (title, change) in zip(figure.subplots(1, 3, sharey=True), moved.items(), strict=True):
    normalization = ["gamma" in path or "beta" in path for path in change]
    colours = ["C1" if norm else "C0" for norm in normalization]
    axes.bar(range(len(change)), np.maximum(list(change.values()), 1e-7), color=colours)
    axes.set(yscale="log", ylim=(1e-7, 1e-2), title=title, xlabel="D's tensors")
figure.axes[0].set_ylabel("largest change")
figure

# %% [markdown]
# Blue: convolutions, orange: batch normalization. The walk-through's convolutions stay exactly
# where they were drawn, for the whole training: its discriminator is six vectors on top of random
# filters. Worse, those six are also moved by *the generator's* step, in the generator's favour. No
# error, no warning, and the L1 term still gives plausible, blurry maps.
#
# kgen asks no flag. Each player has a list of variables of its own, taken at `compile`, and D is a
# constant in G's gradient. There is no combined model to define.
#
# ## generate_real_samples, generate_fake_samples
#
# The original draws a random pair for each step, with replacement. *Predict before you run*: which
# share of the pairs does an epoch of such draws never show?

# %%
count = len(train_pairs)
draws = np.bincount(np.random.default_rng(0).integers(0, count, count), minlength=count)
figure = new_figure(420, 300, layout="constrained")
axes = figure.add_subplot(xlabel="times shown in one epoch", ylabel="pairs")
axes.hist(draws, bins=np.arange(-0.5, draws.max() + 1.5), rwidth=0.8, label="randint")
axes.bar(1, count, width=0.3, color="C1", alpha=0.6, label="kgen.data.Batches")
axes.set_title(f"randint never shows {np.mean(draws == 0):.0%}; 1/e = {np.exp(-1):.0%}")
axes.legend()
figure

# %% [markdown]
# `generate_fake_samples` calls `predict` for D's step; the combined model generates again for G's,
# with other dropout. In kgen `Pix2Pix.play` generates once for both. And the arrays of ones and
# zeros are inside the losses: cross-entropy against 1 is softplus(-logit).

# %%
logits = ops.convert_to_numpy(model.judge(A, B))
ones = np.ones(logits.shape, "float32")
with_labels = keras.losses.BinaryCrossentropy()(ones, ops.sigmoid(logits))
print("with labels:", float(with_labels), " kgen.losses:", float(kgen.losses.real_loss(logits)))


# %% [markdown]
# ## summarize_performance
#
# Every n epochs a picture and a model to choose from, as callbacks. They draw *held-out* pairs; the
# original draws from the training data, where even memorizing looks good. We also keep the
# generated pictures of each epoch, for a film.


# %%
def summarize_performance(examples, every):
    return [
        kgen.callbacks.SampleGrid(examples, RUN / "samples"),
        kgen.callbacks.SaveEvery(RUN / "saved", every=every, batch=examples),
        kgen.callbacks.LossCurves(RUN / "loss_curves.png"),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: keep_frame()),
    ]


def keep_frame():
    film.append(kgen.callbacks.generate_quietly(model, held_out[0]))


held_out = test_source[:4], test_target[:4]
film = []
keep_frame()  # before training

# %% [markdown]
# ## train
#
# `model.fit`, with Keras' own progress. The paper's schedule keeps the learning rate for 100 epochs
# and lets it fall to 0 over 100 more; the walk-through trains 10 at a constant rate. kgen makes one
# update of D on real + generated (the original two, one after the other), then G's, through the
# updated D.
#
# *Predict before you run*: which of `d_loss`, `g_adversarial`, `g_l1` will fall, which will not?


# %%
def train(model, data, validation, constant, decay):
    callbacks = [
        kgen.callbacks.LinearDecay(constant, decay),
        *summarize_performance(held_out, every=min(10, (constant + decay) // 2)),
    ]
    return model.fit(
        data,
        validation_data=validation,
        epochs=constant + decay,
        callbacks=callbacks,
        verbose=2,
    )


history = train(model, train_data, val_data, CONSTANT, DECAY)

# %% [markdown]
# ## Loss curves
#
# Left, the game: neither loss should fall for long, since each player's success is the other's
# loss. An undecided D pays 0.69. Right, the distance to the expected maps: this one says whether
# pictures get better; the gap between training and validation says how much is memorized.

# %%
kgen.plotting.loss_curves(history, title="Training")

# %% [markdown]
# ## The film: the same photographs after each epoch
#
# First the large plain areas, then roads, last their edges. The walk-through sees plausible, blurry
# maps after 10 epochs of 1096 pairs, and realistic ones after 50.

# %%
shown = sorted({round(i) for i in np.linspace(0, len(film) - 1, min(len(film), 6))})
columns = {f"after {epoch}": film[epoch] for epoch in shown}
columns = {"Source": held_out[0], **columns, "Expected": held_out[1]}
pictures = [kgen.plotting.to_display(images) for images in columns.values()]
rows = [[images[i] for images in pictures] for i in range(2)]
draw_panels(rows, column_labels=list(columns), title="Held-out photographs, epoch by epoch")

# %% [markdown]
# ## plot_images
#
# Source, generated, expected, of the test set.

# %%
generated = model.predict(test_source, batch_size=1, verbose=0)


def plot_images(src_img, gen_img, tar_img):
    return kgen.plotting.plot_images(src_img, gen_img, tar_img, count=3)


plot_images(test_source, generated, test_target)

# %% [markdown]
# One number for all: `evaluate` reports the mean absolute error, PSNR (decibel) and SSIM.

# %%
scores = model.evaluate(test_data, return_dict=True, verbose=0)
print(f"test: L1 {scores['g_l1']:.3f}, PSNR {scores['psnr']:.1f} dB, SSIM {scores['ssim']:.2f}")
answer = np.broadcast_to(lazy, test_target.shape)
lazy_ssim = np.mean(ops.convert_to_numpy(ops.image.ssim(test_target, answer, max_val=2.0)))
print(f"the lazy answer: L1 {lazy_l1:.3f}, SSIM {lazy_ssim:.2f}")
l1_by_epoch = [round(value, 3) for value in history.history["g_l1"]]
print("training, by epoch: L1", l1_by_epoch)

# %% [markdown]
# ## load_model
#
# The original saves the generator as `.h5`; training cannot go on from there. A `.keras` file of
# the whole model holds both networks, both optimizers with their slots, the step and the random
# states: `fit` continues exactly. It loads on every backend, and needs no more than `import kgen`.

# %%
model.save(RUN / "model.keras")
loaded = keras.models.load_model(RUN / "model.keras")
again = loaded.predict(test_source[:4], batch_size=1, verbose=0)
print("steps done:", int(loaded.step), " file:", (RUN / "model.keras").stat().st_size // 1000, "kB")
print("largest difference after loading:", np.abs(again - generated[:4]).max())

# %% [markdown]
# ## Inference modes
#
# "Good in training, bad in testing" is the most asked question about pix2pix. Batch normalization
# has three ways to behave then, and dropout two:
#
# - `"instance"` (default): statistics of each image, no dropout. The same answer every time, and
#   what the network knows from training, if that had batches of 1, as the paper's;
# - `"paper"`: as in training, dropout included. Random; the walk-through's way;
# - `"moving"`: moving averages over training, as classifiers do. Fine after large batches, worse
#   after batches of 1, whose statistics differ from image to image.
#
# QUICK mode trains with batches of 4. *Predict before you run*: which mode has the smallest error?

# %%
by_mode = {}
for mode in ("instance", "paper", "moving"):
    loaded.inference_mode = mode
    first, second = (loaded.predict(test_source[:4], batch_size=1, verbose=0) for _ in range(2))
    by_mode[mode] = first
    error, change = np.abs(first - test_target[:4]).mean(), np.abs(first - second).max()
    print(f"{mode:9} L1 {error:.3f}, largest change when asked again {change:.3f}")
loaded.inference_mode = "instance"

# %%
columns = {"Source": test_source[:3], **by_mode, "Expected": test_target[:3]}
pictures = [kgen.plotting.to_display(images) for images in columns.values()]
rows = [[images[i] for images in pictures] for i in range(2)]
draw_panels(rows, column_labels=list(columns), title="One model, three inference modes")

# %% [markdown]
# With batches of 4, moving averages win: in training an image was normalized together with three
# others, and `"instance"` takes those away (look at the yellow crossings). With batches of 1, which
# we tried too (400 steps at 64 pixels), it is the other way round: 0.140 for `"instance"` and
# `"paper"`, 0.149 for `"moving"`. So when tests look worse than training, try the three; it costs
# no training.
#
# ## Export
#
# A SavedModel for TensorFlow Serving and the like, from any backend. TensorFlow writes it, in a
# second process where the backend is another one, and the outputs are compared before anything is
# kept. It takes 8-bit images too (signature `serve_uint8`):
#
# ```python
# import tensorflow as tf
# serve = tf.saved_model.load("runs/01_pix2pix_maps/saved_model").signatures["serve_uint8"]
# ```

# %%
if importlib.util.find_spec("tensorflow") is None:
    print("TensorFlow, which writes SavedModels, is not installed here")
else:
    report = kgen.export(model, RUN / "saved_model")
    print("largest difference, by signature:", report["max_difference"])
    print(f"{report['bytes'] / 1e6:.1f} MB in {report['seconds']:.0f} s")

# %% [markdown]
# ## Gallery of failures
#
# A network answers anything. Learn what wrong input looks like, for it raises no error.
#
# *Predict before you run*: which of these ruins the map, and which does the network forgive?

# %%
right = test_source[:1]
middle = kgen.data.to_float(train_pairs[0][0])
half = kgen.data.resize(test_pairs[0][0][SIZE // 4 : -SIZE // 4, SIZE // 4 : -SIZE // 4], SIZE)
wrong = {
    "as trained": right,
    "0..1, not -1..1": (right + 1) / 2,
    "BGR, not RGB": right[..., ::-1],
    "too dark": right * 0.4 - 0.6,
    "twice as near": kgen.data.to_float(half)[None],
    "a map": test_target[:1],
}
answers = {name: model.predict(image, verbose=0) for name, image in wrong.items()}

# %%
rows = [
    [kgen.plotting.to_display(images)[0] for images in group.values()] for group in (wrong, answers)
]
draw_panels(rows, row_labels=["Given", "Generated"], column_labels=list(wrong))

# %% [markdown]
# Other mistakes are stopped at the door, with what to do about them:

# %%
mistakes = {
    "8-bit images": lambda: model.train_on_batch(A * 127.5 + 127.5, B * 127.5 + 127.5),
    "a size that cannot be halved": lambda: kgen.networks.unet((100, 100, 3)),
    "an unknown mode": lambda: setattr(model, "inference_mode", "test"),
}
model.compile()  # the first batch after compile is checked
for title, mistake in mistakes.items():
    try:
        mistake()
    except ValueError as error:
        print(f"{title}: {error}\n")

# %% [markdown]
# | you see | it is | do |
# |---|---|---|
# | good in training, bad in testing | other statistics than in training | try `inference_mode`s |
# | `d_loss` goes to 0, `g_adversarial` climbs | D wins | `gan_mode="lsgan"`, `r1_weight` |
# | blurry maps, `d_real` and `d_fake` stay at 0.69 | D does not learn | compare its weights |
# | black, white or constant images | two-valued targets | `gan_mode="lsgan"` |
# | a chessboard of 2x2 pixels | transposed convolutions | `from_preset(..., upsample="resize")` |
# | soft edges between classes | bicubic resizing of label maps | `Batches(..., resize="nearest")` |
# | size mismatch at a skip | sides are no multiple of 2^depth | `pad_to_multiple=True` |
#
# ## The report
#
# The original ends with looking at a few pictures. Look, and measure: `kgen.evaluate` writes every
# number with its definition, a table with the values of each picture, and one HTML file with the
# best, middle and worst pictures. It measures 8-bit pictures, as papers do.
#
# *Predict before you run*: the distance to the nearest *training* map, of generated and of real
# test maps. Which is smaller, and what would it mean if generated ones had almost none?

# %%
metrics = ["ssim", "psnr", "rmse", "log_spectral_distance"]
result = kgen.evaluate(
    model,
    test_data,
    [*metrics, "memorisation"],
    RUN / "evaluation",
    name="pix2pix",
    training_data=train_pairs,
    verbose=0,
)
nearest = result.metrics["memorisation"]
distances = [nearest[key] for key in ("value", "real_value")]
print("to the nearest training map: generated {:.1f}, real {:.1f}".format(*distances))
result

# %% [markdown]
# Blurred pictures lie a little nearer to everything; copies of training maps would lie at almost 0.
#
# Best, middle and worst by SSIM: what makes a photograph hard?

# %%
shown = [pictures[0].example for pictures in result.pictures.values()]
columns = [np.stack([kgen.data.to_uint8(getattr(e, side)) for e in shown])
           for side in ("source", "fake", "real")]  # fmt: skip
kgen.plotting.plot_images(*columns, title="Best, middle and worst by SSIM")

# %% [markdown]
# A number alone says little. Beside it belongs what a method without any learning gets: here the
# lazy answer. `kgen.compare` (or `kgen evaluate --compare`) puts any runs side by side.
#
# *Predict before you run*: which metric prefers the lazy answer, if any?

# %%
lazily = kgen.evaluate(
    lambda photographs: np.repeat(lazy[None], len(photographs), axis=0),
    test_data,
    metrics,
    name="lazy answer",
    verbose=0,
)
comparison = kgen.compare([result, lazily], RUN / "comparison")
comparison

# %% [markdown]
# Open `runs/01_pix2pix_maps/evaluation/report.html`: it needs no other file, so it can be sent to
# anyone. With published weights on the machine, `"lpips_alex"` and, for thousands of pictures,
# `"fid_inception2015"` go into the same list.
#
# ## Expected numbers
#
# QUICK mode, on any of the three backends, after 400 steps: test L1 0.14 within 0.02 (the lazy
# answer: 0.16), SSIM 0.5 within 0.1, PSNR 19.5 dB within 2. Dropout and initial weights differ
# between backends, and so do the digits. The walk-through's discriminator kernels move by exactly
# 0; kgen's by the learning rate in the first step, as Adam's do.
#
# The full run has not been timed here; count on about 1 second per step of 256 pixels on two cores,
# 200,000 steps for 1000 pairs.
#
# ## Exercises
#
# 1. Set `l1_weight=0`, then `gan_mode="lsgan"`: what does each term do to the pictures?
# 2. Train with `preset="seed"` and a discriminator that stands still
#    (`model.compile(d_optimizer=keras.optimizers.SGD(0.0))`). Which pictures get worse by that?
# 3. Swap the halves (`input_side="right"`): photographs from maps. Why is L1 a worse judge there?
# 4. `inference_mode = "paper"`: generate one photograph eight times. Where do the maps differ?
# 5. Find the number of pairs at which validation L1 stops getting worse than training L1.
# 6. Load `runs/01_pix2pix_maps/model.keras` on another backend, and go on training there.

# %%
wall, work = time.perf_counter() - started[0], time.process_time() - started[1]
print(f"{keras.config.backend()}, QUICK {QUICK}, {os.cpu_count()} cores:")
print(f"{wall:.0f} s by the clock (the machine may be shared), {work:.0f} s of work")
print("left in", RUN, ":", ", ".join(sorted(path.name for path in RUN.iterdir())))

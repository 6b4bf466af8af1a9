# %% [markdown]
# # Cross-view retrieval: where was this picture taken?
#
# **Goal.** Given a panorama from the street, find the aerial image of its place among many. Train
# SAIG (Zhu et al., 2023), two networks that give pictures of one place the same *embedding*, by the
# soft-margin triplet loss. Afterwards you can say what an embedding knows and what it leaves out,
# compute the loss by hand, read R@K, and draw what sharpness-aware steps (ASAM) do. The embedding
# is what tutorial 04 makes pictures from.
#
# | | given | gives |
# |---|---|---|
# | ground branch | panorama, 360 degrees | embedding |
# | aerial branch | image from above, north up | embedding |
# | R@1 | both, of all places | share of panoramas whose nearest aerial image is their own |
#
# **You need** kgen with one of the three frameworks. No GPU, no download: the city is drawn by
# kgen, in the form of the real sets CVUSA, CVACT and VIGOR, which are given out on request only.
#
# **Time.** QUICK mode: two to three minutes of work for a processor core. The full run
# (`KGEN_QUICK=0`) draws 1600 places and trains a network of three times the weights: an hour or
# two.

# %%
import os
import time
from pathlib import Path

# os.environ["KERAS_BACKEND"] = "jax"  # or "tensorflow" or "torch"; before keras is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
started = time.perf_counter(), time.process_time()

# %%
import keras
import numpy as np
from keras import ops

import kgen
from kgen.cross_view import CosineSchedule, RetrievalModel, load_saig_checkpoint
from kgen.cross_view.retrieval_losses import triplet_loss
from kgen.cross_view.sharpness import perturbations, sharpness_aware
from kgen.data import CrossViewBatches, view_arrays
from kgen.data.cross_view import polar_transform
from kgen.data.resizing import resize
from kgen.metrics import recall_at
from kgen.plotting.figure import new_figure
from kgen.plotting.grids import draw_panels

# %%
QUICK = os.environ.get("KGEN_QUICK", "1") != "0"
GROUND, AERIAL, RATE = (128, 256), (128, 128), 1e-3
PRESET = "tiny" if QUICK else "teaching"
PLACES, HELD_OUT, EPOCHS, BATCH = (200, 100, 2, 16) if QUICK else (1600, 300, 4, 32)
if os.environ.get("KGEN_QUICK") == "2":  # to see that all cells run, not that it learns
    GROUND, AERIAL, PLACES, HELD_OUT, EPOCHS, BATCH = (32, 64), (32, 32), 6, 12, 1, 8
RUN = Path("runs", "03_cross_view_retrieval")

keras.utils.set_random_seed(0)
print(f"Keras {keras.__version__} on {keras.config.backend()}, QUICK {QUICK}, {PLACES} places")

# %% [markdown]
# ## The data: one place, seen twice
#
# Each pair is an aerial image (84 m across, north up) and the panorama from its centre: south in
# the first column, then west, north in the middle, east. No place is in both sets, not even a
# neighbouring one.

# %%
size = {"ground_size": GROUND, "aerial_size": AERIAL}
drawn = kgen.data.toy_city("train", PLACES, **size)
held_out = kgen.data.toy_city("val", HELD_OUT, **size)
for name, city in (("to learn from", drawn), ("held out", held_out)):
    print(f"{name}: aerial {city.aerial.shape}, ground {city.ground.shape}")

# %% [markdown]
# *Ask yourself*: in the first picture, in which direction does the street run? What do you see from
# above only, what from the street only? Which of these help to find the place?


# %%
def shown(image, width=192):
    """As the figures take it: [0, 1], small enough to be kept in a notebook."""
    image = kgen.plotting.to_display(image)[0]
    size = (image.shape[0] * width // image.shape[1], width)
    return resize(image.astype("float32"), size, "area") if image.shape[1] > width else image


rows = [[shown(view[i]) for i in range(4)] for view in (drawn.aerial, drawn.ground)]
draw_panels(rows, ["Aerial", "Ground"], title="Four places")

# %% [markdown]
# ## From above to around: the polar transform
#
# Geometry alone goes part of the way. Unroll the aerial image about its centre: one column for each
# direction, the centre in the last row (Shi et al., 2019). Streets then stand below each other.
#
# *Predict before you run*: houses have height, which the view from above does not show. Where in
# the panorama will they be, compared with the unrolled image?

# %%
polar = [polar_transform(drawn.aerial[i], GROUND) for i in range(4)]
draw_panels([[shown(p) for p in polar], rows[1]], ["Polar", "Ground"], title="Column by column")

# %% [markdown]
# Streets and lawns match column by column; walls rise above the horizon, where the unrolled image
# has only what lies far away. SAIG does without the transform and learns directions by itself.
#
# ## What a lazy method finds
#
# How far does one get without learning? Compare mean colours; or the polar image with the lower
# half of the panorama, pixel by pixel. R@K counts the panoramas whose own aerial image is among the
# K nearest; by chance it is K of the number of places.
#
# *Predict before you run*: of 100 held-out places, how many does each method find?


# %%
def centred(vectors):
    vectors = np.reshape(vectors, (len(vectors), -1)).astype("float64")
    return vectors - vectors.mean(axis=0)


small = (8, 32)
below = [resize(image[GROUND[0] // 2 :], small, "area") for image in held_out.ground]
unrolled = [resize(polar_transform(image, GROUND), small, "area") for image in held_out.aerial]
lazy = {
    "mean colours": [centred(v.mean(axis=(1, 2))) for v in (held_out.ground, held_out.aerial)],
    "polar pixels": [centred(below), centred(unrolled)],
}
for name, (ground, aerial) in lazy.items():
    print(f"{name}: R@1 {recall_at(ground, aerial, (1,))[1]:.0%}; chance {1 / HELD_OUT:.1%}")

# %% [markdown]
# Colours of the whole picture say next to nothing: camera, light and weather differ between the
# views (kgen gives each view a tint of its own, or the tint would betray the place, and nothing
# else would be learnt).
#
# ## Eight pairs from one
#
# Drawing, or photographing, is dear; symmetry is free. Turn the aerial image by a quarter, and the
# panorama begins a quarter later: a new pair, as true as the first. Mirror both: another four.


# %%
def turned(aerial, ground, quarters, mirror):
    """The same places in a world that is mirrored and turned by `quarters` of a circle."""
    if mirror:
        aerial, ground = aerial[:, :, ::-1], ground[:, :, ::-1]
    ground = np.roll(ground, -quarters * ground.shape[2] // 4, axis=2)
    return np.rot90(aerial, quarters, axes=(1, 2)), ground


worlds = [turned(drawn.aerial, drawn.ground, q, m) for q in range(4) for m in (False, True)]
pairs = view_arrays(*(np.concatenate(views) for views in zip(*worlds, strict=True)))
print(len(pairs), "pairs from", len(drawn), "places")

# %%
four = [*worlds[:6:2], worlds[1]]  # turned by 0, 90 and 180 degrees; mirrored
above, around = ([np.ascontiguousarray(world[view][0]) for world in four] for view in (0, 1))
unrolled = [polar_transform(image, GROUND) for image in above]
rows = [[shown(image) for image in images] for images in (above, unrolled, around)]
titles = ["0", "90", "180 degrees", "mirrored"]
draw_panels(rows, ["Aerial", "Polar", "Ground"], titles, "One place, four true pairs")

# %% [markdown]
# A turn the wrong way would teach lies. So check it: the polar image must move as the panorama
# does, by a quarter of its width to the left.

# %%
first, second = (polar.astype("float64") for polar in unrolled[:2])
moved = {
    side: float(np.abs(np.roll(first, by * GROUND[1] // 4, axis=1) - second).mean())
    for side, by in (("left", -1), ("not", 0), ("right", 1))
}
print({side: round(value, 1) for side, value in moved.items()}, "grey levels of difference")

# %% [markdown]
# ## SAIG
#
# Each view has a network of its own, since a roof and a wall have little in common. A branch is
#
# 1. a **stem** of six 3x3 convolutions: what is there, in 16x16 pixels;
# 2. a learnt vector for each **position**: where it is, and so in which direction;
# 3. **attention** blocks, $x \leftarrow x + \mathrm{Attention}(\mathrm{LN}(x))$, without MLP:
#    tokens tell each other what they see;
# 4. **pooling** of the tokens: their mean ("gap"), or eight weighted sums ("smd"), whose weights
#    are learnt and differ from place to place in the picture.
#
# *Predict before you run*: how many tokens has a panorama here, and how long is an embedding by
# "smd" if a token has 64 numbers?

# %%
model = RetrievalModel.from_preset(PRESET, GROUND, AERIAL, pooling="smd", seed=0)
for name in ("patch_embed-conv_stem-15", "tokens", "pos_embed", "blocks-1", "norm", "smd"):
    layer = model.ground.get_layer(name)
    print(f"{name:25}{layer.output.shape[1:]}")
for view in ("ground", "aerial"):
    print(view, f"{getattr(model, view).count_params():,} weights")

# %% [markdown]
# Why "smd"? A mean does not care about order: the average of the tokens is the same wherever the
# tree stands, unless attention and position vectors have worked it in, which takes long training.
# On this city, 1600 places and 8 epochs, we measured R@1 0.05 with "gap" and 0.5 with "smd".
#
# ## The triplet loss by hand
#
# Three pairs, embeddings of two numbers, of length 1: at 0, 90 and 180 degrees, aerial and ground
# alike. Squared distances $d_{ij}$ are 0 within pairs, 2 between neighbours, 4 between the ends.
# Each wrong pair costs
#
# $$\log(1 + e^{\,w\,(d_{\text{own}} - d_{\text{wrong}})}),$$
#
# and the sum over all $i, j$ is divided by $B(B-1)$. The published sum has the terms $i = j$, too,
# $\log 2$ each. With $w = 1$: $d = 2$ costs 0.1269, $d = 4$ costs 0.0181.
#
# *Compute before you run*: (4 x 0.1269 + 2 x 0.0181 + 3 x 0.6931) / 6.


# %%
def circle(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")


perfect = circle(0, 90, 180)
cases = {
    "all right": circle(0, 90, 180),
    "a little off": circle(30, 60, 180),
    "first two swapped": circle(90, 0, 180),
}
for name, ground in cases.items():
    print(f"{name:18}", *(f"w {w}: {float(triplet_loss(ground, perfect, weight=w)):.4f}  "
                          for w in (1, 10)))  # fmt: skip
alike = float(triplet_loss(circle(7, 7, 7), circle(7, 7, 7)))
print(f"all embeddings alike: {alike:.4f}, whatever w; a batch of {BATCH}: "
      f"{BATCH / (BATCH - 1) * np.log(2):.4f}")  # fmt: skip

# %% [markdown]
# Remember the last number. A loss that stays there means that nothing has been learnt yet: every
# picture has the same embedding. And what is left when all is right, 3 log 2 / 6 = 0.3466, is the
# constant; with `exclude_diagonal=True` it is gone.
#
# A large $w$ looks hard at what is nearly confused, and forgets what is far apart:

# %%
gap = np.linspace(-1, 1, 201)
figure = new_figure(560, 300, layout="constrained")
axes = figure.add_subplot(
    xlabel="own distance minus wrong distance", ylabel="price of a wrong pair"
)
for weight in (1, 3, 10):
    axes.plot(gap, np.log1p(np.exp(weight * gap)), label=f"w = {weight}")
axes.axvline(0, color="0.7", linewidth=1)
axes.legend()
figure

# %% [markdown]
# ## Train
#
# A batch is its own set of wrong pairs: each panorama against all other aerial images in it, and
# the other way round. *Predict before you run*: why does a larger batch make a harder task? What
# will the loss be in the first steps?

# %%
sizes = {"ground_size": GROUND, "aerial_size": AERIAL}
data = CrossViewBatches(pairs, BATCH, cache="memory", seed=0, **sizes)
asked = CrossViewBatches(held_out, BATCH, training=False, **sizes)
rate = CosineSchedule(RATE, steps=EPOCHS * len(data))
model.compile(keras.optimizers.AdamW(rate, weight_decay=0.03, epsilon=1e-8), asam=None)
views = {
    "ground": kgen.data.to_float(held_out.ground),
    "aerial": kgen.data.to_float(held_out.aerial),
}
untrained = {view: model.descriptors(view, images) for view, images in views.items()}

# %%
losses = []
watch = keras.callbacks.LambdaCallback(
    on_train_batch_end=lambda batch, logs: losses.append(logs["retrieval_loss"] * (batch + 1))
)
history = model.fit(data, epochs=EPOCHS, validation_data=asked, callbacks=[watch], verbose=2)

# %%
sums = np.reshape(losses, (EPOCHS, -1))  # Keras logs the mean since the epoch began
by_step = np.diff(sums, axis=1, prepend=0.0).ravel()
figure = new_figure(620, 320, layout="constrained")
axes = figure.add_subplot(xlabel="step", ylabel="triplet loss", title="What a batch costs")
axes.plot(by_step, color="0.8")
window = max(1, len(by_step) // 40)
smooth = np.convolve(by_step, np.ones(window) / window, "valid")
axes.plot(np.arange(len(smooth)) + window / 2, smooth)
for height, text in ((BATCH * np.log(2), "all alike"), (np.log(2), "perfect")):
    axes.axhline(height / (BATCH - 1), color="C3", linewidth=1)
    axes.text(0, height / (BATCH - 1), text, color="C3", va="bottom")
figure

# %% [markdown]
# First a plateau, on which nothing seems to happen, then a fall: as soon as the branches agree on
# *something*, gradients grow, and they agree on more. Whoever stops on the plateau believes that it
# does not work; see the gallery below.
#
# ## R@K
#
# Of the held-out panoramas, how many find their aerial image among the K nearest?


# %%
def ranks(ground, aerial):
    """For each panorama: how many aerial images are nearer to it than its own."""
    likeness = ground @ aerial.T
    return (likeness > np.diag(likeness)[:, None]).sum(axis=1)


trained = {view: model.descriptors(view, images) for view, images in views.items()}
place_of = {"trained": ranks(**trained), "before training": ranks(**untrained)}
for name, (ground, aerial) in lazy.items():
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (ground, aerial)]
    place_of[name] = ranks(*unit)
recall = {name: [float((r < k).mean()) for k in (1, 5, 10)] for name, r in place_of.items()}
for name, values in recall.items():
    print(
        f"{name:16}", "  ".join(f"R@{k} {v:4.0%}" for k, v in zip((1, 5, 10), values, strict=True))
    )

# %%
figure = new_figure(620, 340, layout="constrained")
axes = figure.add_subplot(xlabel="K", ylabel="R@K", title=f"{HELD_OUT} held-out places")
steps = np.arange(1, HELD_OUT + 1)
for name, places in place_of.items():
    axes.plot(steps, [(places < k).mean() for k in steps], label=name)
axes.plot(steps, steps / HELD_OUT, "k:", label="chance")
axes.legend()
figure

# %% [markdown]
# **R@1%**, often printed, is the point K = 1 % of the gallery: on CVUSA's 8884 places K is 89, and
# R@1% near 100 % looks better than it is. A gallery of 100 is easy; say its size with every R@K.
#
# Epoch by epoch, as `fit` has reported it:

# %%
for name in ("retrieval_loss", "val_r1", "val_r5", "val_r10"):
    print(f"{name:15}", *(f"{value:6.3f}" for value in history.history[name]))

# %% [markdown]
# ## The nearest neighbours
#
# Two panoramas that were found and two that were not, each with the four aerial images that the
# network holds for the likeliest. *Ask yourself*: what have the wrong ones in common with the
# panorama? Would you have done better?

# %%
likeness = trained["ground"] @ trained["aerial"].T
order = np.argsort(-likeness, axis=1)
found = place_of["trained"]
asked_for = [*np.argsort(found, kind="stable")[:2], *np.argsort(-found, kind="stable")[:2]]
rows = [
    [shown(held_out.ground[i]), *(shown(held_out.aerial[j]) for j in [*order[i, :4], i])]
    for i in asked_for
]
titles = ["Panorama", "1st", "2nd", "3rd", "4th", "Its own"]
labels = [f"rank {found[i] + 1}" for i in asked_for]
draw_panels(rows, labels, titles, "Nearest aerial images")

# %% [markdown]
# ## What does it look at?
#
# *Predict before you run*: turn the panorama slowly, and compare with its own aerial image, which
# stays. Does the network notice?

# %%
turns = np.arange(0, 8) / 8
ground = views["ground"][:48]
spun = [np.roll(ground, int(turn * GROUND[1]), axis=2) for turn in turns]
own = trained["aerial"][: len(ground)]
by_turn = [float((model.descriptors("ground", g) * own).sum(axis=1).mean()) for g in spun]
others = float((likeness.sum() - np.trace(likeness)) / (likeness.size - len(likeness)))
figure = new_figure(520, 300, layout="constrained")
axes = figure.add_subplot(xlabel="degrees", ylabel="cosine", title="A turned panorama")
axes.plot(360 * turns, by_turn, marker=".", label="with its own aerial image")
axes.axhline(others, color="0.6", label="two different places")
axes.legend()
figure

# %% [markdown]
# It does: a house that should be in the north and is in the east counts against the place. But even
# at half a turn its own place is more likely than another: *what* is there counts, too. Real
# panoramas whose north is not known must be trained on turned ones.
#
# Now take things away instead: grey pictures, no sky, no ground, mirrored, the channels in the
# wrong order (as OpenCV reads them), the range [0, 1]. *Predict before you run*: which of them
# hurts the most?

# %%
ground, half = views["ground"], GROUND[0] // 2
above, below = ground.copy(), ground.copy()
above[:, half:], below[:, :half] = 0.0, 0.0
changed = {
    "as trained": ground,
    "grey": np.repeat(ground.mean(axis=-1, keepdims=True), 3, axis=-1),
    "upper half": above,
    "lower half": below,
    "mirrored": ground[:, :, ::-1],
    "BGR": ground[..., ::-1],
    "range 0 to 1": (ground + 1) / 2,
}
seen = {
    name: ranks(model.descriptors("ground", g), trained["aerial"]) for name, g in changed.items()
}

# %%
figure = new_figure(620, 320, layout="constrained")
axes = figure.add_subplot(xlabel="share found", title="What the panorama may lose")
rows = np.arange(len(seen))
for offset, k in ((-0.2, 1), (0.2, 10)):
    values = [(places < k).mean() for places in seen.values()]
    axes.barh(rows + offset, values, height=0.38, label=f"R@{k}")
axes.set_yticks(rows, list(seen))
axes.invert_yaxis()
axes.legend()
figure

# %% [markdown]
# The last two are the mistakes that happen: no error, good pictures to look at, and a network that
# is nearly blind. Grey is not much better: colour of lawns, roads, trees is what both views share.
# The lower half is worth more than the upper, which the aerial image hardly shows.
#
# ## Near-duplicates
#
# The hard case in a real city: the same street, some metres on. `neighbour` draws it.
#
# *Predict before you run*: how many metres on does the network believe that it is elsewhere?

# %%
metres = (0, 5, 10, 20, 40)
places = range(min(16, PLACES))
near = {dx: [held_out.neighbour(i, dx) for i in places] for dx in metres}
rows = [[shown(scene[0].aerial) for scene in near.values()]]
rows += [[shown(scene[0].ground) for scene in near.values()]]
draw_panels(rows, ["Aerial", "Ground"], [f"{dx} m" for dx in metres], "Along one street")

# %%
above = {dx: np.stack([scene.aerial for scene in near[dx]]) for dx in metres}
vectors = {dx: model.descriptors("aerial", kgen.data.to_float(above[dx])) for dx in metres}
here = trained["ground"][: len(places)]
by_metre = {dx: (here * vectors[dx]).sum(axis=1) for dx in metres}
for dx in metres[1:]:
    wins = float((by_metre[0] > by_metre[dx]).mean())
    print(f"{dx:3} m on: cosine {by_metre[dx].mean():.2f} (own place {by_metre[0].mean():.2f}); "
          f"the own place wins in {wins:.0%}")  # fmt: skip

# %% [markdown]
# A coin would win 50 %, and there are 16 places only. Near-duplicates never were in one batch, so
# nobody has told the network what sets them apart. Published remedies: harder batches
# (`loss="semi-triplet"` looks at the nearest wrong pairs only), and for VIGOR, whose tiles overlap,
# the hit rate, which forgives the three other tiles that show the place.
#
# ## ASAM: the gradient from the worst point nearby
#
# SAIG's published training takes *two* gradients a step. The first shows the way up, to the worst
# point within a radius, $w + e$; the second, taken *there*, moves $w$. A narrow hole, whose walls
# are within the radius, stops being attractive; wide valleys stay. "Adaptive" scales the radius of
# each weight by its size, $e = \rho\,|w|^2 g\,/\,\| |w| g \|$.
#
# One weight, so that it can be drawn. By hand: $f(w) = w^2$, $w = 2$, $\rho = 0.5$: $e = 0.5 \cdot
# 2 = 1$, and the gradient is that of $w = 3$.


# %%
def gradient(function, value, form, rho):
    """What `RetrievalModel` moves a weight by, here for a single one."""
    w = keras.Variable([value])
    _, _, gradients = sharpness_aware(lambda: (ops.sum(function(w)), None), [w], form, rho)
    return float(gradients[0][0])


by_hand = [gradient(ops.square, 2.0, *way) for way in (("sam", 1e-6), ("saig", 0.5))]
print("w^2 at 2, plain and adaptive:", np.round(by_hand, 3))
weights = [keras.Variable([value]) for value in (0.1, 1.0, 4.0)]
print("e of the weights 0.1, 1 and 4, whose gradients are equal:")
for form in ("sam", "saig"):
    steps = perturbations([ops.ones(1)] * 3, weights, form, rho=0.5)
    print(f"  {form:5}", *(f"{float(step[0]):.4f}" for step in steps))

# %% [markdown]
# *Predict before you run*: a narrow hole on the slope of a wide valley; $w$ stands on the hole's
# right wall. Which way does the plain gradient lead, which way the one from $w + e$?


# %%
def landscape(w):
    """A wide valley at 3 and, on its slope, a narrow hole at 1."""
    w = ops.convert_to_tensor(w, "float32")
    return 0.5 * (w - 3.0) ** 2 - 1.2 * ops.exp(-(((w - 1.0) / 0.12) ** 2))


at, radius = 1.08, 0.25
slopes = [gradient(landscape, at, "sam", rho) for rho in (1e-6, radius)]
w = np.linspace(0.3, 4.0, 371)
loss = ops.convert_to_numpy(landscape(w))
worst = [loss[np.abs(w - x) <= radius + 1e-9].max() for x in w]
print("gradients at w and at w + e:", np.round(slopes, 2))

# %%
figure = new_figure(760, 340, layout="constrained")
axes = figure.add_subplot(xlabel="w", ylabel="loss", title="Two gradients of one weight")
axes.plot(w, loss, color="0.3", label="loss")
axes.plot(w, worst, color="0.3", linestyle=":", label="worst within the radius")
for place, slope, colour, name in ((at, slopes[0], "C3", "at w"),
                                   (at + radius, slopes[1], "C0", "at w + e")):  # fmt: skip
    height, step = float(landscape(place)), -np.sign(slope) * 0.35
    axes.plot(place, height, "o", color=colour, label=f"{name}: gradient {slope:.1f}")
    arrow = {"arrowstyle": "->", "color": colour, "linewidth": 2}
    axes.annotate("", (place + step, height), (place, height), arrowprops=arrow)
axes.legend()
figure

# %% [markdown]
# Red falls back into the hole; blue, taken a little higher, leaves it. The dotted line is what such
# steps go down on, roughly: the hole is gone, the valley is still there.
#
# `compile()` alone takes SAIG's: `asam="saig"`, rho 2, twice the time per step. Why not here? See
# what the radius of 2 does to weights that know nothing yet.

# %%
fresh = RetrievalModel.from_preset(PRESET, GROUND, AERIAL, pooling="smd", seed=0)
fresh.compile()
batch = {view: ops.convert_to_tensor(images) for view, images in data[0].items()}
variables = fresh.trainable_variables


def price():
    return fresh.retrieval_loss(batch, None, training=True)


at_w, _, gradients = sharpness_aware(price, variables, "sam", rho=1e-9)
print(f"loss at w {float(at_w):.3f}; all alike {BATCH / (BATCH - 1) * np.log(2):.3f}")

# %%
values = [ops.convert_to_numpy(variable) for variable in variables]
climbed = {}
for rho in (0.05, 0.5, 2.0):
    for variable, step in zip(variables, perturbations(gradients, variables, rho=rho), strict=True):
        variable.assign_add(step)
    climbed[rho] = float(ops.stop_gradient(price()[0]))
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    print(f"rho {rho:4}: loss at w + e {climbed[rho]:.3f}")

# %% [markdown]
# At a radius of 0.05 the neighbourhood looks like the place itself. At 2 the loss next door is far
# above that of a network that answers everything alike: the second gradient says how to mend what
# the first step broke. With weights that know something already, as those of ImageNet, it is
# another matter; try exercise 7.
#
# ## Gallery of failures
#
# | you see | it is | do |
# |---|---|---|
# | loss stays at B/(B-1) log 2 | all embeddings alike | more steps, smaller batches |
# | that, from random weights with ASAM | its radius is for trained ones | `asam=None` first |
# | held-out R@1 does not follow the loss | too few places | more places, turns, mirrors |
# | R@1 0.05 however long | `pooling="gap"` needs long training | `pooling="smd"` |
# | R@1 100 % at once | a tint, a frame gives pairs away | look; try grey pictures |
# | R@1 of chance, loss fine | rows do not belong together | embed with `training=False` |
# | R@1 of chance on real panoramas | their north is elsewhere | turn them; train on turned ones |
#
# We have met the second row and the fourth: with 1600 places and rho 2 the loss had not left the
# plateau after two epochs, when plain steps were done with most of their work. These are stopped at
# the door:

# %%
images = views["ground"][:4]
nothing = {view: np.zeros((4, *getattr(model, view).input_shape[1:]), "float32") for view in views}
mistakes = {
    "8-bit pictures": lambda: model.embed("ground", held_out.ground[:4]),
    "another size": lambda: model.embed("ground", images[:, ::2, ::2]),
    "shuffled batches": lambda: model.embed("ground", data),
    "a batch of one": lambda: model.train_on_batch({v: i[:1] for v, i in nothing.items()}),
    "all embeddings alike": lambda: model.evaluate(nothing, verbose=0),
}

# %%
refused = {}
for title, mistake in mistakes.items():
    try:
        mistake()
    except ValueError as error:
        refused[title] = str(error)
        print(f"{title}: {error}\n")

# %% [markdown]
# The last one matters: usual code counts the aerial images that are *strictly* nearer than the own
# one. If all are alike, or all NaN, none is, and R@1 is 100 %.
#
# ## Save, load, and use one branch

# %%
RUN.mkdir(parents=True, exist_ok=True)
model.save(RUN / "retrieval.keras")
loaded = keras.models.load_model(RUN / "retrieval.keras")
again = loaded.embed("aerial", views["aerial"][:8])
difference = float(np.abs(again - model.embed("aerial", views["aerial"][:8])).max())
print(f"largest difference after loading: {difference}; one embedding: {again.shape[1]} numbers")

# %% [markdown]
# `embed` gives what the branch puts out; tutorial 04 takes it as it is, and looks for the file that
# was just written. `descriptors` divides by the length: what is compared.
#
# ## Your own pictures
#
# Arrays: `kgen.data.view_arrays(aerial, ground)`. Files: in the layout of CVUSA, which `write_city`
# writes here to show it. `check_cross_view` reads all and says what is wrong.

# %%
folder = kgen.data.write_city(RUN / "cvusa_layout", GROUND, AERIAL, counts=(4, 2, 0))
print((folder / "splits" / "train-19zl.csv").read_text().splitlines()[0], "\n")
print(kgen.data.check_cross_view(folder))
own = kgen.data.cvusa(folder, "train")
print("\nread:", own[0].aerial.shape, own[0].ground.shape, own.name(0))

# %% [markdown]
# ## The real sets, and released weights
#
# CVUSA, CVACT and VIGOR are given out on request (each error message says where). If you have some
# of them, set `KGEN_DATA` to the folder that holds them. SAIG's released weights (a .pth file in
# its folder `saig`) are read without PyTorch; pictures may have other sizes than theirs.

# %%
DATA = Path(os.environ.get("KGEN_DATA", "data"))
readers = {"cvusa": kgen.data.cvusa, "cvact": kgen.data.cvact, "vigor": kgen.data.vigor}
there = sorted(DATA.iterdir()) if DATA.is_dir() else []
for folder in there:
    form = kgen.data.cross_view_format(folder)
    if form:
        real = readers[form](folder, "train")
        print(
            form, len(real), "pairs; aerial", real[0].aerial.shape, "ground", real[0].ground.shape
        )
print("looked in", DATA, "and found", len(there), "entries")

# %%
weights = sorted(DATA.glob("saig/*.pth"))
if weights:
    published = RetrievalModel.from_preset("saig-s", (128, 512), (256, 256))
    load_saig_checkpoint(published, weights[0])
    published.compile()  # as published: ASAM with rho 2, AdamW 1e-4
    print("loaded", weights[0].name)

# %% [markdown]
# ```python
# pairs = kgen.data.cvusa("CVUSA", "train")
# data = CrossViewBatches(pairs, 32, aerial_size=256, ground_size=(128, 512))
# model = RetrievalModel.from_preset("saig-s")
# load_saig_checkpoint(model, "saig_s_imagenet.pth")  # 224 pixels: positions are resized
# rate = CosineSchedule(1e-4, steps=200 * len(data))
# model.compile(keras.optimizers.AdamW(rate, weight_decay=0.03, epsilon=1e-8))
# model.fit(data, epochs=200, validation_data=held_out)
# ```
#
# Published R@1 with "gap" and ASAM: 92.7 % on CVUSA, 85.4 % on CVACT, 46.2 % on VIGOR.
#
# ## Expected numbers
#
# QUICK mode, measured once, on PyTorch: loss 0.59 and 0.15 in the two epochs, R@1 0.31, R@5 0.72,
# R@10 0.86 of 100 held-out places; polar pixels 0.07, 0.20, 0.34. Initial weights and the order of
# sums differ between backends, and the plateau may be longer or shorter: expect 0.15 more or less
# for what is trained. Jagged pictures (`supersampling=1`) gave 0.19, 0.50, 0.68. Always exact: the
# triplet losses by hand, the gradients 4 and 6, and 0 after loading.
#
# ## Exercises
#
# 1. Turn with the world: `CrossViewBatches(..., polar=True, roll=True)` gives the aerial branch the
#    unrolled image and rolls both views by any angle. Compare R@1 after the same time. What can no
#    longer be told apart?
# 2. Leave the mirrored and turned worlds out. At which epoch does held-out R@1 stop rising?
# 3. `loss="infonce"`, `loss="semi-triplet"`, weight 1 instead of 10: how long is the plateau?
# 4. Cut the panorama to a quarter, as a telephone's camera takes it. What is R@1 if its direction
#    is known, and if not?
# 5. Train with `camera_offset=10`: the panorama is no longer at the centre. What does R@1 lose?
# 6. Put near-duplicates into the batches (`toy_city(..., dx=10)`, concatenated). What do they win?
# 7. Train ten epochs with `asam=None`, then ten with `asam="saig"`, rho 0.5. Which R@1 is higher?
# 8. Draw the likeness matrix of one batch before and after training. Where do bright spots lie off
#    the diagonal?

# %%
wall, work = time.perf_counter() - started[0], time.process_time() - started[1]
print(f"{keras.config.backend()}, QUICK {QUICK}, {os.cpu_count()} cores:")
print(f"{wall:.0f} s by the clock (the machine may be shared), {work:.0f} s of work")
print("left in", RUN, ":", ", ".join(sorted(path.name for path in RUN.iterdir())))

"""What is trained on the toy city, and how: retrieval networks, generators, pix2pix."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

import kgen
from kgen.callbacks.files import write_json
from kgen.cross_view import (
    CosineSchedule,
    CrossViewGenerator,
    RetrievalModel,
    cached_embeddings,
    evaluate_cross_view,
)
from kgen.cross_view.sizes import SIZES
from kgen.data import Batches, CrossViewBatches, CrossViewPairs, toy_city, view_arrays

COUNTS = {"train": 1600, "val": 300}
# supersampling 1 halves the drawing; the aerial view has the size that the generator can make
CITY = {"ground_size": (128, 256), "aerial_size": (256, 256), "supersampling": 1}
TOY = SIZES["toy-city"]  # sizes and weights are those of the command line
SOURCES = ("aerial", "ground")
# Both networks weigh their tokens (SMD): averaged ones (the paper's embedder) find 5 % of places
# after as many epochs. The judge has other weights and another order of the pictures. Adaptive SAM
# is left out: from random weights it has not begun to learn when plain AdamW is done (the paper's
# begins with ImageNet's).
RETRIEVAL = {"embedder": {"seed": 0}, "judge": {"seed": 7}}
# Places are turned by quarters at random: after 8 epochs without, training loss was 0.04 and R@1 of
# other places 2 % (seed 0, TensorFlow).
IN_TRAINING = {"roll": True, "cache": "memory"}
EPOCHS, RETRIEVAL_RATE, RETRIEVAL_BATCH = 8, 1e-3, 32
SECONDS = 480.0  # of training, for each generator and each pix2pix
BATCH, EPOCH = TOY.batch_size, 10  # an epoch of 10 steps, at whose beginning rates are set
RATES = {
    "generator": dict.fromkeys("gd", TOY.learning_rate),
    "pix2pix": dict.fromkeys("gd", 5e-4),
}
PIX2PIX = {"base_filters": 16}


class Workshop:
    """The drawn city, and the folder in which trained networks are kept.

    Args:
        city: folder of drawn places, made where missing.
        keep: folder of trained networks, likewise.
        share: of places and of training time; 1 is all.
    """

    def __init__(self, city: Path, keep: Path, share: float = 1.0) -> None:
        self.city, self.keep, self.share = city, keep / keras.config.backend(), share
        self.seconds = SECONDS * share
        self.saved_seconds = 0.0  # that loaded networks were trained for, before
        for folder in (self.city, self.keep):
            folder.mkdir(parents=True, exist_ok=True)

    def draw(self, split: str) -> CrossViewPairs:
        """Places to learn from ("train"), or others ("val")."""
        count, path = self._drawn(split)
        if not path.exists():
            started = time.time()
            city = toy_city(split, count, **CITY)
            views = {"aerial": city.aerial, "ground": city.ground}
            np.savez(path, **views, seconds=time.time() - started)
        with np.load(path) as views:
            return view_arrays(views["aerial"], views["ground"])

    def drawing_seconds(self) -> float:
        """How long the city was drawn."""
        return sum(float(np.load(self._drawn(split)[1])["seconds"]) for split in COUNTS)

    def _drawn(self, split: str) -> tuple[int, Path]:
        count = max(16, round(COUNTS[split] * self.share))
        return count, self.city / f"{split}_{count}.npz"

    def trained(self, name: str, train: Callable[[], tuple[Any, dict]]) -> tuple[Any, dict]:
        """The model of this name and what its training took: kept ones, or new ones."""
        path, took = self.keep / f"{name}.keras", self.keep / f"{name}_training.json"
        if path.exists() and took.exists():
            found = json.loads(took.read_text())
            if "steps" in found:  # no retrieval network, which is a part of the work by itself
                self.saved_seconds += found["seconds"] + found["first_step_seconds"]
            return keras.models.load_model(path), found
        keras.utils.set_random_seed(0)
        model, found = train()
        model.save(path)
        write_json(took, found)
        return model, found

    # ------------------------------------------------------------------ retrieval

    def retrieval(self, name: str) -> RetrievalModel:
        """A small SAIG of the given name, trained by the triplet loss."""

        def train() -> tuple[RetrievalModel, dict]:
            model = tiny_branches(**RETRIEVAL[name])
            batches = seen(self.draw("train"), True, **IN_TRAINING, **RETRIEVAL[name])
            model.compile(retrieval_optimizer(batches), asam=None)
            started = time.time()
            model.fit(batches, epochs=EPOCHS, verbose=2)
            return model, {"seconds": time.time() - started, "epochs": EPOCHS}

        return self.trained(name, train)[0]

    def classification(self) -> dict[str, keras.Model]:
        """The same two branches, trained to tell all training places apart (Zheng et al., 2020).

        The instance loss of LPN: each place is a class, and one classifier reads both views'
        vectors.
        """

        def train() -> tuple[keras.Model, dict]:
            same = RETRIEVAL["embedder"]
            branches = tiny_branches(**same)
            batches = seen(self.draw("train"), True, PlaceBatches, **IN_TRAINING, **same)
            classifier = keras.layers.Dense(len(batches.pairs), name="places")
            inputs = [keras.Input((*size, 3)) for size in TOY.seen.values()]
            vectors = (getattr(branches, v)(x) for v, x in zip(TOY.seen, inputs, strict=True))
            model = keras.Model(inputs, [classifier(each) for each in vectors])
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(retrieval_optimizer(batches), [loss, loss])
            started = time.time()
            model.fit(batches, epochs=EPOCHS, shuffle=False, verbose=2)
            return branches, {"seconds": time.time() - started, "epochs": EPOCHS}

        model = self.trained("classification", train)[0]
        return {"ground": model.ground, "aerial": model.aerial}

    # ------------------------------------------------------------------ pictures

    def generator(
        self, source: str, name: str = "generator", **overrides: Any
    ) -> tuple[CrossViewGenerator, dict]:
        """The generator from this view, and for how many seconds and steps it was trained."""

        def train() -> tuple[CrossViewGenerator, dict]:
            target, pairs = other(source), self.draw("train")
            arguments = {**TOY.generator, **overrides}
            embedder = arguments.pop("embedder", None) or self.retrieval("embedder")
            model = CrossViewGenerator.from_preset(
                "tiny", embedder, source, target_size=TOY.targets[target], **arguments
            )
            sizes = {**TOY.seen, target: TOY.targets[target]}
            extra = {} if model.encoder is not None else cached_embeddings(model, pairs)
            batches = CrossViewBatches(
                pairs,
                BATCH,
                **{f"{view}_size": size for view, size in sizes.items()},
                cache="memory",
                extra=extra,
                steps_per_epoch=EPOCH,
            )
            return train_for(self.seconds, model, batches, RATES["generator"])

        return self.trained(f"{name}_{source}", train)

    def pix2pix(self, source: str) -> tuple[kgen.Pix2Pix, dict]:
        """pix2pix of the same pairs, for as many seconds."""

        def train() -> tuple[kgen.Pix2Pix, dict]:
            size = TOY.targets[other(source)]
            pairs = self.draw("train").as_pairs(source, size)
            model = kgen.Pix2Pix.from_preset("paper", (*size, 3), **PIX2PIX)
            batches = Batches(
                pairs, BATCH, size, load_size=size, flip=False, cache=True, steps_per_epoch=EPOCH
            )
            return train_for(self.seconds, model, batches, RATES["pix2pix"])

        return self.trained(f"pix2pix_{source}", train)

    def measured(self, model: Any, source: str) -> dict[str, float]:
        """All measures on held-out places, by stand-in features."""
        return evaluate_cross_view(
            model,
            self.draw("val"),
            self.retrieval("judge"),
            source,
            target_size=TOY.targets[other(source)],
            lpips=("stand_in",),
            features="stand_in",
            samples=2,
        )


def other(source: str) -> str:
    """The view that is generated."""
    return SOURCES[1 - SOURCES.index(source)]


def tiny_branches(seed: int) -> RetrievalModel:
    """Untrained SAIG branches of the preset `tiny`."""
    return RetrievalModel.from_preset(
        "tiny", TOY.seen["ground"], TOY.seen["aerial"], pooling="smd", seed=seed
    )


class PlaceBatches(CrossViewBatches):
    """Batches for a classifier: both views in, the numbers of their places out, twice."""

    def __getitem__(self, index: int) -> tuple[tuple, tuple]:
        batch = super().__getitem__(index)
        return tuple(batch[view] for view in TOY.seen), (batch["location"],) * 2


def seen(
    pairs: CrossViewPairs,
    training: bool = False,
    kind: type[CrossViewBatches] = CrossViewBatches,
    **options: Any,
) -> CrossViewBatches:
    """Batches for the networks that look at both views."""
    sizes = {f"{view}_size": size for view, size in TOY.seen.items()}
    return kind(pairs, min(RETRIEVAL_BATCH, len(pairs)), training=training, **sizes, **options)


def retrieval_optimizer(batches: CrossViewBatches) -> keras.optimizers.Optimizer:
    """AdamW, as the released scripts take it, at a rate that falls over all epochs."""
    rate = CosineSchedule(RETRIEVAL_RATE, EPOCHS * len(batches))
    return keras.optimizers.AdamW(rate, weight_decay=0.03, epsilon=1e-8)


class Clock(keras.callbacks.Callback):
    """Ends training after so many seconds, counted from the end of the first step.

    In the second half of the time all rates fall to 0, as pix2pix' do over its epochs.
    """

    def __init__(self, seconds: float, rates: dict[str, float]) -> None:
        super().__init__()
        self.seconds, self.rates, self.steps, self.start = seconds, rates, 0, 0.0

    @property
    def took(self) -> float:
        return time.time() - self.start if self.steps else 0.0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        left = max(0.0, 1.0 - self.took / self.seconds)
        for player, rate in self.rates.items():
            self.model.optimizer.of(player).learning_rate = rate * min(1.0, 2.0 * left)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.steps += 1
        if self.steps == 1:
            self.start = time.time()
        self.model.stop_training = self.took > self.seconds


def train_for(
    seconds: float, model: Any, batches: Any, rates: dict[str, float]
) -> tuple[Any, dict[str, float]]:
    """Train by the model's own optimizers, Adam, at these rates; what it took."""
    model.compile()
    clock, started = Clock(seconds, rates), time.time()
    model.fit(batches, epochs=10_000, callbacks=[clock], verbose=2)
    return model, {
        "seconds": clock.took,
        "steps": clock.steps,
        "first_step_seconds": clock.start - started,
    }


def local_noise(model: CrossViewGenerator, pairs: CrossViewPairs) -> dict[str, float]:
    """What other local noise changes: grey levels of the pictures, and of the coarse ones (0)."""
    sources = [pairs[i][SOURCES.index(model.source)] for i in range(min(50, len(pairs)))]
    embeddings = model.embed_images(sources)
    noise, again = (model.draw_noise(len(sources), seed) for seed in (0, 1))
    pictures, coarse = zip(
        *(
            model.from_embeddings(embeddings, {**noise, "z_local": each["z_local"]}, coarse=True)
            for each in (noise, again)
        ),
        strict=True,
    )
    change = [np.abs(np.subtract(*pair, dtype=np.float64)) for pair in (pictures, coarse)]
    return {"picture": float(change[0].mean()), "coarse_largest": float(change[1].max())}

"""`kgen train retrieval` and `kgen train cross-view`: data and model, ready for `kgen.train`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from kgen.cli_options import given
from kgen.cli_train_view_arguments import CROSS_VIEW_MODEL
from kgen.cli_views import (
    data_name,
    load_retrieval,
    open_views,
    reading_of,
    semi_positives,
)
from kgen.cross_view import (
    ABLATIONS,
    CosineSchedule,
    CrossViewGenerator,
    RetrievalModel,
    cached_embeddings,
    load_saig_checkpoint,
)
from kgen.cross_view.sizes import SIZES, DataSizes
from kgen.data.cross_view import CrossViewBatches, CrossViewPairs
from kgen.training.examples import take_batch

SMALL = ("teaching", "tiny")  # trained from random weights, with which adaptive SAM does not begin


@dataclass
class Prepared:
    """Arguments of `kgen.train`."""

    model: Any
    data: Any
    validation_data: Any
    epochs: int
    samples: Any
    details: dict[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------------- retrieval


def prepare_retrieval(options: argparse.Namespace) -> Prepared:
    """Two branches of SAIG and the pairs that they are trained on."""
    name = data_name(options)
    sizes = SIZES[name]
    if options.panorama is None and name == "cvact":
        options.panorama = sizes.panorama
    ground = options.ground_size or sizes.seen["ground"]
    aerial = options.aerial_size or (ground if options.polar else sizes.seen["aerial"])
    reading = {
        "ground_size": ground, "aerial_size": aerial, "resize": options.resize,
        "polar": options.polar, "seed": options.seed, "workers": options.workers,
        "cache": "memory" if options.cache else None,
    }  # fmt: skip
    drawn = (ground, (aerial[0],) * 2 if options.polar else aerial)
    size = options.batch_size or sizes.retrieval_batch_size
    roll = options.polar or options.quarter_turns
    data = CrossViewBatches(open_views(options, "train", *drawn), size, roll=roll, **reading)
    held_out = open_views(options, "val", *drawn)
    validation = CrossViewBatches(
        held_out, size, training=False, extra=semi_positives(held_out), **reading
    )
    epochs = options.epochs or sizes.retrieval_epochs
    model = RetrievalModel.from_preset(
        options.preset, ground, aerial, options.seed, **given(options, ("pooling",))
    )
    if options.weights is not None:
        load_saig_checkpoint(model, options.weights)
    _compile_retrieval(model, options, sizes, epochs * len(data))
    details = {"data": options.data, "weights": options.weights}
    return Prepared(model, data, validation, epochs, options.samples, details)


def _compile_retrieval(
    model: RetrievalModel, options: argparse.Namespace, sizes: DataSizes, steps: int
) -> None:
    small = options.preset in SMALL
    asam = options.asam or ("none" if small else "saig")
    rate: Any = options.learning_rate or (1e-3 if small else 1e-4)
    if options.schedule == "cosine":
        rate = CosineSchedule(rate, steps)
    norm = sizes.clip_norm if options.clip_norm is None else options.clip_norm
    model.compile(
        keras.optimizers.AdamW(
            rate, weight_decay=options.weight_decay, epsilon=1e-8, global_clipnorm=norm or None
        ),
        loss=options.loss,
        asam=None if asam == "none" else asam,
        rho=options.rho,
    )


# ---------------------------------------------------------------------- the generator


def prepare_cross_view(options: argparse.Namespace) -> Prepared:
    """The generator, its frozen embedder, and batches with cached embeddings."""
    name = data_name(options)
    sizes = SIZES[name]
    model = _generator(options, sizes)
    shapes = {model.target: model.target_size, model.source: _source_size(model, sizes)}
    drawn = (shapes["ground"], shapes["aerial"])
    pairs = {s: open_views(options, s, *drawn, centred=True) for s in ("train", "val")}
    if options.validation_count:
        count = min(options.validation_count, len(pairs["val"]))
        pairs["val"] = pairs["val"].subset(range(count))
    reading = {
        "batch_size": options.batch_size or sizes.batch_size, "resize": options.resize,
        "ground_size": drawn[0], "aerial_size": drawn[1], "seed": options.seed,
        "workers": options.workers, "cache": "memory" if options.cache else None,
    }  # fmt: skip
    extra: Mapping[str, Mapping] = {"train": {}, "val": {}}
    views: dict[str, Any] = {}
    if model.encoder is None:
        extra = {split: _embeddings(model, pairs[split], split, shapes, options) for split in pairs}
        views = {"views": (model.target,)}
    made = {
        split: CrossViewBatches(
            pairs[split], extra=extra[split], training=split == "train", **reading, **views
        )
        for split in pairs
    }
    shown = CrossViewBatches(pairs["val"], extra=extra["val"], training=False, **reading)
    return Prepared(
        model,
        made["train"],
        made["val"],
        options.epochs or sizes.epochs,
        take_batch(shown, options.samples),
        {"data": options.data, "embedder": options.embedder, "ablation": options.ablation},
    )


def _generator(options: argparse.Namespace, sizes: DataSizes) -> CrossViewGenerator:
    overrides: dict[str, Any] = sizes.generator | given(options, CROSS_VIEW_MODEL)
    if options.disc_filters is not None:
        overrides["discriminator_options"] = {"base_filters": options.disc_filters}
    overrides |= ABLATIONS[options.ablation] if options.ablation else {}
    if overrides.get("embedder") == "pix2pix":
        source_size = options.source_size or sizes.targets[options.source]
        overrides["source_size"] = source_size
    else:
        overrides["embedder"] = _embedder(options)
    target = "ground" if options.source == "aerial" else "aerial"
    size = options.target_size or sizes.targets[target]  # type: ignore[index]
    model = CrossViewGenerator.from_preset(
        options.preset, source=options.source, seed=options.seed, target_size=size, **overrides
    )
    model.compile()
    for optimizer in model.optimizer.optimizers if sizes.learning_rate else ():
        optimizer.learning_rate = sizes.learning_rate
    return model


def _embedder(options: argparse.Namespace) -> RetrievalModel:
    if options.embedder is None:
        raise ValueError(
            "the generator is guided by a trained retrieval network: give --embedder RUN, made by "
            f"kgen train retrieval --data {' '.join(options.data)} --run-dir RUN; only --ablation "
            "i needs none"
        )
    if reading_of(options.embedder)["polar"]:
        raise ValueError(
            f"{options.embedder} was trained on polar aerial images, which the generator does not "
            "see: train one without --polar"
        )
    return load_retrieval(options.embedder)


def _source_size(model: CrossViewGenerator, sizes: DataSizes) -> tuple[int, int]:
    size = model.source_size
    return sizes.seen[model.source] if None in size else size


def _embeddings(
    model: CrossViewGenerator,
    pairs: CrossViewPairs,
    split: str,
    shapes: Mapping[Any, tuple[int, int]],
    options: argparse.Namespace,
) -> dict:
    path = Path(options.embeddings) / f"{split}.npz" if options.embeddings else None
    return cached_embeddings(
        model, pairs, shapes[model.source], options.resize, workers=options.workers, path=path
    )


PREPARE = {"retrieval": prepare_retrieval, "cross-view": prepare_cross_view}

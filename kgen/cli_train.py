"""`kgen train`: data -> a run folder, for each system."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

import kgen
from kgen.cli_data import TOY_MAPS, open_pairs, plain_batches, training_batches
from kgen.cli_options import given as _given
from kgen.cli_pictures import open_pictures
from kgen.cli_train_arguments import BOTH_STAGES, MODEL_OPTIONS, RUN_OPTIONS, STAGE_TWO


def train(options: argparse.Namespace) -> int:
    """Run the command; what lies in the run folder is printed."""
    keras.config.set_dtype_policy(options.precision)
    result = SYSTEMS[options.system](options)
    for note in result.notes:
        print(f"note: {note}")
    print(f"The run folder: {result.directory}")
    for name, path in result.files.items():
        print(f"  {name:13} {path}")
    return 0


def _pix2pix(options: argparse.Namespace) -> Any:
    size = options.size or ((64, 64) if options.data == [TOY_MAPS] else (256, 256))
    data = training_batches(open_pairs(options, "train", size), options, size)
    source_shape: Any = data.source_shape
    target_shape: Any = data.target_shape
    model = kgen.Pix2Pix.from_preset(
        options.preset,
        image_shape=source_shape,
        output_channels=target_shape[-1],
        seed=options.seed,
        **_given(options, MODEL_OPTIONS),
    )
    return kgen.train(
        _compiled(model, options),
        data,
        validation_data=plain_batches(open_pairs(options, "val", size), options, size),
        name=_name(options),
        export=not options.no_export,
        verbose=_verbose(),
        **_given(options, ("epochs", "decay_epochs", *RUN_OPTIONS)),
    )


def _attribute_gan(options: argparse.Namespace) -> Any:
    pictures = open_pictures(options, "train", options.size)
    validation = open_pictures(options, "val", options.size) if options.validation else None
    return kgen.attribute_gan.train_stages(
        pictures,
        validation,
        **_stages(options, pictures),
        export=not options.no_export,
        name=_name(options),
        verbose=_verbose(),
        **_given(options, ("shape_epochs", "picture_epochs", "halve_every", "batch_size")),
        **_given(options, ("seed", "workers", "cache", "mismatching", *RUN_OPTIONS)),
    )


def _stages(options: argparse.Namespace, pictures: Any) -> Mapping[str, Any]:
    """The stages that are to be trained, compiled."""
    common = {"image_size": options.size, "seed": options.seed, **_given(options, BOTH_STAGES)}
    stages: dict[str, Any] = {}
    if options.stage != "picture":
        stages["shape"] = kgen.AttributeToShape.from_preset(
            options.shape_preset, attribute_names=pictures.shape_names, **common
        )
    if options.stage != "shape":
        stages["picture"] = kgen.ShapeToImage.from_preset(
            options.picture_preset,
            attribute_names=pictures.other_names,
            **common,
            **_given(options, STAGE_TWO),
        )
    return {name: _compiled(model, options) for name, model in stages.items()}


def _views(options: argparse.Namespace) -> Any:
    """The retrieval network, or the generator that it guides."""
    from kgen.cli_train_views import PREPARE

    prepared = PREPARE[options.system](options)
    model = prepared.model
    return kgen.train(
        model if options.system == "retrieval" else _with_rate(model, options),
        prepared.data,
        validation_data=prepared.validation_data,
        epochs=prepared.epochs,
        samples=prepared.samples,
        details=prepared.details,
        name=_name(options),
        export=not options.no_export,
        verbose=_verbose(),
        **{k: v for k, v in _given(options, RUN_OPTIONS).items() if k != "samples"},
    )


SYSTEMS = {
    "pix2pix": _pix2pix,
    "attribute-gan": _attribute_gan,
    "retrieval": _views,
    "cross-view": _views,
}


def _compiled(model: kgen.AdversarialModel, options: argparse.Namespace) -> Any:
    model.compile()
    return _with_rate(model, options)


def _with_rate(model: kgen.AdversarialModel, options: argparse.Namespace) -> Any:
    if options.learning_rate is not None:
        for optimizer in model.optimizer.optimizers:
            optimizer.learning_rate = options.learning_rate
    return model


def _name(options: argparse.Namespace) -> str:
    """Of the data set, for the name of a new run folder."""
    return Path(options.data[-1]).resolve().stem


def _verbose() -> int:
    return 1 if sys.stdout.isatty() else 2  # no progress bar in a log file

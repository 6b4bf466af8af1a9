"""`kgen evaluate`: measure a model or a folder of pictures, or put evaluations side by side."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import kgen
from kgen.callbacks.files import plain
from kgen.cli_data import TOY_MAPS, open_pairs, plain_batches
from kgen.cli_models import load_model
from kgen.cli_pictures import refuse
from kgen.cross_view import CrossViewGenerator, RetrievalModel


def evaluate(options: argparse.Namespace) -> int:
    """Run the command; the numbers are printed as JSON, where files lie goes to standard error."""
    if options.compare:
        return _compare(options)
    if options.model is None or options.data is None:
        raise ValueError(
            "say what is measured and on what: kgen evaluate MODEL --data FOLDER (MODEL may be a "
            "folder of generated pictures); or kgen evaluate --compare RUN RUN"
        )
    result = _measure(options)
    print(json.dumps(plain(result.values), indent=2))
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"The report: {result.files['report']}", file=sys.stderr)
    return 0


def _compare(options: argparse.Namespace) -> int:
    comparison = kgen.compare(options.compare, options.output)
    print(json.dumps(plain(comparison.table), indent=2))
    for note in comparison.notes:
        print(f"note: {note}", file=sys.stderr)
    if options.output:
        print(f"The comparison: {comparison.files['report']}", file=sys.stderr)
    return 0


def _measure(options: argparse.Namespace) -> Any:
    place = Path(options.model)
    is_model = place.suffix == ".keras" or (place / "model.keras").is_file() or not place.is_dir()
    output = Path(options.output or _default_output(place, is_model, options.split))
    model: Any = load_model(options.model) if is_model else place
    if isinstance(model, kgen.StackedAttributeGAN):
        from kgen.cli_evaluate_chain import measure_chain

        return measure_chain(model, options, output)
    if is_model and isinstance(model, (RetrievalModel, CrossViewGenerator)):
        from kgen.cli_evaluate_views import measure_views

        return measure_views(model, options, output)
    refuse(options, "pairs of images", "judge")
    size = _size(model, options) if is_model else options.size
    data, mode = _open_data(options, size, is_model)
    training = None
    if "memorisation" in (options.metrics or ()):
        training = _open_data(options, size, is_model, split="train")[0]
    return kgen.evaluate(
        model,
        data,
        options.metrics,
        output,
        name=options.name,
        rank_by=options.rank_by,
        shown=options.shown,
        count=options.count,
        training_data=training,
        mode=mode,
        verbose="auto" if sys.stdout.isatty() else 0,  # the output may be read by a program
    )


def _size(model: Any, options: argparse.Namespace) -> tuple[int, int]:
    """The size of what the model takes."""
    if isinstance(model, (kgen.AttributeToShape, kgen.ShapeToImage)):
        raise ValueError(
            f"{options.model} holds one stage of an attribute GAN: evaluate the run that holds "
            "both, or their chain, kgen.StackedAttributeGAN"
        )
    size = options.size or getattr(model, "generator", model).input_shape[1:3]
    if None in size:
        raise ValueError(f"{options.model} takes pictures of many sizes: give --size")
    return size


def _open_data(
    options: argparse.Namespace, size: Any, is_model: bool, split: str | None = None
) -> tuple[Any, Any]:
    """Pairs in a size, pairs as stored, or a folder of real pictures; and the mode to read."""
    single = len(options.data) == 1 and options.data != [TOY_MAPS] and not options.input_side
    if single and not is_model:
        if split is not None:
            raise ValueError("memorisation needs training pictures: give --data with train/")
        if options.size:
            raise ValueError(
                "--size brings pairs to one size; folders of pictures are compared as they are"
            )
        return options.data[0], options.target_mode
    pairs = open_pairs(options, split or options.split, size or (64, 64))
    return (plain_batches(pairs, options, size) if size else pairs), options.target_mode


def _default_output(place: Path, is_model: bool, split: str) -> Path:
    """`runs/mine/evaluation/val` for a model, `generated/evaluation` for a folder of pictures."""
    if not is_model:
        return place / "evaluation"
    return (place if place.is_dir() else place.parent) / "evaluation" / split

"""`kgen evaluate` of a retrieval network, and of the generator, which one judges."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from kgen.cli_pictures import refuse
from kgen.cli_views import load_retrieval, open_views, reading_of, semi_positives
from kgen.cross_view import CrossViewGenerator, RetrievalModel, evaluate_cross_view
from kgen.data.cross_view import CrossViewBatches, CrossViewPairs, middle_half
from kgen.evaluation.result import EvaluationResult
from kgen.evaluation.run import circumstances

LOWER = ("rmse", "lpips", "fid")  # beginnings of what is better when it is lower
NEITHER = ("chance", "real")
UNITS = {"psnr": "dB", "sharpdiff": "dB"}


def measure_views(
    model: RetrievalModel | CrossViewGenerator, options: argparse.Namespace, folder: Path
) -> EvaluationResult:
    """Measure on held-out pairs.

    Args:
        model: the retrieval network, or the generator; then `options.judge` names a retrieval
            network that was trained apart.
        options: as `kgen evaluate` takes them.
        folder: for the report.
    """
    refuse(
        options, "cross-view models", "input_side", "target_resize", "one_hot", "size", "rank_by"
    )
    if options.split == "all":
        raise ValueError("--split all: of no use for cross-view models; take train, val or test")
    started = time.perf_counter()
    measure = _retrieval if isinstance(model, RetrievalModel) else _generator
    values, about = measure(model, options)
    seconds = {"all": round(time.perf_counter() - started, 3)}
    result = EvaluationResult(
        name=options.name or Path(options.model).resolve().stem,
        metrics={
            name: _entry(name, value, about["data"]["length"]) for name, value in values.items()
        },
        settings=circumstances(model={"class": type(model).__name__}, seconds=seconds, **about),
    )
    result.save(folder)
    return result


def _retrieval(model: RetrievalModel, options: argparse.Namespace) -> tuple[dict, dict]:
    """Recall over the whole split, and the hit rate where there are semi-positives."""
    refuse(options, "a retrieval network", "judge", "metrics")
    reading = reading_of(options.model)
    if reading.pop("middle") and options.panorama is None:
        options.panorama = "middle"
    if options.resize is not None:
        reading["resize"] = options.resize
    ground, aerial = (model_size(model, view) for view in ("ground", "aerial"))
    drawn = (aerial[0],) * 2 if reading["polar"] else aerial
    pairs = open_views(options, options.split, ground, drawn)
    batches = CrossViewBatches(
        pairs, options.batch_size or 32, aerial, ground, training=False, workers=options.workers,
        extra=semi_positives(pairs), **reading,
    )  # fmt: skip
    values = model.evaluate(batches, verbose=0, return_dict=True)
    return values, _about(pairs, options) | reading


def _generator(model: CrossViewGenerator, options: argparse.Namespace) -> tuple[dict, dict]:
    """The paper's measures."""
    if options.judge is None:
        raise ValueError(
            "a retrieval network judges whose pictures these are: give --judge RUN, one that was "
            "trained apart from the generator's (kgen train retrieval --seed 1 ...)"
        )
    judge, seen = load_retrieval(options.judge), reading_of(options.judge)
    if seen["polar"]:
        raise ValueError(f"{options.judge} knows polar aerial images only: take another judge")
    sizes = {model.target: model.target_size, model.source: model.source_size}
    pairs = open_views(options, options.split, sizes["ground"], sizes["aerial"], centred=True)
    values = evaluate_cross_view(
        model,
        pairs,
        judge,
        seen_part=middle_half if seen["middle"] and options.panorama != "middle" else None,
        batch_size=options.batch_size or 8,
        seed=options.seed,
        **_networks(options.metrics),
        **({} if options.resize is None else {"resizer": options.resize}),
    )
    return values, _about(pairs, options) | {"judge": options.judge}


def _about(pairs: CrossViewPairs, options: argparse.Namespace) -> dict[str, Any]:
    return {"data": {"name": options.data[0], "split": options.split, "length": len(pairs)}}


def model_size(model: RetrievalModel, view: str) -> tuple[int, int]:
    """What a branch takes."""
    size = getattr(model, view).input_shape[1:3]
    if None in size:
        raise ValueError(f"the {view} branch takes images of many sizes: evaluate it in Python")
    return size


def _networks(metrics: list[str] | None) -> dict[str, Any]:
    """`lpips` and `features` of `evaluate_cross_view` from names such as lpips_alex."""
    if metrics is None:
        return {}
    trunks = [name.removeprefix("lpips_") for name in metrics if name.startswith("lpips_")]
    features = [name.removeprefix("fid_") for name in metrics if name.startswith("fid_")]
    if len(trunks) + len(features) < len(metrics) or len(features) != 1:
        raise ValueError(
            "--metrics of a cross-view generator chooses the networks: any lpips_NAME and one "
            "fid_NAME (default: lpips_alex lpips_vgg fid_inception2015; without weights: "
            f"lpips_stand_in fid_stand_in); got {' '.join(metrics)}. All else is always measured"
        )
    return {"lpips": tuple(trunks), "features": features[0]}


def _entry(name: str, value: float, count: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"value": value, "n": count}
    if not name.startswith(NEITHER):
        entry["better"] = "lower" if name.startswith(LOWER) else "higher"
    unit = UNITS.get(name.partition("_")[0])
    return entry | ({"unit": unit} if unit else {})

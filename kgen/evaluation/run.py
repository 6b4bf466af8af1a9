"""One call that measures a model, or a folder of pictures, and leaves a report of it."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.callbacks.run_record import machine, versions
from kgen.data.images import Mode
from kgen.evaluation.choose import Metrics, as_list, need_pairs, open_measures
from kgen.evaluation.look import Look
from kgen.evaluation.matching import open_examples
from kgen.evaluation.measures import Measure
from kgen.evaluation.result import EvaluationResult
from kgen.evaluation.sources import left_alone


def evaluate(
    model: Any,
    data: Any,
    metrics: Metrics = None,
    output: str | os.PathLike | None = None,
    *,
    name: str | None = None,
    rank_by: str | None = None,
    shown: int = 3,
    count: int | None = None,
    batch_size: int = 1,
    extractors: Sequence[Any] = (),
    training_data: Any = None,
    mode: Mode = "stored",
    verbose: int | str = "auto",
) -> EvaluationResult:
    """Measure generated pictures against real ones; write numbers, a table and a report.

    Everything is measured on 8-bit pictures, as papers do, so that a model gives the same numbers
    as the folder of its pictures. (`model.evaluate` takes its PSNR before rounding.)

    Args:
        model: a Keras model, its .keras file, or a function, from float32 sources (B, H, W, C) in
            [-1, 1] to pictures in [-1, 1]; or a folder of generated pictures; or an array of them
            (N, H, W, C), uint8 or float in [-1, 1].
        data: pairs (`kgen.data.side_by_side(...)`, `(source, target)` arrays), batches of them
            (`kgen.data.Batches(pairs, training=False, ...)`, or anything that yields (source,
            target)); for pictures that are there already also a folder of real ones, matched by
            name, or an array; or mean and covariance of a set as pytorch-fid writes them (.npz).
        metrics: names (`kgen.evaluation.known_names()`), functions (real, fake) -> (B,) of uint8
            pictures, or `keras.metrics.Metric` objects, which get float32 in [-1, 1]; or a dict of
            named functions. Default: psnr, ssim, rmse, log_spectral_distance, which need no
            weights.
        output: folder for `metrics.json`, `per_image.csv` and `report.html`. Default: none is
            written.
        name: of what is measured, for the report. Default: the model's or the folder's.
        rank_by: the metric by which best and worst pictures are chosen. Default: LPIPS if it is
            measured, else the first that each picture has.
        shown: pictures of each kind in the report. Default 3.
        count: measure the first so many pairs only.
        batch_size: pictures generated at a time. Default 1: then no picture depends on its
            neighbours, whatever the model's batch normalization does.
        extractors: your own, for names such as "fid_NAME": `kgen.metrics.as_extractor(model,
            NAME)`.
        training_data: pictures that "memorisation" looks for, as `data`.
        mode: channels to read from folders, see `kgen.data.read_image`.
        verbose: 1 shows a progress bar, 0 none. Default "auto": for 100 pictures and more.

    Returns:
        the numbers with variant, trunk, n and seconds; see `EvaluationResult`.

    Raises:
        ValueError: pictures that are not finite, of another range or of other sizes than their
            truth, files without partner, one picture for a metric of sets, unknown names; says
            which file, and the rule.

    Example:

    >>> real = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), "uint8")
    >>> result = evaluate(real // 2, real, metrics=["psnr", "ssim"], verbose=0)
    >>> list(result.values), result.metrics["psnr"]["n"]
    (['psnr', 'ssim'], 4)
    """
    started = time.perf_counter()
    chosen = as_list(metrics)
    if isinstance(model, (str, os.PathLike)) and Path(model).suffix == ".keras":
        model = keras.models.load_model(model)
    examples = open_examples(model, data, need_pairs(chosen), batch_size, mode).first(count)
    measures = open_measures(chosen, examples.count, extractors, training_data, examples.reference)
    look = Look(examples, measures, rank_by, shown)
    with left_alone(model):
        look.run(verbose)
    result = EvaluationResult(
        name=name or _default_name(examples.description),
        metrics=_collect(measures, chosen),
        per_image={n: np.concatenate(parts) for m in measures for n, parts in m.per_image.items()},
        names=look.names,
        pictures=look.pictures(),
        spectra=next((found for m in measures if (found := getattr(m, "spectra", None))), {}),
        notes=look.notes(),
    )
    result.settings = _settings(look, time.perf_counter() - started)
    if output is not None:
        result.save(output)
    return result


def _default_name(description: dict[str, Any]) -> str:
    """What is measured, on what: `pix2pix on maps/val`."""
    model, data = (description.get(part, {}).get("name", "") for part in ("model", "data"))
    return " on ".join(filter(None, (model or "pictures", data)))


def _collect(measures: Sequence[Measure], chosen: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """All results, in the order in which their metrics were asked for."""
    found: dict[str, dict[str, Any]] = {}
    for measure in measures:
        found |= measure.timed_finish()
    order = [item for item in chosen if isinstance(item, str) and item in found]
    return {name: found[name] for name in dict.fromkeys([*order, *found])}


def _settings(look: Look, seconds: float) -> dict[str, Any]:
    """Everything that somebody needs who finds the numbers a year later."""
    details = {
        **look.examples.description,
        "pictures": len(look.names),
        "size": look.common_size(),
        "measured as": "uint8, 0..255",
        "ranked_by": look.rank_by,
        "seconds": {"all": round(seconds, 3), "reading and generating": round(look.seconds, 3)},
    }
    return circumstances(**details)


def circumstances(**details: Any) -> dict[str, Any]:
    """When and with what an evaluation was made, around details of its own."""
    return {
        "evaluated": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        **details,
        "backend": keras.config.backend(),
        "versions": versions(),
        "machine": machine(),
    }

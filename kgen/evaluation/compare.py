"""Several evaluations side by side: one table, and how the values of single pictures spread."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kgen.callbacks.files import replace_file, write_json
from kgen.evaluation.charts import boxes
from kgen.evaluation.page import page, table, text
from kgen.evaluation.result import ARROWS, EvaluationResult, format_value, read_result

FILES = {"comparison": "comparison.json", "report": "comparison.html"}
# What must agree for two numbers of one name to be comparable.
CONDITIONS = ("variant", "trunk", "resizer", "reference", "value_range", "subset_size", "n")


@dataclass(repr=False)
class Comparison:
    """Runs side by side.

    Attributes:
        results: name of the run -> its evaluation.
        notes: where numbers of one row are not comparable, and why.
        files: what was written, `comparison`, `report` -> path.
    """

    results: dict[str, EvaluationResult]
    notes: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def table(self) -> dict[str, dict[str, float | None]]:
        """Metric -> run -> value; None where a run has not measured it."""
        names = dict.fromkeys(name for found in self.results.values() for name in found.metrics)
        return {
            name: {run: found.values.get(name) for run, found in self.results.items()}
            for name in names
        }

    def best(self, metric: str) -> str | None:
        """The run with the best value; None where no direction is better, or values tie."""
        values = {run: value for run, value in self.table[metric].items() if value is not None}
        sign = {"higher": 1.0, "lower": -1.0}.get(self._about(metric).get("better", ""), 0.0)
        order = sorted(values, key=lambda run: sign * values[run], reverse=True)
        if not sign or len(order) < 2 or values[order[0]] == values[order[1]]:
            return None
        return order[0]

    def _about(self, metric: str) -> dict[str, Any]:
        return next(r.metrics[metric] for r in self.results.values() if metric in r.metrics)

    def save(self, folder: str | os.PathLike) -> dict[str, Path]:
        """Write `comparison.json` and `comparison.html`, each in one go."""
        folder = Path(folder)
        record = {
            "runs": list(self.results),
            "table": self.table,
            "best": {name: self.best(name) for name in self.table},
            "notes": self.notes,
            "metrics": {run: found.metrics for run, found in self.results.items()},
        }
        content = comparison_page(self)
        self.files = {
            "comparison": write_json(folder / FILES["comparison"], record),
            "report": replace_file(
                folder / FILES["report"], lambda path: path.write_text(content, encoding="utf-8")
            ),
        }
        return self.files

    def __repr__(self) -> str:
        return f"Comparison({', '.join(map(repr, self.results.values()))})"

    def _repr_html_(self) -> str:
        return numbers_table(self)


def compare(
    evaluations: Sequence[Any] | Mapping[str, Any],
    output: str | os.PathLike | None = None,
) -> Comparison:
    """Put several evaluations side by side in one table.

    Args:
        evaluations: results of `kgen.evaluate`, folders that it wrote to, their metrics.json, or
            run folders that hold one; a dict names them.
        output: folder for `comparison.json` and `comparison.html`. Default: none is written.

    Returns:
        the table, with notes where two numbers of one name are not comparable.

    Raises:
        FileNotFoundError, ValueError: no evaluation there, fewer than two.

    Example:

    >>> entry = {"value": 20.0, "better": "higher", "n": 8}
    >>> runs = {"old": EvaluationResult("a", {"psnr": entry}),
    ...         "new": EvaluationResult("b", {"psnr": {**entry, "value": 21.0}})}
    >>> comparison = compare(runs)
    >>> comparison.table, comparison.best("psnr")
    ({'psnr': {'old': 20.0, 'new': 21.0}}, 'new')
    """
    if not isinstance(evaluations, Mapping):
        found = [_as_result(item) for item in evaluations]
        named = dict(zip(_distinct_names(found, evaluations), found, strict=True))
    else:
        named = {str(name): _as_result(item) for name, item in evaluations.items()}
    if len(named) < 2:
        raise ValueError(f"a comparison needs two evaluations or more; received {len(named)}")
    comparison = Comparison(named)
    comparison.notes = _doubts(comparison)
    if output is not None:
        comparison.save(output)
    return comparison


def _as_result(item: Any) -> EvaluationResult:
    return item if isinstance(item, EvaluationResult) else read_result(item)


def _distinct_names(found: Sequence[EvaluationResult], places: Sequence[Any]) -> list[str]:
    """The evaluations' names; where two are the same, their folders' names, else numbers."""
    names = [result.name for result in found]
    if len(set(names)) < len(names):
        names = [_folder_name(p) or r.name for p, r in zip(places, found, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{number}. {name}" for number, name in enumerate(names, start=1)]
    return names


def _folder_name(place: Any) -> str:
    """The run's name in `runs/NAME/evaluation/val/metrics.json`, or in `runs/NAME`."""
    if isinstance(place, EvaluationResult):
        return ""
    parts = [part for part in Path(place).resolve().parts if part != "metrics.json"]
    return parts[parts.index("evaluation") - 1] if "evaluation" in parts[1:] else parts[-1]


def _doubts(comparison: Comparison) -> list[str]:
    """Which rows hold numbers that must not be compared, and why."""
    notes = []
    results = comparison.results
    for metric in comparison.table:
        found = {run: r.metrics[metric] for run, r in results.items() if metric in r.metrics}
        for condition in CONDITIONS:
            received = {run: entry.get(condition) for run, entry in found.items()}
            if len({str(value) for value in received.values()}) > 1:
                shown = ", ".join(f"{run}: {value}" for run, value in received.items())
                notes.append(f"{metric} is not comparable: {condition} differs ({shown}).")
    pictures = {tuple(result.names) for result in results.values() if result.names}
    if len(pictures) > 1:
        notes.append("The runs were measured on different pictures.")
    return notes


# ---------------------------------------------------------------------- the page


def comparison_page(comparison: Comparison) -> str:
    """The comparison as one HTML document."""
    title = f"{len(comparison.results)} runs compared"
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="soft">{text(", ".join(comparison.results))}</p>',
        *(f'<p class="note">{text(note)}</p>' for note in comparison.notes),
        "<h2>Numbers</h2>",
        numbers_table(comparison),
        '<p class="soft" style="margin-top:8px">↑ higher is better, ↓ lower is better; the best of '
        "a row is bold. A difference smaller than the spread of pictures may be chance.</p>",
        _spread(comparison),
        "<footer>This page needs no other file. The same numbers are in comparison.json.</footer>",
    ]
    return page(title, "\n".join(filter(None, parts)))


def numbers_table(comparison: Comparison) -> str:
    """Metrics down, runs across."""
    runs = list(comparison.results)
    rows = []
    for metric, values in comparison.table.items():
        about, best = comparison._about(metric), comparison.best(metric)
        arrow = ARROWS.get(about.get("better", ""), "")
        cells = [format_value(values[run]) for run in runs]
        if best is not None:
            place = runs.index(best)
            cells[place] = f'<td class="n win"><b>{cells[place]}</b></td>'
        label = f"{text(about.get('label') or metric)} {arrow}<br><code>{text(metric)}</code>"
        rows.append((label, *cells, text(about.get("unit", "")), text(about.get("variant", ""))))
    numbers = range(1, len(runs) + 1)
    return table(("metric", *runs, "unit", "what exactly"), rows, numbers=tuple(numbers))


def _spread(comparison: Comparison) -> str:
    """One chart for each metric that single pictures have in two runs or more."""
    figures = []
    for metric in comparison.table:
        values = {
            run: found.per_image[metric]
            for run, found in comparison.results.items()
            if np.isfinite(found.per_image.get(metric, [])).sum() > 1
        }
        if len(values) > 1:
            about = comparison._about(metric)
            unit = f", {about['unit']}" if about.get("unit") else ""
            chart = boxes(values, f"{about.get('label') or metric}{unit}")
            figures.append(f"<figure>{chart}</figure>")
    if not figures:
        return ""
    return (
        '<h2>How pictures differ</h2><p class="soft">Box: the middle half of the pictures, line: '
        "the median, whiskers: from the 5th to the 95th of a hundred.</p>"
        f'<div class="charts">{"".join(figures)}</div>'
    )

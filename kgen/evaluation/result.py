"""What an evaluation found, in memory and as files."""

from __future__ import annotations

import csv
import html
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kgen.callbacks.files import replace_file, write_json
from kgen.evaluation.gallery import Shown

FILES = {"metrics": "metrics.json", "per_image": "per_image.csv", "report": "report.html"}
ARROWS = {"higher": "↑", "lower": "↓"}


@dataclass(repr=False)
class EvaluationResult:
    """The numbers of a set of pictures, each with what it takes to compare it.

    `result["psnr"]` is the number; `result.metrics["psnr"]` says more of it: `value`, `variant`,
    `n`, `seconds`, `value_range`, `unit`, `better`, where there are such also `median`,
    `standard_deviation`, `trunk`, `resizer`, `reference`, `note`.

    Attributes:
        name: what was measured.
        metrics: name -> what was found and how.
        per_image: name -> (N,) values of the single pictures.
        names: of the N pictures.
        settings: model, data, backend, versions, machine, times.
        pictures: `"Best"`, `"Middle"`, `"Worst"` -> pictures; empty when read from files.
        spectra: `"real"` and `"generated"` -> (H, W) mean power spectrum, where measured; empty
            when read from files.
        notes: what is worth knowing.
        files: what was written, `metrics`, `per_image`, `report` -> path.

    Example:

    >>> result = EvaluationResult("mine", {"psnr": {"value": 20.0, "unit": "dB"}})
    >>> result["psnr"], result.values
    (20.0, {'psnr': 20.0})
    """

    name: str
    metrics: dict[str, dict[str, Any]]
    per_image: dict[str, np.ndarray] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, list[Shown]] = field(default_factory=dict)
    spectra: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        if name not in self.metrics:
            raise KeyError(f"{name!r} was not measured; there is {', '.join(self.metrics)}")
        return self.metrics[name]["value"]

    @property
    def values(self) -> dict[str, float]:
        """Name -> number."""
        return {name: entry["value"] for name, entry in self.metrics.items()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={format_value(value)}" for name, value in self.values.items())
        return f"EvaluationResult({self.name!r}: {shown})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(entry.get('label') or name)} "
            f"{ARROWS.get(entry.get('better', ''), '')}</td>"
            f"<td>{format_value(entry['value'])} {html.escape(entry.get('unit', ''))}</td>"
            f"<td>{entry.get('n', '')}</td>"
            f"<td style='text-align:left'>{html.escape(entry.get('variant', ''))}</td></tr>"
            for name, entry in self.metrics.items()
        )
        head = "".join(f"<th>{title}</th>" for title in ("metric", "value", "n", "variant"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def save(self, folder: str | os.PathLike) -> dict[str, Path]:
        """Write `metrics.json`, `per_image.csv` and `report.html`, each in one go.

        Returns:
            `metrics`, `per_image` (where single pictures were measured), `report` -> path.
        """
        from kgen.evaluation.report import report_page

        folder = Path(folder)
        if folder.suffix in (".json", ".html", ".csv"):
            raise ValueError(f"{folder}: give a folder; {', '.join(FILES.values())} are put in it")
        page = report_page(self)  # before anything is written
        record = {
            "name": self.name,
            "metrics": self.metrics,
            "notes": self.notes,
            "settings": self.settings,
        }
        self.files = {"metrics": write_json(folder / FILES["metrics"], record)}
        if self.per_image:
            path = folder / FILES["per_image"]
            self.files["per_image"] = replace_file(path, self._write_rows)
        self.files["report"] = replace_file(
            folder / FILES["report"], lambda path: path.write_text(page, encoding="utf-8")
        )
        return self.files

    def _write_rows(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["name", *self.per_image])
            columns = [values.tolist() for values in self.per_image.values()]
            writer.writerows(zip(self.names, *columns, strict=True))


def read_result(place: str | os.PathLike) -> EvaluationResult:
    """Read what an evaluation has written.

    Args:
        place: the folder that was its `output`, its metrics.json, or a run folder that holds one
            evaluation.

    Raises:
        FileNotFoundError: there is no evaluation; says how to make one.
        ValueError: there are several; the file is no metrics.json.
    """
    path = _find(Path(place))
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = EvaluationResult(
            record["name"], record["metrics"], settings=record["settings"], notes=record["notes"]
        )
        for entry in found.metrics.values():
            if entry["value"] is None and entry.get("infinite"):  # JSON has no infinity
                entry["value"] = float("inf")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: it is no metrics.json of kgen.evaluate ({type(error).__name__}: {error})"
        ) from error
    table = path.with_name(FILES["per_image"])
    if table.is_file():
        found.names, found.per_image = _read_rows(table)
    return found


def _find(place: Path) -> Path:
    if place.is_file():
        return place
    if (place / FILES["metrics"]).is_file():
        return place / FILES["metrics"]
    found = sorted(place.glob(f"evaluation/**/{FILES['metrics']}"))
    if len(found) == 1:
        return found[0]
    if found:
        folders = ", ".join(str(path.parent) for path in found)
        raise ValueError(f"{place}: holds several evaluations, name one of them: {folders}")
    raise FileNotFoundError(
        f"{place}: there is no metrics.json in it. Make one: kgen evaluate {place} --data ..., or "
        "kgen.evaluate(model, data, output=...)."
    )


def _read_rows(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    columns = list(zip(*rows, strict=True))
    try:
        return list(columns[0]), {
            name: np.array(list(map(float, column)))
            for name, column in zip(header[1:], columns[1:], strict=True)
        }
    except (IndexError, ValueError) as error:
        raise ValueError(f"{path}: it is no table of kgen.evaluate ({error})") from error


def format_value(value: float | None) -> str:
    """A number in the digits that are worth reading: four significant ones; counts as they are.

    Example:

    >>> [format_value(value) for value in (19.5432, 0.51234, 1234.56, 94, float("inf"), None)]
    ['19.54', '0.5123', '1235', '94', '∞', '–']
    """
    if value is None or value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    if isinstance(value, int) or value == 0:
        return f"{value:g}" if value == 0 else str(value)
    if abs(value) >= 1e6 or abs(value) < 1e-4:
        return f"{value:.4g}"
    digits = max(0, 3 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{digits}f}"

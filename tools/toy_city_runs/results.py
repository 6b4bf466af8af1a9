"""Tables of what `tools/reproduce_cross_view` measured, and the card of its example."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from recipe import BATCH, RETRIEVAL

import kgen
from kgen.cross_view import PUBLISHED, PUBLISHED_ABLATIONS, PUBLISHED_EMBEDDERS
from kgen.plotting import save_figure

MACHINE = f"{os.cpu_count()} {platform.machine()} cores, no GPU"
MEASURES = {
    "ssim": "SSIM",
    "psnr": "PSNR",
    "lpips_stand_in": "LPIPS (stand-in)",
    "fid_stand_in": "FID (stand-in)",
    "r1": "R@1",
    "r10": "R@10",
}
DIGITS = {"psnr": 1, "fid_stand_in": 2}
LABELS = {"aerial": "aerial to ground", "ground": "ground to aerial"}
# the rows of the paper's tables: what is left out, and what takes the embedder's place
ROWS = {
    4: {
        "whole": "whole",
        "i": "(i) pix2pix encoder for the retrieval network",
        "ii": "(ii) no weight maps",
        "iii": "(iii) no style",
        "iv": "(iv) no retrieval in blocks",
        "v": "(v) structure blocks only",
        "vi": "(vi) no coarse discriminator",
    },
    5: {"retrieval": "retrieval", "classification": "classification"},
}


def write_results(output: Path) -> None:
    """results.md, of all that lies there."""
    records = [json.loads(path.read_text()) for path in sorted(output.glob("*.json"))]
    parts = [backends_table(records)] if records else []
    for number in ROWS:
        for path in sorted((output / f"table{number}").glob("*.json")):
            parts.append(rows_table(number, path.stem, json.loads(path.read_text())["rows"]))
    (output / "results.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n\n".join(parts))


def backends_table(records: list[dict[str, Any]]) -> str:
    """A column for each backend: generator / pix2pix in both directions."""
    rows = [("", *(record["backend"] for record in records)), ("---",) * (1 + len(records))]
    rows.append(("R@1 of real pictures, embedder / judge", *map(_retrieval, records)))
    for source, label in LABELS.items():
        for name, shown in MEASURES.items():
            cells = (_against(record["directions"][source], name) for record in records)
            rows.append((f"{shown}, {label}", *cells))
        cells = (_noise(record["directions"][source]) for record in records)
        rows.append((f"change by local noise, {label}", *cells))
    steps = (" / ".join(_steps(record)) for record in records)
    rows.append((f"steps of {BATCH} pictures, generator (pix2pix)", *steps))
    rows.append(("first step, seconds", *map(_first_steps, records)))
    rows.append(("minutes in all", *(f"{r['seconds'] / 60:.0f}" for r in records)))
    rows.append(("peak memory of a process, GiB", *(f"{r['peak_gib']:.1f}" for r in records)))
    return markdown(rows)


def rows_table(number: int, backend: str, found: dict[str, dict[str, float]]) -> str:
    """The rows of table 4 or 5 beside the paper's numbers."""
    whole = PUBLISHED["cvusa", "aerial"]
    published = PUBLISHED_ABLATIONS if number == 4 else PUBLISHED_EMBEDDERS
    head = (f"Table {number}, {backend}", *MEASURES.values(), "paper, CVUSA: SSIM ... R@1")
    rows: list[tuple] = [head, ("---",) * len(head)]
    for name, label in ROWS[number].items():
        if name in found:
            numbers = (number_of(measure, found[name][measure]) for measure in MEASURES)
            paper = published.get(name, whole)
            rows.append((label, *numbers, " / ".join(f"{value:g}" for value in paper.values())))
    return markdown(rows)


def markdown(rows: list[tuple]) -> str:
    """Cells as a table; the second row is the line below the head."""
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def number_of(name: str, value: float) -> str:
    """A measure as it is printed."""
    if name.startswith("r"):
        return f"{value:.1%}"
    return f"{value:.{DIGITS.get(name, 3)}f}"


def _against(found: dict[str, Any], name: str) -> str:
    return " / ".join(number_of(name, found[model][name]) for model in ("generator", "pix2pix"))


def _retrieval(record: dict[str, Any]) -> str:
    shares = [f"{record['retrieval'][name]['r1']:.1%}" for name in RETRIEVAL]
    return f"{' / '.join(shares)} (chance {record['chance']:.2%})"


def _noise(found: dict[str, Any]) -> str:
    noise = found["local_noise"]
    return f"{noise['picture']:.1f} of 255; coarse {noise['coarse_largest']:.0f}"


def _steps(record: dict[str, Any]) -> list[str]:
    return [
        f"{found['generator']['steps']:.0f} ({found['pix2pix']['steps']:.0f})"
        for found in record["directions"].values()
    ]


def _first_steps(record: dict[str, Any]) -> str:
    seconds = [each["generator"]["first_step_seconds"] for each in record["directions"].values()]
    return " / ".join(f"{each:.0f}" for each in seconds)


CARD = """\
# Cross-view generator on the toy city: from an aerial image to the panorama at its centre

A small cross-view generator (Yang et al., 2024, arXiv 2411.19510) with the SAIG branch that guides
it, trained with kgen and exported as one SavedModel that plain TensorFlow loads, without kgen and
without Keras.

![source, coarse, generated, expected](picture.jpg)

| | |
|---|---|
| Networks | SAIG of {embedder:,} weights (one branch, frozen), generator of {weights:,} weights, preset `tiny` |
| Input | `aerial`, float32 (B, {height}, {width}, 3) in [-1, 1], north up; `z_local`, float32 (B, {local}), and `z`, float32 (B, {style}), normal |
| Output | panorama, float32 (B, {rows}, {columns}, 3) in [-1, 1], south in the first column |
| Data | kgen's toy city: {places:,} drawn places, `kgen.data.toy_city`, no photographs |
| Training | {steps:.0f} steps of {batch} places, {minutes:.0f} min on one core ({machine}), backend {backend} |
| Made by | `KERAS_BACKEND={backend} tools/reproduce_cross_view --export ...`, with {versions} |
| Licence | Apache-2.0, as kgen; no third-party data |

## Measured

On {held_out} places that it has not seen; features and distances are the stand-in's, which compare
with nothing that is published:

{table}

## Limits

- It knows kgen's drawn city only. Colours of walls cannot be seen from above: the local noise and
  the style choose them.
- A few minutes of training on a processor: buildings are blurred, small things are missing.
"""  # noqa: E501


def export_example(model: Any, picture: Any, record: dict[str, Any], folder: Path) -> None:
    """The generator with its embedder as a SavedModel, a picture and a card."""
    folder.mkdir(parents=True, exist_ok=True)
    save_figure(picture, folder / "picture.jpg")
    os.chdir(folder)  # by a path without this machine's folders, as it is kept in export.json
    report = kgen.export(model, "saved_model")
    shapes = {t.name: tuple(t.shape[1:]) for t in model.inference_model.inputs}
    found = record["directions"]["aerial"]
    rows = [("", "generator", "pix2pix"), ("---",) * 3]
    for name, label in MEASURES.items():
        rows.append((label, *(number_of(name, found[m][name]) for m in ("generator", "pix2pix"))))
    backend = record["backend"]
    shown = dict.fromkeys(("kgen", "keras", "tensorflow", backend))
    card = CARD.format(
        embedder=model.source_embedder.count_params(),
        weights=model.generator.count_params(),
        height=shapes["aerial"][0],
        width=shapes["aerial"][1],
        local=shapes["z_local"][0],
        style=shapes["z"][0],
        rows=model.target_size[0],
        columns=model.target_size[1],
        places=record["places"]["train"],
        steps=found["generator"]["steps"],
        batch=BATCH,
        minutes=found["generator"]["seconds"] / 60,
        machine=record["machine"],
        backend=backend,
        versions=", ".join(f"{name} {report['versions'][name]}" for name in shown),
        held_out=record["places"]["val"],
        table=markdown(rows),
    )
    Path("card.md").write_text(card, encoding="utf-8")

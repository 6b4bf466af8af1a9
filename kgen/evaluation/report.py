"""The report of one evaluation: its numbers, its pictures, how they are spread, how they came."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.evaluation.charts import histogram, spectrum
from kgen.evaluation.gallery import Shown
from kgen.evaluation.page import page, picture, settings_list, table, text
from kgen.evaluation.result import ARROWS, EvaluationResult, format_value
from kgen.metrics import radial_spectrum

CARDS = 8  # numbers that are shown large


def report_page(result: EvaluationResult) -> str:
    """The whole report as one HTML document.

    Example:

    >>> entry = {"value": 20.0, "label": "PSNR", "unit": "dB", "better": "higher", "n": 1}
    >>> "20.00" in report_page(EvaluationResult("mine", {"psnr": entry}))
    True
    """
    parts = [
        _header(result),
        *(f'<p class="note">{text(note)}</p>' for note in result.notes),
        "<h2>Numbers</h2>",
        _numbers(result),
        _pictures(result),
        _charts(result),
        _settings(result),
        _footer(result),
    ]
    return page(f"{result.name}: evaluation", "\n".join(filter(None, parts)))


def _header(result: EvaluationResult) -> str:
    cards = "".join(_card(name, entry) for name, entry in list(result.metrics.items())[:CARDS])
    return (
        f"<h1>{text(result.name)}</h1>"
        f'<p class="soft">{text(_summary(result.settings))}</p><div class="cards">{cards}</div>'
    )


def _summary(settings: dict[str, Any]) -> str:
    """`Pix2Pix (paper) on toy maps, 16 pictures of 64x64, evaluated 2025-01-01 12:00`."""
    model, data = settings.get("model", {}), settings.get("data", {})
    who = model.get("class", "")
    if who in ("folder", "array"):
        who = f"{who} {model.get('name', '')}".strip()
    preset = f" ({model['preset']})" if "preset" in model else ""
    parts = [
        who + preset + (f" on {data['name']}" if data.get("name") else ""),
        f"{settings['pictures']} pictures" if "pictures" in settings else "",
        f"{'x'.join(map(str, settings['size']))} pixels" if settings.get("size") else "",
        f"{settings['evaluated'][:16].replace('T', ' ')}" if "evaluated" in settings else "",
    ]
    return ", ".join(filter(None, parts))


def _card(name: str, entry: dict[str, Any]) -> str:
    unit = f" <small>{text(entry['unit'])}</small>" if entry.get("unit") else ""
    spread = entry.get("standard_deviation")
    below = f"± {format_value(spread)}" if spread is not None else "&nbsp;"
    if entry.get("real_value") is not None:
        below = f"real pictures {format_value(entry['real_value'])}"
    return (
        f'<div class="card"><span>{text(_title(name, entry))} {_arrow(entry)}</span>'
        f"<b>{format_value(entry['value'])}{unit}</b><span>{below}</span></div>"
    )


def _arrow(entry: dict[str, Any]) -> str:
    return ARROWS.get(entry.get("better", ""), "")


def _title(name: str, entry: dict[str, Any]) -> str:
    """The label, with the trunk where there is one: `FID, inception2015`."""
    label = entry.get("label") or name
    return f"{label}, {entry['trunk']}" if entry.get("trunk") else label


def _numbers(result: EvaluationResult) -> str:
    head = ("metric", "value", "spread", "median", "n", "what exactly", "seconds")
    rows = [
        (
            f"{text(_title(name, entry))} {_arrow(entry)}<br><code>{text(name)}</code>",
            f"<b>{format_value(entry['value'])}</b> {text(entry.get('unit', ''))}",
            _optional(entry.get("standard_deviation")),
            _optional(entry.get("median")),
            str(entry.get("n", "")),
            _definition(entry),
            _optional(entry.get("seconds"), "{:.2f}"),
        )
        for name, entry in result.metrics.items()
    ]
    return table(head, rows, numbers=(1, 2, 3, 4, 6)) + (
        '<p class="soft" style="margin-top:8px">↑ higher is better, ↓ lower is better. Measured on '
        "8-bit pictures, 0..255. Spread is the standard deviation over pictures (KID: subsets, "
        "Inception score: splits). Numbers compare only where definition, trunk, resizer and the "
        "number of pictures are the same.</p>"
    )


def _definition(entry: dict[str, Any]) -> str:
    parts = [entry.get("variant", "")]
    parts += [f"{key}: {entry[key]}" for key in ("trunk", "resizer", "reference") if entry.get(key)]
    if entry.get("real_value") is not None:
        parts.append(f"real pictures: {format_value(entry['real_value'])}")
    if entry.get("value_range") not in (None, [0, 255]):
        parts.append("range {:g}..{:g}".format(*entry["value_range"]))
    strong = f"<br><b>{text(entry['note'])}</b>" if entry.get("note") else ""
    return text("; ".join(filter(None, parts))) + strong


def _optional(value: float | None, form: str = "") -> str:
    return "" if value is None else form.format(value) if form else format_value(value)


# ---------------------------------------------------------------------- pictures


def _pictures(result: EvaluationResult) -> str:
    if not result.pictures:
        return ""
    ranked = result.settings.get("ranked_by")
    order = f"Ordered by {text(result.metrics[ranked]['label'])}. " if ranked else ""
    groups = "".join(
        f'<div class="group"><h3>{text(title)}</h3>{_rows(shown, result)}</div>'
        for title, shown in result.pictures.items()
    )
    return (
        f'<h2>Pictures</h2><p class="soft">{order}The difference is the mean absolute one of the '
        "channels: black where equal, white from a quarter of the range."
        f'</p><div class="pictures">{groups}</div>'
    )


def _rows(shown: list[Shown], result: EvaluationResult) -> str:
    columns = _columns(shown[0])
    head = "".join(f"<div>{title}</div>" for title in columns)
    rows = [f'<div class="row head">{head}<div></div></div>']
    for item in shown:
        images = "".join(
            picture(image, f"{title} of {item.example.name}")
            for title, image in _columns(item).items()
        )
        rows.append(f'<div class="row">{images}<div>{_caption(item, result)}</div></div>')
    return f'<div style="--columns:{len(columns)}">{"".join(rows)}</div>'


def _caption(item: Shown, result: EvaluationResult) -> str:
    lines = [f"<b>{text(item.example.name)}</b>"]
    if item.value is not None:
        entry = result.metrics[result.settings["ranked_by"]]
        unit = f" {entry['unit']}" if entry.get("unit") else ""
        lines.append(text(f"{entry['label']} {format_value(item.value)}{unit}"))
        lines.append(f'<span class="soft">rank {item.rank} of {len(result.names)}</span>')
    return "<br>".join(lines)


def _columns(item: Shown) -> dict[str, np.ndarray]:
    """Title -> (H, W, 3) uint8."""
    example = item.example
    images = {"Source": example.source, "Generated": example.fake, "Expected": example.real}
    columns = {name: _visible(image) for name, image in images.items() if image is not None}
    if example.fake is not None and example.real is not None:
        difference = np.abs(example.fake.astype(np.float32) - example.real).mean(axis=-1)
        grey = np.minimum(difference * 4.0, 255.0).astype(np.uint8)
        columns["Difference"] = np.repeat(grey[..., None], 3, axis=-1)
    return columns


def _visible(image: np.ndarray) -> np.ndarray:
    from kgen.plotting import to_display

    return np.rint(to_display(image)[0] * 255).astype(np.uint8)


# ---------------------------------------------------------------------- charts and settings


def _charts(result: EvaluationResult) -> str:
    figures = [
        _figure(
            _title(name, result.metrics[name]),
            result.metrics[name].get("unit", ""),
            histogram(values, ""),
        )
        for name, values in result.per_image.items()
        if name in result.metrics and np.isfinite(values).sum() > 1
    ]
    legend = '<span class="key">mean</span><span class="key blue">median</span>'
    parts = []
    if figures:
        parts.append(
            f'<h2>How pictures differ</h2><p class="soft">One value per picture: {legend}</p>'
            f'<div class="charts">{"".join(figures)}</div>'
        )
    if result.spectra:
        parts.append(_spectra(result.spectra))
    return "".join(parts)


def _spectra(spectra: dict[str, np.ndarray]) -> str:
    """The curves of both sets, and their spectra as pictures in one scale."""
    legend = '<span class="key blue">real</span><span class="key">generated</span>'
    figures = _figure("Power", legend, spectrum(rings(spectra)))
    logs = {name: np.log10(power + 1e-12) for name, power in spectra.items()}
    low, high = np.quantile(np.concatenate([p.ravel() for p in logs.values()]), (0.01, 0.999))
    for name, values in logs.items():
        unit = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
        image = picture(np.rint(unit * 255).astype(np.uint8), f"mean power spectrum, {name}")
        figures += _figure(name.capitalize(), "log power", image)
    return (
        '<h2>Mean power spectrum</h2><p class="soft">Where the generated curve lies below the real '
        "one, detail is missing (blur). The pictures have the zero frequency in the middle: bright "
        "points away from the cross are periodic artefacts, such as checkerboards."
        f'</p><div class="charts">{figures}</div>'
    )


def rings(spectra: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`"frequency"` in cycles per pixel, and the mean power of each spectrum on rings of it.

    Example:

    >>> {name: len(values) for name, values in rings({"real": np.ones((8, 8))}).items()}
    {'frequency': 3, 'real': 3}
    """
    found = {name: radial_spectrum(power) for name, power in spectra.items()}
    kept = np.min([bins for _, bins in found.values()], axis=0) > 0
    count = len(kept)
    frequency = (np.arange(count) + 0.5) / (2 * count)  # the middle of each ring
    return {"frequency": frequency[kept], **{name: mean[kept] for name, (mean, _) in found.items()}}


def _figure(title: str, more: str, chart: str) -> str:
    return f"<figure><figcaption>{text(title)} <span>{more}</span></figcaption>{chart}</figure>"


def _settings(result: EvaluationResult) -> str:
    if not result.settings:
        return ""
    return (
        "<h2>How this was made</h2><details><summary>Settings, versions and machine</summary>"
        f"{settings_list(result.settings)}</details>"
    )


def _footer(result: EvaluationResult) -> str:
    version = result.settings.get("versions", {}).get("kgen", "")
    return (
        f"<footer>Made by kgen {text(version)}. This page needs no other file. "
        "The same numbers are in metrics.json, single pictures in per_image.csv.</footer>"
    )

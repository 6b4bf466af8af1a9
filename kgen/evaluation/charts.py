"""Charts of a report as small inline SVG: sharp at any size, without scripts or files.

Drawn here rather than by matplotlib, because a chart then takes the page's fonts and colours (dark
pages too), weighs a few kilobytes, and has its numbers as text that can be selected and read out.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

WIDTH, HEIGHT = 320, 150  # of the plotted area
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 34


def histogram(values: np.ndarray, label: str, bins: int = 24) -> str:
    """How the values of single pictures are spread, with their mean and median.

    Args:
        values: (N,), infinite ones are left out; some must be finite.
        label: below the axis.
        bins: bars.

    Returns:
        An `<svg>` element.

    Example:

    >>> histogram(np.array([1.0, 2.0, 2.5]), "PSNR, dB").count("<rect")
    3
    """
    values = values[np.isfinite(values)]
    low, high = _wide(float(values.min()), float(values.max()))
    count, edges = np.histogram(values, bins=min(bins, max(6, len(values))), range=(low, high))
    top = max(1, int(count.max()))

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * WIDTH

    bars = "".join(
        f'<rect class="bar" x="{x(left) + 0.5:.1f}" y="{TOP + HEIGHT * (1 - n / top):.1f}" '
        f'width="{max(0.5, x(right) - x(left) - 1):.1f}" height="{HEIGHT * n / top:.1f}">'
        f"<title>{left:.4g} to {right:.4g}: {n}</title></rect>"
        for n, left, right in zip(count, edges[:-1], edges[1:], strict=True)
        if n
    )
    marks = "".join(
        f'<line class="{kind}" x1="{x(v):.1f}" x2="{x(v):.1f}" y1="{TOP}" y2="{TOP + HEIGHT}">'
        f"<title>{kind} {v:.4g}</title></line>"
        for kind, v in (("mean", float(values.mean())), ("median", float(np.median(values))))
    )
    ticks = _x_ticks([(x(v), f"{v:g}") for v in nice_ticks(low, high)])
    return _svg(bars + marks + ticks + _y_ticks([(0.0, "0"), (1.0, str(top))]), label, "pictures")


def spectrum(curves: dict[str, np.ndarray], label: str = "cycles per pixel") -> str:
    """Mean power over frequency of real and generated pictures, in decibel.

    Args:
        curves: `"frequency"` (K,) in cycles per pixel, and name -> power (K,), the first one drawn
            as the truth.
        label: below the axis.

    Returns:
        An `<svg>` element.

    Example:

    >>> curves = {"frequency": np.array([0.1, 0.2]), "real": np.array([10.0, 1.0])}
    >>> spectrum(curves).count("<polyline")
    1
    """
    frequency = curves["frequency"]
    decibel = {
        name: 10.0 * np.log10(np.maximum(power, 1e-30))
        for name, power in curves.items()
        if name != "frequency"
    }
    every = np.concatenate(list(decibel.values()))
    low, high = float(every.min()), float(every.max())
    margin = 0.05 * (high - low) or 1.0
    low, high = low - margin, high + margin
    last = float(frequency.max())

    def place(f: float, value: float) -> str:
        y = TOP + (high - value) / (high - low) * HEIGHT
        return f"{LEFT + f / last * WIDTH:.1f},{y:.1f}"

    lines = "".join(
        f'<polyline class="curve c{index}" points="'
        + " ".join(place(f, v) for f, v in zip(frequency, values, strict=True))
        + f'"><title>{html.escape(name)}</title></polyline>'
        for index, (name, values) in enumerate(decibel.items())
    )
    ticks = _x_ticks([(LEFT + f / last * WIDTH, f"{f:g}") for f in nice_ticks(0.0, last)])
    heights = [((v - low) / (high - low), f"{v:g}") for v in nice_ticks(low, high)]
    return _svg(lines + ticks + _y_ticks(heights), label, "power, dB")


def boxes(values: Mapping[str, np.ndarray], label: str) -> str:
    """How the values of several runs are spread, one above the other.

    Args:
        values: run -> (N,) values, infinite ones are left out.
        label: below the axis.

    Returns:
        An `<svg>` element.

    Example:

    >>> boxes({"old": np.arange(9.0), "new": np.arange(5.0)}, "PSNR, dB").count("<rect")
    2
    """
    finite = {run: v[np.isfinite(v)] for run, v in values.items()}
    shares = {run: np.quantile(v, (0.05, 0.25, 0.5, 0.75, 0.95)) for run, v in finite.items()}
    low, high = _wide(min(q[0] for q in shares.values()), max(q[-1] for q in shares.values()))
    step = HEIGHT / len(shares)

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * WIDTH

    content = ""
    for row, (run, (first, lower, median, upper, last)) in enumerate(shares.items()):
        y = TOP + (row + 0.62) * step
        half = min(9.0, 0.22 * step)
        content += (
            f'<path class="axis" d="M{x(first):.1f} {y:.1f}H{x(last):.1f}"/>'
            f'<rect class="bar" x="{x(lower):.1f}" y="{y - half:.1f}" '
            f'width="{max(1.0, x(upper) - x(lower)):.1f}" height="{2 * half:.1f}"/>'
            f'<path class="middle" d="M{x(median):.1f} {y - half:.1f}v{2 * half:.1f}"/>'
            f'<text x="{LEFT}" y="{y - half - 4:.1f}">{html.escape(run)}: {median:.4g}</text>'
        )
    ticks = _x_ticks([(x(v), f"{v:g}") for v in nice_ticks(low, high)])
    return _svg(content + ticks, label, "")


def nice_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from `low` to `high`, some four of them.

    Example:

    >>> nice_ticks(0.0, 1.0), nice_ticks(17.2, 23.9)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [18.0, 20.0, 22.0])
    """
    rough = (high - low) / about
    power = 10.0 ** np.floor(np.log10(rough))
    step = min((1, 2, 2.5, 5, 10), key=lambda factor: abs(factor * power - rough)) * power
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [round(float(index * step), 12) + 0.0 for index in range(first, last + 1)]


def _wide(low: float, high: float) -> tuple[float, float]:
    """Two ends that are not the same."""
    if high - low > 1e-9 * max(abs(low), abs(high), 1e-9):
        return low, high
    margin = max(abs(low) * 0.05, 0.5)
    return low - margin, high + margin


def _x_ticks(ticks: Sequence[tuple[float, str]]) -> str:
    base = TOP + HEIGHT
    return f'<path class="axis" d="M{LEFT} {base}h{WIDTH}"/>' + "".join(
        f'<path class="axis" d="M{x:.1f} {base}v4"/>'
        f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{text}</text>'
        for x, text in ticks
    )


def _y_ticks(ticks: Sequence[tuple[float, str]]) -> str:
    return "".join(
        f'<path class="grid" d="M{LEFT} {TOP + HEIGHT * (1 - share):.1f}h{WIDTH}"/>'
        f'<text x="{LEFT - 6}" y="{TOP + HEIGHT * (1 - share) + 4:.1f}" text-anchor="end">'
        f"{text}</text>"
        for share, text in ticks
        if 0 <= share <= 1
    )


def _svg(content: str, below: str, beside: str) -> str:
    width, height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + (BOTTOM if below else BOTTOM - 12)
    middle = TOP + HEIGHT / 2
    named = f' aria-label="{html.escape(below)}"' if below else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img"{named}>'
        f"{content}"
        f'<text class="label" x="{LEFT + WIDTH / 2}" y="{height - 3}" text-anchor="middle">'
        f"{html.escape(below)}</text>"
        f'<text class="label" transform="translate(10 {middle}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(beside)}</text></svg>"
    )

"""Loss curves of an adversarial training: the players' losses, and the distance to the truth.

The two do not belong into one panel: the players' losses hover around an equilibrium and say who
is winning, the reconstruction falls and says whether the images get better.
"""

import csv
import os
from pathlib import Path
from typing import Any

from kgen.plotting.figure import new_figure

LABELS = {
    "d_loss": "discriminator",
    "d_real": "discriminator on real",
    "d_fake": "discriminator on generated",
    "g_adversarial": "generator (adversarial)",
    "g_loss": "generator (all terms)",
    "g_l1": "L1 distance to expected",
    "d_penalty": "gradient penalty",
    "g_l2": "L2 distance to expected",
}
RECONSTRUCTION = ("l1", "l2", "mse", "reconstruction", "perceptual", "cycle", "identity", "feature")
# Other units, or a loss once more with its weight.
NOT_DRAWN = ("learning_rate", "psnr", "ssim", "epoch", "_weighted")
COLUMNS = 2  # of the legend
MEASURED = "eval_"  # what MetricReport adds, of as many units as names


def loss_curves(history: Any, title: str | None = None) -> Any:
    """Draw the losses over the epochs: adversarial ones left, reconstruction right.

    Training is drawn solid, validation dashed in the same colour.  The generator's total is left
    out where its parts are given: it only repeats them, weighted.  So are scores (psnr, ssim)
    and what `MetricReport` measures.

    Args:
        history: what `fit` or `kgen.train` returned, a dict name -> list of values, or the path
            of a `history.csv`.
        title: line above the picture.

    Returns:
        matplotlib Figure with one panel per kind of loss that occurs.

    Raises:
        ValueError: the history is empty or holds no loss.

    Example:
        >>> figure = loss_curves({"d_loss": [0.7, 0.6], "g_l1": [0.5, 0.3], "val_g_l1": [0.5, 0.4]})
        >>> [axes.get_title() for axes in figure.axes]
        ['Adversarial losses', 'Reconstruction']
    """
    epochs, values = _resolve(history)
    adversarial, reconstruction = _panels(values)
    panels = [("Adversarial losses", adversarial), ("Reconstruction", reconstruction)]
    panels = [(name, members) for name, members in panels if members]
    if not panels:
        raise ValueError(
            "the history holds no loss to draw: names such as d_loss, g_adversarial or g_l1 are "
            f"expected; received {', '.join(values) or 'nothing'}"
        )
    longest = max(_curves(values, members) for _, members in panels)
    # A long legend makes the figure higher, not the panel flatter.
    height = 460 + 20 * max(0, -(-longest // COLUMNS) - 4)
    figure = new_figure(560 * len(panels), height, layout="constrained")
    for index, (name, members) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), index + 1)
        axes.set_title(name)
        _draw(axes, epochs, values, members)
    if title:
        figure.suptitle(title)
    return figure


def read_history(path: str | os.PathLike) -> dict[str, list[float]]:
    """Read a `history.csv`: one column per value, one row per epoch.

    Args:
        path: the file; its first column is `epoch`, counted from 1.

    Returns:
        name -> values, `epoch` included; an empty cell is NaN.

    Raises:
        ValueError: the file is empty or holds a cell that is no number.
    """
    path = Path(path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2 or "epoch" not in rows[0]:
        raise ValueError(
            f"{path}: a history needs a header with `epoch` and one row per epoch; "
            f"received {len(rows)} lines. Train for an epoch first."
        )
    try:
        numbers = [[float(cell) if cell else float("nan") for cell in row] for row in rows[1:]]
        columns = list(zip(rows[0], zip(*numbers, strict=True), strict=True))
    except ValueError as error:
        raise ValueError(f"{path}: {error}; a history holds numbers only") from error
    return {name: list(column) for name, column in columns}


def _resolve(history: Any) -> tuple[list[float], dict[str, list[float]]]:
    """Any form of history -> epochs counted from 1, and the values by name."""
    if isinstance(history, (str, os.PathLike)):
        history = read_history(history)
    numbers = getattr(history, "epoch", None)
    values = dict(getattr(history, "history", history))
    longest = max((len(series) for series in values.values()), default=0)
    if longest == 0:
        raise ValueError("the history is empty: train for an epoch first")
    if "epoch" in values:
        epochs = values.pop("epoch")
    elif isinstance(numbers, list) and len(numbers) == longest:
        epochs = [number + 1 for number in numbers]  # Keras counts from 0
    else:
        epochs = list(range(1, longest + 1))
    return [float(epoch) for epoch in epochs], values


def _panels(values: dict[str, list[float]]) -> tuple[list[str], list[str]]:
    names = list(dict.fromkeys(name.removeprefix("val_") for name in values))
    names = [n for n in names if not n.endswith(NOT_DRAWN) and not n.startswith(MEASURED)]
    reconstruction = [name for name in names if any(part in name for part in RECONSTRUCTION)]
    adversarial = [name for name in names if name not in reconstruction]
    if reconstruction and "g_adversarial" in adversarial and "g_loss" in adversarial:
        adversarial.remove("g_loss")
    return adversarial, reconstruction


def _curves(values: dict[str, list[float]], names: list[str]) -> int:
    return sum((name in values) + (f"val_{name}" in values) for name in names)


def _draw(axes: Any, epochs: list[float], values: dict[str, Any], names: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    for index, name in enumerate(names):
        label = LABELS.get(name, name.replace("_", " "))
        for key, style, suffix in ((name, "-", ""), (f"val_{name}", "--", ", validation")):
            if key in values:
                series = values[key]
                # A value that appeared later (validation added on resume) belongs to the end.
                axes.plot(
                    epochs[-len(series) :],
                    series,
                    style,
                    color=f"C{index % 10}",
                    marker="o" if len(series) < 2 else None,  # one point has no line
                    label=label + suffix,
                )
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    # Below the panel, where it hides no curve.
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14)}
    axes.legend(**place, ncols=COLUMNS, fontsize=9, frameon=False)

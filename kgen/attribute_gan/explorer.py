"""Turn attributes on and off and see what becomes of the picture, in a notebook."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgen.attribute_gan.pictures import plot_strip
from kgen.attribute_gan.stacked import StackedAttributeGAN
from kgen.data.attribute_names import attribute_groups
from kgen.plotting import to_display
from kgen.plotting.grids import draw_panels

NOTHING = "-"


def explore(
    model: StackedAttributeGAN,
    start: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    n: int = 4,
    seed: int = 0,
    interactive: bool | None = None,
) -> Any:
    """Choose attributes by menus and see n pictures of them; without ipywidgets, see a table.

    Args:
        model: both stages, with names.
        start: names of the attributes that are present at first.
        groups: groups to choose from, menus in this order. Default: all.
        n: pictures. Default 4.
        seed: of the noise; a slider changes it.
        interactive: whether to use ipywidgets. Default: if it is installed.

    Returns:
        an ipywidgets box, which a notebook shows; or the matplotlib Figure of `plot_choices`, which
        shows eight values of a group and more with `most=`.

    Raises:
        ValueError: the model has no names, or not these groups.
        ImportError: `interactive=True` without ipywidgets.
    """
    names = _names(model)
    known = attribute_groups(names)
    wanted = list(known if groups is None else groups)
    if unknown := [group for group in wanted if group not in known]:
        raise ValueError(
            f"the model has no group {', '.join(unknown)}; there are {', '.join(known)}"
        )
    installed = importlib.util.find_spec("ipywidgets") is not None
    if interactive and not installed:
        raise ImportError(
            "the explorer's menus need ipywidgets: pip install ipywidgets. Without it, "
            "interactive=False shows a table of the choices."
        )
    if installed if interactive is None else interactive:
        return _menus(model, start, {group: known[group] for group in wanted}, n, seed)
    return plot_choices(model, start, wanted, seed)


def plot_choices(
    model: StackedAttributeGAN,
    start: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    seed: int = 0,
    most: int = 8,
) -> Any:
    """One picture for each choice: a row for each group, each value in the place of the others.

    All pictures have the same noise, and what `start` names outside of the row's group.

    Args:
        model: both stages, with names.
        start: names of the attributes that are present.
        groups: default: all.
        seed: of the noise.
        most: values shown of a group. Default 8.

    Returns:
        matplotlib Figure.
    """
    names = _names(model)
    known = attribute_groups(names)
    rows, labels = [], []
    width = max(min(most, len(known[g])) for g in (groups or known))
    for group in groups or known:
        columns = known[group][:most]
        pictures = to_display(_variants(model, start, known[group], columns, seed))
        blank = [np.ones_like(pictures[0])] * (width - len(columns))
        rows.append([*pictures, *blank])
        labels.append(group.removeprefix("has_").replace("_", " ")[:13])
    figure = draw_panels(rows, labels, title="One attribute of each group in turn")
    for axes, name in zip(figure.axes, _titles(names, known, groups, width, most), strict=True):
        # readable on any picture
        box = (
            {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.0} if name else None
        )
        axes.set_title(name, fontsize=8, pad=-10, y=1.0, bbox=box)
    return figure


def _variants(
    model: StackedAttributeGAN, start: Sequence[str], group: Sequence[int], columns: Any, seed: int
) -> np.ndarray:
    """A picture for each column of a group set to 1, the group's others to 0."""
    vectors = np.repeat(model.vectors(list(start)), len(columns), axis=0)
    vectors[:, list(group)] = 0.0
    vectors[np.arange(len(columns)), list(columns)] = 1.0
    rng = np.random.default_rng(seed)
    noise = np.repeat(rng.standard_normal((1, model.noise_size)), len(columns), axis=0)
    return model.generate(vectors, noise=noise)[0]


def _titles(names: Sequence[str], known: Mapping, groups: Any, width: int, most: int) -> list[str]:
    titles = []
    for group in groups or known:
        values = [names[column].rpartition("::")[2] for column in known[group][:most]]
        titles += [*values, *[""] * (width - len(values))]
    return titles


def _menus(
    model: StackedAttributeGAN, start: Sequence[str], groups: Mapping, n: int, seed: int
) -> Any:
    """A menu for each group, a slider for the seed, and the pictures under them."""
    import ipywidgets

    names = _names(model)
    present = model.vectors(list(start))[0] > 0
    menus = {
        group: ipywidgets.Dropdown(
            options=[NOTHING, *(names[c].rpartition("::")[2] for c in columns)],
            value=next(
                (names[c].rpartition("::")[2] for c in columns if present[c]),
                NOTHING,
            ),
            description=group.removeprefix("has_"),
        )
        for group, columns in groups.items()
    }
    slider = ipywidgets.IntSlider(value=seed, min=0, max=999, description="seed")
    picture = ipywidgets.Image(format="png")

    def draw(change: Any = None) -> None:
        vector = np.where(present, 1.0, 0.0)
        for group, columns in groups.items():
            vector[list(columns)] = 0.0
            chosen = list(menus[group].options).index(menus[group].value)
            if chosen:
                vector[columns[chosen - 1]] = 1.0
        images, masks = model.generate(vector, n=n, seed=slider.value)
        picture.value = plot_strip(images, masks)._repr_png_()

    for widget in (*menus.values(), slider):
        widget.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([*menus.values(), slider, picture])


def _names(model: StackedAttributeGAN) -> list[str]:
    if model.attribute_names is None:
        raise ValueError(
            "the explorer needs the attributes' names: build both stages with attribute_names=[...]"
        )
    return model.attribute_names

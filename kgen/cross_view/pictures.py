"""The paper's pictures with one's own model: views, local noise, weight maps, interpolations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kgen.cross_view.sampling import CrossViewSampler
from kgen.data.cross_view.views import VIEWS, CrossViewPairs
from kgen.data.resizing import resize
from kgen.plotting import to_display
from kgen.plotting.grids import draw_panels

Generate = Callable[[np.ndarray], np.ndarray]


def plot_views(
    model: CrossViewSampler,
    pairs: CrossViewPairs,
    n: int = 2,
    seed: int = 0,
    others: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> Any:
    """Source, coarse picture, n pictures of other noise and the real target; a row for each pair.

    Args:
        model: a `CrossViewGenerator`.
        pairs: the rows.
        n: pictures for each source. Default 2.
        seed: of the noise.
        others: name -> what makes pictures beside it: a model with `generate`, or a function, from
            sources of the target's size, uint8.
        title: line above the picture.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: n below 1.
    """
    _check_count("n", n)
    shown, at = list(pairs), VIEWS.index(model.source)
    sources = [pair[at] for pair in shown]
    pictures, coarse = model.generate(sources, n=n, seed=seed, coarse=True)
    columns: dict[str, list[np.ndarray]] = {"Source": [_fit(s, model) for s in sources]}
    columns["Coarse"] = [_fit(c, model, "nearest") for c in coarse[::n]]
    for i in range(n):
        columns["Generated" if i == 0 else " " * i] = list(pictures[i::n])
    sized = np.stack([resize(s, model.target_size, "area") for s in sources])
    for name, other in (others or {}).items():
        columns[name] = list(getattr(other, "generate", other)(sized))
    columns["Real"] = [resize(pair[1 - at], model.target_size, "area") for pair in shown]
    rows = [[_shown(column[i]) for column in columns.values()] for i in range(len(sources))]
    return draw_panels(rows, column_labels=[name.strip() for name in columns], title=title)


def plot_local_noise(
    model: CrossViewSampler, image: np.ndarray, n: int = 4, seed: int = 0, title: str | None = None
) -> Any:
    """Pictures of one source that differ in local noise only, and where they differ.

    Args:
        model: a `CrossViewGenerator`.
        image: a source, (H, W, 3), uint8 or float in [-1, 1].
        n: pictures. Default 4.
        seed: of the noise.
        title: line above the picture.

    Returns:
        matplotlib Figure: the pictures, then their standard deviation, white where it is largest;
        its title says how large that is, in grey levels of 255.

    Raises:
        ValueError: n below 2.
    """
    _check_count("n", n, 2)
    embeddings = np.repeat(model.embed_images([image]), n, axis=0)
    noise = model.draw_noise(n, seed)
    noise = {k: v if k == "z_local" else np.repeat(v[:1], n, axis=0) for k, v in noise.items()}
    pictures = model.from_embeddings(embeddings, noise)
    spread = pictures.astype("float64").std(axis=0).mean(axis=-1)
    largest = spread.max()
    spread = _as_grey(spread / max(largest, 1e-9))
    row = [*(_shown(picture) for picture in pictures), spread]
    names = [f"Noise {i + 1}" for i in range(n)]
    return draw_panels([row], (), [*names, f"Spread, up to {largest:.0f}"], title)


def plot_weight_maps(
    model: CrossViewSampler,
    images: Sequence[np.ndarray],
    names: Sequence[str] | None = None,
    seed: int = 0,
    over: bool = False,
    title: str | None = None,
) -> Any:
    """Figure 6: where the embedding modulates the features, beside the pictures.

    Args:
        model: a `CrossViewGenerator`.
        images: sources.
        names: of the modulations; default the first of each block.
        seed: of the noise.
        over: lay the maps over the pictures, which are dark where a map is 0 and themselves where
            it is 1. Default: maps alone, black for 0 and white for 1.
        title: line above the picture.

    Returns:
        matplotlib Figure: a row for each source, the picture and its maps, each enlarged.

    Raises:
        ValueError: the generator has no weight maps, or none of such a name.
    """
    maps = model.weight_maps(images, names, seed)
    if names is None:
        maps = {name: m for name, m in maps.items() if name.endswith("_norm1")}
    pictures = model.from_embeddings(model.embed_images(images), seed=seed)
    rows = []
    for i, picture in enumerate(pictures):
        shown = [
            _as_grey(resize(m[i, ..., 0], model.target_size, "nearest")) for m in maps.values()
        ]
        light = _shown(picture)
        rows.append([light, *(m * light if over else m for m in shown)])
    return draw_panels(rows, column_labels=["Generated", *maps], title=title)


def plot_interpolation(
    model: CrossViewSampler,
    first: np.ndarray,
    second: np.ndarray,
    steps: int = 5,
    n: int = 1,
    seed: int = 0,
    title: str | None = None,
) -> Any:
    """Figure 13: the way from one place's embedding to another's, between the two sources.

    Args:
        model: a `CrossViewGenerator`.
        first, second: sources.
        steps: pictures, both ends included. Default 5.
        n: rows, each of other noise. Default 1.
        seed: of the noise of the first row; those below have the next ones.
        title: line above the picture.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: n below 1, or steps below 2.
    """
    _check_count("n", n)
    ends = [_fit(image, model) for image in (first, second)]
    rows = []
    for row in range(n):
        pictures = model.interpolate(first, second, steps, seed + row)
        rows.append([_shown(image) for image in (ends[0], *pictures, ends[1])])
    shares = [f"{share:.0%}" for share in np.linspace(0, 1, steps)]
    return draw_panels(rows, column_labels=["Source", *shares, "Source"], title=title)


def _fit(image: np.ndarray, model: CrossViewSampler, method: str = "area") -> np.ndarray:
    """An image of any form in the middle of a panel of the target's size."""
    height, width = model.target_size
    share = min(height / image.shape[0], width / image.shape[1])
    size = (max(1, round(image.shape[0] * share)), max(1, round(image.shape[1] * share)))
    image = resize(np.asarray(image), size, method)
    white = 255 if image.dtype == np.uint8 else 1
    panel = np.full((height, width, 3), white, image.dtype)
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    panel[top : top + size[0], left : left + size[1]] = image
    return panel


def _shown(image: np.ndarray) -> np.ndarray:
    return to_display(image)[0]


def _as_grey(values: np.ndarray) -> np.ndarray:
    """(H, W) in [0, 1] as (H, W, 3)."""
    return np.repeat(values[..., None], 3, axis=-1)


def _check_count(name: str, count: int, least: int = 1) -> None:
    if count < least:
        raise ValueError(f"{name} must be {least} at least; got {count}")

"""Draws many scenes of a toy set, by several processes when that is worth their start.

The workers are plain Python processes that load only numpy and the drawing code: no Keras, no
framework, and no import of the caller's script, so that a notebook, a script without an
`if __name__ == "__main__"` and a program that holds a GPU can all use them. They send raw arrays
through their standard output; each waits while the reader is busy, so memory stays flat.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .birds import scene as bird_scene
from .birds.knobs import make_knobs as make_bird_knobs
from .city import scene as city_scene
from .city.knobs import make_knobs as make_city_knobs
from .maps import make_pair
from .maps.knobs import make_knobs
from .maps.scene import check_size

SPLITS = {"train": 0, "val": 10_000_000, "test": 20_000_000}  # index of each split's first scene
COUNTS = {"train": 1000, "val": 100, "test": 100}
SMALL_JOB = 48 * 64 * 64  # pixels: about a second; starting workers takes a quarter of one

Town = tuple[np.ndarray, np.ndarray, np.ndarray]
Pictures = tuple[np.ndarray, ...]


Form = tuple[tuple[int, ...], str]  # shape and dtype of an array


class Drawing(NamedTuple):
    """How a set is drawn: the function, its place in this package, the forms of its arrays."""

    what: str
    function: Callable[..., Pictures]
    module: str
    forms: Callable[[Any], list[Form]]


def _squares(*channels: int) -> Callable[[int], list[Form]]:
    """Forms of uint8 pictures of one size: 3 channels, or 0 for (S, S)."""
    return lambda size: [((size, size, 3) if each else (size, size), "uint8") for each in channels]


def _city_forms(sizes: city_scene.Sizes) -> list[Form]:
    ground, aerial = (tuple(size) for size in sizes)
    pictures: list[Form] = [((*aerial, 3), "uint8"), ((*ground, 3), "uint8")]
    return [*pictures, (aerial, "uint8"), (ground, "uint8"), (ground, "uint16")]


TOWNS = Drawing("toy maps", make_pair, "maps.scene", _squares(3, 3, 0))
BIRDS = Drawing("toy birds", bird_scene.draw, "birds.scene", _squares(3, 0, 0))
CITY = Drawing("toy city", city_scene.draw, "city.scene", _city_forms)


def split_indices(
    split: str, count: int | None = None, counts: Mapping[str, int] = COUNTS
) -> list[int]:
    """Indices of the first `count` scenes of a split; splits never share a scene.

    Raises:
        ValueError: for another split or a negative count.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {tuple(SPLITS)}; received {split!r}.")
    count = counts[split] if count is None else count
    if not 0 <= count <= 10_000_000:
        raise ValueError(f"count must be from 0 to 10,000,000; received {count!r}.")
    return list(range(SPLITS[split], SPLITS[split] + count))


def draw_towns(
    indices: Sequence[int],
    size: int = 64,
    seed: int = 0,
    processes: int = 2,
    **knobs: float | str | None,
) -> Generator[Town, None, None]:
    """Yields `make_pair(seed, index, size, **knobs)` for each index, in order.

    Args:
        indices: numbers of the towns.
        size: side of the pictures in pixels.
        seed: of the set.
        processes: how many draw at once, 1 or more; 1 draws in this process, as do small jobs.
        **knobs: see `kgen.data.toy.maps.Knobs`.

    Raises:
        ValueError, TypeError: a size or knob that `make_pair` refuses, before anything is drawn.
        RuntimeError: a worker died.

    Example:
        >>> [town[0].shape for town in draw_towns([0, 1], size=32)]
        [(32, 32, 3), (32, 32, 3)]
    """
    check_size(size)
    make_knobs(**knobs)
    return _draw(TOWNS, indices, int(size), seed, processes, knobs)  # type: ignore[return-value]


def draw_birds(
    indices: Sequence[int],
    size: int = 64,
    seed: int = 0,
    processes: int = 2,
    **knobs: float | str | None,
) -> Generator[Pictures, None, None]:
    """Yields image, mask and parts of `make_bird(seed, index, size, **knobs)` for each index.

    Args: as `draw_towns`; **knobs: see `kgen.data.toy.birds.Knobs`.

    Example:
        >>> [image.shape for image, mask, parts in draw_birds([0, 1], size=32)]
        [(32, 32, 3), (32, 32, 3)]
    """
    bird_scene.check_size(size)
    make_bird_knobs(**knobs)
    return _draw(BIRDS, indices, int(size), seed, processes, knobs)


def draw_city(
    indices: Sequence[int],
    ground_size: Sequence[int] = (128, 256),
    aerial_size: Sequence[int] = (128, 128),
    seed: int = 0,
    processes: int = 2,
    **knobs: float | str | None,
) -> Generator[Pictures, None, None]:
    """Yields the arrays of `make_scene(seed, index, ...)` for each index, in order.

    Args: as `draw_towns`, with two sizes (height, width); **knobs: see `kgen.data.toy.city.Knobs`.

    Returns:
        Aerial image, panorama, classes of both (uint8), depth (uint16, centimetres).

    Example:
        >>> [scene[1].shape for scene in draw_city([0, 1], (32, 64), (32, 32))]
        [(32, 64, 3), (32, 64, 3)]
    """
    sizes = city_scene.check_sizes(ground_size, aerial_size)
    make_city_knobs(**knobs)
    return _draw(CITY, indices, sizes, seed, processes, knobs)


def _draw(
    drawing: Drawing, indices: Sequence[int], size: Any, seed: int, processes: int, knobs: dict
) -> Generator[Pictures, None, None]:
    if not isinstance(processes, int) or processes < 1:
        raise ValueError(f"processes must be a whole number from 1; received {processes!r}.")
    pixels = max(shape[0] * shape[1] for shape, _ in drawing.forms(size))
    small = len(indices) * pixels < SMALL_JOB
    if processes == 1 or small or not sys.executable:
        return (drawing.function(seed, index, size, **knobs) for index in indices)
    job: dict[str, Any] = {
        "module": drawing.module,
        "function": drawing.function.__name__,
        "knobs": knobs,
    }
    job |= {"seed": int(seed), "size": size}
    return _draw_apart(drawing, [int(index) for index in indices], job, processes)


def _draw_apart(
    drawing: Drawing, indices: list[int], job: dict, processes: int
) -> Generator[Pictures, None, None]:
    """Worker k draws scenes k, k + processes, ...; reading them in turn keeps the order."""
    with ExitStack() as stack:
        workers = [
            _start_worker(stack, job | {"indices": indices[number::processes]})
            for number in range(processes)
        ]
        for number in range(len(indices)):
            yield _receive(workers[number % processes], job["size"], drawing)


def _start_worker(stack: ExitStack, job: dict) -> subprocess.Popen:
    worker = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("worker.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    stack.enter_context(worker)
    stack.callback(worker.kill)  # runs first on the way out: nothing is left behind
    assert worker.stdin is not None
    with suppress(BrokenPipeError):  # it has died already: said when its pictures do not come
        worker.stdin.write(json.dumps(job).encode())
        worker.stdin.close()
    return worker


def _receive(worker: subprocess.Popen, size: Any, drawing: Drawing) -> Pictures:
    assert worker.stdout is not None
    assert worker.stderr is not None
    forms = drawing.forms(size)
    ends = np.cumsum([int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in forms])
    data = worker.stdout.read(int(ends[-1]))
    if len(data) < ends[-1]:
        reason = worker.stderr.read().decode(errors="replace").strip()[-2000:]
        raise RuntimeError(
            f"A process that draws {drawing.what} ended too early; processes=1 draws without "
            f"helpers. It said: {reason or 'nothing (was it killed, or out of memory?)'}"
        )
    parts = np.split(np.frombuffer(data, np.uint8), ends[:-1])
    return tuple(
        part.view(kind).reshape(shape) for part, (shape, kind) in zip(parts, forms, strict=True)
    )

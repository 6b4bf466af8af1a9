"""Draws many towns, by several processes when that is worth their start.

The workers are plain Python processes that load only numpy and the drawing code: no Keras, no
framework, and no import of the caller's script, so that a notebook, a script without an
`if __name__ == "__main__"` and a program that holds a GPU can all use them. They send raw arrays
through their standard output; each waits while the reader is busy, so memory stays flat.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from .maps import make_pair
from .maps.knobs import make_knobs
from .maps.scene import check_size

SPLITS = {"train": 0, "val": 10_000_000, "test": 20_000_000}  # index of each split's first town
COUNTS = {"train": 1000, "val": 100, "test": 100}
SMALL_JOB = 48 * 64 * 64  # pixels: about a second; starting workers takes a quarter of one

Town = tuple[np.ndarray, np.ndarray, np.ndarray]


def split_indices(split: str, count: int | None = None) -> list[int]:
    """Indices of the first `count` towns of a split; splits never share a town.

    Raises:
        ValueError: for another split or a negative count.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {tuple(SPLITS)}; received {split!r}.")
    count = COUNTS[split] if count is None else count
    if not 0 <= count <= 10_000_000:
        raise ValueError(f"count must be from 0 to 10,000,000 pairs; received {count!r}.")
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
    if not isinstance(processes, int) or processes < 1:
        raise ValueError(f"processes must be a whole number from 1; received {processes!r}.")
    small = len(indices) * size * size < SMALL_JOB
    if processes == 1 or small or not sys.executable:
        return (make_pair(seed, index, size, **knobs) for index in indices)
    return _draw_apart([int(index) for index in indices], int(size), int(seed), processes, knobs)


def _draw_apart(
    indices: list[int], size: int, seed: int, processes: int, knobs: dict
) -> Generator[Town, None, None]:
    """Worker k draws towns k, k + processes, ...; reading them in turn keeps the order."""
    with ExitStack() as stack:
        workers = []
        for number in range(processes):
            job = {"seed": seed, "size": size, "indices": indices[number::processes]}
            workers.append(_start_worker(stack, job | {"knobs": knobs}))
        for number in range(len(indices)):
            yield _receive(workers[number % processes], size)


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
    worker.stdin.write(json.dumps(job).encode())
    worker.stdin.close()
    return worker


def _receive(worker: subprocess.Popen, size: int) -> Town:
    pixels = size * size
    assert worker.stdout is not None
    assert worker.stderr is not None
    data = worker.stdout.read(7 * pixels)
    if len(data) < 7 * pixels:
        reason = worker.stderr.read().decode(errors="replace").strip()[-2000:]
        raise RuntimeError(
            "A process that draws toy maps ended too early; processes=1 draws without helpers. "
            f"It said: {reason or 'nothing (was it killed, or out of memory?)'}"
        )
    values = np.frombuffer(data, np.uint8)
    aerial, street_map = values[: 6 * pixels].reshape(2, size, size, 3)
    return aerial, street_map, values[6 * pixels :].reshape(size, size)

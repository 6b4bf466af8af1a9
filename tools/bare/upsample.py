"""Three ways to double a map by copying pixels and convolve it 3x3, forward and backward.

    python tools/bare/upsample.py tiny 4 9     preset, batch size, how often

Prints a line of JSON for each layer of the cross-view generator that does it. Called by
`tools/benchmark --upsample`. The three ways take turns.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kgen import backend
from kgen.cross_view.presets import PRESETS
from kgen.layers import UpsampleConv2D

# For the first and the second of two pixels: which rows of the kernel meet which of two rows of the
# small map, (phase, row of the map, row of the kernel).
PHASES = np.array([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]], "float32")


def as_written(x: Any, kernel: Any) -> Any:
    """`UpSampling2D(2)`, then the convolution."""
    doubled = layers.UpSampling2D(2, interpolation="nearest")(x)
    return ops.conv(doubled, kernel, 1, "same", data_format="channels_last")


def transposed(x: Any, kernel: Any) -> Any:
    """One transposed 4x4 convolution of stride 2: kgen's `UpsampleConv2D`."""
    return UpsampleConv2D(kernel.shape[-1]).convolution_op(x, kernel)


def four_phases(x: Any, kernel: Any) -> Any:
    """A 2x2 convolution of the small map for each of the four pixels that one becomes."""
    _, height, width, _ = x.shape
    padded = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows = []
    for a in range(2):
        pair = []
        for b in range(2):
            summed = ops.einsum("si,tj,ijcf->stcf", PHASES[a], PHASES[b], kernel)
            window = padded[:, a : a + height + 1, b : b + width + 1]
            pair.append(ops.conv(window, summed, 1, "valid", data_format="channels_last"))
        rows.append(ops.stack(pair, axis=3))  # (B, H, W, 2, F)
    return ops.reshape(ops.stack(rows, axis=2), (-1, 2 * height, 2 * width, kernel.shape[-1]))


WAYS = {"as_written": as_written, "transposed": transposed, "four_phases": four_phases}


def both_passes(way: Callable, slope: Any) -> Callable:
    """(x, kernel) -> the gradients of sum(slope * way(x, kernel)) by both."""

    def run(x: Any, kernel: Any) -> list:
        _, _, pull = backend.differentiate(lambda x, k: (way(x, k), None), [], x, kernel)
        return pull(slope)[1:]

    return run


def compiled(function: Callable) -> Callable:
    if backend.BACKEND == "tensorflow":
        return backend.tf.function(function)
    return backend.jax.jit(function) if backend.BACKEND == "jax" else function


def sizes(preset: str) -> list[tuple[int, int, int, int]]:
    """(height, width, channels, filters) of each doubling convolution of a generator."""
    recipe = PRESETS[preset]["generator"]
    height, width = (side // 128 for side in recipe["target_size"])
    channels = recipe["width"]
    found = [(height << i, width << i, channels, channels) for i in range(4)]
    channels += recipe["local_channels"]
    for i, filters in enumerate(recipe["facade_widths"], 4):
        found.append((height << i, width << i, channels, filters))
        channels = filters
    return found


def tensors(size: tuple[int, int, int, int], batch: int) -> tuple:
    """A map, a kernel laid out as the backend's convolutions read it, and a slope."""
    height, width, channels, filters = size
    rng = np.random.default_rng(0)
    shapes = ((batch, height, width, channels), (3, 3, channels, filters),
              (batch, 2 * height, 2 * width, filters))  # fmt: skip
    arrays = [ops.convert_to_tensor(rng.standard_normal(s).astype("float32")) for s in shapes]
    kernel = keras.Variable(arrays[1])
    backend.lay_out([kernel])
    return arrays[0], ops.stop_gradient(kernel.value), arrays[2]


def measure(size: tuple[int, int, int, int], batch: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of each run of each way; two more before that are not counted."""
    x, kernel, slope = tensors(size, batch)
    runs = {name: compiled(both_passes(way, slope)) for name, way in WAYS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for turn in range(repeats + 2):
        for name, run in runs.items():
            start = time.perf_counter()
            for gradient in run(x, kernel):
                float(gradient[0, 0, 0, 0])  # wait for the result
            if turn > 1:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def main() -> None:
    preset, batch, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for size in sizes(preset):
        print(json.dumps({"size": size, **measure(size, batch, repeats)}), flush=True)


if __name__ == "__main__":
    main()

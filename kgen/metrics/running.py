"""Running a fixed network over many images: compiled, in batches of few shapes."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from kgen.backend import BACKEND


def in_batches(model: keras.Model, batch_size: int = 32) -> Callable[..., list[np.ndarray]]:
    """A function that runs a network over arrays of any length, without gradients.

    Each new shape is compiled, so all batches get one length: the last one is filled up with
    copies, whose results are dropped. Nothing is filled up where there is only one batch.

    Args:
        model: Keras model.
        batch_size: images at a time. Default 32.

    Returns:
        function of arrays (N, ...), one for each input, to a list of arrays (N, ...), one for each
        output; keep it, because what it has compiled is lost with it. Its argument `batch_size`
        overrides the number for one call.

    Example:

    >>> double = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(2.0)])
    >>> in_batches(double, 2)(np.ones((5, 2)))[0].shape
    (5, 2)
    """
    if not model.compiled:  # compiling again would forget what was traced
        # XLA on TensorFlow's CPU takes minutes to compile an Inception, and gains nothing
        model.compile(jit_compile="auto" if BACKEND == "jax" else False)

    def run(*arrays: np.ndarray, batch_size: int = batch_size) -> list[np.ndarray]:
        count, parts = len(arrays[0]), []
        for start in range(0, count, batch_size):
            batch = [array[start : start + batch_size] for array in arrays]
            missing = batch_size - len(batch[0]) if start else 0
            if missing:
                batch = [np.concatenate([b, np.repeat(b[-1:], missing, 0)]) for b in batch]
            batch = [np.asarray(b, "float32") for b in batch]
            outputs = model.predict_on_batch(batch if len(batch) > 1 else batch[0])
            outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
            parts.append([np.asarray(output)[: count - start] for output in outputs])
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    return run

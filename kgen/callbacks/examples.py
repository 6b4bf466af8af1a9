"""The examples that are drawn while a system trains: what goes in, and what is shown beside it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import tree


class Examples(NamedTuple):
    """What pictures during a training are made of.

    Attributes:
        inputs: what the model is called with: an array (B, ...), or a dictionary of such arrays.
        source: (B, H, W, C) float32 in [-1, 1], shown as what the model began with; None where
            there is nothing to show (noise, attributes).
        target: (B, H, W, C) float32 in [-1, 1], the expected images.
    """

    inputs: Any
    source: np.ndarray | None
    target: np.ndarray


def as_examples(examples: Sequence[Any]) -> Examples:
    """Examples as arrays, or an error that says what is wrong with them.

    Args:
        examples: (source, target), where the source is the input, too; or (inputs, source, target),
            as `model.example(batch)` gives them. Arrays, or tensors of any backend.

    Raises:
        ValueError: something else; not equally many of each.

    Example:
        >>> images = np.zeros((2, 8, 8, 1), "float32")
        >>> as_examples(({"attributes": np.ones((2, 5))}, None, images)).target.shape
        (2, 8, 8, 1)
    """
    if not isinstance(examples, (tuple, list)) or len(examples) not in (2, 3):
        raise ValueError(
            "examples are (source, target), two arrays (B, H, W, C) in [-1, 1], or (inputs, "
            "source, target) as model.example(batch) gives them; received "
            f"{type(examples).__name__} of length {len(examples)}"
        )
    parts = examples if len(examples) == 3 else (examples[0], *examples)
    found = Examples(*(tree.map_structure(_to_numpy, part) for part in parts))
    _check(found)
    return found


def examples_of(model: Any, batch: Any) -> Examples:
    """The examples in a batch, as the model says; of a plain Keras model: a pair."""
    example = getattr(model, "example", None)
    return as_examples(batch if example is None else example(batch))


def _check(examples: Examples) -> None:
    shown = [images for images in examples[1:] if images is not None]
    shapes = [np.shape(array) for array in [*shown, *tree.flatten(examples.inputs)]]
    counts = {shape[:1] for shape in shapes}
    if len(counts) > 1 or counts & {(), (0,)} or {images.ndim for images in shown} != {4}:
        raise ValueError(
            "source and target must be (B, H, W, C) with the same number of images, at least one, "
            "and as many inputs; received shapes "
            f"{' and '.join(map(str, dict.fromkeys(shapes)))}"
        )


def _to_numpy(values: Any) -> np.ndarray | None:
    if values is None:
        return None
    if keras.ops.is_tensor(values):
        return keras.ops.convert_to_numpy(values)
    return np.asarray(values)

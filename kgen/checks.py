"""Guards at the door: what a batch must look like, and errors that say how to repair it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import tree


def as_batch(data: Any) -> Any:
    """What Keras hands to a step, as losses see it: x, or (x, y) where there are targets.

    Raises:
        ValueError: sample weights, which have no meaning for players.
    """
    x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise ValueError("sample weights are not supported: weight the terms inside the losses")
    return x if y is None else (x, y)


def first_batch(x: Any, y: Any = None, batch_size: int | None = None) -> Any:
    """The first batch that `fit(x, y)` would see, as numpy arrays, without consuming anything.

    Args:
        x: what `fit` takes: arrays, a `PyDataset`, a `tf.data.Dataset`, a `DataLoader`.
        y: targets, with arrays.
        batch_size: with arrays; default 32.

    Returns:
        the batch (the first sample of a `DataLoader`), or None where looking would consume it
        (a generator).
    """
    if isinstance(x, keras.utils.PyDataset):
        return as_batch(tree.map_structure(_to_numpy, x[0]))
    if hasattr(x, "take") and hasattr(x, "element_spec"):  # tf.data.Dataset
        return next((as_batch(tree.map_structure(_to_numpy, b)) for b in x.take(1)), None)
    if hasattr(x, "collate_fn") and hasattr(
        getattr(x, "dataset", None), "__getitem__"
    ):  # DataLoader
        return as_batch(tree.map_structure(_to_numpy, _as_tuple(x.collate_fn([x.dataset[0]]))))
    if tree.is_nested(x) or hasattr(x, "shape"):
        data = x if y is None else (x, y)
        return tree.map_structure(lambda a: _to_numpy(a[: batch_size or 32]), data)
    return None


def _as_tuple(batch: Any) -> Any:
    return tuple(batch) if isinstance(batch, list) else batch


def _to_numpy(array: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(array))


def check_keys(batch: Any, expected: Iterable[str]) -> None:
    """Raise unless `batch` is a dictionary that has the expected keys."""
    expected = list(expected)
    if not isinstance(batch, Mapping):
        raise ValueError(
            f"a batch must be a dictionary with the keys {', '.join(expected)}; got "
            f"{describe(batch)}"
        )
    if missing := [key for key in expected if key not in batch]:
        raise ValueError(
            f"a batch must have the keys {', '.join(expected)}; {', '.join(missing)} is "
            "missing, got "
            f"{', '.join(map(str, batch)) or 'none'}"
        )


def check_images(name: str, images: np.ndarray, shape: tuple, bounded: bool = True) -> None:
    """Raise unless `images` suit a network that takes `shape` and works in [-1, 1].

    Args:
        name: what the error calls them.
        images: (B, H, W, C).
        shape: (B, H, W, C) as the network declares it; None matches any size.
        bounded: whether every value must lie in [-1, 1]; else only byte-like values are refused.

    Raises:
        ValueError: wrong number of axes, size or channels; values outside of the range; not finite.
    """
    if images.ndim != 4 or any(
        want is not None and want != got
        for want, got in zip(shape[1:], images.shape[1:], strict=True)
    ):
        wanted = ", ".join("any" if side is None else str(side) for side in shape[1:])
        raise ValueError(
            f"{name} must be images of shape (batch, {wanted}), channels last; got {images.shape}. "
            "Resize them (kgen.data.Batches has size=...) or build the model for their shape."
        )
    if not np.all(np.isfinite(images)):
        raise ValueError(f"{name} holds values that are not finite (NaN or infinity)")
    low, high = float(images.min()), float(images.max())
    if high > (1.001 if bounded else 20.0) or low < (-1.001 if bounded else -np.inf):
        raise ValueError(
            f"{name} must be scaled to [-1, 1], the range of tanh; got values from {low:g} to "
            f"{high:g} "
            f"({images.dtype}). For 8-bit images: images.astype('float32') / 127.5 - 1."
        )


def check_vectors(name: str, vectors: np.ndarray, length: int, argument: str) -> None:
    """Raise unless `vectors` are attributes in [0, 1], `length` of them for each picture.

    Args:
        name: what the error calls them.
        vectors: (B, length).
        length: as the networks want it.
        argument: the argument of the model that sets the length.

    Raises:
        ValueError: wrong number of axes or of attributes; values outside of [0, 1].
    """
    if vectors.ndim != 2 or vectors.shape[1] != length:
        raise ValueError(
            f"{name} must have {length} values for each picture, shape (batch, {length}), as the "
            f"model was built with {argument}={length}; got {vectors.shape}. Choose the same "
            f"attributes in the data, or build the model with {argument}={vectors.shape[-1]}."
        )
    if not np.all(np.isfinite(vectors)):
        raise ValueError(f"{name} holds values that are not finite (NaN or infinity)")
    if vectors.size and (vectors.min() < 0.0 or vectors.max() > 1.0):
        raise ValueError(
            f"{name} must lie in [0, 1]: 1 for present, 0 for absent; got values from "
            f"{vectors.min():g} to {vectors.max():g}. Divide percentages by 100."
        )


def describe(batch: Any) -> str:
    """Types and shapes of a batch, for error messages."""
    if isinstance(batch, (tuple, list)):
        return "(" + ", ".join(describe(part) for part in batch) + ")"
    if isinstance(batch, Mapping):
        return "{" + ", ".join(f"{k}: {describe(v)}" for k, v in batch.items()) + "}"
    shape = getattr(batch, "shape", None)
    return type(batch).__name__ if shape is None else f"{type(batch).__name__}{tuple(shape)}"

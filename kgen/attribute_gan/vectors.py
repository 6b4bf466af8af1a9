"""Attributes as users state them, as the vectors that networks take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgen.checks import check_vectors
from kgen.data.attribute_names import attribute_columns, attribute_vector


def to_vectors(
    attributes: Any, length: int, names: Sequence[str] | None = None, what: str = "attributes"
) -> np.ndarray:
    """Attributes given as numbers or by name, as one vector for each picture.

    Args:
        attributes: numbers (length,) or (B, length) in [0, 1]; names of what is present, `["a",
            "b"]`; a mapping from names to values in [0, 1]; or a list of such lists or mappings.
        length: number of attributes that there are.
        names: of all attributes, in order. Default: unknown, so that only numbers will do.
        what: what an error calls them.

    Returns:
        float32 (B, length).

    Raises:
        ValueError: wrong length, values outside of [0, 1], unknown names (near ones are listed).

    Example:

    >>> to_vectors(["red", "small"], 3, ["red", "blue", "small"]).tolist()
    [[1.0, 0.0, 1.0]]
    """
    if _is_named(attributes):
        vectors = _from_names(attributes, names, what)[None]
    elif isinstance(attributes, Sequence) and all(map(_is_named, attributes)):
        vectors = np.stack([_from_names(one, names, what) for one in attributes])
    else:
        vectors = np.atleast_2d(np.asarray(attributes, "float32"))
    check_vectors(what, vectors, length, "n_attributes")
    return vectors


def _is_named(attributes: Any) -> bool:
    if isinstance(attributes, (Mapping, str)):
        return True
    return isinstance(attributes, Sequence) and all(isinstance(name, str) for name in attributes)


def _from_names(attributes: Any, names: Sequence[str] | None, what: str) -> np.ndarray:
    if names is None:
        raise ValueError(
            f"{what} are given by name, but the model has no names: build it with "
            "attribute_names=[...], or give numbers"
        )
    if not isinstance(attributes, Mapping):
        return attribute_vector(attributes, names)
    vector = np.zeros(len(names), "float32")
    for name, value in attributes.items():
        vector[list(attribute_columns(name, names))] = value
    return vector

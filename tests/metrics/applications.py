"""Networks of keras.applications with random weights, built in reasonable time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import ops


@contextmanager
def built_once(name: str, **options: Any) -> Iterator[keras.Model]:
    """One network with drawn weights, which is also what kgen gets while the context is open.

    JAX compiles the drawing of each shape, which takes longer than the tests: numpy draws.
    """

    def zeros(self: Any, shape: tuple, dtype: Any = None) -> Any:
        return ops.convert_to_tensor(np.zeros(shape, dtype or "float32"))

    with mock.patch.object(keras.initializers.GlorotUniform, "__call__", zeros):
        network = getattr(keras.applications, name)(weights=None, **options)
    draws = np.random.default_rng(0)
    for variable in network.variables:
        values = draws.random(variable.shape, dtype="float32")
        if len(variable.shape) > 1:
            values = (values * 2 - 1) * (6.0 / np.prod(variable.shape[:-1])) ** 0.5
        else:
            values = values + 0.5
        variable.assign(values.astype("float32"))
    with mock.patch.object(keras.applications, name, return_value=network):
        yield network


def forget(network: keras.Model) -> None:
    """Set all weights to 1, so that what is computed later can only come from a file."""
    for variable in network.variables:
        variable.assign(np.ones(variable.shape, "float32"))

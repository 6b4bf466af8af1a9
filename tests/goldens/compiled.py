"""Running networks outside of `fit` in reasonable time.

On JAX each operation that runs by itself is compiled by itself, which takes minutes for a deep
network; compiled as a whole it takes seconds. The other backends run operations as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree


def compiled(function: Callable, variables: Sequence[keras.Variable] = ()) -> Callable:
    """`function` of tensors, which may assign these variables (and no others); numpy in and out."""
    if keras.config.backend() != "jax":
        return lambda *tensors: tree.map_structure(_to_numpy, function(*_to_tensors(tensors)))
    import jax

    def pure(values: list, tensors: tuple) -> tuple:
        with keras.StatelessScope(list(zip(variables, values, strict=True))) as scope:
            outputs = function(*tensors)
        return outputs, [scope.get_current_value(variable) for variable in variables]

    jitted = jax.jit(pure)

    def call(*tensors: Any) -> Any:
        outputs, values = jitted([v.value for v in variables], _to_tensors(tensors))
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return tree.map_structure(_to_numpy, outputs)

    return call


def forward(network: keras.Model, inputs: Any, training: bool = False) -> Any:
    """`network(inputs, training)` as numpy arrays; moving statistics are updated in training."""
    return compiled(lambda x: network(x, training=training), network.variables)(inputs)


def _to_tensors(arrays: Any) -> Any:
    return tree.map_structure(ops.convert_to_tensor, arrays)


def _to_numpy(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))

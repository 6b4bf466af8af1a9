"""Weights of the reference of the cross-view generator in kgen's layers: which name is which.

`s0.norm1.g1.w` is the kernel of `gamma_hidden` in the layer `s0_norm1`; kernels are in PyTorch's
layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.cross_view.modulation import AttentionalModulation, StyleModulation
from kgen.layers import SpectralNormalization

INNER = {
    "g1": "gamma_hidden",
    "g2": "gamma",
    "b1": "beta_hidden",
    "b2": "beta",
    "mask": "mask",
}
PARTS = {"w": "kernel", "b": "bias"}


class NamedWeights:
    """The variables of networks by the reference's names.

    Args:
        networks: all that have some of the layers.
        names: of the reference's weights. Each variable must have one, except the `v` of spectral
            normalization, which the reference computes from `u`.
    """

    def __init__(self, networks: list[keras.Model], names: list[str]) -> None:
        self.layers = {layer.name: layer for n in networks for layer in n.layers if layer.weights}
        self.variables = {name: self._variable(name) for name in names}
        named = {id(variable) for variable in self.variables.values()}
        self.normalized = [x for x in self.layers.values() if isinstance(x, SpectralNormalization)]
        named |= {id(layer.v) for layer in self.normalized}
        assert named == {id(v) for layer in self.layers.values() for v in layer.weights}

    def _variable(self, name: str) -> keras.Variable:
        *path, last = name.split(".")
        if last == "scale":
            return self.layers["_".join([*path, last])].scale
        layer = self.layers["_".join(path[:2])]
        if last == "u":
            return layer.u
        if isinstance(layer, AttentionalModulation):
            layer = getattr(layer, INNER[path[2]])
        elif isinstance(layer, StyleModulation):
            layer = layer.dense
        elif isinstance(layer, SpectralNormalization):
            layer = layer.layer
        return getattr(layer, PARTS[last])

    def load(self, values: Mapping[str, np.ndarray]) -> None:
        """Set all variables."""
        for name, variable in self.variables.items():
            variable.assign(to_keras(values[name]))
        for layer in self.normalized:
            kernel = np.float64(ops.convert_to_numpy(layer.layer.kernel))
            v = kernel.reshape(-1, kernel.shape[-1]) @ np.float64(ops.convert_to_numpy(layer.u))
            layer.v.assign((v / np.linalg.norm(v)).astype("float32"))


def to_keras(value: np.ndarray) -> np.ndarray:
    """(out, in, h, w) -> (h, w, in, out); (out, in) -> (in, out)."""
    return value.transpose({4: (2, 3, 1, 0), 2: (1, 0)}.get(value.ndim, range(value.ndim)))


def to_reference(value: Any) -> np.ndarray:
    """The inverse of `to_keras`."""
    value = np.array(ops.convert_to_numpy(value))
    return value.transpose({4: (3, 2, 0, 1), 2: (1, 0)}.get(value.ndim, range(value.ndim)))


def load_named(networks: list[keras.Model], values: Mapping[str, np.ndarray]) -> NamedWeights:
    """Set the variables of networks; returns them by name."""
    weights = NamedWeights(networks, list(values))
    weights.load(values)
    return weights

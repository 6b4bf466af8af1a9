"""Weights of the reference networks in Keras networks: which name is which variable.

Layers that have weights come in the same order in both, so the n-th module is the n-th layer: in a
PyTorch state dict that is the order of the module tree, found by sorting the parts of the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import keras
import numpy as np
from keras import ops

CONVOLUTION = {"weight": "kernel", "kernel": "kernel", "bias": "bias"}
NORMALIZATION = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


class Weights:
    """A network's variables under the reference's names and in its layout.

    Args:
        network: Keras model.
        names: `model.model.0.weight`, ... (PyTorch), or `conv2d/kernel`, ... (Keras, in order).
    """

    def __init__(self, network: keras.Model, names: Iterable[str]) -> None:
        names = [name for name in names if not name.endswith("num_batches_tracked")]
        self.is_torch = all("/" not in name for name in names)
        modules: dict[str, list[str]] = {}
        for name in sorted(names, key=_place) if self.is_torch else names:
            module, _, part = name.rpartition("." if self.is_torch else "/")
            modules.setdefault(module, []).append(part)
        layers = [layer for layer in network.layers if layer.weights]
        assert len(layers) == len(modules), f"{len(layers)} layers, {len(modules)} modules"
        self.variables: dict[str, keras.Variable] = {}
        for layer, (module, parts) in zip(layers, modules.items(), strict=True):
            assert len(layer.weights) == len(parts), f"{layer.name} has not the parts of {module}"
            table = NORMALIZATION if hasattr(layer, "gamma") else CONVOLUTION
            for part in parts:
                name = f"{module}{'.' if self.is_torch else '/'}{part}"
                self.variables[name] = getattr(layer, table.get(part, part))

    def load(self, values: Mapping[str, np.ndarray]) -> None:
        """Set the variables."""
        for name, variable in self.variables.items():
            variable.assign(self.to_keras(values[name]))

    def __getitem__(self, name: str) -> np.ndarray:
        return self.to_reference(self.variables[name])

    def to_keras(self, value: np.ndarray) -> np.ndarray:
        """(out, in, h, w) -> (h, w, in, out); transposed ones alike, no flip."""
        return value.transpose(2, 3, 1, 0) if self.is_torch and value.ndim == 4 else value

    def to_reference(self, value: keras.Variable | np.ndarray) -> np.ndarray:
        """The inverse of `to_keras`."""
        value = np.array(ops.convert_to_numpy(value))
        return value.transpose(3, 2, 0, 1) if self.is_torch and value.ndim == 4 else value


def _place(name: str) -> list:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in name.split(".")]


def convolutions(values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The kernels, in the order of the module tree (PyTorch) or as they come (Keras)."""
    names = [name for name in values if values[name].ndim == 4]
    is_torch = not any("/" in name for name in names)
    return [values[name] for name in (sorted(names, key=_place) if is_torch else names)]


def normalization_of(values: Mapping[str, np.ndarray]) -> str | None:
    """What follows the convolutions: it can be seen in the names that there are."""
    if any(name.endswith("running_mean") for name in values):
        return "batch"
    kernels = sorted((name for name in values if values[name].ndim == 4), key=_place)
    return "instance" if kernels[1].replace("weight", "bias") in values else None

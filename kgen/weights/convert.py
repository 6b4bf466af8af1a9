"""From a PyTorch state dict to a Keras model, by the names of the layers."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

# part of a PyTorch module -> variable of the Keras layer
CONVOLUTION = {"weight": "kernel", "bias": "bias"}
NORMALIZATION = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def load_torch_state(
    model: keras.Model, state: Mapping[str, np.ndarray], source: str = "the state"
) -> keras.Model:
    """Sets all weights of a Keras model whose layers bear the names of PyTorch modules.

    PyTorch's names have dots, which Keras does not allow in the name of a layer: the layer
    `features-0` takes `features.0.weight` and `features.0.bias`. Kernels (out, in, h, w) become
    (h, w, in, out), those of dense layers (out, in) become (in, out). What the model has no layer
    for (a classifier, `num_batches_tracked`) is left alone; what it has a layer for must be there.

    Args:
        model: with Conv2D, Dense and BatchNormalization layers.
        state: PyTorch's name -> array, as `read_state` gives it.
        source: what errors call the state, its path say. Default `"the state"`.

    Returns:
        the model, its weights set.

    Raises:
        ValueError: a weight is missing, has another shape, or is not finite. Then no weight is set.

    Example:

    >>> import keras, numpy as np
    >>> inputs = keras.Input((8, 8, 3))
    >>> model = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="features-0")(inputs))
    >>> state = {"features.0.weight": np.ones((4, 3, 3, 3)), "features.0.bias": np.zeros(4)}
    >>> float(load_torch_state(model, state).get_weights()[0].mean())
    1.0
    """
    pairs = []
    for layer in model.layers:
        for name, variable in _variables(layer).items():
            pairs.append((variable, _value(name, variable, state, source)))
    if not pairs:
        raise ValueError(f"{model.name} has no layers whose weights could be set")
    for variable, value in pairs:
        variable.assign(value)
    return model


def _variables(layer: keras.Layer) -> dict[str, keras.Variable]:
    """PyTorch's names of a layer's variables."""
    if not layer.weights:
        return {}
    table = NORMALIZATION if hasattr(layer, "gamma") else CONVOLUTION
    module = layer.name.replace("-", ".")
    named = {part: getattr(layer, attribute, None) for part, attribute in table.items()}
    return {f"{module}.{part}": value for part, value in named.items() if value is not None}


def _value(
    name: str, variable: keras.Variable, state: Mapping[str, np.ndarray], source: str
) -> np.ndarray:
    if name not in state:
        raise ValueError(
            f"{source}: has no {name}, so it belongs to another network; it has "
            f"{', '.join(list(state)[:4])}, ..."
        )
    value = np.asarray(state[name])
    if value.ndim in (2, 4):
        value = value.transpose((2, 3, 1, 0) if value.ndim == 4 else (1, 0))
    if value.shape != tuple(variable.shape):
        raise ValueError(
            f"{source}: {name} has the shape {np.shape(state[name])}, which is {value.shape} in "
            f"Keras, but {variable.path} has {tuple(variable.shape)}: another network's weights."
        )
    if not np.all(np.isfinite(value)):
        raise ValueError(f"{source}: {name} holds values that are not finite. Download it again.")
    return value.astype("float32")

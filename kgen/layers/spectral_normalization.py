"""Spectral normalization as PyTorch does it, the same on every backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

FIRST_ITERATIONS = 15  # as torch.nn.utils.parametrizations.spectral_norm
SMALLEST = 1e-12


@keras.saving.register_keras_serializable("kgen")
class SpectralNormalization(layers.Wrapper):
    """Run a layer with its kernel divided by the kernel's largest singular value.

    Miyato et al., 2018, algorithm 1: W_sn = W / sigma(W), sigma = u^T W v by power iteration. The
    stored kernel is never overwritten: the division is part of the forward pass, gradients go
    through sigma, and the layer may be called many times in a step. `u` and `v` are non-trainable
    variables, improved by `iterations` rounds at each call in training and left alone at
    inference, as in `torch.nn.utils.parametrizations.spectral_norm`; as there, 15 rounds when the
    layer is built make sigma right to a few percent before the first step. They begin with the same
    vector each time, so that equal kernels give equal layers.

    Args:
        layer: `Conv1D`, `Conv2D` (or `UpsampleConv2D`), `Conv3D` or `Dense`.
        iterations: power iterations at each training call. Default 1.
        epsilon: smallest norm divided by. Default 1e-12.

    Raises:
        TypeError: another kind of layer.

    Example:

    >>> import numpy as np, keras
    >>> from kgen.layers import SpectralNormalization
    >>> dense = SpectralNormalization(keras.layers.Dense(4, use_bias=False), iterations=200)
    >>> kernel = keras.ops.convert_to_numpy(dense(np.eye(6, dtype="float32"), training=True))
    >>> round(float(np.linalg.svd(kernel, compute_uv=False)[0]), 2)
    1.0
    """

    def __init__(
        self, layer: layers.Layer, iterations: int = 1, epsilon: float = SMALLEST, **kwargs: Any
    ) -> None:
        if not isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.Dense)):
            raise TypeError(
                "SpectralNormalization wraps Conv1D, Conv2D, Conv3D or Dense (a transposed "
                "or depthwise "
                f"kernel has another matrix form); got {type(layer).__name__}"
            )
        super().__init__(layer, **{"dtype": layer.dtype_policy, **kwargs})
        self.iterations = iterations
        self.epsilon = epsilon

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        columns = self.layer.kernel.shape[-1]
        rows = 1
        for side in self.layer.kernel.shape[:-1]:
            rows *= side
        # asked for when the kernel has its values, which may be later than now
        self.u, self.v = (
            self.add_weight(
                shape=(size,),
                name=name,
                trainable=False,
                dtype="float32",
                initializer=lambda shape, dtype, place=place: ops.cast(
                    _singular_vectors(self.layer.kernel)[place], dtype
                ),
            )
            for place, (name, size) in enumerate((("u", columns), ("v", rows)))
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        kernel = ops.convert_to_tensor(self.layer.kernel)
        matrix = ops.cast(ops.reshape(kernel, (-1, kernel.shape[-1])), "float32")  # (rows, columns)
        u, v = ops.convert_to_tensor(self.u), ops.convert_to_tensor(self.v)
        if training:
            u, v = self._iterate(ops.stop_gradient(matrix), u, v)
            self.u.assign(u)
            self.v.assign(v)
        sigma = ops.sum(ops.matmul(v[None], matrix) * u)
        return self._run(inputs, kernel / ops.cast(sigma, kernel.dtype))

    def _iterate(self, matrix: Any, u: Any, v: Any) -> tuple[Any, Any]:
        for _ in range(self.iterations):
            v = self._unit(ops.sum(matrix * u, axis=1))
            u = self._unit(ops.sum(matrix * v[:, None], axis=0))
        return u, v

    def _unit(self, vector: Any) -> Any:
        return vector / ops.maximum(ops.sqrt(ops.sum(ops.square(vector))), self.epsilon)

    def _run(self, inputs: Any, kernel: Any) -> Any:
        layer = self.layer
        inputs, kernel = (
            ops.cast(inputs, layer.compute_dtype),
            ops.cast(kernel, layer.compute_dtype),
        )
        if isinstance(layer, layers.Dense):
            outputs = ops.matmul(inputs, kernel)
        else:
            outputs = layer.convolution_op(inputs, kernel)
        if layer.use_bias:
            outputs = outputs + ops.cast(layer.bias, layer.compute_dtype)
        return layer.activation(outputs) if layer.activation else outputs

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "iterations": self.iterations, "epsilon": self.epsilon}


def _singular_vectors(kernel: Any) -> tuple[np.ndarray, np.ndarray]:
    """Estimates of the kernel's first left and right singular vectors, from a fixed start."""
    matrix = ops.convert_to_numpy(kernel).astype("float64")
    matrix = matrix.reshape(-1, matrix.shape[-1])
    u = np.random.default_rng(0).standard_normal(matrix.shape[-1])
    for _ in range(FIRST_ITERATIONS):
        v = matrix @ u
        v /= max(np.linalg.norm(v), SMALLEST)
        u = matrix.T @ v
        u /= max(np.linalg.norm(u), SMALLEST)
    return u, v

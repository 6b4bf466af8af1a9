"""Batch normalization that says which statistics it uses after training."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgen.backend import normalize_batch

INFERENCE_STATISTICS = ("instance", "batch", "moving")


@keras.saving.register_keras_serializable("kgen")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization with a choice of statistics at inference.

    In training the statistics are those of the batch, and the moving variance is the *unbiased* one
    (n / (n - 1)), as in PyTorch; Keras' own layer keeps the biased one. At inference:

    - `"instance"`: each image is normalized by its own mean and variance over height and width.
      Equal to training with batch size 1, whatever the batch size, and made of plain operations
      (exports).
    - `"batch"`: the statistics of the batch, as in training. Moving statistics are left alone.
    - `"moving"`: the moving averages, as in classification networks.

    Input and output: float (B, ..., C). Ioffe and Szegedy, 2015; Isola et al., 2017, section 3.3
    for `"batch"` at batch size 1.

    Args:
        momentum: share of the old moving statistics kept at each training step. Default 0.9, which
            PyTorch calls 0.1.
        epsilon: added to the variance. Default 1e-5.
        inference_statistics: one of the names above. Default `"instance"`. May be changed later on
            the attribute of that name.
        kwargs: as in `keras.layers.BatchNormalization` (initializers, dtype, name, ...).

    Raises:
        ValueError: unknown `inference_statistics`, or an axis other than the last.

    Example:

    >>> import keras, numpy as np
    >>> from kgen.layers import BatchNormalization
    >>> layer = BatchNormalization(inference_statistics="instance")
    >>> images = np.random.default_rng(0).normal(5, 2, (2, 8, 8, 3)).astype("float32")
    >>> bool(abs(np.mean(keras.ops.convert_to_numpy(layer(images)))) < 1e-4)
    True
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        inference_statistics: str = "instance",
        **kwargs: Any,
    ) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, **kwargs)
        if self.axis != -1:
            raise ValueError(
                "kgen's BatchNormalization normalizes the last axis (channels last); got "
                f"axis={self.axis}"
            )
        self.inference_statistics = inference_statistics

    @property
    def inference_statistics(self) -> str:
        """Whose mean and variance are used at inference."""
        return self._inference_statistics

    @inference_statistics.setter
    def inference_statistics(self, value: str) -> None:
        if value not in INFERENCE_STATISTICS:
            raise ValueError(
                f"inference_statistics must be one of {', '.join(INFERENCE_STATISTICS)}; got "
                f"{value!r}"
            )
        self._inference_statistics = value

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = ops.cast(inputs, "float32" if self.compute_dtype != "float64" else "float64")
        gamma, beta = ops.convert_to_tensor(self.gamma), ops.convert_to_tensor(self.beta)
        if training and self.trainable:
            x, mean, variance = normalize_batch(x, gamma, beta, self.epsilon)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
        elif self.inference_statistics == "batch":
            x, _, _ = normalize_batch(x, gamma, beta, self.epsilon)
        else:
            mean, variance = self._statistics_of(x)
            x = (x - mean) * (ops.rsqrt(variance + self.epsilon) * gamma) + beta
        return ops.cast(x, self.compute_dtype)

    def _statistics_of(self, x: Any) -> tuple[Any, Any]:
        if self.inference_statistics == "moving" or len(x.shape) == 2:
            return ops.convert_to_tensor(self.moving_mean), ops.convert_to_tensor(
                self.moving_variance
            )
        return ops.moments(x, axes=tuple(range(1, len(x.shape) - 1)), keepdims=True)

    def _update(self, average: keras.Variable, value: Any) -> None:
        average.assign(average * self.momentum + ops.stop_gradient(value) * (1.0 - self.momentum))

    def get_config(self) -> dict:
        config = super().get_config()
        for unused in (
            "axis",
            "center",
            "scale",
            "renorm",
            "renorm_clipping",
            "renorm_momentum",
            "synchronized",
        ):
            config.pop(unused, None)
        return {**config, "inference_statistics": self.inference_statistics}

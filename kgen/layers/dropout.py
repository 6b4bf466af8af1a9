"""Dropout that can stay on after training."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("kgen")
class Dropout(keras.layers.Dropout):
    """Dropout that may also act at inference: the noise source of pix2pix.

    Isola et al., 2017, section 2.1: noise is given "only in the form of dropout, applied on several
    layers of our generator at both training and test time". Input and output: float, any shape.

    Args:
        rate: share of values set to zero, in [0, 1).
        at_inference: whether values are dropped outside of training too. Default False.
        kwargs: as in `keras.layers.Dropout` (seed, noise_shape, ...).

    Example:

    >>> import numpy as np
    >>> from kgen.layers import Dropout
    >>> values = Dropout(0.5, at_inference=True, seed=1)(np.ones((1, 1000), "float32"))
    >>> sorted({float(v) for v in np.ravel(values)})
    [0.0, 2.0]
    """

    def __init__(self, rate: float, at_inference: bool = False, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.at_inference = at_inference

    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call(inputs, training=training or self.at_inference)

    def get_config(self) -> dict:
        return {**super().get_config(), "at_inference": self.at_inference}

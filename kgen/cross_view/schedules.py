"""Learning rates that follow the step: cosine and linear, with a warm-up."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


class _WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """rate t / w for the first w steps; then what `_factor` says of the share that is left."""

    def __init__(self, rate: float = 1e-4, steps: int = 1000, warm_up: int = 0) -> None:
        super().__init__()
        if not 0 <= warm_up < steps:
            raise ValueError(
                "steps is the length of the whole training, warm_up its first part: 0 <= warm_up "
                f"< steps; got steps={steps} and warm_up={warm_up}. steps = epochs x len(batches)."
            )
        self.rate, self.steps, self.warm_up = rate, steps, warm_up

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        left = (self.steps - step) / (
            self.steps - self.warm_up
        )  # 1 after the warm-up, 0 at the end
        rising = step / max(self.warm_up, 1)
        return self.rate * ops.where(step < self.warm_up, rising, self._factor(left))

    def _factor(self, left: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict:
        return {"rate": self.rate, "steps": self.steps, "warm_up": self.warm_up}


@keras.saving.register_keras_serializable("kgen")
class CosineSchedule(_WarmUp):
    """0.5 (1 + cos(pi t / T)), as SAIG was trained: rate max(1e-6, that), t counted after warm-up.

    It rises again after the last step, as the released code's does.

    Args:
        rate: the highest learning rate. Default 1e-4.
        steps: length of the training in steps, epochs x len(batches).
        warm_up: steps in which the rate grows linearly from 0. Default 0.

    Raises:
        ValueError: a warm-up that is negative, or not shorter than the training.

    Example:

    >>> from kgen.cross_view import CosineSchedule
    >>> schedule = CosineSchedule(1e-4, steps=100)
    >>> [round(float(schedule(t)) * 1e4, 3) for t in (0, 50, 75)]
    [1.0, 0.5, 0.146]
    """

    def _factor(self, left: Any) -> Any:  # sin^2, for 1 + cos cancels near the end
        return ops.maximum(ops.square(ops.sin(0.5 * math.pi * left)), 1e-6)


@keras.saving.register_keras_serializable("kgen")
class LinearSchedule(_WarmUp):
    """(T - t) / T, 0 after the last step; t and T counted after the warm-up.

    Args:
        rate: the highest learning rate. Default 1e-4.
        steps: length of the training in steps, epochs x len(batches).
        warm_up: steps in which the rate grows linearly from 0. Default 0.

    Raises:
        ValueError: a warm-up that is negative, or not shorter than the training.

    Example:

    >>> from kgen.cross_view import LinearSchedule
    >>> schedule = LinearSchedule(1.0, steps=30, warm_up=10)
    >>> [float(schedule(t)) for t in (0, 5, 10, 20, 40)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def _factor(self, left: Any) -> Any:
        return ops.maximum(left, 0.0)

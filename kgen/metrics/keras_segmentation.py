"""The scores of label maps as a Keras metric, exact over a data set's billions of pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgen.metrics.segmentation import ABSENT, SCORES, scores_of

HALF = 2**20  # pixels; where counts are carried over into the next variable


@keras.saving.register_keras_serializable("kgen")
class SegmentationScore(keras.metrics.Metric):
    """One of the scores of `segmentation_scores` in `compile`, over all batches together.

    Counts are exact whatever the number of pixels. Inside a compiled step nothing can be raised:
    a pixel whose truth or prediction is no class makes the result NaN.

    Args:
        classes: how many classes; they are numbered from 0.
        score: "mean_iou" (default), "pixel_accuracy", "class_accuracy" or
            "frequency_weighted_iou".
        ignore: class number in the truth whose pixels do not count. Default None.
        absent: "skip" (default), "zero" or "truth"; see `segmentation_scores`.
        name: in the logs. Default: the score.
        dtype: of the result. Default float32.

    Example:
        >>> metric = SegmentationScore(3, "pixel_accuracy", ignore=255)
        >>> metric.update_state([[[0, 1, 255]]], [[[0, 2, 0]]])
        >>> float(metric.result())
        0.5
    """

    def __init__(
        self,
        classes: int,
        score: str = "mean_iou",
        ignore: int | None = None,
        absent: str = "skip",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if score not in SCORES or absent not in ABSENT:
            raise ValueError(
                f"score is one of {', '.join(SCORES)}, absent one of {', '.join(ABSENT)}; got "
                f"{score!r} and {absent!r}"
            )
        super().__init__(name=name or score, dtype=dtype)
        self.classes, self.score, self.ignore, self.absent = int(classes), score, ignore, absent
        self._direction = "up"
        shape = (self.classes, self.classes)
        # whole numbers in two parts: float32 and int32 cannot count the pixels of a data set
        self.low = self.add_weight(shape, "zeros", "int32", name="low")
        self.high = self.add_weight(shape, "zeros", "int32", name="high")
        self.wrong = self.add_weight((), "zeros", "int32", name="wrong")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Args:
            y_true: (B, H, W) or (B, H, W, 1) classes, whole numbers of any dtype.
            y_pred: (B, H, W, classes) scores, whose largest is taken; or classes like `y_true`.
            sample_weight: must be None; use `ignore`.
        """
        if sample_weight is not None:
            raise ValueError(f"{self.name}: sample weights are not supported; use ignore=...")
        truth = _classes_of(ops.convert_to_tensor(y_true), None)
        prediction = _classes_of(ops.convert_to_tensor(y_pred), self.classes)
        counted = ops.ones_like(truth, "bool")
        if self.ignore is not None:
            counted = ops.not_equal(truth, self.ignore)
        good = ops.ones_like(counted)
        for labels in (truth, prediction):
            good = ops.logical_and(good, ops.logical_and(labels >= 0, labels < self.classes))
        kept = ops.cast(ops.logical_and(counted, good), "int32")
        pairs = ops.where(kept > 0, truth * self.classes + prediction, 0)
        counts = ops.segment_sum(
            ops.reshape(kept, (-1,)), ops.reshape(pairs, (-1,)), self.classes**2
        )
        self._add(ops.reshape(counts, (self.classes, self.classes)))
        bad = ops.logical_and(counted, ops.logical_not(good))
        self.wrong.assign_add(ops.cast(ops.any(bad), "int32"))

    def _add(self, counts: Any) -> None:
        low = self.low + ops.cast(counts, "int32")
        carry = ops.floor_divide(low, HALF)
        self.low.assign(low - carry * HALF)
        self.high.assign_add(carry)

    def result(self) -> Any:
        """The score of all batches so far, a scalar."""
        high, low = ops.cast(self.high, "float32"), ops.cast(self.low, "float32")
        scores = scores_of(ops, high * float(HALF) + low, self.absent)
        value = scores[SCORES.index(self.score)]
        return ops.where(ops.convert_to_tensor(self.wrong) > 0, float("nan"), value)

    def reset_state(self) -> None:
        for variable in (self.low, self.high, self.wrong):
            variable.assign(ops.zeros(variable.shape, variable.dtype))

    def get_config(self) -> dict:
        config = {"classes": self.classes, "score": self.score, "ignore": self.ignore}
        return {**super().get_config(), **config, "absent": self.absent}


def _classes_of(labels: Any, classes: int | None) -> Any:
    """(B, H, W) int32; the largest of the scores where there are scores."""
    if len(labels.shape) == 4 and labels.shape[-1] == classes:
        return ops.cast(ops.argmax(labels, axis=-1), "int32")
    if len(labels.shape) == 4 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    return ops.cast(labels, "int32")

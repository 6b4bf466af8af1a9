"""Scores of label maps: pixel accuracy, class accuracy, IoU, in every convention papers use.

The FCN-score of pix2pix and the segmentation consistency of semi-parametric synthesis are the same
four numbers from one confusion matrix. They differ in what a class counts that never occurs, which
moves the mean by several points; so that has a name here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kgen.metrics.images import as_numpy

ABSENT = ("skip", "zero", "truth")
SCORES = ("pixel_accuracy", "class_accuracy", "mean_iou", "frequency_weighted_iou")


@dataclass(frozen=True)
class SegmentationResult:
    """Scores of a set of label maps, each 0 to 1, and what they were computed from.

    Args:
        pixel_accuracy: share of pixels with the right class.
        class_accuracy: mean over classes of the share of its pixels that were found.
        mean_iou: mean over classes of intersection over union.
        frequency_weighted_iou: the same weighted by the classes' shares of the truth.
        accuracies: (classes,) the share of each; NaN where a class does not count.
        ious: (classes,) the IoU of each; NaN where a class does not count.
        confusion: (classes, classes) int64 pixels: row truth, column prediction.
        absent: which classes counted; see `segmentation_scores`.
    """

    pixel_accuracy: float
    class_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float
    accuracies: np.ndarray
    ious: np.ndarray
    confusion: np.ndarray
    absent: str


class Confusion:
    """Counts of (true class, predicted class) over label maps, as they come.

    Args:
        classes: how many classes; they are numbered from 0.
        ignore: class number in the truth whose pixels do not count: 255 in Cityscapes' train ids, 0
            for void. Default None.

    Example:
        >>> confusion = Confusion(2)
        >>> confusion.update(np.array([[0, 1]]), np.array([[1, 1]]))
        >>> confusion.counts.tolist()
        [[0, 1], [0, 1]]
    """

    def __init__(self, classes: int, ignore: int | None = None) -> None:
        if classes < 2:
            raise ValueError(f"classes is a number of 2 or more; got {classes}")
        self.classes, self.ignore = int(classes), ignore
        self.counts = np.zeros((self.classes, self.classes), np.int64)

    def update(self, truth: Any, prediction: Any) -> None:
        """Count label maps: whole numbers, (H, W), (N, H, W) or with a last axis of 1.

        Raises:
            ValueError: shapes that differ, no whole numbers, numbers that are no class.
        """
        truth, prediction = _labels(truth, "truth"), _labels(prediction, "prediction")
        if truth.shape != prediction.shape:
            raise ValueError(
                f"truth and prediction must have one shape; got {truth.shape} and "
                f"{prediction.shape}. Resize the prediction (kgen.data.resize, 'nearest')."
            )
        counted = np.ones(truth.shape, bool) if self.ignore is None else truth != self.ignore
        truth, prediction = truth[counted].astype(np.int64), prediction[counted].astype(np.int64)
        self._check(truth, "truth")
        self._check(prediction, "prediction")
        pairs = np.bincount(truth * self.classes + prediction, minlength=self.classes**2)
        self.counts += pairs.reshape(self.counts.shape)

    def _check(self, labels: np.ndarray, name: str) -> None:
        if labels.size and (labels.min() < 0 or labels.max() >= self.classes):
            raise ValueError(
                f"{name}: classes are 0 to {self.classes - 1}; got {labels.min()} to "
                f"{labels.max()}. State ignore=255 (or what your void is), or map the ids to train "
                "ids first."
            )

    def scores(self, absent: str = "skip") -> SegmentationResult:
        """The scores of all that was counted; see `segmentation_scores`."""
        if not self.counts.sum():
            raise ValueError("no pixel was counted: all of them are ignored, or there are none")
        pixels, accuracy, iou, weighted, accuracies, ious = scores_of(np, self.counts, absent)
        counts = self.counts.copy()
        return SegmentationResult(pixels, accuracy, iou, weighted, accuracies, ious, counts, absent)


def segmentation_scores(
    truth: Any, prediction: Any, classes: int, ignore: int | None = None, absent: str = "skip"
) -> SegmentationResult:
    """Pixel accuracy, class accuracy, mean IoU and frequency-weighted IoU (Long et al., 2015).

    Args:
        truth: (N, H, W) whole numbers, or anything that gives label maps (H, W) one by one.
        prediction: likewise.
        classes: how many classes; they are numbered from 0.
        ignore: class number in the truth whose pixels do not count. Default None.
        absent: which classes the means are over. "skip" (default): those whose ratio exists; for
            IoU the classes in truth or prediction. "zero": all; a class that never occurs counts 0,
            as in the FCN-score script of pix2pix. "truth": those that occur in the truth.

    Returns:
        `SegmentationResult`.

    Raises:
        ValueError: shapes that differ, numbers that are no class, no pixel to count.

    Example:
        >>> truth, prediction = np.array([[[0, 0, 1, 1]]]), np.array([[[0, 1, 1, 2]]])
        >>> [round(segmentation_scores(truth, prediction, 3, absent=a).mean_iou, 3)
        ...  for a in ("skip", "truth")]
        [0.278, 0.417]
    """
    confusion = Confusion(classes, ignore)
    if hasattr(truth, "shape") and hasattr(prediction, "shape"):
        confusion.update(truth, prediction)
    else:
        _update_each(confusion, truth, prediction)
    return confusion.scores(absent)


def _update_each(confusion: Confusion, truth: Iterable, prediction: Iterable) -> None:
    end = object()
    others = iter(prediction)
    for label in truth:
        if (other := next(others, end)) is end:
            raise ValueError("there are fewer predictions than true label maps")
        confusion.update(label, other)
    if next(others, end) is not end:
        raise ValueError("there are more predictions than true label maps")


def _labels(labels: Any, name: str) -> np.ndarray:
    array = as_numpy(labels)
    if array.dtype.kind not in "iub":
        raise ValueError(
            f"{name}: labels are whole numbers; got {array.dtype}. For logits take "
            "logits.argmax(-1) first."
        )
    return array[..., 0] if array.ndim > 2 and array.shape[-1] == 1 else array


def scores_of(xp: Any, counts: Any, absent: str) -> tuple:
    """The four scores and both scores of each class, for numpy and `keras.ops` alike."""
    if absent not in ABSENT:
        raise ValueError(f"absent is one of {', '.join(ABSENT)}; got {absent!r}")
    total = xp.sum(counts)
    right, in_truth, predicted = xp.diagonal(counts), xp.sum(counts, 1), xp.sum(counts, 0)
    union = in_truth + predicted - right
    accuracies = right / xp.maximum(in_truth, 1)
    ious = right / xp.maximum(union, 1)
    occurs = in_truth > 0
    if absent == "zero":
        counted = in_either = in_truth >= 0
    else:
        counted, in_either = occurs, (union > 0 if absent == "skip" else occurs)
    means = [
        xp.sum(xp.where(some, values, 0.0)) / xp.maximum(xp.sum(xp.where(some, 1.0, 0.0)), 1.0)
        for some, values in ((counted, accuracies), (in_either, ious))
    ]
    shares = in_truth / xp.maximum(total, 1)
    scores = (xp.sum(right) / xp.maximum(total, 1), *means, xp.sum(shares * ious))
    if xp is np:
        scores = tuple(float(score) for score in scores)
    nan = float("nan")
    return (*scores, xp.where(counted, accuracies, nan), xp.where(in_either, ious, nan))

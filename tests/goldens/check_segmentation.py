"""Scores of label maps, and of answers of raters, against the references."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.metrics import SegmentationScore, preference_test, segmentation_scores
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden


def check_fcn_score(golden: Golden) -> None:
    """The FCN-score of pix2pix: absent classes count 0; and the usual means."""
    names = [match.group(1) for match in golden.matching(r"gt(\d+)")]
    truth = np.stack([golden[f"gt{name}"] for name in names])
    prediction = np.stack([golden[f"pred{name}"] for name in names])
    classes = len(golden["hist"])
    ignore = int(golden.number(r"ignore label (\d+)", 255))
    scores = segmentation_scores(truth, prediction, classes, ignore, absent="zero")
    np.testing.assert_array_equal(scores.confusion, golden["hist"])
    golden.check("pixel_acc", scores.pixel_accuracy)
    golden.check("mean_class_acc", scores.class_accuracy)
    golden.check("mean_iou", scores.mean_iou)
    golden.check("per_class_acc", scores.accuracies)
    golden.check("per_class_iou", scores.ious)
    present = segmentation_scores(truth, prediction, classes, ignore)
    golden.check("mean_class_acc_present_only", present.class_accuracy)
    golden.check("mean_iou_present_only", present.mean_iou)
    _check_keras(golden, truth, prediction, ignore, scores, absent="zero")


def check_segmentation(golden: Golden) -> None:
    """The semi-parametric evaluation: void is ignored, classes of the truth count."""
    truth, prediction = golden["truth"], golden["prediction"]
    void = int(golden.number(r"void \((\d+)\)", 0))
    classes = len(golden["confusion"])
    scores = segmentation_scores(truth, prediction, classes, void, absent="truth")
    np.testing.assert_array_equal(scores.confusion, golden["confusion"])
    golden.check("pixel_accuracy", scores.pixel_accuracy)
    golden.check("mean_accuracy", scores.class_accuracy)
    golden.check("mean_iou", scores.mean_iou)
    golden.check("fw_iou", scores.frequency_weighted_iou)
    golden.check("class_iou", scores.ious)
    _check_keras(golden, truth, prediction, void, scores, absent="truth")


def _check_keras(
    golden: Golden, truth: np.ndarray, prediction: np.ndarray, ignore: int, scores: Any, absent: str
) -> None:
    """The Keras metric gives the same, from one image after the other."""
    classes = len(scores.confusion)
    for name in ("pixel_accuracy", "class_accuracy", "mean_iou", "frequency_weighted_iou"):
        metric = SegmentationScore(classes, name, ignore, absent)

        def run(a: Any, b: Any, metric: SegmentationScore = metric) -> Any:
            metric.update_state(a, b)
            return metric.result()

        count = compiled(run, metric.variables)
        values = [count(a[None], b[None]) for a, b in zip(truth, prediction, strict=True)]
        golden.compare(name, values[-1], getattr(scores, name), atol=0.0, rtol=1e-5)


def check_preference(golden: Golden) -> None:
    """p-values and intervals of every case."""
    results = [preference_test(*case) for case in golden["cases"].tolist()]
    golden.check("p_value", [result.p_value for result in results])
    golden.check("wilson", [(result.low, result.high) for result in results])

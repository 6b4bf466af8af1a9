"""Scores of label maps: by hand, in every convention, streaming."""

import numpy as np
import pytest

from kgen.metrics import Confusion, segmentation_scores

# class 0: 3 of 4 found; class 1: 1 of 2; class 2 never occurs but is predicted; class 3: nothing
TRUTH = np.array([[[0, 0, 0, 0], [1, 1, 9, 9]]])
PREDICTION = np.array([[[0, 0, 0, 1], [1, 2, 0, 3]]])


def test_by_hand():
    scores = segmentation_scores(TRUTH, PREDICTION, 4, ignore=9)
    assert scores.pixel_accuracy == pytest.approx(4 / 6)
    assert scores.class_accuracy == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert scores.mean_iou == pytest.approx((3 / 4 + 1 / 3 + 0) / 3)
    assert scores.frequency_weighted_iou == pytest.approx(4 / 6 * 3 / 4 + 2 / 6 * 1 / 3)
    np.testing.assert_allclose(scores.accuracies, [3 / 4, 1 / 2, np.nan, np.nan])
    np.testing.assert_allclose(scores.ious, [3 / 4, 1 / 3, 0, np.nan])
    assert scores.confusion.sum() == 6


def test_absent_classes():
    zero = segmentation_scores(TRUTH, PREDICTION, 4, ignore=9, absent="zero")
    assert zero.class_accuracy == pytest.approx((3 / 4 + 1 / 2) / 4)
    assert zero.mean_iou == pytest.approx((3 / 4 + 1 / 3) / 4)
    truth = segmentation_scores(TRUTH, PREDICTION, 4, ignore=9, absent="truth")
    assert truth.mean_iou == pytest.approx((3 / 4 + 1 / 3) / 2)
    assert truth.absent == "truth"


def test_streaming_equals_all_at_once():
    draws = np.random.default_rng(0)
    truth, prediction = draws.integers(0, 5, (2, 7, 6, 5), "uint8")
    confusion = Confusion(5)
    for a, b in zip(truth, prediction, strict=True):
        confusion.update(a, b[..., None])  # (H, W, 1), as files are read
    whole = segmentation_scores(truth, prediction, 5)
    np.testing.assert_array_equal(confusion.counts, whole.confusion)
    each = segmentation_scores(iter(truth), list(prediction), 5)
    assert each.mean_iou == whole.mean_iou == confusion.scores().mean_iou


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (TRUTH, PREDICTION, "truth: classes are 0 to 3; got 0 to 9"),
        (PREDICTION, TRUTH, "prediction: classes are 0 to 3; got 0 to 9"),
        (TRUTH, PREDICTION[:, :1], "one shape"),
        (TRUTH, PREDICTION * 1.0, "whole numbers; got float64"),
        ([TRUTH * 0], [], "fewer predictions"),
        ([], [TRUTH], "more predictions"),
        ([], [], "no pixel was counted"),
    ],
)
def test_refused(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        segmentation_scores(truth, prediction, 4)


def test_all_void_is_no_number():
    with pytest.raises(ValueError, match="all of them are ignored"):
        segmentation_scores(TRUTH * 0, PREDICTION, 4, ignore=0)
    with pytest.raises(ValueError, match="skip, zero, truth"):
        segmentation_scores(TRUTH, PREDICTION, 4, ignore=9, absent="nan")
    with pytest.raises(ValueError, match="2 or more"):
        Confusion(1)

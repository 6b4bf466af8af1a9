"""Inception score by its definition and at its ends."""

import numpy as np
import pytest

from kgen.metrics import inception_score


def test_ends():
    same = np.tile(np.random.default_rng(0).normal(size=(1, 10)), (20, 1))
    assert inception_score(same, splits=2) == pytest.approx((1.0, 0.0))
    sure = 1000.0 * np.tile(np.eye(5), (4, 1))  # overflows exp, unless it is done well
    assert inception_score(sure, splits=2).mean == pytest.approx(5.0)


def test_definition():
    logits = np.random.default_rng(0).normal(size=(11, 4)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = []
    for part in (p[:3], p[3:7], p[7:]):
        divergence = (part * np.log(part / part.mean(axis=0))).sum(axis=1)
        scores.append(np.exp(divergence.mean()))
    found = inception_score(logits, splits=3)
    assert found == pytest.approx((np.mean(scores), np.std(scores)))


def test_refused():
    with pytest.raises(ValueError, match="at least 20 images; got 19"):
        inception_score(np.zeros((19, 4)))
    with pytest.raises(ValueError, match="row 3 holds NaN"):
        inception_score(np.where(np.arange(20)[:, None] == 3, np.inf, np.zeros((20, 4))))
    with pytest.raises(ValueError, match="splits"):
        inception_score(np.zeros((19, 4)), splits=0)

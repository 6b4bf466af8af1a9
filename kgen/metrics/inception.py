"""Inception score: how sure a classifier is of each picture, and how different it finds them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from kgen.metrics.features import check_features
from kgen.metrics.kernel import Estimate


def inception_score(logits: Any, splits: int = 10) -> Estimate:
    """exp E KL(p(y|x) || p(y)) (Salimans et al., 2016), mean and deviation over splits.

    Equal to torch-fidelity without shuffling: split i holds images i N / splits to (i + 1) N /
    splits. Logits, not probabilities: of the 2015 Inception those are 1,008 numbers.

    Args:
        logits: (N, classes) of the generated images, before the softmax.
        splits: parts of the set. Default 10.

    Returns:
        (mean, deviation); between 1 and the number of classes.

    Raises:
        ValueError: fewer than two images for each split, NaN or infinity.

    Example:
        >>> inception_score(50.0 * np.tile(np.eye(4), (5, 1)), splits=1).mean.__round__(3)
        4.0
    """
    if splits < 1:
        raise ValueError(f"splits is a number of 1 or more; got {splits}")
    values = check_features(logits, "logits", at_least=2 * splits).astype(np.float64)
    log_p = values - _log_sum_exp(values)
    ends = [i * len(values) // splits for i in range(splits + 1)]
    scores = np.array([_score(log_p[a:b]) for a, b in pairwise(ends)])
    return Estimate(float(scores.mean()), float(scores.std()))


def _score(log_p: np.ndarray) -> float:
    p = np.exp(log_p)
    with np.errstate(divide="ignore"):
        log_mean = np.log(p.mean(axis=0))  # -inf only where p is 0 everywhere, and counts 0
    differences = np.where(p > 0, log_p - log_mean, 0.0)
    return float(np.exp(np.mean(np.sum(p * differences, axis=1))))


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    top = values.max(axis=1, keepdims=True)
    return top + np.log(np.sum(np.exp(values - top), axis=1, keepdims=True))

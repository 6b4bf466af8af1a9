"""Which of two systems people prefer, and whether that could be chance."""

from __future__ import annotations

from typing import NamedTuple


class Preference(NamedTuple):
    """Share of answers for the first system, its chance under no preference, its interval."""

    rate: float
    p_value: float
    low: float
    high: float


def preference_test(wins: int, trials: int, confidence: float = 0.95) -> Preference:
    """Exact two-sided binomial test against 1/2, and the Wilson interval of the rate.

    Args:
        wins: answers for the first of two systems.
        trials: all answers, catch trials not counted.
        confidence: of the interval. Default .95.

    Returns:
        (rate, p_value, low, high).

    Raises:
        ValueError: no answers, more wins than trials, a confidence outside of (0, 1).

    Example:
        >>> result = preference_test(9, 10)
        >>> round(result.p_value, 4), round(result.low, 3), round(result.high, 3)
        (0.0215, 0.596, 0.982)
    """
    from scipy.stats import binomtest

    if not (trials >= 1 and 0 <= wins <= trials and 0 < confidence < 1):
        raise ValueError(
            "a preference test takes 0 <= wins <= trials, at least one trial and a confidence "
            f"between 0 and 1; got wins={wins}, trials={trials}, confidence={confidence}"
        )
    test = binomtest(int(wins), int(trials))
    interval = test.proportion_ci(confidence, method="wilson")
    low, high = max(float(interval.low), 0.0), min(float(interval.high), 1.0)
    return Preference(wins / trials, float(test.pvalue), low, high)

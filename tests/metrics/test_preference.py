"""Preference: exact probabilities and intervals."""

from math import comb

import pytest

from kgen.metrics import preference_test


def test_exact_probability():
    tail = sum(comb(12, i) for i in range(3)) / 2**12
    assert preference_test(2, 12).p_value == pytest.approx(2 * tail)
    assert preference_test(10, 12).p_value == pytest.approx(2 * tail)
    assert preference_test(6, 12).p_value == pytest.approx(1.0)


def test_wilson_interval():
    n, p, z = 40, 0.75, 1.959963985
    middle, reach = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    result = preference_test(30, 40)
    assert result.rate == 0.75
    assert result.low == pytest.approx((middle - reach) / (1 + z * z / n))
    assert result.high == pytest.approx((middle + reach) / (1 + z * z / n))
    assert preference_test(30, 40, confidence=0.99).low < result.low
    assert preference_test(0, 5).low == 0.0
    assert preference_test(5, 5).high == 1.0


@pytest.mark.parametrize(("wins", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_refused(wins, trials):
    with pytest.raises(ValueError, match="0 <= wins <= trials"):
        preference_test(wins, trials)

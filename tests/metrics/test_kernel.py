"""Kernel distance: unbiased, both ways of computing, subsets."""

import numpy as np
import pytest

from kgen.metrics import kernel as module
from kgen.metrics import kernel_distance, kernel_mmd


def sets(n: int = 40, m: int = 50, dimension: int = 6) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    return draws.normal(size=(n, dimension)), 0.5 + draws.normal(size=(m, dimension))


def by_hand(a: np.ndarray, b: np.ndarray) -> float:
    """The definition: sums over all pairs of different images."""

    def k(x, y):
        return (x @ y / len(x) + 1) ** 3

    n, m = len(a), len(b)
    within = sum(k(a[i], a[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    others = sum(k(b[i], b[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within + others - 2 * sum(k(x, y) for x in a for y in b) / (n * m)


def test_definition():
    a, b = sets(12, 15)
    assert kernel_mmd(a, b) == pytest.approx(by_hand(a, b), rel=1e-12)


def test_both_ways_agree(monkeypatch):
    """A few large subsets, and many, which are cheaper from the whole kernel in blocks."""
    a, b = sets()
    rows = module.draw_subsets(len(a), len(b), 30, 20, seed=1)
    monkeypatch.setattr(module, "BLOCK", 16)
    whole = module.subset_distances(a, b, *rows)
    expected = [by_hand(a[r], b[c]) for r, c in zip(*rows, strict=True)]
    np.testing.assert_allclose(whole, expected, rtol=1e-10)
    few = module.subset_distances(a, b, rows[0][:2], rows[1][:2])
    np.testing.assert_allclose(few, expected[:2], rtol=1e-10)


def test_unbiased_around_zero():
    a, _ = sets(400)
    draws = [kernel_mmd(a[i : i + 40], a[i + 40 : i + 80]) for i in range(0, 400, 80)]
    assert min(draws) < 0 < max(draws)


def test_seed_and_result():
    a, b = sets()
    first = kernel_distance(a, b, subsets=5, subset_size=20)
    assert first == kernel_distance(a.astype("float64"), b, 5, 20, seed=2020)
    assert first != kernel_distance(a, b, 5, 20, seed=1)
    assert first.mean == pytest.approx(kernel_mmd(a, b), abs=3 * first.deviation)


def test_refused():
    a, b = sets()
    with pytest.raises(ValueError, match="between 2 and the smaller set's 40 images; got 1000"):
        kernel_distance(a, b)
    with pytest.raises(ValueError, match="at least 2 images"):
        kernel_mmd(a[:1], b)
    with pytest.raises(ValueError, match="subsets"):
        kernel_distance(a, b, subsets=0, subset_size=4)
    with pytest.raises(ValueError, match="one extractor"):
        kernel_mmd(a, b[:, :2])

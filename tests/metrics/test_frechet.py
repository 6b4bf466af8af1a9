"""Frechet distance against the matrix root of scipy, in all ranks."""

import numpy as np
import pytest

from kgen.metrics import Moments, frechet_distance


def sets(n: int, m: int, dimension: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    mix = draws.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    return draws.normal(size=(n, dimension)) @ mix, 0.3 + draws.normal(size=(m, dimension))


def by_root(a: np.ndarray, b: np.ndarray) -> float:
    """As pytorch-fid: scipy's root of the product."""
    linalg = pytest.importorskip("scipy.linalg")
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(s @ t).real
    shift = a.mean(axis=0) - b.mean(axis=0)
    return float(shift @ shift + np.trace(s) + np.trace(t) - 2 * np.trace(root))


def test_against_the_matrix_root():
    a, b = sets(300, 200, 20)
    expected = by_root(a, b)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(Moments.of(a), b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(5, 8), (5, 100), (100, 5), (30, 31), (2, 2), (31, 32)])
def test_fewer_images_than_features(n, m):
    """Features and moments take different ways; both are exact. The root of scipy is not."""
    a, b = sets(n, m, 30)
    values = [frechet_distance(a, b), frechet_distance(Moments.of(a), Moments.of(b))]
    values.append(frechet_distance(b, a))
    np.testing.assert_allclose(values, values[0], rtol=1e-8)
    # the trace of the root, with 50 digits less to lose: singular values of the square roots
    roots = []
    for side in (a, b):
        value, vector = np.linalg.eigh(np.cov(side, rowvar=False))
        roots.append((vector * np.sqrt(np.maximum(value, 0))) @ vector.T)
    trace = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    shift = a.mean(axis=0) - b.mean(axis=0)
    total = shift @ shift + sum(np.trace(np.cov(x, rowvar=False)) for x in (a, b))
    assert values[0] == pytest.approx(total - 2 * trace, rel=1e-6)


def test_constant_and_repeated_features():
    a, b = sets(60, 50, 8)
    a[:, 3] = b[:, 3] = 2.0  # a dead feature
    a[:, 5] = a[:, 4]
    b[:, 5] = b[:, 4]
    linear = frechet_distance(Moments.of(a), Moments.of(b))
    with_noise = frechet_distance(
        *(x + 1e-7 * np.random.default_rng(i).normal(size=x.shape) for i, x in enumerate((a, b)))
    )
    assert linear == pytest.approx(with_noise, rel=1e-5)
    same = np.ones((10, 4))
    assert frechet_distance(same, same + 2) == pytest.approx(16.0)


def test_a_set_with_itself():
    for count in (10, 500):
        a, _ = sets(count, 2, 40)
        assert 0.0 <= frechet_distance(a, a) < 1e-9


def test_refused():
    a, b = sets(10, 10, 4)
    with pytest.raises(ValueError, match="fake features: a set metric needs at least 2 images"):
        frechet_distance(a, b[:1])
    with pytest.raises(ValueError, match="one extractor; got 4 and 3"):
        frechet_distance(a, b[:, :3])
    with pytest.raises(ValueError, match="real features: row 7 holds NaN"):
        frechet_distance(np.where(np.arange(10)[:, None] == 7, np.nan, a), b)
    with pytest.raises(ValueError, match=r"\(N, D\)"):
        frechet_distance(a[None], b)
    broken = Moments.of(a)
    broken._scatter = -broken.covariance
    with pytest.raises(ValueError, match="no covariance"):
        frechet_distance(broken, b)

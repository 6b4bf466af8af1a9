"""Streaming moments: any batches, any order of magnitude, files of pytorch-fid."""

import numpy as np
import pytest

from kgen.metrics import Moments, frechet_distance
from kgen.metrics.moments import BLOCK


def features(count: int = 2 * BLOCK + 100, dimension: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dimension))


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_equals_numpy_in_uneven_batches(offset):
    values = features() + offset
    moments = Moments(6)
    for batch in np.split(values, [1, 2, 700, 701, 2 * BLOCK + 50]):
        moments.update(batch)
    assert moments.count == len(values)
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), rtol=1e-12, atol=1e-12)
    expected = np.cov(values, rowvar=False)
    np.testing.assert_allclose(moments.covariance, expected, rtol=1e-9, atol=1e-9)


def test_reading_does_not_end_the_stream():
    values = features(30)
    moments = Moments(6)
    moments.update(values[:10])
    assert moments.covariance.shape == (6, 6)
    moments.update(values[10:])
    np.testing.assert_allclose(moments.covariance, np.cov(values, rowvar=False), atol=1e-12)


def test_files_go_to_pytorch_fid_and_come_from_it(tmp_path):
    values = features(50)
    path = Moments.of(values).save(tmp_path / "made" / "reference.npz")
    with np.load(path) as content:  # as pytorch-fid reads it
        np.testing.assert_allclose(content["mu"][:], values.mean(axis=0))
        np.testing.assert_allclose(content["sigma"][:], np.cov(values, rowvar=False))
    assert list(path.parent.iterdir()) == [path]
    assert Moments.load(path).count == 50
    theirs = tmp_path / "theirs.npz"
    np.savez(theirs, mu=values.mean(axis=0), sigma=np.cov(values, rowvar=False))
    read = Moments.load(theirs)
    assert read.count is None
    np.testing.assert_allclose(read.covariance, np.cov(values, rowvar=False))
    other = features(60, seed=1)
    assert frechet_distance(read, other) == pytest.approx(frechet_distance(values, other))
    assert Moments.load(read.save(tmp_path / "again.npz")).count is None
    with pytest.raises(ValueError, match="how many images"):
        read.update(other)


def test_broken_files_are_named(tmp_path):
    path = tmp_path / "x.npz"
    with pytest.raises(FileNotFoundError, match=r"x\.npz"):
        Moments.load(path)
    for content, message in (
        ({"mean": np.zeros(2)}, "mu"),
        ({"mu": np.zeros(2), "sigma": np.zeros((3, 3))}, r"\(D, D\)"),
        ({"mu": np.zeros(2), "sigma": np.full((2, 2), np.nan)}, "NaN"),
        ({"mu": np.zeros(2), "sigma": np.array([[1.0, 0.5], [0.0, 1.0]])}, "not symmetric"),
    ):
        np.savez(path, **content)
        with pytest.raises(ValueError, match=rf"x\.npz.*{message}"):
            Moments.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"x\.npz"):
        Moments.load(path)
    with pytest.raises(ValueError, match=r"\.npz"):
        Moments.of(features(3)).save(tmp_path / "x.pkl")


def test_refused():
    moments = Moments(3)
    with pytest.raises(ValueError, match="at least 1 images; got 0"):
        moments.mean  # noqa: B018
    moments.update(np.ones((1, 3)))
    with pytest.raises(ValueError, match="at least 2 images; got 1"):
        moments.covariance  # noqa: B018
    with pytest.raises(ValueError, match="of 3 numbers"):
        moments.update(np.ones((1, 4)))
    with pytest.raises(ValueError, match="row 1 holds NaN"):
        moments.update([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])
    assert moments.count == 1

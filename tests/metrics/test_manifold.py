"""Precision and recall against all distances at once."""

import numpy as np
import pytest

from kgen.metrics import manifold, precision_recall


def by_hand(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float]:
    def share(centres, points):
        own = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
        radii = np.sort(own, axis=1)[:, k]  # the first is the point itself
        away = np.linalg.norm(points[:, None] - centres[None], axis=-1)
        return float((away <= radii).any(axis=1).mean())

    return share(real, fake), share(fake, real)


@pytest.mark.parametrize("block", [7, 1024])
def test_definition_in_any_blocks(block, monkeypatch):
    monkeypatch.setattr(manifold, "BLOCK", block)
    draws = np.random.default_rng(0)
    real = draws.normal(size=(50, 3)) + 1000.0  # far from 0: no digits may be lost
    fake = 0.6 * draws.normal(size=(41, 3)) + 1000.0
    for k in (1, 3):
        found = precision_recall(real, fake, k)
        assert found == pytest.approx(by_hand(real, fake, k))
        assert 0 < found.recall < found.precision <= 1


def test_collapse_has_no_recall():
    draws = np.random.default_rng(0)
    real = draws.normal(size=(60, 4))
    collapsed = np.repeat(real[:1], 60, axis=0) + 1e-6 * draws.normal(size=(60, 4))
    precision, recall = precision_recall(real, collapsed)
    assert precision == 1.0
    assert recall < 0.05
    assert precision_recall(real, real + 100.0) == (0.0, 0.0)
    assert precision_recall(real, real) == (1.0, 1.0)


def test_progress(capsys):
    real = np.random.default_rng(0).normal(size=(20, 2))
    assert precision_recall(real, real, verbose=1) == (1.0, 1.0)
    assert "4/4" in capsys.readouterr().out


def test_refused():
    real = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(ValueError, match=r"fake features.*at least 4 images; got 3"):
        precision_recall(real, real[:3])
    with pytest.raises(ValueError, match="from 1"):
        precision_recall(real, real, k=0)

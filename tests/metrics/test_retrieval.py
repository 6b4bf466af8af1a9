"""Recall and hit rate, and the embeddings that must not score 100 %."""

import numpy as np
import pytest

from kgen.metrics import recall_at, retrieval, vigor_hit_rate


def embeddings(count: int = 120, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8))


def test_blocks_lengths_and_order(monkeypatch):
    gallery = embeddings()
    query = gallery + 0.8 * embeddings(seed=1)
    likeness = (query / np.linalg.norm(query, axis=1)[:, None]) @ (
        gallery / np.linalg.norm(gallery, axis=1)[:, None]
    ).T
    ranks = (likeness > likeness.diagonal()[:, None]).sum(axis=1)
    expected = {k: (ranks < n).mean() for k, n in ((1, 1), (5, 5), (10, 10), ("1%", 2))}
    monkeypatch.setattr(retrieval, "BLOCK", 50)
    assert recall_at(query, gallery) == pytest.approx(expected)
    scaled = query * np.arange(1, 121)[:, None]  # lengths do not matter
    assert recall_at(scaled, gallery) == pytest.approx(expected)
    order = np.random.default_rng(2).permutation(120)
    moved = recall_at(query, gallery[order], positives=np.argsort(order))
    assert moved == pytest.approx(expected)


def test_nan_is_no_hit():
    query = embeddings()
    query[3] = np.nan
    with pytest.raises(ValueError, match="query: row 3 holds NaN"):
        recall_at(query, embeddings())
    with pytest.raises(ValueError, match="gallery: row 3 holds NaN"):
        vigor_hit_rate(embeddings(), query, np.zeros((120, 4), int))


def test_collapsed_embeddings_are_no_hits():
    gallery = embeddings()
    with pytest.raises(ValueError, match="all 120 embeddings are equal"):
        recall_at(gallery, np.ones((120, 8)))
    query = np.repeat(gallery[:60], 2, axis=0)  # two by two equal
    assert recall_at(query, query, k=(1,)) == {1: 1.0}
    assert recall_at(query, query, k=(1, 2), ties="miss") == {1: 0.0, 2: 1.0}


def test_semi_positives_are_left_out():
    gallery = np.eye(6)
    query = gallery[[0, 1]] + 0.5 * gallery[[2, 3]] * [[3], [1]]  # the first is nearer to row 2
    labels = np.array([[0, 2, 4, 5], [1, 2, 4, 5]])
    assert recall_at(query, gallery, k=(1,), positives=labels[:, 0]) == {1: 0.5}
    assert vigor_hit_rate(query, gallery, labels) == 1.0
    assert vigor_hit_rate(query, gallery, labels[:, [0, 3, 4 - 1, 3]]) == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: recall_at(e, e[:60]), "pass positives"),
        (lambda e: recall_at(e, e, positives=np.full(120, 120)), "from 0 to 119"),
        (lambda e: recall_at(e, e, positives=np.zeros(3, int)), "for each of 120"),
        (lambda e: recall_at(e, e, k=(0,)), "from 1"),
        (lambda e: recall_at(e, e, k=("1",)), "1%"),
        (lambda e: recall_at(e, e, ties="half"), "hit, miss"),
        (lambda e: recall_at(e, e[:, :3], positives=np.zeros(120, int)), "one extractor"),
        (lambda e: recall_at(e * (np.arange(120) > 5)[:, None], e), "row 0 is all 0"),
        (lambda e: vigor_hit_rate(e, e, np.zeros(120, int)), r"\(N, 4\)"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(embeddings())

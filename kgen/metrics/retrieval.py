"""Retrieval: how often the true partner of an embedding is found among many.

The usual code counts the partners that are strictly closer than the true one. NaN is never closer
than anything, so broken embeddings score 100 %; here they are an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kgen.metrics.features import check_features, check_same_width
from kgen.metrics.images import as_numpy

BLOCK = 1024  # queries whose similarities exist at once
TIES = ("hit", "miss")


def recall_at(
    query: Any,
    gallery: Any,
    k: Sequence[int | str] = (1, 5, 10, "1%"),
    positives: Any = None,
    ties: str = "hit",
) -> dict[int | str, float]:
    """R@k: share of queries whose true partner is among the k most similar gallery images.

    Similarity is the cosine (for unit vectors the same ranking as the Euclidean distance). A query
    is a hit if fewer than k gallery images are strictly more similar than its partner.

    Args:
        query: (N, D) embeddings; of generated images, say.
        gallery: (M, D) embeddings of the images that are searched.
        k: numbers from 1, or shares such as "1%", which mean int(.01 M) + 1 images as in the
            SAIG and VIGOR code. Default 1, 5, 10 and 1 %.
        positives: (N,) row of each query's partner in the gallery. Default: row i for query i.
        ties: whether equal similarity is a "hit" (default, as reference code) or a "miss", which
            shows embeddings that cannot tell images apart.

    Returns:
        For each k the share, 0 to 1.

    Raises:
        ValueError: NaN or infinity, embeddings of length 0 or all equal, widths that differ,
            queries without partner, k below 1.

    Example:
        >>> gallery = np.eye(4)
        >>> recall_at(gallery + 0.1, gallery, k=(1, "50%"))
        {1: 1.0, '50%': 1.0}
        >>> recall_at(gallery[[1, 0, 2, 3]] + 0.1, gallery, k=(1,))
        {1: 0.5}
    """
    query, gallery = _unit_rows(query, "query"), _unit_rows(gallery, "gallery")
    check_same_width(query.shape[1], gallery.shape[1])
    counts = {each: _count(each, len(gallery)) for each in k}
    rows = _partners(positives, len(query), len(gallery))
    ranks = np.concatenate(list(_ranks(query, gallery, rows[:, None], _check_ties(ties))))
    return {each: float(np.mean(ranks < count)) for each, count in counts.items()}


def vigor_hit_rate(query: Any, gallery: Any, labels: Any, ties: str = "hit") -> float:
    """Hit rate of VIGOR (Zhu et al., 2021): R@1 where semi-positives do not count as wrong.

    Each ground image has one positive aerial image and three neighbours that show it too, off
    centre; these are left out of the gallery of that query.

    Args:
        query: (N, D) embeddings of the ground images.
        gallery: (M, D) embeddings of the aerial images.
        labels: (N, 4) whole numbers: gallery row of the positive, then of the semi-positives.
        ties: as in `recall_at`.

    Returns:
        The share of hits, 0 to 1. For R@k pass `positives=labels[:, 0]` to `recall_at`.

    Raises:
        ValueError: as `recall_at`.

    Example:
        >>> gallery = np.eye(5)
        >>> labels = [[0, 1, 2, 3], [1, 0, 2, 3]]
        >>> vigor_hit_rate(gallery[[0, 4]], gallery, labels)
        0.5
    """
    query, gallery = _unit_rows(query, "query"), _unit_rows(gallery, "gallery")
    check_same_width(query.shape[1], gallery.shape[1])
    rows = as_numpy(labels)
    if rows.ndim != 2 or rows.shape[0] != len(query) or rows.shape[1] < 1:
        raise ValueError(
            f"labels are (N, 4), a positive and its semi-positives for each of the {len(query)} "
            f"queries; got {rows.shape}"
        )
    _check_rows(rows, len(gallery))
    ranks = np.concatenate(list(_ranks(query, gallery, rows, _check_ties(ties))))
    return float(np.mean(ranks < 1))


def _ranks(
    query: np.ndarray, gallery: np.ndarray, labels: np.ndarray, ties: str
) -> Iterator[np.ndarray]:
    """How many gallery images beat each query's partner, in blocks of queries.

    labels: (N, 1 + n): partner, then images that are left out.
    """
    for start in range(0, len(query), BLOCK):
        rows = labels[start : start + BLOCK]
        likeness = query[start : start + BLOCK] @ gallery.T
        partner = np.take_along_axis(likeness, rows[:, :1], axis=1)
        np.put_along_axis(likeness, rows, -np.inf, axis=1)  # neither itself nor those left out
        yield np.sum(likeness > partner if ties == "hit" else likeness >= partner, axis=1)


def _unit_rows(embeddings: Any, name: str) -> np.ndarray:
    array = check_features(embeddings, name, at_least=1).astype(np.float64)
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    if not lengths.min() > 0:
        raise ValueError(
            f"{name}: row {int(lengths.argmin())} is all 0 and has no direction to compare"
        )
    array /= lengths
    if len(array) > 1 and not np.ptp(array, axis=0).any():
        raise ValueError(
            f"{name}: all {len(array)} embeddings are equal, so every image would be found at "
            "once. The network that made them has collapsed, or was given one image."
        )
    return array


def _count(k: int | str, gallery: int) -> int:
    """10 -> 10; "1%" -> int(.01 M) + 1."""
    if isinstance(k, str):
        try:
            share = float(k.removesuffix("%")) / 100
        except ValueError:
            share = -1.0
        if not (k.endswith("%") and 0 < share <= 1):
            raise ValueError(f'k is a number from 1, or a share such as "1%"; got {k!r}')
        return int(share * gallery) + 1
    if k < 1:
        raise ValueError(f"k counts images from 1; got {k}")
    return int(k)


def _partners(positives: Any, queries: int, gallery: int) -> np.ndarray:
    if positives is None:
        if queries != gallery:
            raise ValueError(
                f"query i has row i of the gallery as partner, but there are {queries} queries and "
                f"{gallery} gallery images: pass positives, (N,) rows of the gallery"
            )
        return np.arange(queries)
    rows = as_numpy(positives)
    if rows.shape != (queries,):
        raise ValueError(f"positives are one row for each of {queries} queries; got {rows.shape}")
    _check_rows(rows, gallery)
    return rows


def _check_rows(rows: np.ndarray, gallery: int) -> None:
    if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= gallery:
        raise ValueError(
            f"partners are whole numbers from 0 to {gallery - 1}, rows of the gallery; got "
            f"{rows.dtype} from {rows.min()} to {rows.max()}"
        )


def _check_ties(ties: str) -> str:
    if ties not in TIES:
        raise ValueError(f"ties is one of {', '.join(TIES)}; got {ties!r}")
    return ties

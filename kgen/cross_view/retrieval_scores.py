"""How well ground pictures find their aerial partners, over a whole set of pairs."""

from __future__ import annotations

import numpy as np

from kgen.metrics.retrieval import recall_at, vigor_hit_rate

SCORES: dict[str, int | str] = {"r1": 1, "r5": 5, "r10": 10, "r1_percent": "1%"}


def retrieval_scores(
    ground: np.ndarray,
    aerial: np.ndarray,
    location: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> dict[str, float]:
    """R@1, R@5, R@10 and R@1%: ground pictures are the queries, aerial ones the gallery.

    Pairs of one location share their aerial picture, which is in the gallery once.

    Args:
        ground: (N, E) embeddings, normalized or not; row i belongs to row i of `aerial`.
        aerial: likewise.
        location: (N,) whole numbers; default: all differ.
        labels: (N, 1 + n) locations whose aerial pictures show a query's place, its own first, then
            semi-positive ones, which show it off centre (VIGOR): they count neither as hits nor as
            errors. Locations that no pair has are ignored.

    Returns:
        `r1`, `r5`, `r10`, `r1_percent`, and `hit_rate` where there are labels; 0 to 1.

    Raises:
        ValueError: NaN or infinity, or embeddings that are all equal.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.retrieval_scores import retrieval_scores
    >>> gallery = np.eye(20)
    >>> scores = retrieval_scores(gallery[[1, *range(1, 20)]] + 0.1, gallery)
    >>> scores["r1"], scores["r5"]
    (0.95, 1.0)
    """
    check_finite("ground", ground)
    check_finite("aerial", aerial)
    if location is None:
        location = np.arange(len(ground))
    places, first, partner = np.unique(location, return_index=True, return_inverse=True)
    gallery, partner = aerial[first], partner.reshape(-1)
    found = recall_at(ground, gallery, tuple(SCORES.values()), positives=partner)
    scores = {name: found[k] for name, k in SCORES.items()}
    if labels is not None:
        rows = _rows_of(labels, places, partner)
        scores["hit_rate"] = vigor_hit_rate(ground, gallery, rows)
    return scores


def check_finite(view: str, embeddings: np.ndarray) -> None:
    """Raise unless all embeddings are finite: NaN is never closer, so it would win everything.

    Raises:
        ValueError: NaN or infinity.
    """
    broken = ~np.isfinite(embeddings).reshape(len(embeddings), -1).all(axis=1)
    if broken.any():
        raise ValueError(
            f"{int(broken.sum())} of {len(broken)} {view} embeddings hold NaN or infinity, the "
            f"first in row {int(broken.argmax())}: training has diverged. Go back to the last "
            "good checkpoint, with a smaller learning rate or clip_norm=1.0; with asam, a smaller "
            "rho."
        )


def _rows_of(labels: np.ndarray, places: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Gallery rows of labels; where there is none, the partner's, which changes nothing."""
    rows = np.searchsorted(places, labels[:, 1:]).clip(max=len(places) - 1)
    rows = np.where(places[rows] == labels[:, 1:], rows, partner[:, None])
    return np.concatenate([partner[:, None], rows], axis=1)

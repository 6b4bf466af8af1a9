"""Losses of retrieval: each picture's partner must be closer than the other pictures of the batch.

All take unit vectors; row i of both belongs together. Pairs of one place (equal `location`) are no
negatives of each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from keras import ops

NEVER = -1e9  # the score of what must not be chosen


def triplet_loss(
    ground: Any,
    aerial: Any,
    location: Any = None,
    weight: float = 10.0,
    exclude_diagonal: bool = False,
) -> Any:
    """Soft-margin triplet loss over all pairs of the batch (Hu et al., 2018, equation 3).

    With d_ij = |a_i - g_j|^2, ground to aerial: sum_ij log(1 + exp(w (d_jj - d_ij))) / (B (B - 1));
    aerial to ground with rows for columns; the loss is the mean of both. The published sum has the
    B terms i = j too, a constant log 2 / (B - 1).

    Args:
        ground: float (B, E), of length 1.
        aerial: likewise.
        location: whole numbers (B,); default: all differ. Divided is by the number of negatives.
        weight: w. Default 10.
        exclude_diagonal: leave the constant out. Default False, as published.

    Returns:
        scalar, float32.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.retrieval_losses import triplet_loss
    >>> round(float(triplet_loss(np.eye(4), np.eye(4), exclude_diagonal=True)), 4)
    0.0
    """
    likeness, negative = _compare(ground, aerial, location)
    terms = sum(ops.softplus(margin) for margin in _margins(likeness, weight)) / 2.0
    total = ops.sum(ops.where(negative, terms, 0.0))
    if not exclude_diagonal:
        total = total + math.log(2.0) * ops.cast(ops.shape(likeness)[0], "float32")
    return total / _at_least_one(ops.sum(ops.cast(negative, "float32")))


def semi_triplet_loss(ground: Any, aerial: Any, location: Any = None, weight: float = 10.0) -> Any:
    """As `triplet_loss`, over the int(sqrt(B)) nearest negatives of each picture only.

    Args:
        ground: float (B, E), of length 1.
        aerial: likewise.
        location: whole numbers (B,); default: all differ.
        weight: w. Default 10.

    Returns:
        scalar, float32: the mean over those negatives and both directions.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.retrieval_losses import semi_triplet_loss
    >>> round(float(semi_triplet_loss(np.eye(4), np.eye(4)[[1, 0, 2, 3]])), 2)
    5.17
    """
    likeness, negative = _compare(ground, aerial, location)
    to_aerial, to_ground = _margins(likeness, weight)
    margins = ops.concatenate(  # each row: one picture and its negatives
        [
            ops.where(negative, ops.transpose(to_aerial), NEVER),
            ops.where(negative, to_ground, NEVER),
        ]
    )
    nearest, _ = ops.top_k(margins, _root(ops.shape(likeness)[0]))
    count = ops.sum(ops.cast(nearest > NEVER / 2, "float32"))
    return ops.sum(ops.softplus(nearest)) / _at_least_one(count)


def infonce_loss(ground: Any, aerial: Any, location: Any = None, temperature: float = 0.02) -> Any:
    """InfoNCE: one softmax for each pair, over it and the 2 (B - 1) negatives of both directions.

    Args:
        ground: float (B, E), of length 1.
        aerial: likewise.
        location: whole numbers (B,); default: all differ.
        temperature: what cosines are divided by. Default 0.02.

    Returns:
        scalar, float32.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.retrieval_losses import infonce_loss
    >>> round(float(infonce_loss(np.eye(4), np.eye(4)[[1, 0, 3, 2]])), 2)  # 1 / .02 + log 2
    50.69
    """
    likeness, negative = _compare(ground, aerial, location)
    logits = likeness / temperature
    partner = ops.diagonal(logits)[:, None]
    others = [ops.where(negative, x, NEVER) for x in (logits, ops.transpose(logits))]
    scores = ops.concatenate([partner, *others], axis=1)  # (B, 1 + 2 B)
    return ops.mean(ops.logsumexp(scores, axis=1) - partner[:, 0])


LOSSES: dict[str, Callable[..., Any]] = {
    "triplet": triplet_loss,
    "semi-triplet": semi_triplet_loss,
    "infonce": infonce_loss,
}


def unit(embeddings: Any) -> Any:
    """Embeddings divided by their length, float32 (B, E)."""
    embeddings = ops.cast(embeddings, "float32")
    squares = ops.sum(ops.square(embeddings), axis=-1, keepdims=True)
    return embeddings * ops.rsqrt(ops.maximum(squares, 1e-24))


def _compare(ground: Any, aerial: Any, location: Any) -> tuple[Any, Any]:
    """Cosines, (B, B), row aerial and column ground; which of these are negatives, bool."""
    ground, aerial = (ops.cast(x, "float32") for x in (ground, aerial))
    likeness = ops.matmul(aerial, ops.transpose(ground))
    if location is None:
        location = ops.arange(ops.shape(likeness)[0])
    location = ops.convert_to_tensor(location)
    return likeness, ops.not_equal(location[:, None], location[None, :])


def _margins(likeness: Any, weight: float) -> tuple[Any, Any]:
    """w (d_jj - d_ij) and w (d_ii - d_ij), with d = 2 - 2 cosine."""
    partner = ops.diagonal(likeness)
    return (
        2.0 * weight * (likeness - partner[None, :]),
        2.0 * weight * (likeness - partner[:, None]),
    )


def _root(count: Any) -> Any:
    """int(sqrt(B)); B is a tensor where TensorFlow traces batches of any size."""
    if isinstance(count, int):
        return math.isqrt(count)
    return ops.cast(ops.sqrt(ops.cast(count, "float32")), "int32")


def _at_least_one(count: Any) -> Any:
    return ops.maximum(count, 1.0)

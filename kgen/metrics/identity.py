"""Whether two pictures show the same person, place or thing: the cosine of their embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgen.metrics.features import check_features, check_same_width
from kgen.metrics.images import as_numpy


def identity_consistency(
    first: Any,
    second: Any,
    embedder: Callable[[Any], Any],
    batch_size: int = 32,
) -> np.ndarray:
    """Cosine of the embeddings of two pictures of one identity, for each pair.

    As `IC` of papers on faces (mean of these values), where the embedder is a face network and the
    pictures are the same head from two sides.

    Args:
        first: (N, H, W, C) images, as the embedder takes them; or one image, (1, H, W, C), that all
            of `second` are compared with.
        second: (N, H, W, C) images.
        embedder: a Keras model or any function of images (B, H, W, C) -> (B, D). What it expects
            (size, range, crop) is up to the caller: images go in unchanged.
        batch_size: images that are embedded at once. Default 32.

    Returns:
        (N,) float64 in [-1, 1].

    Raises:
        ValueError: counts that differ, embeddings that are not (B, D), not finite, or all 0.

    Example:
        >>> images = np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 3))
        >>> identity_consistency(images, images, lambda x: x.mean(axis=(1, 2))).round(6)
        array([1., 1., 1.])
    """
    if len(first) not in (1, len(second)):
        raise ValueError(
            f"each picture needs its partner: got {len(first)} and {len(second)} images"
        )
    one = _embed(first, embedder, batch_size, "first")
    other = _embed(second, embedder, batch_size, "second")
    check_same_width(one.shape[1], other.shape[1])
    return np.sum(one * other, axis=1)


def _embed(images: Any, embedder: Callable, batch_size: int, name: str) -> np.ndarray:
    """Embeddings of length 1, (N, D) float64."""
    parts = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        embedded = as_numpy(embedder(batch))
        if embedded.ndim != 2 or len(embedded) != len(batch):
            raise ValueError(
                f"the embedder must give (B, D) for B images; got {embedded.shape} for "
                f"{len(batch)}. Average its feature maps, say with GlobalAveragePooling2D."
            )
        parts.append(embedded)
    array = check_features(np.concatenate(parts), f"embeddings of {name}", at_least=1)
    lengths = np.linalg.norm(array.astype(np.float64), axis=1, keepdims=True)
    if not lengths.min() > 0:
        raise ValueError(f"embeddings of {name}: row {int(lengths.argmin())} is all 0")
    return array / lengths

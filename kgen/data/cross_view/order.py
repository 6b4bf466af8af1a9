"""Orders of an epoch in which a batch holds no place twice."""

from __future__ import annotations

import numpy as np


def spread_locations(
    locations: np.ndarray, batch_size: int, drop_remainder: bool, rng: np.random.Generator
) -> np.ndarray:
    """A random order of all pairs, such that pairs of one place fall into different batches.

    Pairs are grouped by place, places of many pairs first, and dealt out to the batches like cards;
    so a batch meets a place twice only if the place has more pairs than there are batches, or more
    such places fill the last, incomplete batch.

    Args:
        locations: (N,) number of each pair's place.
        batch_size: pairs in a batch.
        drop_remainder: whether batches are whole; the pairs left over are then drawn at random and
            come last, else they are an incomplete last batch.
        rng: of all choices.

    Returns:
        (N,) numbers of the pairs.

    Example:
        >>> places = np.array([7, 7, 7, 8, 9, 8])
        >>> order = spread_locations(places, 2, True, np.random.default_rng(0))
        >>> places[order].reshape(3, 2).tolist()  # none twice in a batch
        [[8, 7], [8, 7], [9, 7]]
    """
    drawn = rng.permutation(len(locations))
    whole, rest = divmod(len(locations), batch_size)
    left = drawn[whole * batch_size :] if drop_remainder else drawn[:0]
    dealt = _grouped(drawn[: len(drawn) - len(left)], locations)
    batches = _dealt_to(len(dealt), whole, 0 if drop_remainder else rest)
    turn = np.append(rng.permutation(whole), whole)  # the incomplete batch stays the last
    within = rng.permutation(len(dealt))
    return np.concatenate([dealt[np.lexsort((within, turn[batches]))], left])


def _grouped(drawn: np.ndarray, locations: np.ndarray) -> np.ndarray:
    """Pairs of one place side by side, places of many pairs first, else as drawn."""
    _, first, place, count = np.unique(
        locations[drawn], return_index=True, return_inverse=True, return_counts=True
    )
    return drawn[np.lexsort((first[place], -count[place]))]


def _dealt_to(count: int, whole: int, rest: int) -> np.ndarray:
    """Which batch each of the cards goes to: `whole` full ones and one that takes only `rest`."""
    card = np.arange(count)
    together = rest * (whole + 1)  # while the incomplete batch still takes some
    return np.where(card < together, card % (whole + 1), (card - together) % max(whole, 1))

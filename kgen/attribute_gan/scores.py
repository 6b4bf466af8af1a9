"""How often a judge sees the attributes that were asked for, group by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgen.data.attribute_names import attribute_groups

ASKED = 0.5  # from here on a value in [0, 1], of a class say, counts as asked for


def group_scores(
    logits: np.ndarray, attributes: np.ndarray, names: Sequence[str]
) -> dict[str, float]:
    """Score of each group of attributes: how often what is seen is what was asked for.

    In a group of several values (bill shape: cone, dagger, ...): the share of pictures whose
    likeliest value is one of those asked for, among pictures for which any was. A single attribute
    (crested): the mean of two shares, of those with it in which it is seen and of those without it
    in which it is not.

    Args:
        logits: (N, n) of a judge; above 0 the attribute is seen.
        attributes: (N, n) in [0, 1], what was asked for: from 0.5 on.
        names: of the n attributes, `group::value` or single words.

    Returns:
        group -> score in [0, 1]; NaN for a group that no picture was asked to show.

    Raises:
        ValueError: shapes that differ.

    Example:
        >>> logits = np.array([[2.0, -1.0, 3.0], [1.0, 0.5, -2.0]])
        >>> asked = np.array([[1, 0, 1], [0, 1, 0]])
        >>> group_scores(logits, asked, ["bill::cone", "bill::dagger", "crested"])
        {'bill': 0.5, 'crested': 1.0}
    """
    logits, asked = np.asarray(logits), np.asarray(attributes) >= ASKED
    if logits.shape != asked.shape or logits.shape[1:] != (len(names),):
        raise ValueError(
            f"logits and attributes must be (N, {len(names)}), a column for each name; got "
            f"{logits.shape} and {asked.shape}"
        )
    return {
        group: _of_group(logits[:, list(columns)], asked[:, list(columns)])
        for group, columns in attribute_groups(names).items()
    }


def _of_group(logits: np.ndarray, asked: np.ndarray) -> float:
    if logits.shape[1] == 1:
        right = (logits > 0) == asked
        sides = [right[side] for side in (asked, ~asked) if side.any()]
        return float(np.mean([side.mean() for side in sides]))
    shown = asked[np.arange(len(asked)), logits.argmax(axis=1)]
    rows = asked.any(axis=1)
    return float(shown[rows].mean()) if rows.any() else float("nan")


def relative_score(value: float, ceiling: float, floor: float) -> float:
    """Where a score lies between chance and real pictures: 0 at the floor, 1 at the ceiling.

    NaN where real pictures score no better than chance, so that nothing can be said.

    Example:
        >>> relative_score(0.7, ceiling=0.9, floor=0.5)
        0.5
    """
    return round((value - floor) / (ceiling - floor), 12) if ceiling > floor else float("nan")

"""Names of binary attributes: groups, columns by name, and vectors from words.

A name is `group::value` (`has_bill_shape::dagger`, as CUB-200-2011 writes them), or one word, which
is then a group of its own.
"""

import difflib
from collections.abc import Sequence

import numpy as np


def attribute_groups(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Columns of each group, in the order of the names.

    Example:
        >>> attribute_groups(["has_tail::forked", "has_tail::fan", "striped"])
        {'has_tail': (0, 1), 'striped': (2,)}
    """
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        groups.setdefault(name.partition("::")[0], []).append(column)
    return {group: tuple(columns) for group, columns in groups.items()}


def attribute_columns(wanted: str | Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """Columns of attributes that are named whole, by their value, or by their group.

    Args:
        wanted: names, such as "has_tail::forked", "forked" (if only one group has this value), or
            "has_tail" (all of the group). One name or several.
        names: all attributes.

    Returns:
        Columns in the order of `wanted`, each once.

    Raises:
        ValueError: an unknown name, with near matches; a value that several groups have.

    Example:
        >>> names = ["has_tail::forked", "has_tail::fan", "has_bill::cone"]
        >>> attribute_columns(["cone", "has_tail"], names)
        (2, 0, 1)
        >>> attribute_columns(["forkd"], names)
        Traceback (most recent call last):
        ValueError: Unknown attribute 'forkd'. Did you mean 'forked'?
    """
    columns: list[int] = []
    for name in [wanted] if isinstance(wanted, str) else wanted:
        columns += _columns_of(name, names)
    return tuple(dict.fromkeys(columns))


def attribute_vector(present: str | Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The vector of a picture that has these attributes and no others.

    Args:
        present: names as `attribute_columns` takes them, but no groups of several values.
        names: all attributes.

    Returns:
        (n,) float32, 0 or 1.

    Raises:
        ValueError: unknown names (with near matches), a group where a value is needed.

    Example:
        >>> attribute_vector(["forked"], ["has_tail::forked", "has_tail::fan"]).tolist()
        [1.0, 0.0]
    """
    vector = np.zeros(len(names), np.float32)
    for name in [present] if isinstance(present, str) else present:
        columns = _columns_of(name, names)
        if len(columns) > 1:
            values = ", ".join(names[column].partition("::")[2] for column in columns)
            raise ValueError(
                f"{name!r} is a group of {len(columns)} attributes; name one value: "
                f"'{name}::VALUE' with {values}."
            )
        vector[columns[0]] = 1
    return vector


def check_vectors(vectors: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Attributes as (N, n) float32, or an error that says what is wrong with them.

    Args:
        vectors: (n,) or (N, n), numbers from 0 to 1.
        names: the n attributes.

    Raises:
        ValueError: another length, values outside of 0 to 1.

    Example:
        >>> check_vectors([1, 0], ["crested", "striped"])
        array([[1., 0.]], dtype=float32)
    """
    array = np.atleast_2d(np.asarray(vectors, np.float32))
    if array.ndim != 2 or array.shape[1] != len(names):
        raise ValueError(
            f"An attribute vector has {len(names)} numbers, one for each of "
            f"{_shown(names)}; received shape {np.shape(vectors)}. "
            "attribute_vector(['NAME', ...], names) makes one from names."
        )
    if array.size and not (array.min() >= 0 and array.max() <= 1):  # also refuses nan
        raise ValueError(
            "Attributes are 0 (absent) to 1 (present); received values from "
            f"{array.min():g} to {array.max():g}. Divide percentages by 100."
        )
    return array


def _columns_of(name: str, names: Sequence[str]) -> list[int]:
    if not isinstance(name, str):
        raise ValueError(f"Attributes are chosen by their names; received {name!r}.")
    whole = [column for column, known in enumerate(names) if known == name]
    group = attribute_groups(names).get(name, ())
    value = [column for column, known in enumerate(names) if known.partition("::")[2] == name]
    found = whole or list(group) or value
    if not found:
        raise ValueError(_unknown(name, names))
    if found is value and len(value) > 1:
        meant = ", ".join(repr(names[column]) for column in value)
        raise ValueError(f"{name!r} is a value of several groups; name one of them: {meant}.")
    return found


def near_matches(name: str, known: Sequence[str]) -> str:
    """A sentence with the names that are like `name`, or with the first of all.

    Example:
        >>> near_matches("crestd", ["crested", "striped"])
        " Did you mean 'crested'?"
    """
    lower = {candidate.lower(): candidate for candidate in reversed(known)}
    near = difflib.get_close_matches(name.lower(), lower, n=4, cutoff=0.55)
    if near:
        return f" Did you mean {', '.join(repr(lower[match]) for match in near)}?"
    return f" There are {_shown(known)}."


def _unknown(name: str, names: Sequence[str]) -> str:
    values = [known.partition("::")[2] for known in names if "::" in known]
    groups = list(attribute_groups(names))
    return f"Unknown attribute {name!r}." + near_matches(
        name, list(dict.fromkeys([*groups, *names, *values]))
    )


def _shown(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

"""Attributes of toy birds: groups, species, and which values a bird has.

A species is a prototype; a bird takes each group from it, but for a few that are drawn anew, as
real birds and those who label them differ from the field guide. Over the species the values of a
group are equally frequent, so that no class of a small set is missing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..deterministic import hash64, integer_below, scene_key, uniform
from .knobs import Knobs

COLOURS = {
    "blue": "3f6fb5", "brown": "7a5535", "grey": "8b8d90", "yellow": "e0bb38", "black": "26272b",
    "white": "ecebe6", "red": "b8322d", "green": "4d7f46", "orange": "d9812e",
}  # fmt: skip
SHAPE_GROUPS: dict[str, tuple[str, ...]] = {
    "has_bill_shape": ("cone", "dagger", "hooked", "duck"),
    "has_tail_shape": ("forked", "fan", "pointed", "square"),
    "has_wing_shape": ("rounded", "pointed", "broad"),
    "has_size": ("slim", "medium", "stout"),
    "has_crest": ("none", "crested"),
    "has_neck_length": ("short", "long"),
}
PATTERN_GROUPS: dict[str, tuple[str, ...]] = {
    "has_breast_pattern": ("solid", "striped", "spotted"),
    "has_wing_pattern": ("solid", "bars"),
}
PRIMARY, BILL = "has_primary_color", "has_bill_color"
COLOUR_GROUPS: dict[str, tuple[str, ...]] = {
    name: tuple(COLOURS)
    for name in (PRIMARY, "has_wing_color", "has_belly_color", "has_crown_color", BILL)
}
GROUPS = {**SHAPE_GROUPS, **PATTERN_GROUPS, **COLOUR_GROUPS}
ATTRIBUTES = tuple(f"{group}::{value}" for group, values in GROUPS.items() for value in values)
HELD_OUT = 10_000_000  # index from which on the splits val and test begin
DEFINITELY, PROBABLY = 4, 3  # certainties of CUB-200-2011

# purposes of random draws
_RANK, _LIKE_PRIMARY, _SPECIES, _ANEW, _VALUE = 3100, 3200, 3300, 3400, 3500
_PROTOTYPE = int.from_bytes(b"spec", "big")


class Traits(NamedTuple):
    """What a bird is like: the number of each group's value, the prototype's, species, key."""

    values: dict[str, int]
    prototype: dict[str, int]
    species: int
    key: int


def make_traits(
    seed: int, index: int, knobs: Knobs, attributes: dict[str, str] | None = None
) -> Traits:
    """Draws the attributes of bird `index`; `attributes` {group: value} sets some of them.

    Raises:
        ValueError: an unknown group or value; names those there are.
    """
    key = scene_key(seed, "bird", index)
    species = _species(key, index, knobs)
    prototype = make_prototype(seed, species, knobs.species)
    values = dict(prototype)
    for number, (group, names) in enumerate(GROUPS.items()):
        if uniform(key, _ANEW, number) < knobs.variation:
            values[group] = int(integer_below(len(names), key, _VALUE, number))
    for group, name in (attributes or {}).items():
        values[group] = _value(group, name)
    return Traits(values, prototype, species, key)


def make_prototype(seed: int, species: int, count: int) -> dict[str, int]:
    """The values of a species: each value of a group belongs to equally many of the species."""
    every = np.arange(count)
    values = {}
    for number, (group, names) in enumerate(GROUPS.items()):
        order = np.argsort(hash64(seed, _PROTOTYPE, _RANK, number, every), kind="stable")
        rank = int(np.flatnonzero(order == species)[0])
        values[group] = rank % len(names)
        like_primary = uniform(seed, _PROTOTYPE, _LIKE_PRIMARY, number, species) < 0.3
        if group in COLOUR_GROUPS and group not in (PRIMARY, BILL) and like_primary:
            values[group] = values[PRIMARY]
    return values


def vector(traits: Traits) -> np.ndarray:
    """(68,) uint8, one value of each group is 1, in the order of `ATTRIBUTES`."""
    present = [traits.values[group] == number for group, number in _all_values()]
    return np.array(present, np.uint8)


def certainties(traits: Traits) -> np.ndarray:
    """(68,) uint8: 4 (definitely) where the bird is like its species, else 3 (probably)."""
    sure = [traits.values[group] == traits.prototype[group] for group, _ in _all_values()]
    return np.where(sure, DEFINITELY, PROBABLY).astype(np.uint8)


def _all_values() -> list[tuple[str, int]]:
    return [(group, number) for group, names in GROUPS.items() for number in range(len(names))]


def _species(key: int, index: int, knobs: Knobs) -> int:
    if not knobs.zero_shot:
        return int(integer_below(knobs.species, key, _SPECIES))
    seen = max(1, knobs.species - max(1, knobs.species // 4))
    if index < HELD_OUT:
        return int(integer_below(seen, key, _SPECIES))
    return seen + int(integer_below(knobs.species - seen, key, _SPECIES))


def _value(group: str, name: str) -> int:
    if group not in GROUPS:
        raise ValueError(f"Toy birds have no group {group!r}; the groups are {', '.join(GROUPS)}.")
    if name not in GROUPS[group]:
        raise ValueError(
            f"{group} of toy birds is one of {', '.join(GROUPS[group])}; received {name!r}."
        )
    return GROUPS[group].index(name)

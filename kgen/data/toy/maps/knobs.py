"""The knobs of the toy towns, checked once at the door."""

from __future__ import annotations

from dataclasses import dataclass, fields

SEASONS = ("summer", "autumn")


@dataclass(frozen=True)
class Knobs:
    """What a teacher may turn; None leaves the choice to each town's own random draw.

    Args:
        difficulty: camera nuisance (tint, haze, sensor noise); 0 none, 1 default.
        organic: how far streets bend, metres; 0 a straight grid, None half of the towns 8 to 30.
        urban: share of flats and commerce, 0 to 1; None 0.15 to 0.85.
        tree_density: factor on the number of trees; 0 none, 1 default.
        season: "summer" or "autumn"; None 15 % autumn.
        shadow: strength of the shadows; 0 none, 1 default.
        fov: side of the picture in metres, 40 to 1000; None 110 + 0.45 per pixel.

    Raises:
        ValueError: for a value outside these ranges.
    """

    difficulty: float = 1.0
    organic: float | None = None
    urban: float | None = None
    tree_density: float = 1.0
    season: str | None = None
    shadow: float = 1.0
    fov: float | None = None

    def __post_init__(self) -> None:
        _check_range("difficulty", self.difficulty, 0.0, 4.0)
        _check_range("organic", self.organic, 0.0, 60.0)
        _check_range("urban", self.urban, 0.0, 1.0)
        _check_range("tree_density", self.tree_density, 0.0, 4.0)
        _check_range("shadow", self.shadow, 0.0, 1.0)
        _check_range("fov", self.fov, 40.0, 1000.0)
        if self.season is not None and self.season not in SEASONS:
            raise ValueError(f"season must be one of {SEASONS} or None; received {self.season!r}.")


OPTIONAL = ("organic", "urban", "fov")


def _check_range(name: str, value: float | None, low: float, high: float) -> None:
    if value is None and name in OPTIONAL:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or not is_number or not low <= value <= high:
        free = " or None" if name in OPTIONAL else ""
        raise ValueError(
            f"{name} must be a number from {low:g} to {high:g}{free}; received {value!r}."
        )


def make_knobs(**knobs: float | str | None) -> Knobs:
    """Builds `Knobs`, naming the knobs there are when one is misspelt."""
    names = [field.name for field in fields(Knobs)]
    unknown = sorted(set(knobs) - set(names))
    if unknown:
        raise TypeError(
            f"Unknown knob {', '.join(unknown)} for the toy maps. The knobs are {', '.join(names)}."
        )
    return Knobs(**knobs)  # type: ignore[arg-type]

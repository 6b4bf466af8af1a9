"""The knobs of the toy city, checked once at the door."""

from __future__ import annotations

from dataclasses import dataclass, fields

SEASONS = ("summer", "autumn")
RANGES = {
    "facade_from_roof": (0.0, 1.0),
    "urban": (0.0, 1.0),
    "tree_density": (0.0, 3.0),
    "cars": (0.0, 3.0),
    "clutter": (0.0, 3.0),
    "camera_offset": (0.0, 30.0),
    "difficulty": (0.0, 4.0),
    "heading_at_column0": (0.0, 1.0),
}
WHOLE = {"dx": (-60, 60), "supersampling": (1, 4)}


@dataclass(frozen=True)
class Knobs:
    """What a teacher may turn; None leaves the choice to each scene's own random draw.

    Args:
        facade_from_roof: chance that the colour of a building's walls follows from its roof; 0
            (default): cannot be told from above, 1: always can.
        urban: 0 houses with gardens to 1 towers; None 0 to 1.
        tree_density: factor on the number of trees; 0 none, 1 default.
        cars: factor on the number of cars; 0 none, 1 default.
        season: "summer" or "autumn"; None 18 % autumn.
        clutter: factor on lamp posts and bins, which the aerial view hardly shows; 0 none.
        camera_offset: metres from the panorama's place to the middle of the aerial image, in a
            random direction; 0 (default) to 30.
        difficulty: camera nuisance (tint, haze, sensor noise); 0 none, 1 default.
        heading_at_column0: where the panorama's left edge looks, in turns clockwise from north;
            0.5 (default) is south, so that north is in the middle.
        dx: whole metres by which the camera is moved along its street: a near-duplicate.
        supersampling: every pixel is the average of n x n; 1 (jagged) to 4, default 2.

    Raises:
        ValueError: for a value outside these ranges.
    """

    facade_from_roof: float = 0.0
    urban: float | None = None
    tree_density: float = 1.0
    cars: float = 1.0
    season: str | None = None
    clutter: float = 1.0
    camera_offset: float = 0.0
    difficulty: float = 1.0
    heading_at_column0: float = 0.5
    dx: int = 0
    supersampling: int = 2

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            _check(name, getattr(self, name), low, high, int | float, "number")
        for name, (low, high) in WHOLE.items():
            _check(name, getattr(self, name), low, high, int, "whole number")
        if self.season is not None and self.season not in SEASONS:
            raise ValueError(f"season must be one of {SEASONS} or None; received {self.season!r}.")


def _check(
    name: str, value: float | None, low: float, high: float, kind: object, what: str
) -> None:
    if value is None and name == "urban":
        return
    is_number = isinstance(value, kind) and not isinstance(value, bool)  # type: ignore[arg-type]
    if value is None or not is_number or not low <= value <= high:
        free = " or None" if name == "urban" else ""
        raise ValueError(
            f"{name} must be a {what} from {low:g} to {high:g}{free}; received {value!r}."
        )


def make_knobs(**knobs: float | str | None) -> Knobs:
    """Builds `Knobs`, naming the knobs there are when one is misspelt."""
    names = [field.name for field in fields(Knobs)]
    unknown = sorted(set(knobs) - set(names))
    if unknown:
        raise TypeError(
            f"Unknown knob {', '.join(unknown)} for the toy city. The knobs are {', '.join(names)}."
        )
    return Knobs(**knobs)  # type: ignore[arg-type]

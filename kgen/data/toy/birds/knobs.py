"""The knobs of the toy birds, checked once at the door."""

from __future__ import annotations

from dataclasses import dataclass, fields

BACKGROUNDS = ("sky", "branch", "grass", "water")
PLAIN = "plain"


@dataclass(frozen=True)
class Knobs:
    """What a teacher may turn; None leaves the choice to each bird's own random draw.

    Args:
        pose: 0 canonical (faces right, no jitter) to 1 free (either side, tilt, size, place): how
            hard it is to learn shapes.
        colour_noise: camera tint, feathers and grain; 0 flat colours, 1 default, up to 3.
        background: "sky", "branch", "grass", "water" or "plain" (one grey); None one of the first
            four, whatever the attributes are.
        species: number of prototypes, 1 to 999; classes of the data set.
        variation: chance of each group of attributes to be drawn anew instead of taken from the
            prototype; 0.1 default, 1 makes all groups independent of the species.
        zero_shot: True gives val and test species that training has not seen (the last quarter).

    Raises:
        ValueError: for a value outside these ranges.
    """

    pose: float = 1.0
    colour_noise: float = 1.0
    background: str | None = None
    species: int = 20
    variation: float = 0.1
    zero_shot: bool = False

    def __post_init__(self) -> None:
        for name, high in (("pose", 1.0), ("colour_noise", 3.0), ("variation", 1.0)):
            _check_range(name, getattr(self, name), high)
        if self.background not in (None, PLAIN, *BACKGROUNDS):
            raise ValueError(
                f"background must be one of {(*BACKGROUNDS, PLAIN)} or None; "
                f"received {self.background!r}."
            )
        if not isinstance(self.species, int) or not 1 <= self.species <= 999:
            raise ValueError(
                f"species must be a whole number from 1 to 999; received {self.species!r}."
            )
        if self.zero_shot not in (True, False) or (self.zero_shot and self.species < 2):
            raise ValueError(
                "zero_shot must be True or False, and True needs 2 species or more; received "
                f"{self.zero_shot!r} with {self.species} species."
            )


def _check_range(name: str, value: float, high: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= high:
        raise ValueError(f"{name} must be a number from 0 to {high:g}; received {value!r}.")


def make_knobs(**knobs: float | str | None) -> Knobs:
    """Builds `Knobs`, naming the knobs there are when one is misspelt."""
    names = [field.name for field in fields(Knobs)]
    unknown = sorted(set(knobs) - set(names))
    if unknown:
        raise TypeError(
            f"Unknown knob {', '.join(unknown)} for the toy birds. "
            f"The knobs are {', '.join(names)}."
        )
    return Knobs(**knobs)  # type: ignore[arg-type]

"""Toy birds as a source in memory: no disk, for notebooks on read-only systems."""

from __future__ import annotations

import numpy as np

from kgen.data.attributes import AttributeArrays

from .birds.knobs import make_knobs
from .birds.traits import ATTRIBUTES, SHAPE_GROUPS, certainties, make_traits, vector
from .generate import draw_birds, split_indices

BIRD_COUNTS = {"train": 1600, "val": 200, "test": 200}


class ToyBirds(AttributeArrays):
    """Toy birds in memory; made by `toy_birds`.

    `images` uint8 (N, S, S, 3); `masks` (N, S, S) with soft edges; `parts` (N, S, S), numbers of
    `kgen.data.toy.birds.PARTS`; `certainties` (N, 68), 4 where a bird is like its species, else 3.
    `images`, `masks` and `parts` are those of all birds, whatever `subset` was taken.
    """

    parts: np.ndarray
    certainties: np.ndarray


def toy_birds(
    split: str = "train",
    size: int = 64,
    count: int | None = None,
    seed: int = 0,
    *,
    processes: int = 2,
    **knobs: float | str | None,
) -> ToyBirds:
    """Draws made-up birds with masks and 68 attributes in 13 groups.

    Shape groups (bill, tail, wing, size, crest, neck: 18 attributes) decide the mask and belong to
    stage I, colours and patterns (50) never change it and belong to stage II.

    Args:
        split: "train", "val" or "test"; no bird is in two of them.
        size: side of the pictures in pixels, 16 to 1024, default 64.
        count: number of birds; default 1600 for training, 200 for the others.
        seed: any integer; another seed gives other birds and species.
        processes: how many processes draw at once, default 2.
        **knobs: pose, colour_noise, background, species, variation, zero_shot; see
            `kgen.data.toy.birds.Knobs`.

    Returns:
        A source of pictures; `.images`, `.masks`, `.parts` and `.attributes` are whole arrays.

    Raises:
        ValueError, TypeError: for a split, size, count or knob that there is not.

    Example:
        >>> birds = toy_birds("test", size=32, count=3, pose=0.3)
        >>> len(birds), birds[0].image.shape, birds.attributes.shape, len(birds.shape_names)
        (3, (32, 32, 3), (3, 68), 18)
    """
    indices = split_indices(split, count, BIRD_COUNTS)
    if not indices:
        raise ValueError("toy_birds needs a count of 1 or more.")
    drawn = list(draw_birds(indices, size, seed, processes, **knobs))
    images, masks, parts = (np.stack(arrays) for arrays in zip(*drawn, strict=True))
    chosen = make_knobs(**knobs)
    traits = [make_traits(seed, index, chosen) for index in indices]
    birds = ToyBirds(
        images,
        masks,
        np.stack([vector(bird) for bird in traits]),
        ATTRIBUTES,
        [f"toy birds, seed {seed}, {split} {number}" for number in range(len(indices))],
        classes=np.array([bird.species for bird in traits]),
        class_names=[species_name(number) for number in range(chosen.species)],
        shape=tuple(SHAPE_GROUPS),
    )
    birds.parts = parts
    birds.certainties = np.stack([certainties(bird) for bird in traits])
    return birds


def species_name(species: int) -> str:
    """Folder of a species, as CUB-200-2011 names its classes.

    Example:
        >>> species_name(0)
        '001.Toy_species_01'
    """
    return f"{species + 1:03}.Toy_species_{species + 1:02}"

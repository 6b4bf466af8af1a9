"""Toy data: procedural sets that need no download and are the same arrays on every machine."""

from .bird_files import write_birds
from .bird_pictures import ToyBirds, toy_birds
from .deterministic import TOY_VERSION
from .generate import draw_birds, draw_towns
from .memory import ToyMaps, toy_maps
from .write import write_maps

__all__ = [
    "TOY_VERSION",
    "ToyBirds",
    "ToyMaps",
    "draw_birds",
    "draw_towns",
    "toy_birds",
    "toy_maps",
    "write_birds",
    "write_maps",
]

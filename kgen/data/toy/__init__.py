"""Toy data: procedural sets that need no download and are the same arrays on every machine."""

from .bird_files import write_birds
from .bird_pictures import ToyBirds, toy_birds
from .city_files import write_city
from .city_pictures import ToyCity, neighbour, toy_city
from .deterministic import TOY_VERSION
from .generate import draw_birds, draw_city, draw_towns
from .memory import ToyMaps, toy_maps
from .write import write_maps

__all__ = [
    "TOY_VERSION",
    "ToyBirds",
    "ToyCity",
    "ToyMaps",
    "draw_birds",
    "draw_city",
    "draw_towns",
    "neighbour",
    "toy_birds",
    "toy_city",
    "toy_maps",
    "write_birds",
    "write_city",
    "write_maps",
]

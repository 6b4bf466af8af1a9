"""Toy data: procedural sets that need no download and are the same arrays on every machine."""

from .deterministic import TOY_VERSION
from .generate import draw_towns
from .memory import ToyMaps, toy_maps
from .write import write_maps

__all__ = ["TOY_VERSION", "ToyMaps", "draw_towns", "toy_maps", "write_maps"]

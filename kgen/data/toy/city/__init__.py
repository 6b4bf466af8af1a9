"""Toy city: streets of made-up cities seen from above and from the ground."""

from .knobs import Knobs
from .scene import COARSE, COARSE_LABELS, LABELS, Scene, make_scene

__all__ = ["COARSE", "COARSE_LABELS", "LABELS", "Knobs", "Scene", "make_scene"]

"""Toy birds: pictures of made-up birds with mask, parts and 68 binary attributes."""

from .knobs import Knobs
from .scene import PARTS, Bird, make_bird
from .traits import ATTRIBUTES, GROUPS, SHAPE_GROUPS

__all__ = ["ATTRIBUTES", "GROUPS", "PARTS", "SHAPE_GROUPS", "Bird", "Knobs", "make_bird"]

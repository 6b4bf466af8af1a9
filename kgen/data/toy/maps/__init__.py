"""Toy maps: aerial photographs of made-up towns with their street maps."""

from .cartography import LABELS
from .knobs import Knobs
from .scene import make_pair

__all__ = ["LABELS", "Knobs", "make_pair"]

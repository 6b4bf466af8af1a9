"""Pairs of an aerial image and the ground panorama at its centre, as published sets lie on disk."""

from kgen.data.cross_view.batches import CrossViewBatches
from kgen.data.cross_view.polar import polar_transform
from kgen.data.cross_view.views import CrossViewPair, CrossViewPairs, View, view_arrays

__all__ = [
    "CrossViewBatches",
    "CrossViewPair",
    "CrossViewPairs",
    "View",
    "polar_transform",
    "view_arrays",
]

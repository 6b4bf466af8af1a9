"""Pairs of an aerial image and the ground panorama at its centre, as published sets lie on disk."""

from kgen.data.cross_view.views import CrossViewPair, CrossViewPairs, View, view_arrays

__all__ = ["CrossViewPair", "CrossViewPairs", "View", "view_arrays"]

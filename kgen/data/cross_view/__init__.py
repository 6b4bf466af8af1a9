"""Pairs of an aerial image and the ground panorama at its centre, as published sets lie on disk."""

from kgen.data.cross_view.batches import CrossViewBatches
from kgen.data.cross_view.check import CrossViewReport, check_cross_view, cross_view_format
from kgen.data.cross_view.cleaning import find_unusable, read_exclude, write_exclude
from kgen.data.cross_view.cvact_pairs import CvactPairs, cvact, middle_half
from kgen.data.cross_view.cvusa_pairs import cvusa
from kgen.data.cross_view.files import FilePairs, ImageFiles
from kgen.data.cross_view.polar import polar_transform
from kgen.data.cross_view.stitching import covers, stitch
from kgen.data.cross_view.views import CrossViewPair, CrossViewPairs, View, view_arrays
from kgen.data.cross_view.vigor_gen_pairs import VigorGenPairs, vigor_gen
from kgen.data.cross_view.vigor_pairs import VigorPairs, vigor

__all__ = [
    "CrossViewBatches",
    "CrossViewPair",
    "CrossViewPairs",
    "CrossViewReport",
    "CvactPairs",
    "FilePairs",
    "ImageFiles",
    "View",
    "VigorGenPairs",
    "VigorPairs",
    "check_cross_view",
    "covers",
    "cross_view_format",
    "cvact",
    "cvusa",
    "find_unusable",
    "middle_half",
    "polar_transform",
    "read_exclude",
    "stitch",
    "view_arrays",
    "vigor",
    "vigor_gen",
    "write_exclude",
]

"""Sources of image pairs and of pictures with attributes, batches for every backend, checks.

A source (`side_by_side`, `two_folders`, `arrays`, `toy_maps`) reads pairs as they are stored;
`Batches` makes of them what `model.fit` takes. For pictures with a mask and attributes
(`cub`, `rgba_folder`, `attribute_arrays`, `toy_birds`) `AttributeBatches` does.
"""

import importlib
from typing import Any

from kgen.data import augment, images
from kgen.data.attribute_batches import AttributeBatches
from kgen.data.attribute_names import attribute_groups, attribute_vector
from kgen.data.attributes import AttributePicture, AttributePictures, attribute_arrays
from kgen.data.batches import Batches
from kgen.data.check import Problem, check_pairs, count_pairs
from kgen.data.check_rgba import check_rgba
from kgen.data.cross_view import (
    CrossViewBatches,
    CrossViewPairs,
    check_cross_view,
    cross_view_format,
    cvact,
    cvusa,
    view_arrays,
    vigor,
    vigor_gen,
)
from kgen.data.cub200 import check_cub, cub, download_cub, is_cub, write_cub
from kgen.data.download import data_home, download_pairs
from kgen.data.images import read_image, resize, to_float, to_uint8
from kgen.data.labels import one_hot
from kgen.data.pairs import Pairs, arrays, side_by_side, two_folders
from kgen.data.rgba import rgba_folder

# loaded when asked for: the drawing of toy data, and what needs tensorflow-datasets
_LAZY = {
    "toy_birds": "kgen.data.toy",
    "toy_city": "kgen.data.toy",
    "toy_maps": "kgen.data.toy",
    "write_birds": "kgen.data.toy",
    "write_city": "kgen.data.toy",
    "write_maps": "kgen.data.toy",
    "tfds_attributes": "kgen.data.builders",
    "tfds_pairs": "kgen.data.builders",
}
_LAZY_MODULES = ("builders", "cv", "toy")

__all__ = [
    "AttributeBatches",
    "AttributePicture",
    "AttributePictures",
    "Batches",
    "CrossViewBatches",
    "CrossViewPairs",
    "Pairs",
    "Problem",
    "arrays",
    "attribute_arrays",
    "attribute_groups",
    "attribute_vector",
    "augment",
    "check_cross_view",
    "check_cub",
    "check_pairs",
    "check_rgba",
    "count_pairs",
    "cross_view_format",
    "cub",
    "cvact",
    "cvusa",
    "data_home",
    "download_cub",
    "download_pairs",
    "images",
    "is_cub",
    "one_hot",
    "read_image",
    "resize",
    "rgba_folder",
    "side_by_side",
    "tfds_attributes",
    "tfds_pairs",
    "to_float",
    "to_uint8",
    "toy_birds",
    "toy_city",
    "toy_maps",
    "two_folders",
    "view_arrays",
    "vigor",
    "vigor_gen",
    "write_birds",
    "write_city",
    "write_cub",
    "write_maps",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _LAZY_MODULES:
        return importlib.import_module(f"kgen.data.{name}")
    raise AttributeError(f"module 'kgen.data' has no attribute {name!r}")

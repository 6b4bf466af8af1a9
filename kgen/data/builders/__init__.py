"""tensorflow-datasets: builders for side-by-side folders and CUB-200-2011, and readers.

`SideBySide` and `CubAttributes`, the builders' classes, are imported on first use, as they need
tensorflow-datasets.
"""

from typing import Any

from kgen.data.builders.read import TfdsPairs, prepare_side_by_side, tfds_pairs
from kgen.data.builders.read_attributes import TfdsAttributes, prepare_cub, tfds_attributes

__all__ = [
    "CubAttributes",
    "SideBySide",
    "TfdsAttributes",
    "TfdsPairs",
    "prepare_cub",
    "prepare_side_by_side",
    "tfds_attributes",
    "tfds_pairs",
]


def __getattr__(name: str) -> Any:
    if name == "SideBySide":
        from kgen.data.builders.side_by_side import SideBySide

        return SideBySide
    if name == "CubAttributes":
        from kgen.data.builders.cub import CubAttributes

        return CubAttributes
    raise AttributeError(f"module 'kgen.data.builders' has no attribute {name!r}")

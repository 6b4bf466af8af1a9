"""tensorflow-datasets for pairs: a builder for side-by-side folders, and a reader of any set.

`SideBySide`, the builder's class, is imported on first use, as it needs tensorflow-datasets.
"""

from typing import Any

from kgen.data.builders.read import TfdsPairs, prepare_side_by_side, tfds_pairs

__all__ = ["SideBySide", "TfdsPairs", "prepare_side_by_side", "tfds_pairs"]


def __getattr__(name: str) -> Any:
    if name == "SideBySide":
        from kgen.data.builders.side_by_side import SideBySide

        return SideBySide
    raise AttributeError(f"module 'kgen.data.builders' has no attribute {name!r}")

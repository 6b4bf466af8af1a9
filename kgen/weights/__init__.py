"""Trained weights of published networks: finding them, reading them, giving them to Keras models.

Example:

>>> from kgen.weights import LPIPS_HEADS, read_state
>>> len(read_state(LPIPS_HEADS / "squeeze.pth"))
7
"""

from pathlib import Path

from kgen.weights.convert import load_torch_state
from kgen.weights.find import WEIGHTS, WeightsFile, WeightsNotFoundError, find_weights
from kgen.weights.torch_file import read_state

LPIPS_HEADS = Path(__file__).parent / "lpips"  # the shipped heads of LPIPS v0.1

__all__ = [
    "LPIPS_HEADS",
    "WEIGHTS",
    "WeightsFile",
    "WeightsNotFoundError",
    "find_weights",
    "load_torch_state",
    "read_state",
]

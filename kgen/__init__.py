"""kgen: conditional image generation with Keras, on TensorFlow, JAX and PyTorch."""

import importlib
from typing import Any

__version__ = "0.1.0"

# public name -> the module that has it; loaded on first use, so that `import kgen` stays light
_WHERE = {
    "AdversarialModel": "kgen.adversarial",
    "Pix2Pix": "kgen.pix2pix",
    "export": "kgen.export",
    "train": "kgen.training",
}
_MODULES = (
    "backend",
    "callbacks",
    "data",
    "layers",
    "losses",
    "networks",
    "pix2pix",
    "plotting",
)

# loading these registers kgen's layers and models, which `keras.models.load_model` needs
from kgen import layers, losses, networks  # noqa: E402
from kgen.adversarial import AdversarialModel  # noqa: E402
from kgen.pix2pix import Pix2Pix  # noqa: E402

__all__ = ["AdversarialModel", "Pix2Pix", "export", "layers", "losses", "networks", "train"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"kgen.{name}")
    raise AttributeError(f"kgen has no attribute {name!r}")

"""kgen: conditional image generation with Keras, on TensorFlow, JAX and PyTorch."""

import importlib
import importlib.util
from typing import Any

try:
    import keras as _keras  # noqa: F401
except ModuleNotFoundError as error:  # Keras imports its framework, "tensorflow" if none is chosen
    frameworks = ("tensorflow", "jax", "torch")
    if error.name not in frameworks:
        raise
    installed = [name for name in frameworks if importlib.util.find_spec(name)]
    repair = (
        f"Set KERAS_BACKEND={installed[0]} before Python starts"
        if installed
        else 'Install one: pip install "kgen[tensorflow]", "kgen[jax]" or "kgen[torch]"'
    )
    raise ImportError(
        f"Keras is set to run on {error.name}, which is not installed here; installed: "
        f"{', '.join(installed) or 'no framework'}. {repair}."
    ) from error

from kgen import layers, losses, networks
from kgen.adversarial import AdversarialModel
from kgen.attribute_gan import AttributeToShape, ShapeToImage, StackedAttributeGAN
from kgen.cross_view import CrossViewGenerator, RetrievalModel
from kgen.export import export  # here, so that the name is the function and not its module
from kgen.pix2pix import Pix2Pix

__version__ = "0.1.0"
__all__ = [
    "AdversarialModel",
    "AttributeToShape",
    "CrossViewGenerator",
    "Pix2Pix",
    "RetrievalModel",
    "ShapeToImage",
    "StackedAttributeGAN",
    "compare",
    "evaluate",
    "export",
    "layers",
    "losses",
    "networks",
    "train",
]

# loaded on first use, so that `import kgen` stays light
_FUNCTIONS = {
    "compare": "kgen.evaluation",
    "evaluate": "kgen.evaluation",
    "train": "kgen.training",
}
_MODULES = (
    "attribute_gan",
    "backend",
    "callbacks",
    "cross_view",
    "data",
    "evaluation",
    "metrics",
    "pix2pix",
    "plotting",
)


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"kgen.{name}")
    raise AttributeError(f"kgen has no attribute {name!r}")

"""Networks that turn pictures into features, for FID, KID, precision, recall, Inception score.

A number of these metrics means something only together with the network, its weights and the way
pictures are resized for it: careless choices change FID by orders of magnitude. So an extractor
carries a name that goes into the results' names (`fid_inception2015`, `fid_keras`), and says how it
resizes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kgen.metrics.images import as_numpy
from kgen.metrics.running import in_batches
from kgen.networks.inception2015 import SIDE, inception2015
from kgen.networks.stand_in import SEED, stand_in
from kgen.weights import find_weights, load_torch_state, read_state
from kgen.weights.applications import keras_inception

EXTRACTORS = ("inception2015", "keras", "stand_in")
STAND_IN_SIDE = 64
STAND_IN_CLASSES = 10

Run = Callable[[np.ndarray], Sequence[Any]]


class Extractor:
    """A named function from pictures to features; made by `load_extractor` or `as_extractor`.

    Args:
        run: takes uint8 (N, H, W, 3), returns [features] or [features, logits], (N, D) and (N, K).
        name: becomes part of the results' names.
        resizer: how pictures are brought to the network's size, in words.
        dimension: D.
        has_logits: whether `run` gives logits too.

    Example:

    >>> extractor = Extractor(lambda images: [images.mean(axis=(1, 2))], "colour", "none", 3)
    >>> extractor(np.zeros((5, 8, 8, 3), "uint8")).shape
    (5, 3)
    """

    def __init__(
        self, run: Run, name: str, resizer: str, dimension: int, has_logits: bool = False
    ) -> None:
        self._run = run
        self.name, self.resizer = name, resizer
        self.dimension, self.has_logits = dimension, has_logits

    def __call__(self, images: Any) -> np.ndarray:
        """Features of images.

        Args:
            images: uint8, (N, H, W, 3), or (N, H, W, 1): grey, as three equal channels.

        Returns:
            float32 (N, D).

        Raises:
            ValueError: other images; features that are not finite.
        """
        return self.outputs(images)[0]

    def logits(self, images: Any) -> np.ndarray:
        """Class scores before softmax, float32 (N, K), for the Inception score.

        Raises:
            ValueError: as for features; or the network has no classes.
        """
        self._needs_logits()
        return self.outputs(images)[1]  # type: ignore[return-value]

    def outputs(self, images: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Features and logits (None where there are none), of one run through the network."""
        images = _checked(images)
        found = [as_numpy(output).astype(np.float32) for output in self._run(images)]
        shapes = [output.shape for output in found]
        if shapes[0] != (len(images), self.dimension):
            raise ValueError(
                f"extractor {self.name!r} must give features of shape ({len(images)}, "
                f"{self.dimension}), one vector for each image; got {shapes[0]}. Feature maps need "
                "a mean over their pixels first (GlobalAveragePooling2D)."
            )
        if not all(np.all(np.isfinite(output)) for output in found):
            raise ValueError(
                f"extractor {self.name!r} gives values that are not finite: check its weights"
            )
        return found[0], found[1] if self.has_logits else None

    def _needs_logits(self) -> None:
        if not self.has_logits:
            raise ValueError(
                f"extractor {self.name!r} has no classes, which the Inception score is made of. "
                f"Take one of {', '.join(EXTRACTORS)}."
            )

    def __repr__(self) -> str:
        return f"Extractor({self.name!r}, dimension={self.dimension}, resizer={self.resizer!r})"


def _checked(images: Any) -> np.ndarray:
    images = as_numpy(images)
    if images.ndim != 4 or 0 in images.shape or images.shape[-1] not in (1, 3):
        raise ValueError(
            "an extractor takes images (N, H, W, 3), or (N, H, W, 1) of grey ones; got "
            f"{images.shape}"
        )
    if images.dtype != np.uint8:
        raise ValueError(
            "an extractor takes pictures as they are stored, uint8 of 0..255, because published "
            f"numbers are made from files; got {images.dtype}. kgen.data.images.to_uint8 converts "
            "[-1, 1]."
        )
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def load_extractor(name: str, weights: str | Path | None = None, batch_size: int = 32) -> Extractor:
    """One of the extractors that results are named after.

    Args:
        name: "inception2015": the network FID is defined with, its weights and arithmetic as in
            pytorch-fid; 2,048 features, 1,008 classes; for numbers to compare with papers'.
            "keras": InceptionV3 of keras.applications; other weights, other numbers. "stand_in":
            fixed random weights, 112 features, for tests and teaching.
        weights: the weights' file. Default: see `kgen.weights.find_weights`.
        batch_size: images at a time. Default 32.

    Raises:
        ValueError: unknown name; weights of another network.
        FileNotFoundError: the weights are neither here nor to be downloaded; says which file is
            missing, its size and where to put it.

    Example:

    >>> extractor = load_extractor("stand_in")
    >>> extractor(np.zeros((4, 40, 60, 3), "uint8")).shape, extractor.resizer
    ((4, 112), 'bilinear to 64x64, half-pixel centres, no antialiasing')
    """
    if name not in EXTRACTORS:
        raise ValueError(
            f"unknown extractor {name!r}; there are {', '.join(EXTRACTORS)}. as_extractor makes "
            "one of any Keras model or function."
        )
    if name == "stand_in":
        if weights is not None:
            raise ValueError("the stand-in has fixed random weights; leave weights out")
        return _of_network(_stand_in_network(), name, (STAND_IN_SIDE,) * 2, batch_size=batch_size)
    if name == "keras":
        network = keras_inception(weights)
    else:
        path = find_weights("inception2015", weights)
        network = load_torch_state(
            inception2015(kernel_initializer="zeros"), read_state(path), str(path)
        )
    return _of_network(network, name, (SIDE, SIDE), batch_size=batch_size)


def _stand_in_network() -> keras.Model:
    trunk = stand_in()
    means = [layers.GlobalAveragePooling2D(dtype="float32")(tap) for tap in trunk.outputs]
    features = layers.Concatenate(dtype="float32", name="features")(means)  # (B, 112)
    head = layers.Dense(
        STAND_IN_CLASSES, use_bias=False, kernel_initializer="zeros", dtype="float32", name="logits"
    )
    logits = head(features)
    draws = np.random.RandomState(SEED + 1).standard_normal(head.kernel.shape)
    head.kernel.assign(draws.astype("float32"))
    return keras.Model(trunk.input, [features, logits], name="stand_in_classifier")


def as_extractor(
    model: keras.Model | Callable[[np.ndarray], Any],
    name: str,
    size: tuple[int, int] | None = None,
    value_range: tuple[float, float] = (-1.0, 1.0),
    dimension: int | None = None,
    batch_size: int = 32,
) -> Extractor:
    """An extractor of any Keras model or function.

    Args:
        model: a Keras model from images to features (N, D), or to [features, logits]; or a function
            that takes uint8 images (N, H, W, 3) and returns features (N, D).
        name: becomes part of the results' names; letters, digits and `_`.
        size: (H, W) that pictures are resized to, bilinearly. Default: what a Keras model's input
            says; else none.
        value_range: (low, high) that a Keras model takes its pixels in. Default (-1, 1).
        dimension: D of a function. Default: found by a call with one black image.
        batch_size: images at a time. Default 32.

    Raises:
        ValueError: a name that belongs to another extractor or cannot be one; a model whose output
            is no vector for each image.

    Example:

    >>> as_extractor(lambda images: images.mean(axis=(1, 2)), "colour").dimension
    3
    """
    if name in EXTRACTORS or not re.fullmatch(r"\w+", name):
        raise ValueError(
            f"the name of your extractor must be new (not {', '.join(EXTRACTORS)}), of letters, "
            f"digits and _; got {name!r}"
        )
    if isinstance(model, keras.Model):
        return _of_network(model, name, size, value_range, batch_size)
    return _of_function(model, name, size, dimension, batch_size)


def _of_network(
    network: keras.Model,
    name: str,
    size: tuple[int, int] | None,
    value_range: tuple[float, float] = (-1.0, 1.0),
    batch_size: int = 32,
) -> Extractor:
    shape = network.input_shape
    if isinstance(shape, list) or len(shape) != 4 or shape[-1] not in (3, None):
        raise ValueError(
            f"extractor {name!r}: the model must take one input of images (N, H, W, 3); its "
            f"input_shape is {shape}"
        )
    if size is None and None not in shape[1:3]:
        size = shape[1:3]
    images = keras.Input((None, None, 3), name="images", dtype="float32")
    outputs = network(_prepared(images, size, value_range))
    outputs = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    if len(outputs) > 2 or any(len(output.shape) != 2 for output in outputs):
        raise ValueError(
            f"extractor {name!r}: the model must give features (N, D), or features and logits; it "
            f"gives {[tuple(output.shape) for output in outputs]}. Feature maps need a mean over "
            "their pixels first (GlobalAveragePooling2D)."
        )
    run = in_batches(keras.Model(images, outputs, name=f"{name}_extractor"), batch_size)
    return Extractor(run, name, _resizer(size), outputs[0].shape[-1], len(outputs) == 2)


def _prepared(images: Any, size: tuple[int, int] | None, value_range: tuple) -> Any:
    """0..255 to the network's size and range, in the order of pytorch-fid."""
    low, high = value_range
    images = images / 255.0
    if size is not None:
        images = ops.image.resize(images, size, interpolation="bilinear", antialias=False)
    return images * (high - low) + low


def _resizer(size: tuple[int, int] | None) -> str:
    if size is None:
        return "none"
    return f"bilinear to {size[0]}x{size[1]}, half-pixel centres, no antialiasing"


def _of_function(
    function: Callable[[np.ndarray], Any],
    name: str,
    size: tuple[int, int] | None,
    dimension: int | None,
    batch_size: int,
) -> Extractor:
    if not callable(function):
        raise ValueError(
            f"extractor {name!r}: a Keras model or a function is needed; got "
            f"{type(function).__name__}"
        )

    def call(images: np.ndarray) -> np.ndarray:
        if size is not None:
            resized = ops.image.resize(images.astype("float32"), size, interpolation="bilinear")
            images = np.rint(as_numpy(resized)).astype(np.uint8)
        return as_numpy(function(images))

    def run(images: np.ndarray) -> list[np.ndarray]:
        starts = range(0, len(images), batch_size)
        return [np.concatenate([call(images[start : start + batch_size]) for start in starts])]

    if dimension is None:
        dimension = call(
            np.zeros((1, *(size or (STAND_IN_SIDE, STAND_IN_SIDE)), 3), "uint8")
        ).shape[-1]
    return Extractor(run, name, _resizer(size), dimension)

"""keras-cv for pairs: its further augmentations in the training source, and its galleries.

keras-cv 0.9 is frozen and always computes its augmentations with TensorFlow, whatever backend Keras
runs on; so this module is an extra: `pip install "kgen[tensorflow,cv]"`. It works on all three
backends where TensorFlow is installed. What Keras core has by now (flips, rotations, zooms,
contrast, ...) needs no extra.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]

# Left out: RandomAspectRatio (fails on JAX and PyTorch), RandomJpegQuality (only for 0..1), AugMix
# and RandAugment (unrepeatable; both kinds at once), what mixes samples (MixUp, CutMix, Mosaic).
GEOMETRIC = frozenset(
    (
        "JitteredResize",
        "RandomCrop",
        "RandomCropAndResize",
        "RandomFlip",
        "RandomRotation",
        "RandomShear",
        "RandomTranslation",
        "RandomZoom",
    )
)
PHOTOMETRIC = frozenset(
    (
        "AutoContrast",
        "ChannelShuffle",
        "Equalization",
        "Grayscale",
        "GridMask",
        "Posterization",
        "RandomBrightness",
        "RandomChannelShift",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomContrast",
        "RandomCutout",
        "RandomGaussianBlur",
        "RandomHue",
        "RandomSaturation",
        "RandomSharpness",
        "Solarization",
    )
)
COMBINING = frozenset(("RandomApply", "RandomAugmentationPipeline", "RandomChoice"))

# keras-cv switches its operations to TensorFlow's by a global flag while a layer runs
_ONE_AT_A_TIME = threading.Lock()


def augment(layers: Sequence[Any]) -> Augment:
    """Makes layers of keras-cv an augmentation of pairs: `Batches(pairs, augment=augment([...]))`.

    Geometric layers (shear, rotation, zoom, ...) move both halves alike: the halves are stacked
    along the channels and go through the layer as one image. Photometric layers (hue, sharpness,
    cut-out, ...) change the source only: a target that changes while the source does not could
    not be learnt. Layers run in the order given, on stored images before resizing, with all their
    randomness drawn from the sample's own generator: the same (seed, epoch, index) gives the same
    picture, in any thread.

    Args:
        layers: of `keras_cv.layers`; `RandomApply`, `RandomChoice` and `RandomAugmentationPipeline`
            may hold several of one kind. Give `value_range=(0, 255)` where a layer asks for it
            ((0, 65535) for 16-bit sources, (-1, 1) for float), and interpolation="nearest" to
            geometric layers if a half is a label map.

    Raises:
        ImportError: keras-cv or TensorFlow is not installed.
        TypeError: a layer that is not of these kinds, or mixes them.
        ValueError: a layer that computes in less than float32, or whose random numbers cannot be
            repeated; on a sample, one whose `value_range` is not that of the source.

    Example:
        >>> import importlib.util
        >>> if importlib.util.find_spec("keras_cv") and importlib.util.find_spec("tensorflow"):
        ...     import keras_cv
        ...
        ...     shear = keras_cv.layers.RandomShear(0.1, 0.1, fill_mode="nearest")
        ...     hue = keras_cv.layers.RandomHue(0.1, value_range=(0, 255))
        ...     source = target = np.zeros((8, 8, 3), "uint8")
        ...     pair = augment([shear, hue])(source, target, np.random.default_rng(0))
        ...     assert [half.shape for half in pair] == [(8, 8, 3), (8, 8, 3)]
    """
    keras_cv = _import_keras_cv()
    kinds = [_kind(layer) for layer in layers]
    streams = [_own_randomness(keras_cv, layer) for layer in layers]

    def augment_pair(
        source: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        for layer, kind, stream in zip(layers, kinds, streams, strict=True):
            _check_value_range(layer, source)
            images = [source, target] if kind == "geometric" else [source]
            with _ONE_AT_A_TIME:
                stream(rng)
                images = _apply(layer, images)
            source, target = images if len(images) == 2 else (images[0], target)
        return source, target

    return augment_pair


def gallery(
    *images: Any, rows: int | None = None, scale: float = 2.0, path: str | Path | None = None
) -> Any:
    """Draws batches side by side with keras-cv's gallery: sources, generated, expected, ...

    Args:
        *images: batches (B, H, W, C) of one B, H and W, any channel count; float in [-1, 1], uint8
            or uint16. Each is a column.
        rows: how many pictures of each batch; default all.
        scale: width of a picture in inches.
        path: also save the figure there.

    Returns:
        The matplotlib Figure.

    Raises:
        ImportError: keras-cv or TensorFlow is not installed.
        ValueError: no batches, or batches of different shapes.

    Example:
        >>> import importlib.util
        >>> if importlib.util.find_spec("keras_cv") and importlib.util.find_spec("tensorflow"):
        ...     figure = gallery(np.zeros((2, 8, 8, 3), "uint8"), np.zeros((2, 8, 8, 1), "uint8"))
        ...     assert len(figure.axes) == 4
    """
    keras_cv = _import_keras_cv()
    from kgen.plotting.display import to_display

    columns = [to_display(batch)[:rows] for batch in images]
    if len({column.shape for column in columns}) != 1:
        raise ValueError(
            "gallery needs one or more batches of one number of pictures, height and width; "
            f"received {[np.shape(batch) for batch in images]}."
        )
    pictures = np.stack(columns, axis=1)  # (B, columns, H, W, 3)
    count, across = pictures.shape[:2]
    with warnings.catch_warnings():  # it asks for two layouts at once; matplotlib keeps the first
        warnings.filterwarnings("ignore", category=UserWarning, module="keras_cv")
        figure = keras_cv.visualization.plot_image_gallery(
            pictures.reshape(-1, *pictures.shape[2:]) * np.float32(255),
            value_range=(0, 255),
            rows=count,
            cols=across,
            scale=scale,
        )
    if path is not None:
        figure.savefig(path, bbox_inches="tight", pad_inches=0)
    return figure


def _import_keras_cv() -> Any:
    try:
        import keras_cv
    except (ImportError, ValueError) as error:  # ValueError: keras-cv without TensorFlow
        raise ImportError(
            "kgen.data.cv needs keras-cv and TensorFlow (on every backend): "
            f'pip install "kgen[tensorflow,cv]". The import said: {error}'
        ) from error
    return keras_cv


def _kind(layer: Any) -> str:
    """ "geometric" or "photometric"; raises for layers that are neither or both."""
    name = type(layer).__name__
    if name in COMBINING:
        kinds = {_kind(part) for part in _inner(layer)}
        if len(kinds) == 1:
            return kinds.pop()
        raise TypeError(
            f"{name} mixes geometric and photometric layers: the former must move both halves of a "
            "pair, the latter must change the source only. Give one for each kind."
        )
    if name in GEOMETRIC:
        return "geometric"
    if name in PHOTOMETRIC:
        return "photometric"
    raise TypeError(
        f"augment takes layers of keras_cv.layers; received {name}. Layers for both halves: "
        f"{', '.join(sorted(GEOMETRIC))}. Layers for the source: {', '.join(sorted(PHOTOMETRIC))}. "
        f"Around layers of one kind: {', '.join(sorted(COMBINING))}."
    )


def _inner(layer: Any) -> list[Any]:
    """The layers that a combining layer was given."""
    return [layer._layer] if type(layer).__name__ == "RandomApply" else list(layer.layers)


def _own_randomness(keras_cv: Any, layer: Any) -> Callable[[np.random.Generator], None]:
    """Takes the layer off TensorFlow's global random state; returns how to set its own.

    keras-cv draws from two places: a `tf.random.Generator` (the global one, unless the layer has a
    seed) and samplers of factors, which use TensorFlow's global stream even with a seed.
    """
    parts, samplers = list(layer._flatten_layers()), []
    for part in parts:
        _check_repeatable(part)
        part.built = True  # it has no weights; building would call it once more, and draw numbers
        part._random_generator = type(part._random_generator).from_seed(0)
        for name, sampler in _factors(keras_cv, part):
            setattr(part, name, _Factor(sampler))
        samplers += [value for value in vars(part).values() if isinstance(value, _Factor)]

    def start(rng: np.random.Generator) -> None:
        for part in parts:
            part._random_generator.reset_from_seed(int(rng.integers(2**31)))
        for sampler in samplers:
            sampler.rng = rng

    return start


def _factors(keras_cv: Any, layer: Any) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(layer).items()):
        if isinstance(value, keras_cv.core.FactorSampler):
            if type(value) not in (
                keras_cv.core.ConstantFactorSampler,
                keras_cv.core.NormalFactorSampler,
                keras_cv.core.UniformFactorSampler,
            ):
                raise ValueError(
                    f"{type(layer).__name__} has a {type(value).__name__}, whose random numbers "
                    "cannot be repeated. Use a uniform, normal or constant factor."
                )
            yield name, value


class _Factor:
    """A factor sampler of keras-cv that draws from the sample's generator."""

    def __init__(self, sampler: Any):
        self.sampler, self.rng = sampler, np.random.default_rng(0)

    def __call__(self, shape: Sequence[int] = (), dtype: Any = "float32") -> np.ndarray:
        sampler, shape = self.sampler, tuple(int(side) for side in shape)
        if hasattr(sampler, "lower"):
            drawn = self.rng.uniform(sampler.lower, sampler.upper, shape)
        elif hasattr(sampler, "mean"):
            drawn = self.rng.normal(sampler.mean, sampler.stddev, shape)
            drawn = np.clip(drawn, sampler.min_value, sampler.max_value)
        else:
            drawn = np.full(shape, sampler.value)
        return np.asarray(drawn, getattr(dtype, "as_numpy_dtype", dtype))


def _check_repeatable(layer: Any) -> None:
    if getattr(layer, "fill_mode", None) == "gaussian_noise":
        raise ValueError(
            f'{type(layer).__name__} with fill_mode="gaussian_noise" draws from TensorFlow\'s '
            'global stream, so a run could not be repeated. Use fill_mode="constant".'
        )
    if layer.compute_dtype != "float32":
        raise ValueError(
            f"{type(layer).__name__} computes in {layer.compute_dtype}, which cannot hold 256 "
            'grey values. Make it with dtype="float32" (mixed precision is for the model).'
        )


def _check_value_range(layer: Any, source: np.ndarray) -> None:
    """A hue layer for 0..1 given 0..255 returns white pictures; say so instead."""
    if type(layer).__name__ in COMBINING:
        for part in _inner(layer):
            _check_value_range(part, source)
    expected = {"uint8": (0, 255), "uint16": (0, 65535)}.get(source.dtype.name, (-1, 1))
    given = getattr(layer, "value_range", None)
    if given is not None and tuple(given) != expected:
        raise ValueError(
            f"{type(layer).__name__} has value_range={tuple(given)}, but the stored source is "
            f"{source.dtype}: make it with value_range={expected}."
        )


def _apply(layer: Any, images: list[np.ndarray]) -> list[np.ndarray]:
    """Runs the layer on the images stacked along channels; keeps dtypes."""
    import keras

    stacked = np.concatenate([image.astype("float32") for image in images], axis=-1)
    result = np.asarray(keras.ops.convert_to_numpy(layer(stacked)))
    ends = np.cumsum([image.shape[-1] for image in images])
    parts = np.split(result, ends[:-1], axis=-1)
    return [_as_dtype(part, image.dtype) for part, image in zip(parts, images, strict=True)]


def _as_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "f":
        return np.clip(values, -1.0, 1.0).astype(dtype)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)

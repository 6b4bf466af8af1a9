"""Where pictures come from: models, folders, arrays, pairs and batches, brought to one form."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.data import Batches, Pairs, arrays, read_image, to_float
from kgen.data.folders import by_stem, list_images
from kgen.data.images import Mode

# ---------------------------------------------------------------------- what is measured


@dataclass(frozen=True)
class Generated:
    """Pictures that a model makes: float32 sources (B, H, W, C) in [-1, 1] -> pictures."""

    predict: Callable[[np.ndarray], Any]
    description: dict[str, Any]

    def generate(self, source: np.ndarray) -> np.ndarray:
        """What the model makes of a batch of sources, 8 or 16 bit or as it takes them."""
        return to_numpy(self.predict(to_float(source) if source.dtype.kind == "u" else source))


@dataclass(frozen=True)
class Stored:
    """Pictures that are there: their places, how to read one, and their names if they have any."""

    places: list[str]
    read: Callable[[int], np.ndarray]
    names: list[str] | None
    description: dict[str, Any]
    folder: Path | None = None


def open_fakes(model: Any, mode: Mode) -> Generated | Stored:
    """The generated pictures of a model, a folder or an array."""
    if isinstance(model, (str, os.PathLike)):
        return _stored_folder(Path(model), mode, "generated")
    if hasattr(model, "predict_on_batch"):
        return Generated(model.predict_on_batch, _describe_model(model))
    if hasattr(model, "shape"):
        return _stored_array(to_numpy(model))
    if callable(model):
        return Generated(model, {"class": getattr(model, "__name__", type(model).__name__)})
    raise ValueError(
        "model must be a Keras model, a function of float32 (B, H, W, C) in [-1, 1], a folder of "
        f"generated pictures or an array of them; received {type(model).__name__}"
    )


@contextmanager
def left_alone(model: Any) -> Iterator[None]:
    """Leave a model's random states as they were, so that being watched changes no training."""
    if not hasattr(model, "predict_on_batch"):
        yield
        return
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()  # on JAX the variables are empty while an epoch runs
    state = [(v, np.array(to_numpy(v))) for v in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in state:
            variable.assign(value)


# ---------------------------------------------------------------------- what it is compared with


@dataclass(frozen=True)
class Truth:
    """Real pictures, with the sources of the generated ones where there are any.

    Attributes:
        items: (name, place, source or None, real), pictures (H, W, C) as stored or in [-1, 1].
        count: of the items, None if unknown.
        names: of all items, in order, where they are known before reading.
        description: for the record.
    """

    items: Iterator[tuple[str, str, np.ndarray | None, np.ndarray]]
    count: int | None
    names: list[str] | None
    description: dict[str, Any]


def is_reference(data: Any) -> bool:
    """Whether data are statistics of a set (mean and covariance) and not pictures."""
    return isinstance(data, (str, os.PathLike)) and Path(data).suffix == ".npz"


def open_truth(data: Any, model: Any, mode: Mode) -> Truth:
    """The real pictures, with sources where the data have them."""
    if isinstance(data, (str, os.PathLike)):
        return _plain_truth(_stored_folder(Path(data), mode, "real"))
    if isinstance(data, Pairs):
        return _pairs_truth(data) if _keeps_sizes(model) else _batches_truth(_fitted(data, model))
    if isinstance(data, Batches):
        return _batches_truth(data)
    if isinstance(data, keras.utils.PyDataset):
        batches = (data[index] for index in range(len(data)))
        return _any_batches(batches, None, type(data).__name__)
    if isinstance(data, tuple) and len(data) == 2:
        source, target = (list(to_numpy(images)) for images in data)
        return open_truth(arrays(source, target), model, mode)
    if hasattr(data, "shape"):
        return _plain_truth(_stored_array(to_numpy(data)))
    if hasattr(data, "__iter__"):
        return _any_batches(iter(data), None, type(data).__name__)
    raise ValueError(
        "data must be pairs (kgen.data.side_by_side, two_folders, arrays), batches of them, a "
        f"folder of real pictures or an array of them; received {type(data).__name__}"
    )


def _keeps_sizes(model: Any) -> bool:
    return isinstance(model, (str, os.PathLike)) or not hasattr(model, "predict_on_batch")


def _fitted(pairs: Pairs, model: Any) -> Batches:
    """Pairs in the size that a model takes: its own, or theirs if it takes any."""
    shape = getattr(model, "generator", model).input_shape
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise ValueError(
            f"the model takes {shape}, which is no batch of pictures (B, H, W, C): pass data that "
            "yield what it takes, as batches of (input, real pictures)"
        )
    if None in shape[1:3]:
        return Batches(pairs, training=False, preprocess="none")
    return Batches(pairs, size=shape[1:3], training=False)


def _pairs_truth(pairs: Pairs) -> Truth:
    places = [pairs.name(index) for index in range(len(pairs))]
    names = short_names(places)
    items = ((names[index], places[index], *pairs[index]) for index in range(len(pairs)))
    description = {"class": type(pairs).__name__, "name": _set_name(places), "pairs": len(pairs)}
    return Truth(items, len(pairs), names, description)


def _batches_truth(batches: Batches) -> Truth:
    if batches.training or batches.shuffle:
        raise ValueError(
            "these batches are shuffled and jittered for training, so that every evaluation would "
            "measure other pictures: make them with kgen.data.Batches(pairs, training=False, ...)"
        )
    places = [batches.pairs.name(index) for index in range(len(batches.pairs))]
    truth = _any_batches((batches[index] for index in range(len(batches))), places, "Batches")
    size = [side for side in batches.target_shape[:2] if side is not None]
    described = {"name": _set_name(places), "pairs": len(places), "size": size or "as stored"}
    count = min(len(places), len(batches) * batches.batch_size)
    return Truth(truth.items, count, truth.names, {"class": "Batches", **described})


def _any_batches(batches: Iterator[Any], places: list[str] | None, kind: str) -> Truth:
    names = short_names(places) if places else None

    def stream() -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
        index = 0
        for batch in batches:
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise ValueError(
                    "data must yield pairs, (source, target); received "
                    f"{type(batch).__name__}. Leave sample weights out."
                )
            for source, real in zip(*map(to_numpy, batch), strict=True):
                place = places[index] if places else f"pair {index}"
                yield (names[index] if names else place), place, source, real
                index += 1

    return Truth(stream(), None, names, {"class": kind})


def _plain_truth(stored: Stored) -> Truth:
    names = stored.names or stored.places
    items = (
        (name, place, None, stored.read(index))
        for index, (name, place) in enumerate(zip(names, stored.places, strict=True))
    )
    return Truth(items, len(names), stored.names, stored.description)


# ---------------------------------------------------------------------- small parts


def short_names(places: list[str]) -> list[str]:
    """File names without folders and endings where that keeps them apart.

    Example:

    >>> short_names(["maps/val/1.jpg", "maps/val/2.jpg"]), short_names(["a/1.png", "b/1.png"])
    (['1', '2'], ['a/1.png', 'b/1.png'])
    """
    stems = [Path(place).stem for place in places]
    return stems if len(set(stems)) == len(stems) else list(places)


def _set_name(places: list[str]) -> str:
    """The folders that hold a set, the last two: `maps/val`."""
    return "/".join(Path(places[0]).parts[:-1][-2:]).strip("/") if places else ""


def _stored_folder(folder: Path, mode: Mode, what: str) -> Stored:
    paths = list_images(folder)
    twice = [files for files in by_stem(paths).values() if len(files) > 1]
    if twice:
        shown = " and ".join(path.name for path in twice[0])
        raise ValueError(f"{folder}: {shown} have one name, so neither can be matched: remove one")
    description = {"class": "folder", "name": folder.resolve().name, what: len(paths)}
    return Stored(
        [str(path) for path in paths],
        lambda index: read_image(paths[index], mode),
        [path.stem for path in paths],
        description,
        folder,
    )


def _stored_array(images: np.ndarray) -> Stored:
    if images.ndim not in (3, 4):
        raise ValueError(f"an array of pictures is (N, H, W, C) or (N, H, W); got {images.shape}")
    places = [f"image {index}" for index in range(len(images))]
    described = {"class": "array", "shape": list(images.shape)}
    return Stored(places, lambda index: images[index], None, described)


def _describe_model(model: Any) -> dict[str, Any]:
    described = {"class": type(model).__name__, "name": model.name}
    for name in ("preset", "inference_mode"):
        if isinstance(getattr(model, name, None), str):
            described[name] = getattr(model, name)
    if hasattr(model, "step"):
        described["steps trained"] = int(model.step)
    described["weights"] = int(getattr(model, "generator", model).count_params())
    return described


def to_numpy(images: Any) -> np.ndarray:
    if isinstance(images, np.ndarray):
        return images
    return np.asarray(keras.ops.convert_to_numpy(images))

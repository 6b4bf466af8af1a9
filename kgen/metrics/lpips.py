"""LPIPS: how different two pictures look to a network that was trained to recognise things.

The distance is a sum over layers of squared differences of normalized features, weighted by heads
that were fitted to human judgements. The heads (v0.1) are shipped; the trunks are not. Each trunk
gives other numbers, so the trunk is part of every result's name: `lpips_alex`, `lpips_vgg`, ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.metrics.images import ValueRange, count_images, named_pairs, progress, unit_images
from kgen.metrics.keras_metrics import PerImageMean
from kgen.metrics.lpips_trunks import SMALLEST, TRUNKS, build_trunk, shipped_heads
from kgen.metrics.running import in_batches

EPSILON = 1e-10  # added to the length of a feature vector


def feature_distances(real: Sequence[Any], fake: Sequence[Any], heads: Sequence[np.ndarray]) -> Any:
    """LPIPS of each layer: mean over pixels of sum_c w_c (f_c / |f| - g_c / |g|)^2.

    Zhang et al., 2018, equation 1. The LPIPS distance is the sum over the layers.

    Args:
        real: features of the real images, one float (N, h, w, c) for each layer.
        fake: features of the generated images, likewise.
        heads: weights of the channels, one (c,) for each layer; none below 0.

    Returns:
        (N, layers) tensor.

    Example:

    >>> one, other = np.zeros((1, 2, 2, 2), "float32"), np.zeros((1, 2, 2, 2), "float32")
    >>> one[..., 0], other[..., 1] = 3.0, 5.0  # orthogonal: each channel differs by 1
    >>> ops.convert_to_numpy(feature_distances([one], [other], [np.array([0.5, 0.25])])).tolist()
    [[0.75]]
    """
    values = []
    for f, g, head in zip(real, fake, heads, strict=True):
        difference = ops.square(ops.subtract(_unit(f), _unit(g)))
        weighted = ops.multiply(difference, np.asarray(head, "float32"))
        values.append(ops.mean(ops.sum(weighted, axis=-1), axis=(1, 2)))
    return ops.stack(values, axis=1)


def _unit(features: Any) -> Any:
    # the lower bound changes no value, but without it the gradient at 0 would be NaN
    squares = ops.maximum(ops.sum(ops.square(features), axis=-1, keepdims=True), EPSILON**2)
    return ops.divide(features, ops.sqrt(squares) + EPSILON)


class LPIPSNetwork:
    """A trunk with its heads: calling it gives the distances of a batch, with gradients.

    Args:
        trunk: Keras model from float images (N, H, W, 3) in [-1, 1] to a list of feature maps.
        heads: weights of the channels, one (c,) for each feature map.
        name: of the results, `lpips_vgg` say.
        smallest: pixels that images must have on each side. Default 1.

    Raises:
        ValueError: heads that do not fit the feature maps, or are below 0 or not finite.

    Example:

    >>> network = lpips_network("stand_in")
    >>> images = np.zeros((2, 16, 16, 3), "float32")
    >>> network.name, tuple(network(images, images).shape)
    ('lpips_stand_in', (2,))
    """

    def __init__(
        self, trunk: keras.Model, heads: Sequence[np.ndarray], name: str, smallest: int = 1
    ) -> None:
        self.trunk, self.name, self.smallest = trunk, name, smallest
        self.heads = tuple(np.asarray(head, "float32").reshape(-1) for head in heads)
        _check_heads(self.heads, [tap.shape[-1] for tap in trunk.outputs], name)
        trunk.trainable = False
        real, fake = (keras.Input((None, None, 3), name=which) for which in ("real", "fake"))
        distances = feature_distances(_listed(trunk(real)), _listed(trunk(fake)), self.heads)
        self.model = keras.Model([real, fake], distances, name=name)
        self.model.trainable = False
        self.run = in_batches(self.model)  # numpy in and out, without gradients

    def layer_distances(self, real: Any, fake: Any) -> Any:
        """Distances of each layer, (N, layers), of float images (N, H, W, 3) in [-1, 1]."""
        pair = [ops.convert_to_tensor(images) for images in (real, fake)]
        return self.model(pair)

    def __call__(self, real: Any, fake: Any) -> Any:
        """Distances, a float32 tensor (N,), of float images (N, H, W, 3) in [-1, 1]."""
        return ops.sum(self.layer_distances(real, fake), axis=-1)


def _listed(outputs: Any) -> list:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _check_heads(heads: Sequence[np.ndarray], channels: list[int], name: str) -> None:
    if [len(head) for head in heads] != channels:
        raise ValueError(
            f"{name}: the trunk gives maps of {channels} channels, so it needs heads of these "
            f"lengths; got {[len(head) for head in heads]}"
        )
    for i, head in enumerate(heads):
        if not (np.all(np.isfinite(head)) and np.all(head >= 0)):
            raise ValueError(
                f"{name}: head {i} must hold finite weights, none below 0, or the result is no "
                "distance. Take the shipped heads (heads=None)."
            )


def lpips_network(
    trunk: str = "alex",
    weights: str | Path | Mapping[str, np.ndarray] | None = None,
    heads: str | Path | Mapping[str, np.ndarray] | Sequence[np.ndarray] | None = None,
) -> LPIPSNetwork:
    """The LPIPS network of a trunk, its weights read from this machine or downloaded.

    Args:
        trunk: "alex" (default), "vgg", "squeeze": torchvision's networks, as the reference tool
            has them. "keras_vgg": VGG16 of keras.applications under the heads of "vgg", other
            numbers. "stand_in": fixed random weights, for tests and teaching.
        weights: of the trunk: a file, or a state dict by PyTorch's names (torchvision's, or those
            of the package `lpips`). Default: see `kgen.weights.find_weights`.
        heads: a file or state dict with `linK.model.1.weight`, or a list of arrays. Default: v0.1.

    Raises:
        ValueError: unknown trunk; weights or heads of another network.
        FileNotFoundError: the trunk's weights are neither here nor to be downloaded; says which
            file is missing, its size and where to put it.

    Example:

    >>> lpips_network("stand_in").name
    'lpips_stand_in'
    """
    if trunk not in TRUNKS:
        raise ValueError(f"unknown LPIPS trunk {trunk!r}; there are {', '.join(TRUNKS)}")
    model = build_trunk(trunk, weights)
    return LPIPSNetwork(model, shipped_heads(trunk, heads), f"lpips_{trunk}", SMALLEST[trunk])


def lpips(
    real: Any,
    fake: Any,
    network: LPIPSNetwork | str = "alex",
    value_range: ValueRange = None,
    batch_size: int = 8,
    verbose: int = 0,
) -> np.ndarray:
    """LPIPS distance of each pair of images: 0 for equal ones, about 0.5 for unlike ones.

    Args:
        real: (N, H, W, C) of 3 channels or 1, uint8, uint16 or float; a list of images; or a folder
            of image files.
        fake: likewise; folders are paired by the files' names.
        network: of `lpips_network`, or its trunk's name (then it is built anew by each call).
        value_range: (low, high) of float images; integers imply theirs.
        batch_size: pairs at a time. Default 8.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        (N,) float64.

    Raises:
        ValueError: sizes that differ, values that are not finite or outside of the range, floats
            without a range, missing partners, images too small for the trunk.
        FileNotFoundError: weights are missing; see `lpips_network`.

    Example:

    >>> real = np.zeros((3, 16, 24, 3), "uint8")
    >>> lpips(real, real, "stand_in").tolist()
    [0.0, 0.0, 0.0]
    """
    network = lpips_network(network) if isinstance(network, str) else network
    total = count_images(real) if verbose else None
    values: list[np.ndarray] = []
    images = progress(named_pairs(real, fake), verbose, total)
    for batch in _batches(images, network, value_range, batch_size):
        sides = [np.stack(side) for side in zip(*batch, strict=True)]
        values.append(network.run(*sides, batch_size=batch_size)[0].astype(np.float64).sum(axis=-1))
    if not values:
        raise ValueError("there is no image to measure: both sets are empty")
    distances = np.concatenate(values)
    if not np.all(np.isfinite(distances)):
        raise ValueError(f"{network.name}: the network gives values that are not finite")
    return distances


def _batches(
    pairs: Iterator, network: LPIPSNetwork, value_range: ValueRange, batch_size: int
) -> Iterator[list]:
    """Pairs as float images in [-1, 1], in lists of one size."""
    batch: list = []
    for name, image, other, partner in pairs:
        pair = [_signed(image, name, value_range), _signed(partner, other, value_range)]
        _check_sizes(name, pair[0].shape, other, pair[1].shape, network)
        if batch and (len(batch) == batch_size or batch[0][0].shape != pair[0].shape):
            yield batch
            batch = []
        batch.append(pair)
    if batch:
        yield batch


def _signed(image: Any, name: str, value_range: ValueRange) -> np.ndarray:
    unit = unit_images(image, value_range=value_range, names=(name,))[0]
    if unit.shape[-1] not in (1, 3):
        raise ValueError(
            f"{name}: LPIPS looks at colours (3 channels) or grey (1); got {unit.shape[-1]} "
            "channels. Choose three of them."
        )
    return np.broadcast_to((unit * 2 - 1).astype(np.float32), (*unit.shape[:2], 3))


def _check_sizes(
    name: str, shape: tuple, other: str, partner: tuple, network: LPIPSNetwork
) -> None:
    if shape != partner:
        raise ValueError(
            f"{name} is {shape[:2]} and {other} is {partner[:2]}: both images of a pair must have "
            "one size. Resize one of them (kgen.data.resize)."
        )
    if min(shape[:2]) < network.smallest:
        raise ValueError(
            f"{name}: {network.name} needs images of at least {network.smallest} pixels a side; "
            f"got {shape[0]}x{shape[1]}. Measure larger images, or take another trunk."
        )


@keras.saving.register_keras_serializable("kgen")
class LPIPS(PerImageMean):
    """Mean over images of the LPIPS distance, for `compile(metrics=[...])`: `kgen.metrics.lpips`.

    Args:
        network: of `lpips_network`, or its trunk's name. Default "alex".
        value_range: (low, high) of float images. Default (-1, 1), what networks give.
        name: in the logs. Default: the network's, `lpips_alex`.
        dtype: of the result. Default float32.

    Example:

    >>> metric = LPIPS("stand_in")
    >>> metric.update_state(np.zeros((2, 16, 16, 3), "uint8"), np.zeros((2, 16, 16, 3), "uint8"))
    >>> metric.name, float(metric.result())
    ('lpips_stand_in', 0.0)
    """

    def __init__(
        self,
        network: LPIPSNetwork | str = "alex",
        value_range: ValueRange = (-1.0, 1.0),
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        network = lpips_network(network) if isinstance(network, str) else network
        super().__init__(value_range, name or network.name, dtype)
        self.network = network
        self._direction = "down"

    def measure(self, real: Any, fake: Any) -> Any:
        return self.network(*(_coloured(images * 2.0 - 1.0, self.name) for images in (real, fake)))

    def get_config(self) -> dict:
        return {**super().get_config(), "network": self.network.name.removeprefix("lpips_")}


def _coloured(images: Any, name: str) -> Any:
    if images.shape[-1] not in (1, 3):
        raise ValueError(
            f"{name} looks at colours (3 channels) or grey (1); got {tuple(images.shape)}"
        )
    return ops.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images

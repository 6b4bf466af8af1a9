"""The networks that LPIPS looks through, and the heads that go with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen.networks import alexnet, squeezenet, vgg16
from kgen.networks.stand_in import WIDTHS, stand_in
from kgen.weights import LPIPS_HEADS, find_weights, load_torch_state, read_state
from kgen.weights.applications import keras_vgg16

# torchvision's ImageNet mean and deviation, for images in [-1, 1]
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red of 0..255
KERAS_TAPS = (*("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"),)
# trunk -> its network, the name of its weights, the smallest image
TORCHVISION: dict[str, tuple[Any, str]] = {
    "alex": (alexnet, "alexnet"),
    "vgg": (vgg16, "vgg16"),
    "squeeze": (squeezenet, "squeezenet1_1"),
}
TRUNKS = (*TORCHVISION, "keras_vgg", "stand_in")
SMALLEST = {"alex": 31, "vgg": 16, "squeeze": 17, "keras_vgg": 16, "stand_in": 4}


def build_trunk(trunk: str, weights: str | Path | Mapping[str, np.ndarray] | None) -> keras.Model:
    """A trained trunk: float images (N, H, W, 3) in [-1, 1] -> feature maps."""
    if trunk == "stand_in":
        if weights is not None:
            raise ValueError("the stand-in has fixed random weights; leave weights out")
        return stand_in()
    images = keras.Input((None, None, 3), name="images", dtype="float32")
    if trunk == "keras_vgg":
        if isinstance(weights, Mapping):
            raise ValueError("keras_vgg takes its weights from a file (.h5); got a state dict")
        network = keras_vgg16(weights)
        taps = [network.get_layer(name).output for name in KERAS_TAPS]
        network = keras.Model(network.input, taps, name="keras_vgg16")
        normalized = ops.flip((images + 1.0) * 127.5, axis=-1) - np.array(CAFFE_MEAN, "float32")
    else:
        build, file = TORCHVISION[trunk]
        network = _with_torch_weights(build(kernel_initializer="zeros"), file, weights)
        normalized = (images - np.array(SHIFT, "float32")) / np.array(SCALE, "float32")
    return keras.Model(images, network(normalized), name=f"{trunk}_trunk")


def _with_torch_weights(
    network: keras.Model, file: str, weights: str | Path | Mapping[str, np.ndarray] | None
) -> keras.Model:
    if isinstance(weights, Mapping):
        state, source = weights, "weights"
    else:
        path = find_weights(file, weights)
        state, source = read_state(path, ("features.", "net.")), str(path)
    # the package `lpips` sorts torchvision's modules into slices: net.slice2.3 is features.3
    state = {re.sub(r"^net\.slice\d+\.", "features.", name): state[name] for name in state}
    return load_torch_state(network, state, source)


def shipped_heads(
    trunk: str, heads: str | Path | Mapping[str, np.ndarray] | Sequence[np.ndarray] | None
) -> list[np.ndarray]:
    """The heads of a trunk: the given ones, or v0.1 (all channels alike for the stand-in)."""
    if heads is None:
        if trunk == "stand_in":
            return [np.full(width, 1 / len(WIDTHS), "float32") for width in WIDTHS]
        heads = LPIPS_HEADS / f"{trunk.removeprefix('keras_')}.pth"
    if isinstance(heads, str | Path):
        heads = read_state(heads, "lin")
    if isinstance(heads, Mapping):
        names = sorted(name for name in heads if re.fullmatch(r"lin\d+\.model\.1\.weight", name))
        return [np.asarray(heads[name]).reshape(-1) for name in names]
    return [np.asarray(head).reshape(-1) for head in heads]

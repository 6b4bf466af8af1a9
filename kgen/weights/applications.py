"""The trunks of keras.applications, with weights from a file that was found or given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import keras

from kgen.weights.find import find_weights


def keras_vgg16(path: str | Path | None = None) -> keras.Model:
    """VGG16 of keras.applications without its classifier, trained.

    These are the weights of the Caffe model, which is not torchvision's VGG16.

    Input: float32 (B, H, W, 3), BGR, 0..255 minus (103.939, 116.779, 123.68).

    Args:
        path: weights file (.h5). Default: see `find_weights`.

    Raises:
        FileNotFoundError: no weights; says where to put them.
        ValueError: not the weights of this network.
    """
    path = find_weights("keras_vgg16", path)
    with _float32():
        network = keras.applications.VGG16(
            include_top=False, weights=None, input_shape=(None, None, 3)
        )
    return _load(network, path)


def keras_inception(path: str | Path | None = None) -> keras.Model:
    """InceptionV3 of keras.applications, trained; its outputs are the features and the logits.

    It was trained by Keras' authors and is not the Inception of 2015 that FID is defined with.

    Input: float32 (B, 299, 299, 3) in [-1, 1]. Output: float32 (B, 2048) and (B, 1000).

    Args:
        path: weights file (.h5). Default: see `find_weights`.

    Raises:
        FileNotFoundError: no weights; says where to put them.
        ValueError: not the weights of this network.
    """
    path = find_weights("keras_inception", path)
    with _float32():
        network = keras.applications.InceptionV3(weights=None, classifier_activation=None)
    _load(network, path)
    features = network.get_layer("avg_pool").output
    return keras.Model(network.input, [features, network.output], name="keras_inception")


def _load(network: keras.Model, path: Path) -> keras.Model:
    try:
        network.load_weights(str(path))
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"{path}: does not hold the weights of keras.applications' {network.name} ({error}). "
            "Download it again, or let KGEN_WEIGHTS name another folder."
        ) from error
    return network


@contextlib.contextmanager
def _float32() -> Iterator[None]:
    """Metrics compute in float32 whatever the policy that a model trains with."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

"""What batch normalization and dropout do outside of training, for a whole network at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import keras

from kgen.layers.batch_normalization import BatchNormalization
from kgen.layers.dropout import Dropout

# inference mode -> (batch normalization's statistics, whether dropout stays on)
INFERENCE_MODES = {
    "instance": ("instance", False),
    "paper": ("batch", True),
    "moving": ("moving", False),
}


def set_inference_mode(networks: Iterable[keras.Model | None], mode: str) -> str:
    """Set what kgen's batch normalization and dropout do at inference in all given networks.

    Args:
        networks: Keras models, networks inside of them included; None is skipped.
        mode: `"instance"`: statistics of each single image, no dropout. `"paper"`: statistics of
            the batch and dropout on, as in training. `"moving"`: moving averages, no dropout.

    Returns:
        the mode.

    Raises:
        ValueError: unknown mode.
    """
    if mode not in INFERENCE_MODES:
        raise ValueError(
            f"inference_mode must be one of {', '.join(INFERENCE_MODES)}; got {mode!r}"
        )
    statistics, drops = INFERENCE_MODES[mode]
    for network in filter(None, networks):
        for layer in all_layers(network):
            if isinstance(layer, BatchNormalization):
                layer.inference_statistics = statistics
            elif isinstance(layer, Dropout):
                layer.at_inference = drops
    return mode


def all_layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a network and of the networks inside of it."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)
        else:
            yield layer

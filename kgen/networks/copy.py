"""A second network of the same weights."""

from __future__ import annotations

import keras


def copy_network(network: keras.Model) -> keras.Model:
    """Return a network of its own with the layers and weights of another, not to be trained.

    For a moving average of the weights, or to keep what a network was.

    Example:

    >>> import keras
    >>> from kgen.networks import copy_network
    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> copy = copy_network(network)
    >>> copy.trainable, bool((copy.get_weights()[0] == network.get_weights()[0]).all())
    (False, True)
    """
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy

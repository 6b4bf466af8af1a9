"""The four pix2pix recipes that are around, as plain numbers.

Each preset is what the named source does; `Pix2Pix.from_preset` takes any of its entries as an
argument. Entries of `generator` and `discriminator` are arguments of `kgen.networks.unet` (or
`resnet_generator`) and `patch_discriminator`; the others are arguments of `Pix2Pix`.
"""

from __future__ import annotations

from typing import Any

# The paper and its Lua code: N(1, 0.02) scales, dropout in the innermost three up blocks.
_PAPER: dict[str, Any] = {
    "generator": {"dropout_levels": "paper"},
    "discriminator": {},
    "model": {"inference_mode": "instance", "d_loss_weight": 0.5},
}

# Keras' defaults of batch normalization, which two of the recipes run with.
_KERAS_NORM: dict[str, Any] = {"epsilon": 1e-3, "momentum": 0.99, "gamma_stddev": 0.0}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "paper": _PAPER,
    # junyanz/pytorch-CycleGAN-and-pix2pix: as the paper's code, dropout one block further out.
    "torch": {**_PAPER, "generator": {"dropout_levels": "torch"}},
    # The TensorFlow tutorial: batch normalization at the bottleneck, ReLU before the skip joins,
    # LeakyReLU of slope 0.3, discriminator loss not halved.
    "tf_tutorial": {
        "generator": {
            "dropout_levels": "paper",
            "bottleneck_normalization": True,
            "relu_before_concat": True,
            "concat_order": "up_first",
            "negative_slope": 0.3,
            **_KERAS_NORM,
        },
        "discriminator": {"first_bias": False, "negative_slope": 0.3, **_KERAS_NORM},
        "model": {"inference_mode": "paper", "d_loss_weight": 1.0},
    },
    # The walk-through that kgen began with: bias everywhere, `same` padding in the discriminator,
    # batch statistics and dropout at test time.
    "seed": {
        "generator": {
            "dropout_levels": "paper",
            "concat_order": "up_first",
            "use_bias": True,
            **_KERAS_NORM,
        },
        "discriminator": {"padding": "same", "use_bias": True, **_KERAS_NORM},
        "model": {"inference_mode": "paper", "d_loss_weight": 0.5},
    },
}

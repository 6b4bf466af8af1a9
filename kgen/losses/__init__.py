"""Losses as plain functions of tensors, written with `keras.ops`."""

from kgen.losses.gan import GAN_MODES, fake_loss, generator_loss, real_loss
from kgen.losses.penalties import gradient_penalty, r1_penalty

__all__ = [
    "GAN_MODES",
    "fake_loss",
    "generator_loss",
    "gradient_penalty",
    "r1_penalty",
    "real_loss",
]

"""Losses as plain functions of tensors, written with `keras.ops`."""

from kgen.losses.divergence import gaussian_kl
from kgen.losses.gan import GAN_MODES, fake_loss, generator_loss, real_loss
from kgen.losses.mode_seeking import mode_seeking_loss
from kgen.losses.penalties import gradient_penalty, r1_penalty

__all__ = [
    "GAN_MODES",
    "fake_loss",
    "gaussian_kl",
    "generator_loss",
    "gradient_penalty",
    "mode_seeking_loss",
    "r1_penalty",
    "real_loss",
]

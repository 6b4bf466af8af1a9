"""Networks that several systems use: functions that build functional Keras models."""

from kgen.networks.patch_discriminator import patch_discriminator
from kgen.networks.resnet_generator import resnet_generator
from kgen.networks.unet import unet

__all__ = ["patch_discriminator", "resnet_generator", "unet"]

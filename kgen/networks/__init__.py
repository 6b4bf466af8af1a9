"""Networks that several systems use: functions that build functional Keras models."""

from kgen.networks.alexnet import alexnet
from kgen.networks.copy import copy_network
from kgen.networks.inception2015 import inception2015
from kgen.networks.patch_discriminator import patch_discriminator
from kgen.networks.resnet_generator import resnet_generator
from kgen.networks.squeezenet import squeezenet
from kgen.networks.stand_in import stand_in
from kgen.networks.unet import unet
from kgen.networks.vgg16 import vgg16

__all__ = [
    "alexnet",
    "copy_network",
    "inception2015",
    "patch_discriminator",
    "resnet_generator",
    "squeezenet",
    "stand_in",
    "unet",
    "vgg16",
]

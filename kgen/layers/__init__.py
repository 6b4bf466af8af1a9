"""Layers that Keras lacks or does otherwise than the papers; one concept in each file."""

from kgen.layers.batch_normalization import BatchNormalization
from kgen.layers.concatenate_code import ConcatenateCode
from kgen.layers.conditioning_augmentation import ConditioningAugmentation
from kgen.layers.conv2d_transpose import Conv2DTranspose
from kgen.layers.diff_augment import DiffAugment
from kgen.layers.dropout import Dropout
from kgen.layers.image_pool import ImagePool
from kgen.layers.inference_modes import INFERENCE_MODES, all_layers, set_inference_mode
from kgen.layers.instance_normalization import InstanceNormalization
from kgen.layers.reflection_padding import ReflectionPadding2D
from kgen.layers.spectral_normalization import SpectralNormalization
from kgen.layers.upsample_conv import UpsampleConv2D

__all__ = [
    "INFERENCE_MODES",
    "BatchNormalization",
    "ConcatenateCode",
    "ConditioningAugmentation",
    "Conv2DTranspose",
    "DiffAugment",
    "Dropout",
    "ImagePool",
    "InstanceNormalization",
    "ReflectionPadding2D",
    "SpectralNormalization",
    "UpsampleConv2D",
    "all_layers",
    "set_inference_mode",
]

"""The stacked attribute GAN: attributes to a shape, a shape to a picture (Zhao)."""

from kgen.attribute_gan.attribute_to_shape import AttributeToShape
from kgen.attribute_gan.discriminators import conditional_discriminator, map_discriminator
from kgen.attribute_gan.evaluation import evaluate_chain
from kgen.attribute_gan.judges import Judges, attribute_classifier, segmenter
from kgen.attribute_gan.networks import mask_generator, picture_generator, residual_generator
from kgen.attribute_gan.presets import PICTURE_PRESETS, SHAPE_PRESETS
from kgen.attribute_gan.shape_to_image import ShapeToImage
from kgen.attribute_gan.stacked import StackedAttributeGAN
from kgen.attribute_gan.training import StagesResult, train_stages

__all__ = [
    "PICTURE_PRESETS",
    "SHAPE_PRESETS",
    "AttributeToShape",
    "Judges",
    "ShapeToImage",
    "StackedAttributeGAN",
    "StagesResult",
    "attribute_classifier",
    "conditional_discriminator",
    "evaluate_chain",
    "map_discriminator",
    "mask_generator",
    "picture_generator",
    "residual_generator",
    "segmenter",
    "train_stages",
]

"""The cross-view generator (Yang et al., 2024) and SAIG, the retrieval network that guides it."""

from kgen.cross_view.cache import cached_embeddings
from kgen.cross_view.discriminators import cross_view_discriminator
from kgen.cross_view.evaluation import evaluate_cross_view
from kgen.cross_view.generator import cross_view_generator
from kgen.cross_view.model import CrossViewGenerator
from kgen.cross_view.perceptual import perceptual_loss
from kgen.cross_view.presets import ABLATIONS, PRESETS
from kgen.cross_view.published import (
    PUBLISHED,
    PUBLISHED_ABLATIONS,
    PUBLISHED_EMBEDDERS,
    PUBLISHED_PIX2PIX,
)
from kgen.cross_view.retrieval import RetrievalModel
from kgen.cross_view.saig_network import SAIG_PRESETS, saig
from kgen.cross_view.saig_weights import load_saig_checkpoint
from kgen.cross_view.schedules import CosineSchedule, LinearSchedule

__all__ = [
    "ABLATIONS",
    "PRESETS",
    "PUBLISHED",
    "PUBLISHED_ABLATIONS",
    "PUBLISHED_EMBEDDERS",
    "PUBLISHED_PIX2PIX",
    "SAIG_PRESETS",
    "CosineSchedule",
    "CrossViewGenerator",
    "LinearSchedule",
    "RetrievalModel",
    "cached_embeddings",
    "cross_view_discriminator",
    "cross_view_generator",
    "evaluate_cross_view",
    "load_saig_checkpoint",
    "perceptual_loss",
    "saig",
]

"""The cross-view generator (Yang et al., 2024) and SAIG, the retrieval network that guides it."""

from kgen.cross_view.discriminators import cross_view_discriminator
from kgen.cross_view.generator import cross_view_generator

__all__ = ["cross_view_discriminator", "cross_view_generator"]

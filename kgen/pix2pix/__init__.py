"""pix2pix: paired image translation (Isola et al., 2017)."""

from kgen.pix2pix.model import Pix2Pix
from kgen.pix2pix.presets import PRESETS

__all__ = ["PRESETS", "Pix2Pix"]

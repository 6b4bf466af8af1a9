"""The two residual blocks of the cross-view generator, and the convolutions they are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers

from kgen.cross_view.modulation import (
    AttentionalModulation,
    LayerScale,
    PixelNoise,
    StyleModulation,
)
from kgen.layers import InstanceNormalization, SpectralNormalization, UpsampleConv2D


@dataclass
class Blocks:
    """Makes the blocks of one generator, each layer with a seed of its own.

    Args:
        hidden: units of the embedding's dense layers, the paper's embedding size.
        attention: whether modulation by the embedding has a weight map (ablation ii).
        retrieval_fusion: whether the embedding modulates at all; else plain instance
            normalization takes its place (ablation iv).
        spectral_norm: of all 3x3 convolutions in the blocks.
        layer_scale: start of the per-channel scale of a facade block's residual.
        noise_injection: per-pixel noise after a facade block's first convolution.
        seed: of the first layer; the following count on.
    """

    hidden: int
    attention: bool = True
    retrieval_fusion: bool = True
    spectral_norm: bool = True
    layer_scale: float = 1e-5
    noise_injection: bool = False
    seed: int = 0
    _drawn: int = field(default=0, init=False)

    def next_seed(self) -> int:
        """A seed that no other layer of the network has."""
        self._drawn += 3  # a modulation layer draws three kernels
        return self.seed + self._drawn

    def glorot(self) -> keras.initializers.Initializer:
        """The initializer of the next kernel."""
        return keras.initializers.GlorotUniform(seed=self.next_seed())

    def convolution(self, x: Any, filters: int, name: str, upsample: bool = False) -> Any:
        """conv3x3, spectrally normalized, with doubling in front of it where asked for."""
        options = {"kernel_initializer": self.glorot(), "name": f"{name}_kernel"}
        layer: layers.Layer = (
            UpsampleConv2D(filters, **options)
            if upsample
            else layers.Conv2D(filters, 3, padding="same", **options)
        )
        return (SpectralNormalization(layer, name=name) if self.spectral_norm else layer)(x)

    def modulate(self, x: Any, embedding: Any, name: str) -> Any:
        """Attentional AdaIN of normalized features; the features themselves without fusion."""
        if not self.retrieval_fusion:
            return x
        layer = AttentionalModulation(self.hidden, self.attention, self.next_seed(), name=name)
        return layer([x, embedding])

    def structure(self, x: Any, embedding: Any, filters: int, name: str) -> Any:
        """ResBlock-S: twice the height and width.

        att -> lrelu -> up -> conv -> att -> lrelu -> conv, plus att -> up of the input. A 1x1
        convolution without bias joins them where the number of channels changes.

        Args:
            x: (B, H, W, C).
            embedding: (B, E).
            filters: channels of the result.
            name: begins the names of the layers.

        Returns:
            (B, 2H, 2W, filters).
        """
        normalized = InstanceNormalization(name=f"{name}_instance1")(x)
        h = leaky(self.modulate(normalized, embedding, f"{name}_norm1"))
        h = self.convolution(h, filters, f"{name}_conv1", upsample=True)
        h = InstanceNormalization(name=f"{name}_instance2")(h)
        h = leaky(self.modulate(h, embedding, f"{name}_norm2"))
        h = self.convolution(h, filters, f"{name}_conv2")
        skip = self.modulate(normalized, embedding, f"{name}_norm_s")
        if x.shape[-1] != filters:  # of single pixels, so before doubling it costs a quarter
            skip = layers.Conv2D(
                filters, 1, use_bias=False, kernel_initializer=self.glorot(), name=f"{name}_skip"
            )(skip)
        skip = layers.UpSampling2D(2, interpolation="nearest", name=f"{name}_up")(skip)
        return layers.Add(name=name)([skip, h])

    def facade(self, x: Any, embedding: Any, style: Any | None, filters: int, name: str) -> Any:
        """ResBlock-T: the style sets the look, a residual of the embedding corrects it.

        h = conv(up(lrelu(AdaIN(x, w)))); h + s (att -> lrelu -> conv, twice).

        Args:
            x: (B, H, W, C).
            embedding: (B, E).
            style: (B, S); None for plain instance normalization (ablation iii).
            filters: channels of the result.
            name: begins the names of the layers.

        Returns:
            (B, 2H, 2W, filters).
        """
        h = InstanceNormalization(name=f"{name}_instance0")(x)
        if style is not None:
            h = StyleModulation(self.next_seed(), name=f"{name}_style")([h, style])
        h = self.convolution(leaky(h), filters, f"{name}_conv0", upsample=True)
        if self.noise_injection:
            h = PixelNoise(self.next_seed(), name=f"{name}_noise")(h)
        q = h
        for i in (1, 2):
            q = InstanceNormalization(name=f"{name}_instance{i}")(q)
            q = leaky(self.modulate(q, embedding, f"{name}_norm{i}"))
            q = self.convolution(q, filters, f"{name}_conv{i}")
        q = LayerScale(self.layer_scale, name=f"{name}_scale")(q)
        return layers.Add(name=name)([h, q])

    def picture(self, x: Any, name: str) -> Any:
        """lrelu, conv3x3 to three colours, tanh: float32 in [-1, 1]."""
        x = layers.Conv2D(3, 3, padding="same", kernel_initializer=self.glorot(), name=name)(
            leaky(x)
        )
        return layers.Activation("tanh", dtype="float32", name=f"{name}_tanh")(x)


def leaky(x: Any) -> Any:
    """LeakyReLU of slope 0.2."""
    return layers.LeakyReLU(0.2)(x)

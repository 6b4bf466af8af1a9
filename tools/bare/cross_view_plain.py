"""The cross-view generator's losses written plainly: what kgen's are held against.

The networks are kgen's, so that the mathematics is the same, but built with up-sampling and
convolution one after the other (`plain_layers`). Each loss computes all that it needs: the
generator runs anew for the discriminators' step and for its own, embeddings are computed in every
step, and the diversity term has a whole second pass of the generator. `cross_view_loops` trains
with them.
"""

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import keras
from keras import layers, ops

from kgen.layers import UpsampleConv2D

WEIGHTS = {"l1": 50.0, "perceptual": 50.0, "identity": 10.0, "diversity": 0.1}


class PlainUpsampleConv2D(UpsampleConv2D):
    """The same layer as it is written in the paper: copy pixels, then convolve 3x3."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        doubled = layers.UpSampling2D(2, interpolation="nearest")(inputs)
        return ops.conv(doubled, kernel, 1, "same", data_format="channels_last")


def plain_layers() -> AbstractContextManager:
    """Generators built inside of this context have the plain layer."""
    return mock.patch("kgen.cross_view.blocks.UpsampleConv2D", PlainUpsampleConv2D)


class Game:
    """The losses of Yang et al., 2024, from the networks of a `CrossViewGenerator`.

    Args:
        model: whose networks are taken.
        perceptual: an `LPIPSNetwork`.
    """

    def __init__(self, model: Any, perceptual: Any) -> None:
        self.generator = model.generator
        self.judges = model.discriminator, model.coarse_discriminator
        self.source, self.target = model.source, model.target
        self.read_source, self.read_target = model.source_embedder, model.target_embedder
        self.augmentation, self.perceptual = model.augmentation, perceptual
        self.read_source.trainable = self.read_target.trainable = False
        self.variables = {
            "d": [v for judge in self.judges for v in judge.trainable_variables],
            "g": self.generator.trainable_variables,
        }
        players = (self.generator, *self.judges)
        self.states = [v for network in players for v in network.non_trainable_variables]
        frozen = (self.read_source, self.read_target, perceptual.model)
        self.frozen = [v for network in frozen for v in network.variables]

    def noise(self, batch: dict, draws: Any) -> list:
        """Local noise and z."""
        count = batch[self.target].shape[0]
        return [draws.normal((count, *tensor.shape[1:])) for tensor in self.generator.inputs[1:]]

    def embedding(self, batch: dict) -> Any:
        return embed(self.read_source, batch[self.source])

    def generate(self, r: Any, noise: list) -> tuple:
        """Picture and coarse picture."""
        return self.generator([r, *noise], training=True)[:2]

    def coarse(self, images: Any) -> Any:
        factor = images.shape[1] // self.generator.outputs[1].shape[1]
        return ops.average_pool(images, factor, factor, "valid", data_format="channels_last")

    def augment(self, images: Any, draws: Any) -> Any:
        count, height, width = images.shape[:3]
        numbers = {
            name: draws.uniform(count) for name in ("brightness", "saturation", "contrast")
        }  # of Zhao et al., 2020
        for name, side in (("hole_row", height), ("hole_column", width)):
            places = side + 1 - side // 2 % 2
            numbers[name] = ops.cast(draws.uniform(count) * places, "int32")
        return self.augmentation.apply(images, numbers)

    def d_loss(self, batch: dict, r: Any, made: tuple, draws: Any) -> tuple:
        """Hinge losses on real, generated and mismatched pairs, of both discriminators."""
        target = batch[self.target]
        sums = []
        for judge, real, fake in zip(self.judges, (target, self.coarse(target)), made, strict=True):
            features, match = judge.get_layer("features"), judge.get_layer("match")
            of_real = features(self.augment(real, draws), training=True)
            of_fake = features(self.augment(fake, draws), training=True)
            of_other = ops.roll(of_real, -1, axis=0)
            on_real = ops.mean(ops.relu(1.0 - match([of_real, r], training=True)))
            on_fake = ops.mean(ops.relu(1.0 + match([of_fake, r], training=True)))
            on_other = ops.mean(ops.relu(1.0 + match([of_other, r], training=True)))
            sums.append(on_real + 0.5 * on_fake + 0.5 * on_other)
        return sums[0] + sums[1], {"d_loss": sums[0] + sums[1], "d_coarse": sums[1]}

    def g_loss(self, batch: dict, r: Any, noise: list, draws: Any, diverse: bool) -> tuple:
        """The weighted sum of all terms, from a new pass of the generator."""
        target, made = batch[self.target], self.generate(r, noise)
        judged = [
            -ops.mean(judge([self.augment(picture, draws), r], training=True))
            for judge, picture in zip(self.judges, made, strict=True)
        ]
        terms = {
            "l1": ops.mean(ops.abs(target - made[0])),
            "perceptual": ops.mean(self.perceptual(target, made[0])),
            "identity": self.identity(target, *made),
        }
        if diverse:
            terms["diversity"] = self.diversity(made[0], r, noise, draws)
        loss = judged[0] + judged[1] + sum(WEIGHTS[name] * terms[name] for name in terms)
        values = {f"g_{name}": value for name, value in terms.items()}
        return loss, {
            "g_loss": loss, "g_adversarial": judged[0], "g_coarse": judged[1], **values,
        }  # fmt: skip

    def identity(self, target: Any, picture: Any, coarse: Any) -> Any:
        """1 - cos(R(y), R(x)) for pictures and coarse pictures."""
        total = 0.0
        for fake, real in ((picture, target), (coarse, self.coarse(target))):
            f, g = unit(embed(self.read_target, fake)), unit(embed(self.read_target, real))
            total = total + ops.mean(1.0 - ops.sum(f * ops.stop_gradient(g), axis=-1))
        return total

    def diversity(self, picture: Any, r: Any, noise: list, draws: Any) -> Any:
        """1 / (d_I / d_z + 1e-5) of two pictures of different local noise."""
        other = draws.normal(tuple(noise[0].shape))
        second, _ = self.generate(r, [other, *noise[1:]])
        far, apart = ops.mean(ops.abs(picture - second)), ops.mean(ops.abs(noise[0] - other))
        return 1.0 / (far / apart + 1e-5)


def embed(network: keras.Model, images: Any) -> Any:
    """What a retrieval network makes of images, resized to what it takes."""
    size = network.input_shape[1:3]
    if tuple(images.shape[1:3]) != size:
        images = ops.image.resize(images, size, "bilinear", data_format="channels_last")
    return ops.cast(network(images, training=False), "float32")


def unit(vectors: Any) -> Any:
    return vectors * ops.rsqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))

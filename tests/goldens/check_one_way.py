"""The one-way discriminator of DF-GAN, from which those of the cross-view generator come."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kgen import backend
from kgen.cross_view.blocks import leaky
from kgen.layers import ConcatenateCode
from kgen.losses import fake_loss, generator_loss, real_loss
from tests.goldens.compiled import compiled
from tests.goldens.cross_view_weights import to_keras
from tests.goldens.files import Golden, nchw, nhwc

PENALTY = {"weight": 2.0, "power": 6.0}  # of DF-GAN's gradient penalty


class OneWay:
    """DF-GAN's discriminator: features of a picture, and their match with a code.

    Tao et al., 2022: blocks of a residual (4x4 convolution of stride 2 and 3x3 convolution, each
    with LeakyReLU) scaled by a learned number, beside averages of 2x2 pixels.
    """

    def __init__(self, golden: Golden) -> None:
        self.values = {m.group(1): golden[m.group(0)] for m in golden.matching("w[DC]/(.*)")}
        picture = x = keras.Input(nhwc(golden["real"]).shape[1:])
        x = self._convolution(x, "conv_img")
        for i in range(len([name for name in self.values if name.endswith("gamma")])):
            x = self._block(x, f"DBlocks.{i}")
        self.features = keras.Model(picture, x)
        features, code = keras.Input(x.shape[1:]), keras.Input(golden["cond"].shape[1:])
        x = leaky(self._convolution(ConcatenateCode()([features, code]), "joint_conv.0"))
        x = self._convolution(x, "joint_conv.2", padding="valid")
        self.match = keras.Model([features, code], x)

    def __call__(self, picture: Any, code: Any) -> Any:
        """The logits."""
        return self.match([self.features(picture), code])

    def _block(self, x: Any, name: str) -> Any:
        residual = leaky(self._convolution(x, f"{name}.conv_r.0", strides=2))
        residual = leaky(self._convolution(residual, f"{name}.conv_r.2"))
        if x.shape[-1] != residual.shape[-1]:
            x = self._convolution(x, f"{name}.conv_s")
        x = layers.AveragePooling2D(2)(x)
        return x + residual * float(self.values[f"{name}.gamma"][0])

    def _convolution(self, x: Any, name: str, strides: int = 1, padding: str = "same") -> Any:
        kernel = to_keras(self.values[f"{name}.weight"])
        layer = layers.Conv2D(
            kernel.shape[-1],
            kernel.shape[:2],
            strides,
            padding,
            use_bias=(bias := self.values.get(f"{name}.bias")) is not None,
            kernel_initializer=_constant(kernel),
            bias_initializer=_constant(bias),
        )
        return layer(x)


def _constant(value: np.ndarray | None) -> Any:
    return lambda shape, dtype=None: ops.convert_to_tensor(value)


def check_one_way(golden: Golden) -> None:
    """Logits, hinge losses with the features rolled for mismatched pairs, gradient penalty."""
    judge = OneWay(golden)
    real, fake, code = nhwc(golden["real"]), nhwc(golden["fake"]), golden["cond"]

    def logits(real: Any, fake: Any, code: Any) -> tuple:
        features = judge.features(real)
        others = judge.match([ops.roll(features, -1, axis=0), code])
        return judge.match([features, code]), others, judge(fake, code), _penalty(judge, real, code)

    *judged, penalty = compiled(logits)(real, fake, code)
    on_real, on_other, on_fake = judged
    for name, value in zip(("logit_real", "logit_mis", "logit_fake"), judged, strict=True):
        golden.check(name, nchw(value))
    golden.check("ma_gp", penalty)
    golden.check("err_real", _number(real_loss(on_real, "hinge")))
    golden.check("err_mis", _number(fake_loss(on_other, "hinge")))
    golden.check("err_fake", _number(fake_loss(on_fake, "hinge")))
    golden.check("d_loss_no_gp", _judging(on_real, on_fake, on_other))
    golden.check("g_loss", _number(generator_loss(on_fake, "hinge")))
    patches = [golden[f"fixed_{name}"] for name in ("real", "fake", "mis")]
    golden.check("fixed_d_loss", _judging(*patches))
    golden.check("fixed_g_loss", _number(generator_loss(patches[1], "hinge")))


def _penalty(judge: OneWay, real: Any, code: Any) -> Any:
    """2 E |gradient by picture and code|^6 at real pairs."""
    slopes = [
        backend.gradient(lambda picture: judge(picture, code), real),
        backend.gradient(lambda code: judge(real, code), code),
    ]
    squares = sum(ops.sum(ops.square(ops.reshape(s, (len(s), -1))), axis=1) for s in slopes)
    return PENALTY["weight"] * ops.mean(squares ** (PENALTY["power"] / 2))


def _judging(real: Any, fake: Any, other: Any) -> float:
    losses = real_loss(real, "hinge"), fake_loss(fake, "hinge"), fake_loss(other, "hinge")
    return _number(losses[0] + (losses[1] + losses[2]) / 2)


def _number(value: Any) -> float:
    return float(ops.convert_to_numpy(value))

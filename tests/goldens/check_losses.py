"""Losses, schedule and image pool against the reference's."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
from keras import ops

from kgen import Pix2Pix, backend
from kgen.callbacks import LinearDecay
from kgen.callbacks.linear_decay import linear_decay
from kgen.layers import ImagePool
from kgen.losses import fake_loss, generator_loss, gradient_penalty, real_loss
from tests.goldens.builders import build_discriminator
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden, nhwc


def check_losses(golden: Golden) -> None:
    """Criteria with their gradients, the L1 term, the gradient penalty."""
    for match in golden.matching(r"logits_(\w+)"):
        _check_criteria(golden, match.group(1), nhwc(golden[match.group(0)]))
    if "l1" in golden:
        golden.check("l1", _l1(nhwc(golden["l1_a"]), nhwc(golden["l1_b"])), "values")
    if "gp_value" in golden:
        _check_gradient_penalty(golden)


def _check_criteria(golden: Golden, case: str, logits: np.ndarray) -> None:
    for match in golden.matching(rf"{case}/(\w+)/(\w+)"):
        name, (mode, quantity) = match.group(0), match.groups()
        if quantity.endswith("_grad"):
            expected = nhwc(golden[name])
            for loss in _criteria(mode, quantity.removesuffix("_grad")):
                slopes = _slopes(partial(loss, mode=mode), logits)
                golden.compare(name, slopes, expected, **golden.tolerance("grads"))
        elif golden[name].ndim:  # one value for each image
            loss = _criteria(mode, quantity)[0]
            each = [float(loss(logits[i : i + 1], mode)) for i in range(len(logits))]
            golden.check(name, each, "values")
        else:
            for loss in _criteria(mode, quantity):
                golden.check(name, float(loss(logits, mode)), "values")


def _criteria(mode: str, quantity: str) -> list[Any]:
    """Which of kgen's losses the reference's quantity is; "real" without a player is for both."""
    if quantity in ("D_real", "D_fake", "G"):
        return [{"D_real": real_loss, "D_fake": fake_loss, "G": generator_loss}[quantity]]
    return [real_loss, generator_loss] if quantity == "real" else [fake_loss]


def _slopes(function: Any, inputs: np.ndarray) -> np.ndarray:
    return compiled(lambda x: _pull_ones(function, x))(inputs)


def _pull_ones(function: Any, inputs: Any) -> Any:
    value, _, pull = backend.differentiate(lambda x: (function(x), None), [], inputs)
    return pull(ops.ones_like(value))[1]


def _l1(a: np.ndarray, b: np.ndarray) -> float:
    """The term as pix2pix's generator pays for it."""
    picture = keras.Input((None, None, a.shape[-1]))
    other = keras.Input((None, None, a.shape[-1]))
    generator = keras.Model(picture, keras.layers.Activation("linear")(picture))
    judged = keras.layers.Conv2D(1, 1)(keras.layers.Concatenate()([picture, other]))
    model = Pix2Pix(generator, keras.Model([picture, other], judged))
    batch = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
    return float(model.g_loss(batch, batch[0], training=True)[1]["g_l1"])


def _check_gradient_penalty(golden: Golden) -> None:
    real, fake = nhwc(golden["gp_real"]), nhwc(golden["gp_fake"])
    discriminator, _ = build_discriminator(
        golden.state_dict("gp_sd", "gp_recipe"), *real.shape[1:3]
    )
    shares = golden["gp_alpha"].reshape(-1, 1, 1, 1)
    penalty = compiled(partial(gradient_penalty, discriminator))(real, fake, shares)
    weight = golden.number(r"gradient penalty ([\d.]+)\*", 10.0)
    golden.check("gp_value", weight * float(penalty), "gp")


def check_schedule(golden: Golden) -> None:
    """The linear schedule in both forms: the function, and the rate that the callback sets."""
    rate = golden.number(r"lr0=([\d.e-]+)", 2e-4)
    for match in golden.matching(r"(\d+)_(\d+)_from(\d+)/(\w+)"):
        constant, decay, first = map(int, match.groups()[:3])
        form, epochs = match.group(4), range(first, constant + decay + 1)
        rates = [rate * linear_decay(epoch, constant, decay, form) for epoch in epochs]
        golden.check(match.group(0), rates)
        used = _rates_used(LinearDecay(constant, decay, form), rate, epochs)
        np.testing.assert_allclose(used, rates, rtol=2e-7)  # Keras keeps rates as float32


def _rates_used(callback: LinearDecay, rate: float, epochs: range) -> list[float]:
    optimizer = keras.optimizers.SGD(rate)
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    used = []
    for epoch in epochs:
        callback.on_epoch_begin(epoch - 1)
        used.append(float(optimizer.learning_rate))
        callback.on_epoch_end(epoch - 1, {})
    return used


def check_pool(golden: Golden) -> None:
    """The pool's answers to scalars 0, 1, ... with the draws given: one by one, and in batches."""
    chances, slots = np.nan_to_num(golden["p"]), np.maximum(golden["slot"], 0)
    images = np.arange(len(chances), dtype="float32").reshape(-1, 1, 1, 1)
    for size in (1, 3, len(images)):
        pool = ImagePool(int(golden["pool_size"]))
        pool.build(images.shape)
        exchange, returned = compiled(pool.exchange, pool.variables), []
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            answer = exchange(
                images[part], chances[part].astype("float32"), slots[part].astype("int32")
            )
            returned += np.ravel(answer).tolist()
        golden.check("returned", returned)

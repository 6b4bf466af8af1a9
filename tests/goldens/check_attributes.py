"""The networks and losses of the attribute GAN's stages against StackGAN's and Dong's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import ops

from kgen.attribute_gan import conditional_discriminator, mask_generator, picture_generator
from kgen.attribute_gan.presets import PICTURE_PRESETS, SHAPE_PRESETS
from kgen.layers import ConditioningAugmentation
from kgen.losses import fake_loss, gaussian_kl, generator_loss, real_loss
from tests.goldens.builders import trainable_count, without_drawing
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden, make, nchw, nhwc
from tests.goldens.weights import NORMALIZATION

Values = Mapping[str, np.ndarray]


def check_stackgan(golden: Golden) -> None:
    """Conditioning augmentation, KL, generator, conditional head, and the losses of one step."""
    values = {player: golden.state_dict(player, f"recipe{player}") for player in "GD"}
    generator, discriminator = _stackgan(golden, values["G"], values["D"])
    attributes = golden["attributes"]
    fake, mean, log_variance = _drawn(generator, [attributes, golden["z"]], golden["ca_eps"])
    golden.check("ca_mu", mean, "forward")
    golden.check("ca_logvar", log_variance, "forward")
    golden.check("ca_c", mean + np.exp(0.5 * log_variance) * golden["ca_eps"], "forward")
    golden.check("fake", nchw(fake), "forward")

    features, match = (discriminator.get_layer(name) for name in ("features", "match"))

    def judge(real: Any, fake: Any, code: Any) -> tuple:
        # image i with condition i + 1, the last one left out; each kind has its own statistics
        of_real = features(real, training=True)
        right = match([of_real, code], training=True)
        wrong = match([of_real[:-1], code[1:]], training=True)
        return right, wrong, match([features(fake, training=True), code], training=True)

    real = nhwc(golden.recipe("real_recipe"))
    logits = dict(
        zip(
            ("real", "wrong", "fake"),
            compiled(judge, discriminator.variables)(real, fake, mean),
            strict=True,
        )
    )
    for kind, found in logits.items():
        golden.check(f"logit_{kind}", found.ravel(), "forward")
    _check_sums(golden, logits, mean, log_variance)
    for player, network in (("G", generator), ("D", discriminator)):
        assert trainable_count(network) == golden.entry["params"][player]


def _check_sums(golden: Golden, logits: dict, mean: np.ndarray, log_variance: np.ndarray) -> None:
    """Cross-entropy as StackGAN adds it up, least squares as the paper does."""

    def d_loss(mode: str, negative_weight: float) -> float:
        negatives = fake_loss(logits["wrong"], mode) + fake_loss(logits["fake"], mode)
        return float(real_loss(logits["real"], mode) + negative_weight * negatives)

    kl = float(gaussian_kl(mean, log_variance))
    least_squares = float(generator_loss(logits["fake"], "lsgan"))
    for name, value in {
        "kl": kl,
        "kl_dong_logsigma": kl,  # his formula, of log-sigma: the same number
        "bce_D_stackgan": d_loss("vanilla", 0.5),
        "bce_G_stackgan": float(generator_loss(logits["fake"], "vanilla")),
        "lsgan_D_seed_sum": d_loss("lsgan", 1.0),
        "lsgan_D_half_negatives": d_loss("lsgan", 0.5),
        "lsgan_G_seed": least_squares,
        "G_total_seed_kl2": least_squares + 2.0 * kl,
    }.items():
        golden.check(name, value, "losses")


@without_drawing
def _stackgan(golden: Golden, values: Values, judging: Values) -> tuple:
    """The preset's networks with the entry's weights; their sizes are the weights'."""
    hyper, recipe = golden.entry["hyper"], SHAPE_PRESETS["stackgan"]
    size, channels = golden["fake"].shape[2], golden["fake"].shape[1]
    generator = mask_generator(
        size,
        hyper["t_dim"],
        hyper["gf"],
        noise_size=hyper["z"],
        code_size=hyper["c_dim"],
        output_channels=channels,
        **recipe["generator"],
    )
    levels = size.bit_length() - 3
    ups = [f"up_{i}{part}" for i in range(1, levels + 1) for part in ("", "_norm")]
    _load(generator, ["conditioning", "first", "first_norm", *ups, "last"], values)
    discriminator = conditional_discriminator(
        size,
        hyper["t_dim"],
        channels,
        hyper["df"],
        code_size=hyper["c_dim"],
        **recipe["discriminator"],
        **recipe["conditional"],
    )
    downs = [f"conv_{i}{part}" for i in range(levels) for part in ("", "_norm")]
    downs.remove("conv_0_norm")
    _load(discriminator, [*downs, "join", "join_norm", "logits"], judging)
    return generator, discriminator


def check_dong(golden: Golden) -> None:
    """The residual generator and its discriminator, with epsilon given."""
    values = {player: golden.state_dict(player, f"recipe{player}") for player in "GD"}
    image, text = nhwc(golden_input(golden, "img")), golden_input(golden, "txt")
    generator, discriminator = _dong(values["G"], values["D"], image.shape, text.shape[1])
    found, mean, log_variance = _drawn(generator, [image, text], golden["eps"])
    golden.check("mu", mean, "forward")
    golden.check("log_sigma", 0.5 * log_variance, "forward")
    golden.check("y", nchw(found), "forward")
    judge = compiled(lambda *x: discriminator(x, training=True), discriminator.variables)
    golden.check("d", judge(image, text).ravel(), "forward")
    for player, network in (("G", generator), ("D", discriminator)):
        assert trainable_count(network) == golden.entry["params"][player]


def golden_input(golden: Golden, name: str) -> np.ndarray:
    """An input that the entry's recipe makes."""
    return make(golden.entry["inputs"][name])


@without_drawing
def _dong(values: Values, judging: Values, shape: tuple, n_text: int) -> tuple:
    recipe, size = PICTURE_PRESETS["dong"], shape[1]
    joined = values["mu.0.weight"], values["log_sigma.0.weight"]
    blocks = len({name.split(".")[1] for name in values if ".encoder." in name})
    generator = picture_generator(
        size,
        n_text,
        values["encoder.0.weight"].shape[0] // 2,
        code_size=len(joined[0]),
        mask_channels=shape[3],
        output_channels=values["decoder.8.weight"].shape[0],
        blocks=blocks,
        **recipe["generator"],
    )
    parts = [
        f"block_{i}_{kind}{j}" for i in range(blocks) for j in (1, 2) for kind in ("conv", "norm")
    ]
    order = ["first", "down_1", "down_1_norm", "down_2", "down_2_norm", "join", "join_norm", *parts]
    order += ["up_2", "up_2_norm", "up_1", "up_1_norm", "last"]
    own = {
        name: value
        for name, value in values.items()
        if name.split(".")[0][-5:] not in ("mu", "sigma")
    }
    _load(generator.get_layer("residual"), order, own)
    generator.get_layer("conditioning").kernel.assign(np.concatenate(joined).T)
    discriminator = conditional_discriminator(
        size,
        n_text,
        shape[3],
        judging["encoder.0.weight"].shape[0],
        code_size=len(judging["compression.0.weight"]),
        **recipe["conditional"],
    )
    names = ["conv_0", *(f"conv_{i}{part}" for i in (1, 2, 3) for part in ("", "_norm"))]
    names += [f"branch_{i}{part}" for i in (0, 1, 2) for part in ("", "_norm")]
    _load(discriminator, [*names, "join", "join_norm", "logits", "code"], judging)
    return generator, discriminator


def _drawn(generator: keras.Model, inputs: list, epsilon: np.ndarray) -> Any:
    """The generator's outputs in training, with what its code is drawn with given."""

    def given(layer: ConditioningAugmentation, mean: Any) -> Any:
        return ops.convert_to_tensor(epsilon)

    with mock.patch.object(ConditioningAugmentation, "draw", given):
        return compiled(lambda *x: generator(list(x), training=True), generator.variables)(*inputs)


def _load(network: keras.Model, names: list[str], values: Values) -> None:
    """Set layers, in the order of the reference's modules, which is that of its names."""
    modules: dict[str, dict] = {}
    for name, value in values.items():
        if not name.endswith("num_batches_tracked"):
            module, _, part = name.rpartition(".")
            modules.setdefault(module, {})[part] = value
    layers = {layer.name: layer for layer in _flat(network)}
    assert len(names) == len(modules), f"{len(names)} layers, {len(modules)} modules"
    for name, parts in zip(names, modules.values(), strict=True):
        layer = layers[name]
        assert len(layer.weights) == len(parts), f"{name} has other parts than {list(parts)}"
        for part, value in parts.items():
            if hasattr(layer, "gamma"):
                getattr(layer, NORMALIZATION[part]).assign(_units(layer, value))
            else:
                kernel = "bias" if part == "bias" else "kernel"
                getattr(layer, kernel).assign(_to_keras(layer, value))


def _flat(network: keras.Model) -> list:
    return [
        inner
        for layer in network.layers
        for inner in (_flat(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def _to_keras(layer: keras.layers.Layer, value: np.ndarray) -> np.ndarray:
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    return _units(layer, value).T if value.ndim == 2 else value


def _units(layer: keras.layers.Layer, value: np.ndarray) -> np.ndarray:
    """Units of the generator's first layer: (C, 4, 4) there, (4, 4, C) here."""
    if layer.name not in ("first", "first_norm") or len(value) % 16 or value.ndim == 4:
        return value
    units = value.reshape(-1, 4, 4, *value.shape[1:])
    return np.moveaxis(units, 0, 2).reshape(value.shape)

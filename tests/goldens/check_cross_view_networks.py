"""Modulation, blocks, generator and discriminators of the cross-view generator."""

from __future__ import annotations

import keras
import numpy as np

from kgen.cross_view import cross_view_discriminator, cross_view_generator
from kgen.cross_view.blocks import Blocks
from kgen.cross_view.modulation import AttentionalModulation, StyleModulation
from kgen.layers import InstanceNormalization
from tests.goldens.builders import without_drawing
from tests.goldens.compiled import compiled, forward
from tests.goldens.cross_view_weights import NamedWeights, load_named, to_keras
from tests.goldens.files import Golden, nchw, nhwc

MODULATION = {"atol": 1e-5, "rtol": 0.0}
GENERATOR = {"atol": 1e-4, "rtol": 0.0}
DISCRIMINATOR = {"atol": 1e-5, "rtol": 0.0}


@without_drawing
def check_attentional(golden: Golden) -> None:
    """Equations 1 to 5: normalized features, weight map, modulated features."""
    x, r = golden["x"], golden["r"]
    layer = AttentionalModulation(hidden=golden["p_g1_k"].shape[1])
    layer.build([x.shape, r.shape])
    parts = {
        "g1": layer.gamma_hidden,
        "g2": layer.gamma,
        "b1": layer.beta_hidden,
        "b2": layer.beta,
        "m": layer.mask,
    }
    for name, part in parts.items():
        part.kernel.assign(golden[f"p_{name}_k"])
        part.bias.assign(golden[f"p_{name}_b"])

    def run(x: np.ndarray, r: np.ndarray) -> tuple:
        normalized = InstanceNormalization()(x)
        return normalized, layer.weight_map(normalized), layer([normalized, r])

    for name, value in zip(("normalised", "mask", "y"), compiled(run)(x, r), strict=True):
        golden.check(name, value)


@without_drawing
def check_style(golden: Golden) -> None:
    """AdaIN by a style vector, the scale first."""
    x, style = nhwc(golden["x"]), golden["s"]
    layer = StyleModulation()
    layer.build([x.shape, style.shape])
    layer.dense.kernel.assign(to_keras(golden["fc_weight"]))
    layer.dense.bias.assign(golden["fc_bias"])
    modulated = compiled(lambda x, s: layer([InstanceNormalization()(x), s]))(x, style)
    golden.compare("y", nchw(modulated), golden["y"], **MODULATION)


@without_drawing
def check_blocks(golden: Golden) -> None:
    """Both residual blocks outside of training; ResBlock-S in training, where u moves first."""
    x, r = nhwc(golden["x_s"]), golden["r"]
    blocks = Blocks(hidden=len(golden["s0.norm1.g1.b"]))
    filters = len(golden["s0.conv1.b"])
    features, embedding = keras.Input(x.shape[1:]), keras.Input(r.shape[1:])
    outputs = blocks.structure(features, embedding, filters, "s0")
    block = keras.Model([features, embedding], outputs)
    load_named([block], _stored(golden, r"(s0\..*)"))
    golden.check("y_s", nchw(forward(block, [x, r])))
    golden.check("y_s_train", nchw(forward(block, [x, r], training=True)))
    _check_facade(golden, blocks)


def _check_facade(golden: Golden, blocks: Blocks) -> None:
    arrays = [nhwc(golden["x_t"]), golden["r"], golden["w"]]
    features, embedding, style = inputs = [keras.Input(array.shape[1:]) for array in arrays]
    outputs = blocks.facade(features, embedding, style, len(golden["t0.conv0.b"]), "t0")
    block = keras.Model(inputs, outputs)
    load_named([block], _stored(golden, r"(t0\..*)"))
    golden.check("y_t", nchw(forward(block, arrays)))


def _stored(golden: Golden, pattern: str) -> dict[str, np.ndarray]:
    return {match.group(1): golden[match.group(0)] for match in golden.matching(pattern)}


# ------------------------------------------------------------------------------ whole networks


@without_drawing
def build_generator(golden: Golden) -> tuple[keras.Model, NamedWeights]:
    """The generator of an entry's configuration with its weights."""
    config, values = golden.entry["config"], _stored(golden, "w/(.*)")
    generator = cross_view_generator(
        (config["H"], config["W"]),
        embedding_size=config["E"],
        width=config["C"],
        local_channels=config["zc"],
        style_size=config["Wd"],
        facade_widths=config["ch"],
        spectral_norm=any(name.endswith(".u") for name in values),
    )
    parts = [generator.get_layer(name) for name in ("structure", "mapping", "texture")]
    return generator, load_named(parts, values)


def check_generator(golden: Golden) -> None:
    """Picture, coarse picture, structure features and style of a small generator."""
    generator, _ = build_generator(golden)
    inputs = {"embedding": golden["r"], "z_local": nhwc(golden["z_local"]), "z": golden["z"]}
    outputs = forward(generator, [inputs[tensor.name] for tensor in generator.inputs])
    names = ("image", "coarse", "structure", "style_w")
    for name, value in zip(names, outputs, strict=True):
        value = nchw(value) if value.ndim == 4 else value
        golden.compare(name, value, golden[name], **GENERATOR)


@without_drawing
def build_discriminator(golden: Golden, which: str, normalization: str) -> keras.Model:
    """The discriminator of full or coarse pictures, with (`sn1`) or without (`sn0`) SN."""
    values = _stored(golden, f"{which}/{normalization}/w/(.*)")
    discriminator = cross_view_discriminator(
        golden[f"{which}/x"].shape[2:],
        embedding_size=golden["r"].shape[1],
        base_filters=golden.entry["nf"],
        coarse=which == "coarse",
        spectral_norm="c0.u" in values,
    )
    load_named([discriminator.get_layer(name) for name in ("features", "match")], values)
    return discriminator


def check_discriminators(golden: Golden) -> None:
    """Features and logits of both discriminators, with and without spectral normalization."""
    for match in golden.matching("(.*)/(.*)/logits"):
        which, normalization = match.groups()
        network = build_discriminator(golden, which, normalization)
        features, judge = network.get_layer("features"), network.get_layer("match")
        picture, embedding = inputs = [keras.Input(t.shape[1:]) for t in network.inputs]
        inner = features(picture)
        both = keras.Model(inputs, [inner, judge([inner, embedding])])
        arrays = [nhwc(golden[f"{which}/x"]), golden["r"]]
        outputs = [*forward(both, arrays), forward(network, arrays)]
        for name, value in zip(("features", "logits", "logits"), outputs, strict=True):
            stored = golden[f"{which}/{normalization}/{name}"]
            golden.compare(f"{match.group(0)}: {name}", nchw(value), stored, **DISCRIMINATOR)

"""Networks against the reference's: outputs, statistics, gradients, parameter counts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kgen import Pix2Pix, backend
from kgen.layers import Dropout
from tests.goldens.builders import (
    build_discriminator,
    build_resnet,
    build_unet,
    load,
    trainable_count,
    use_moving_statistics,
    without_drawing,
)
from tests.goldens.compiled import compiled, forward
from tests.goldens.files import Golden, make, nchw, nhwc
from tests.goldens.weights import Weights, convolutions


def check_unet(golden: Golden) -> None:
    """Outputs in training and after it, statistics of every convolution, moving statistics."""
    _check_generator(golden, build_unet)


def check_resnet(golden: Golden) -> None:
    """As `check_unet`."""
    _check_generator(golden, build_resnet)


def _check_generator(golden: Golden, build: Any) -> None:
    source = golden.image()
    network, weights = build(golden.state_dict("sd", "recipe"), *source.shape[1:3])
    stride = golden.entry.get("output_stride", 1)

    output, *inner = forward(_with_convolutions(network), source, training=True)
    golden.check("y_train", nchw(output)[..., ::stride, ::stride], "y_train")
    if (name := "conv_out_stats_mean_std_absmax") in golden:
        statistics = [[x.mean(), x.std(), abs(x).max()] for x in map(np.float64, inner)]
        golden.check(name, statistics, "conv_out_stats")
    for match in golden.matching("post/(.*)"):
        golden.check(match.group(0), weights[match.group(1)], "post", "y_train")
    for match in golden.matching("y_eval.*"):
        use_moving_statistics(network)
        output = forward(network, source)
        golden.check(match.group(0), nchw(output)[..., ::stride, ::stride], "y_eval")
    if "params" in golden.entry:
        assert trainable_count(network) == golden.entry["params"]


def _with_convolutions(network: keras.Model) -> keras.Model:
    """The network that also gives what its convolutions give, in the order of the modules."""
    outputs = []
    for layer in network.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose)):
            names = [other.name for other in network.layers]
            # a 3x3 transposed convolution of kgen ends with the crop that gives PyTorch's padding
            crop = f"{layer.name}_crop"
            outputs.append((network.get_layer(crop) if crop in names else layer).output)
    return keras.Model(network.input, [network.output, *outputs])


class ForcedDropout(keras.layers.Layer):
    """Dropout with the values to keep given."""

    def __init__(self, mask: np.ndarray, rate: float) -> None:
        super().__init__()
        self.mask, self.rate = mask, rate

    def call(self, inputs: Any) -> Any:
        return inputs * ops.convert_to_tensor(self.mask / (1.0 - self.rate), "float32")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


@without_drawing
def check_dropout(golden: Golden) -> None:
    """A U-Net whose dropout layers are where PyTorch has them, with given masks."""
    source = golden.image()
    values = golden.state_dict("sd", "recipe")
    network, _ = build_unet(values, *source.shape[1:3], dropout=0.5, dropout_levels="torch")
    places = [match.group(0) for match in golden.matching(r"mask\d+")]
    masks = iter([nhwc(golden[name]) for name in sorted(places, key=lambda n: int(n[4:]))])
    assert sum(isinstance(layer, Dropout) for layer in network.layers) == len(places)

    def force(layer: keras.layers.Layer) -> keras.layers.Layer:
        if not isinstance(layer, Dropout):
            return type(layer).from_config(layer.get_config())
        mask = next(masks)
        assert mask.shape[1:] == layer.output.shape[1:]
        return ForcedDropout(mask, layer.rate)

    forced = keras.models.clone_model(network, clone_function=force)
    load(forced, values)
    golden.check("y_train", nchw(forward(forced, source, training=True)), "y_train")


def check_discriminator(golden: Golden) -> None:
    """Logits, and where in the image they look."""
    pair = golden.image()
    condition_channels = pair.shape[-1] // 2
    network, _ = build_discriminator(
        golden.state_dict("sd", "recipe"), *pair.shape[1:3], condition_channels
    )

    def mean_logit(pair: Any) -> tuple:
        parts = [pair[..., :condition_channels], pair[..., condition_channels:]]
        logits = network(parts if condition_channels else pair, training=True)
        return ops.mean(logits), logits

    def logits_and_slopes(pair: Any) -> tuple:
        mean, logits, pull = backend.differentiate(mean_logit, [], pair)
        return logits, pull(ops.ones_like(mean))[1]

    logits, slopes = compiled(logits_and_slopes)(pair)
    golden.check("logits_train", nchw(logits), "logits")
    slopes = np.abs(slopes.astype("float64"))
    for name, axes in (("rowsum", (0, 2, 3)), ("colsum", (0, 1, 3))):
        golden.check(f"grad_x_of_mean_logit_abs_{name}", slopes.sum(axes), "grad")
    assert trainable_count(network) == golden.entry["params"]


def check_seed_networks(golden: Golden) -> None:
    """The preset `seed`: the generator, and the discriminator in both modes."""
    model = _preset(golden, "seed")
    source, target = (make(golden.entry["inputs"][name]) for name in ("src", "tgt"))
    # The walk-through asks for batch statistics always. Keras 3 lets `model(x, training=False)`
    # overrule that; whether the reference was called so, only its numbers tell.
    matches = []
    for mode in ("paper", "moving"):
        model.inference_mode = mode
        output = forward(model.generator, source)
        matches.append(_agrees(golden, "gen", output))
    assert sum(matches) == 1, f"{golden.path}: gen is neither batch nor moving statistics"
    use_moving_statistics(model.discriminator)
    for name, training in (("patch_eval", False), ("patch_train", True)):
        logits = forward(model.discriminator, [source, target], training)
        golden.check(name, 1.0 / (1.0 + np.exp(-logits)))


def check_tutorial_networks(golden: Golden) -> None:
    """The preset `tf_tutorial`: networks and the losses of one step."""
    model = _preset(golden, "tf_tutorial")
    source, target = (make(golden.entry["inputs"][name]) for name in ("inp", "tar"))
    fake = forward(model.generator, source, training=True)
    _check_strided(golden, "gen", fake)
    for name, picture in (("logit_real", target), ("logit_fake", fake)):
        golden.check(name, forward(model.discriminator, [source, picture], training=True))

    def losses(source: Any, target: Any, fake: Any) -> tuple:
        batch = source, target
        d_loss, _ = model.d_loss(batch, fake, training=True)
        g_loss, parts = model.g_loss(batch, fake, training=True)
        return d_loss, g_loss, parts["g_adversarial"], parts["g_l1"]

    values = compiled(losses, model.discriminator.variables)(source, target, fake)
    for name, value in zip(("disc", "gen_total", "gen_gan", "gen_l1"), values, strict=True):
        golden.check(name, value)


@without_drawing
def _preset(golden: Golden, name: str) -> Pix2Pix:
    """The preset's networks with the entry's weights, without dropout."""
    generator, discriminator = (
        {part["name"]: make(part) for part in golden.entry[key]} for key in ("recipeG", "recipeD")
    )
    kernels, judging = convolutions(generator), convolutions(discriminator)
    _, height, width, channels = next(iter(golden.entry["inputs"].values()))["shape"]
    model = Pix2Pix.from_preset(
        name,
        image_shape=(height, width, kernels[0].shape[2]),
        output_channels=kernels[-1].shape[2],
        base_filters=kernels[0].shape[3],
        n_layers=len(judging) - 2,
        depth=len(kernels) // 2,
        dropout=0.0,
        discriminator_options={"base_filters": judging[0].shape[3]},
    )
    assert channels == kernels[0].shape[2]
    for network, values in ((model.generator, generator), (model.discriminator, discriminator)):
        Weights(network, values).load(values)
    assert model.generator.count_params() == golden.entry["params"]["G"]
    assert model.discriminator.count_params() == golden.entry["params"]["D"]
    return model


def _agrees(golden: Golden, name: str, value: np.ndarray) -> bool:
    try:
        _check_strided(golden, name, value)
    except AssertionError:
        return False
    return True


def _check_strided(golden: Golden, name: str, value: np.ndarray) -> None:
    stride = value.shape[1] // golden.entry["arrays"][name]["shape"][1]
    golden.check(name, value[:, ::stride, ::stride])

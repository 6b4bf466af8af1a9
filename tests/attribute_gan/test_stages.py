"""Both stages: the shared checks of a system, the game, its options."""

import keras
import numpy as np
import pytest
from keras import ops

from kgen import AttributeToShape, ShapeToImage
from kgen.layers import BatchNormalization, all_layers
from tests import checks
from tests.attribute_gan.small import (
    MASKS,
    PICTURE_BATCH,
    SHAPE_BATCH,
    picture_stage,
    shape_stage,
)
from tests.goldens.compiled import compiled

STAGES = [
    pytest.param(shape_stage, SHAPE_BATCH, "d_loss", id="attribute_to_shape"),
    pytest.param(
        lambda: picture_stage(l1_weight=100.0), PICTURE_BATCH, "g_l1", id="shape_to_image"
    ),
]


def fast(rate: float = 5e-3) -> dict:
    optimizer = {"class_name": "Adam", "config": keras.optimizers.Adam(rate, 0.5).get_config()}
    return {"d_optimizer": optimizer, "g_optimizer": optimizer}


def number(tensor) -> float:
    return float(ops.convert_to_numpy(tensor))


@pytest.mark.parametrize(("make", "batch", "learns"), STAGES)
def test_passes_all_system_checks(make, batch, learns):
    checks.check_system(make, batch, learns, compile_arguments=fast())


def test_everything_switched_on_continues_exactly_and_leaves_stage_one_alone():
    """Half of the pictures are painted on masks of stage I, which stays bit for bit."""
    stage1 = shape_stage()
    before = checks.values(stage1.variables)

    def make():
        return picture_stage(
            shape_generator=stage1.shape_network(), generated_masks=0.5, condition_on_mask=True,
            code_at_input=True, inference_mode="instance", ema_decay=0.9,
            synthesis="half_rolled", gan_mode="hinge",
        )  # fmt: skip

    checks.check_continues(make, {**PICTURE_BATCH, **SHAPE_BATCH}, {})
    assert checks.largest_difference(before, checks.values(stage1.variables)) == 0.0


@pytest.mark.parametrize(
    ("size", "trainable"),
    [
        (64, (4_634_241, 3_097_793, 2_763_585, 661_313, 30_359_939, 3_129_025, 2_765_633)),
        (128, (8_829_569, 7_293_121, 6_958_913, 2_763_585, 42_944_899, 7_324_353, 6_960_961)),
        (256, (13_024_897, 11_488_449, 11_154_241, 6_958_913, 55_529_859, 11_519_681, 11_156_289)),
    ],
)
def test_parameter_counts(size, trainable, monkeypatch):
    monkeypatch.setattr(
        keras.initializers.RandomNormal, "__call__", lambda _, s, **__: ops.zeros(s)
    )
    stages = (
        AttributeToShape.from_preset(image_size=size),
        ShapeToImage.from_preset(image_size=size),
    )
    networks = [getattr(s, n) for s in stages for n in (s.players["g"], *s.players["d"])]
    counts = [sum(int(np.prod(v.shape)) for v in n.trainable_variables) for n in networks]
    assert tuple(counts) == trainable


def test_sizes_and_maps():
    for size in (32, 128):
        model = shape_stage(image_size=size)
        assert model.generator.outputs[0].shape == (None, size, size, 1)
        assert model.global_discriminator.output_shape == (None, 1, 1, 1)
        assert model.local_discriminator.output_shape == (None, 3, 3, 1)
    assert picture_stage(image_size=64).generator.outputs[0].shape == (None, 64, 64, 3)


@pytest.mark.parametrize(("name", "field"), [("global", 1), ("local", 3)])
def test_receptive_fields_of_the_other_reading(name, field):
    judge = getattr(shape_stage(local="receptive_field"), f"{name}_discriminator")
    assert judge.output_shape == (None, 32, 32, 1)
    spot = np.zeros((1, 32, 32, 1), "float32")
    spot[0, 16, 16] = 1.0
    base, seen = (ops.convert_to_numpy(judge(x, training=False)) for x in (0 * spot, spot))
    model_statistics = {
        layer.inference_statistics
        for layer in all_layers(judge)
        if isinstance(layer, BatchNormalization)
    }
    assert model_statistics == {"batch"}  # so that everything changes a little
    for layer in all_layers(judge):
        if isinstance(layer, BatchNormalization):
            layer.inference_statistics = "moving"
    base, seen = (ops.convert_to_numpy(judge(x, training=False)) for x in (0 * spot, spot))
    assert np.count_nonzero(np.abs(seen - base) > 0) == field**2


def test_losses_are_the_papers():
    """L_D and L_G of section 3.2, computed from the discriminators' own logits."""
    model = shape_stage(negative_weight=0.5, kl_weight=3.0, local_weight=0.7)
    model.compile()
    batch = {name: ops.convert_to_tensor(values) for name, values in SHAPE_BATCH.items()}
    played = model.play(batch, training=False)
    real, fake, a = batch["mask"], played["fake"], batch["shape_attributes"]

    def mean_square(judge, inputs, wanted):
        return float(np.mean((ops.convert_to_numpy(judge(inputs, training=True)) - wanted) ** 2))

    judges = model.global_discriminator, model.local_discriminator
    match = model.conditional_discriminator
    expected_d = sum(mean_square(d, real, 1) + mean_square(d, fake, 0) for d in judges)
    expected_d += mean_square(match, [real, a], 1)
    expected_d += 0.5 * mean_square(match, [real, ops.roll(a, -1, 0)], 0)
    expected_d += 0.5 * mean_square(match, [fake, a], 0)
    d_loss, _ = model.d_loss(batch, played, training=True)
    assert number(d_loss) == pytest.approx(expected_d, rel=1e-5)

    mean, log_variance = (ops.convert_to_numpy(played[n]) for n in ("mean", "log_variance"))
    kl = np.mean(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance))
    expected_g = mean_square(match, [fake, a], 1) + mean_square(judges[0], fake, 1)
    expected_g += 0.7 * mean_square(judges[1], fake, 1) + 3.0 * kl
    g_loss, values = model.g_loss(batch, played, training=True)
    assert number(g_loss) == pytest.approx(expected_g, rel=1e-5)
    assert number(values["g_kl"]) == pytest.approx(kl, rel=1e-3)


def test_mismatching_pairs_are_never_equal():
    """Equal neighbours do not count; attributes from the data are preferred."""
    same = {**SHAPE_BATCH, "shape_attributes": np.ones((4, 5), "float32")}
    supplied = {**same, "shape_attributes_wrong": np.zeros((4, 5), "float32")}
    rolling, without = shape_stage(), shape_stage(mismatching=None)
    equal, different = losses(rolling, same, SHAPE_BATCH)
    assert equal["d_match_wrong"] == 0.0
    assert different["d_match_wrong"] > 0.0
    none, given = losses(without, SHAPE_BATCH, supplied)
    assert "d_match_wrong" not in none
    assert given["d_match_wrong"] > 0.0


def losses(model, *batches) -> list[dict]:
    """What both players report in training, without a step, for each batch."""

    def run(batch):
        played = model.play(batch, training=True)
        on_d = model.d_loss(batch, played, training=True)[1]
        return on_d | model.g_loss(batch, played, training=True)[1]

    function = compiled(run, model.variables)
    return [{k: float(v) for k, v in function(batch).items()} for batch in batches]


def test_a_batch_of_one_warns_and_has_no_mismatching_pair():
    model = shape_stage()
    one = {name: values[:1] for name, values in SHAPE_BATCH.items()}
    with pytest.warns(UserWarning, match="without mismatching pairs"):
        model.check_batch(one)
    [values] = losses(model, one)
    assert values["d_match_wrong"] == 0.0
    assert all(np.isfinite(v) for v in values.values())


def test_half_of_the_fakes_for_the_neighbours_attributes():
    model = picture_stage(synthesis="half_rolled")
    batch = {name: ops.convert_to_tensor(values) for name, values in PICTURE_BATCH.items()}
    made = ops.convert_to_numpy(model.made_for(batch))
    own = PICTURE_BATCH["other_attributes"]
    np.testing.assert_array_equal(made, np.concatenate([own[:2], own[[3, 0]]]))
    played = model.play(batch, training=False)
    errors = np.abs(ops.convert_to_numpy(played["fake"]) - PICTURE_BATCH["image"])
    _, values = model.g_loss(batch, played, training=False)
    assert number(values["g_l1"]) == pytest.approx(errors[:2].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "arguments", "without"),
    [
        (shape_stage, {"preset": "stackgan", "code_size": 16}, {"global", "local"}),
        (
            shape_stage,
            {"conditional_weight": 0.0, "local": "receptive_field", "upsample": "resize"},
            {"match"},
        ),
        (picture_stage, {"preset": "dong", "blocks": 1}, {"global"}),
        (
            picture_stage,
            {"global_weight": 0.0, "inference_mode": "paper", "upsample": "resize"},
            {"global"},
        ),
    ],
    ids=["stackgan", "unconditional", "dong", "as printed"],
)
def test_options_leave_out_what_they_say(make, arguments, without):
    model = make(**arguments)
    [values] = losses(model, SHAPE_BATCH if make is shape_stage else PICTURE_BATCH)
    assert all(np.isfinite(v) for v in values.values())
    assert set(values) == set(model.reports)
    judges = {"match", "global", "local"} if make is shape_stage else {"match", "global"}
    assert {name for name in judges if f"g_{name}" in values} == judges - without


def test_many_options_train():
    model = shape_stage(
        local_weight=0.0, gan_mode="hinge", synthesis="half_rolled", mode_seeking_weight=0.1,
        ema_decay=0.9,
        code={"noise": "truncated_normal", "spread": "log_sigma", "activation": "linear"},
    )  # fmt: skip
    model.compile()
    wrong = {"shape_attributes_wrong": SHAPE_BATCH["shape_attributes"][::-1]}
    logs = checks.train(model, {**SHAPE_BATCH, **wrong}, 1)
    assert all(np.isfinite(v) for v in logs.values())
    assert set(logs) == {"d_loss", "g_loss", *model.reports}


def test_generated_masks_do_not_count_in_l1():
    model = picture_stage(shape_generator=shape_stage().shape_network(), generated_masks=0.5)
    model.compile()
    batch = {k: ops.convert_to_tensor(v) for k, v in {**PICTURE_BATCH, **SHAPE_BATCH}.items()}
    played = model.play(batch, training=False)
    masks = ops.convert_to_numpy(played["mask"])
    np.testing.assert_array_equal(masks[:2], MASKS[:2])
    assert set(np.unique(masks[2:])) <= {-1.0, 1.0}
    assert np.any(masks[2:] != MASKS[2:])
    errors = np.abs(ops.convert_to_numpy(played["fake"]) - PICTURE_BATCH["image"])
    _, values = model.g_loss(batch, played, training=False)
    assert number(values["g_l1"]) == pytest.approx(errors[:2].mean(), rel=1e-5)


@pytest.mark.skipif(
    checks.lacks_bfloat16(),
    reason="PyTorch has no bfloat16 gradients of convolutions on a CPU without AVX-512",
)
def test_mixed_precision_trains():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = picture_stage()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile()
    logs = checks.train(model, PICTURE_BATCH, 2)
    assert all(np.isfinite(v) for v in logs.values())
    dtypes = {layer.name: layer.compute_dtype for layer in all_layers(model.generator)}
    assert dtypes["conditioning"] == dtypes["generated"] == "float32"
    assert dtypes["down_0"] == "bfloat16"


def test_the_average_draws():
    model = shape_stage(ema_decay=0.5)
    assert model.averaged_generator.trainable_variables == []  # it is nobody's to train
    before = model.generate(SHAPE_BATCH["shape_attributes"], hard_mask=False)
    own = model.generator.get_layer("last").bias
    own.assign(np.ones(1))
    np.testing.assert_array_equal(
        model.generate(SHAPE_BATCH["shape_attributes"], hard_mask=False), before
    )
    averaged = model.averaged_generator.get_layer("last").bias
    averaged.assign(np.ones(1))
    assert np.all(model.generate(SHAPE_BATCH["shape_attributes"], hard_mask=False) > before)


@pytest.mark.parametrize(
    ("make", "changes", "says"),
    [
        (shape_stage, {"mask": MASKS * 127.5 + 127.5}, r"mask must be scaled to \[-1, 1\]"),
        (shape_stage, {"mask": -np.ones_like(MASKS)}, "the mask of picture 0, 1, 2, 3 .*is empty"),
        (shape_stage, {"mask": MASKS[:, :16]}, "mask must be images of shape"),
        (shape_stage, {"shape_attributes": np.ones((4, 6))}, "must have 5 values.*n_attributes=6"),
        (shape_stage, {"shape_attributes": np.full((4, 5), 40.0)}, "Divide percentages by 100"),
        (shape_stage, {"shape_attributes_wrong": np.ones((4, 4))}, "_wrong must have 5 values"),
        (shape_stage, {"shape_attributes": np.ones((3, 5))}, "as many of each"),
        (picture_stage, {"image": MASKS}, "image must be images of shape"),
        (picture_stage, {"mask": None}, "mask is missing"),
    ],
)
def test_wrong_batches_are_refused_before_the_first_step(make, changes, says):
    batch = {**(SHAPE_BATCH if make is shape_stage else PICTURE_BATCH), **changes}
    batch = {name: np.asarray(v, "float32") for name, v in batch.items() if v is not None}
    model = make()
    model.compile()
    with pytest.raises(ValueError, match=says):
        model.check_batch(batch)


@pytest.mark.parametrize(
    ("make", "arguments", "says"),
    [
        (shape_stage, {"image_size": 48}, "power of two"),
        (shape_stage, {"preset": "dong"}, "preset must be one of paper, stackgan"),
        (shape_stage, {"gan_mode": "wgangp"}, "needs a gradient penalty"),
        (shape_stage, {"local": "patch"}, "reading must be one of map"),
        (shape_stage, {"mismatching": "shuffle"}, "mismatching must be one of 'roll'"),
        (shape_stage, {"code_at_inference": "mode"}, "code_at_inference must be one of"),
        (shape_stage, {"n_attributes": 7}, "must name all 7 attributes.* got 5 names"),
        (shape_stage, {"code": {"activation": "gelu"}}, "activation must be one of"),
        (picture_stage, {"kind": "vit"}, "kind must be one of unet, residual"),
        (picture_stage, {"generated_masks": 0.5}, "needs shape_generator"),
        (
            picture_stage,
            {"global_weight": 0, "conditional_weight": 0},
            "at least one discriminator",
        ),
    ],
)
def test_wrong_arguments_say_what_to_do(make, arguments, says):
    with pytest.raises(ValueError, match=says):
        make(**arguments)

"""Both stages in a row: pictures from attributes, saving, export."""

import importlib.util

import keras
import numpy as np
import pytest

import kgen
from kgen import StackedAttributeGAN
from tests import checks
from tests.attribute_gan.small import (
    OTHERS,
    PICTURE_BATCH,
    SHAPES,
    picture_stage,
    shape_stage,
)

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow writes SavedModels"
)


@pytest.fixture(scope="module")
def stages():
    """Both with large random kernels, equal on every backend: noise and attributes show."""
    shape, picture = shape_stage(), picture_stage(l1_weight=100.0)
    rng = np.random.default_rng(0)
    for variable in shape.generator.weights + picture.generator.weights:
        if variable.path.endswith("kernel"):
            deviation = 2.0 / np.sqrt(np.prod(variable.shape[:-1]))
            variable.assign(rng.normal(0.0, deviation, variable.shape).astype("float32"))
    picture.compile()
    checks.train(picture, PICTURE_BATCH, 1)
    return shape, picture


@pytest.fixture(scope="module")
def birds(stages):
    return StackedAttributeGAN(*stages)


def test_names_and_numbers_mean_the_same(birds):
    assert birds.attribute_names == [*SHAPES, *OTHERS]
    vector = np.zeros(11)
    vector[[0, 5, 10]] = 1
    by_number = birds.generate(vector, n=3, seed=5)
    by_name = birds.generate(["bill::dagger", "crown::red", "striped"], n=3, seed=5)
    by_value = birds.generate({"dagger": 1.0, "crown::red": 1.0, "striped": 1.0}, n=3, seed=5)
    for images, masks in (by_name, by_value):
        np.testing.assert_array_equal(images, by_number[0])
        np.testing.assert_array_equal(masks, by_number[1])
    assert by_number[0].shape == (3, 32, 32, 3)
    assert by_number[0].dtype == by_number[1].dtype == np.uint8
    assert set(np.unique(by_number[1])) <= {0, 255}


def test_the_seed_decides_and_sets_come_in_order(birds):
    two = birds.generate([["dagger"], ["forked", "striped"]], n=2, seed=1)
    assert two[1].shape == (4, 32, 32, 1)
    again = birds.generate([["dagger"], ["forked", "striped"]], n=2, seed=1)
    np.testing.assert_array_equal(two[0], again[0])
    assert np.any(birds.generate(["dagger"], n=4, seed=2)[1] != two[1])
    noise = np.random.default_rng(1).standard_normal((4, birds.noise_size))
    given = birds.generate([["dagger"], ["forked", "striped"]], n=2, noise=noise)
    np.testing.assert_array_equal(given[0], two[0])


def test_other_attributes_leave_the_mask_bit_equal(birds):
    red = birds.generate(["dagger", "crown::red", "wing::blue"], n=4, seed=7)
    blue = birds.generate(["dagger", "crown::blue", "wing::green"], n=4, seed=7)
    np.testing.assert_array_equal(red[1], blue[1])
    assert np.any(red[0] != blue[0])


def test_soft_masks_are_grey(birds):
    soft = birds.generate(["dagger"], hard_mask=False)[1]
    assert len(np.unique(soft)) > 2
    hard = birds.generate(["dagger"])[1]
    assert set(np.unique(hard)) == {0, 255}
    sure = (soft != 127) & (soft != 128)  # bytes next to the threshold do not tell their side
    assert np.mean(sure) > 0.5
    np.testing.assert_array_equal(soft[sure] > 127, hard[sure] > 127)


def test_attributes_of_both_stages_in_any_order(stages):
    """Vectors follow the names given; a name that both stages know feeds both."""
    shape, picture = stages
    birds = StackedAttributeGAN(shape, picture)
    mixed = [*OTHERS[::-1], *SHAPES]
    other = StackedAttributeGAN(shape, picture, attribute_names=mixed)
    wanted = ["dagger", "small", "wing::red"]
    np.testing.assert_array_equal(birds.generate(wanted)[0], other.generate(wanted)[0])
    assert np.any(birds.vectors(wanted) != other.vectors(wanted))
    both = StackedAttributeGAN(shape_stage(attribute_names=OTHERS), picture)
    assert both.n_attributes == len(OTHERS)
    unnamed = StackedAttributeGAN(
        shape_stage(attribute_names=None, n_attributes=5),
        picture_stage(attribute_names=None, n_attributes=6),
    )
    assert unnamed.generate(np.ones(11))[0].shape == (1, 32, 32, 3)


def test_a_saved_chain_draws_the_same_and_its_stages_train_on(birds, tmp_path):
    birds.save(tmp_path / "birds.keras")
    loaded = keras.models.load_model(tmp_path / "birds.keras")
    wanted = ["hooked", "crown::blue"]
    for found, expected in zip(
        loaded.generate(wanted, n=2), birds.generate(wanted, n=2), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert loaded.stage2.step == birds.stage2.step
    assert np.isfinite(checks.train(loaded.stage2, PICTURE_BATCH, 1)["g_l1"])


@needs_tensorflow
def test_both_stages_and_the_chain_are_exported(birds, tmp_path):
    wanted = {
        "shape": (birds.stage1, {"shape_attributes", "noise"}, 1),
        "picture": (birds.stage2, {"mask", "other_attributes"}, 1),
        "chain": (birds, {"attributes", "noise"}, 2),
    }
    for name, (model, inputs, outputs) in wanted.items():
        if name != "chain" and keras.config.backend() != "tensorflow":
            continue  # a second process takes ten seconds each; the chain holds both stages
        report = kgen.export(model, tmp_path / name)
        taken = report["signatures"]["serving_default"]
        assert set(taken["inputs"]) == inputs
        assert len(taken["outputs"]) == outputs
        assert report["max_difference"]["serving_default"] < 1e-4
    assert set(taken["outputs"]) == {"mask", "image"}


@needs_tensorflow
def test_what_is_random_at_inference_is_not_exported(stages, tmp_path):
    stage = stages[0]
    stage.code_at_inference = "sample"
    attributes, noise = np.ones((1, 5), "float32"), np.ones((1, 6), "float32")
    inputs = {"shape_attributes": attributes, "noise": noise}
    draws = [stage.predict(inputs, verbose=0) for _ in range(2)]
    assert np.any(draws[0] != draws[1])
    with pytest.raises(ValueError, match="random at inference"):
        kgen.export(stage, tmp_path / "random")
    stage.code_at_inference = "mean"
    draws = [stage.predict(inputs, verbose=0) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        (["dager"], "Unknown attribute 'dager'. Did you mean 'dagger'"),
        (["red"], "'red' is a value of several groups.*'crown::red', 'wing::red'"),
        (np.ones(10), "must have 11 values"),
        (np.full(11, 30.0), "Divide percentages by 100"),
    ],
)
def test_attributes_that_do_not_exist(birds, attributes, says):
    with pytest.raises(ValueError, match=says):
        birds.generate(attributes)


def test_what_does_not_fit(birds, stages):
    shape, picture = stages
    with pytest.raises(ValueError, match="build both with one image_size"):
        StackedAttributeGAN(shape_stage(image_size=64), picture)
    with pytest.raises(ValueError, match="lacks attributes of stage II: crown::red"):
        StackedAttributeGAN(shape, picture, attribute_names=SHAPES)
    with pytest.raises(ValueError, match="does not know its attributes by name"):
        StackedAttributeGAN(
            shape_stage(attribute_names=None, n_attributes=5), picture, attribute_names=SHAPES
        )
    with pytest.raises(ValueError, match="noise must be of shape"):
        birds.generate(["dagger"], n=2, noise=np.zeros((1, 6)))
    with pytest.raises(ValueError, match="one for each of the 3"):
        picture.generate(np.ones((3, 32, 32, 1)), np.eye(2, 6))
    with pytest.raises(ValueError, match="model has no names"):
        shape_stage(attribute_names=None, n_attributes=5).generate(["dagger"])

"""The Keras metrics inside compile, fit and evaluate, compiled, against the plain functions."""

import keras
import numpy as np
import pytest

from kgen.metrics import (
    PSNR,
    RMSE,
    SSIM,
    SegmentationScore,
    SharpDiff,
    SSIMVariant,
    psnr,
    rmse,
    segmentation_scores,
    sharp_diff,
    ssim,
)

PLAIN = {
    "psnr": psnr,
    "ssim": ssim,
    "ssim_skimage": lambda a, b, r: ssim(a, b, r, "skimage"),
    "rmse": rmse,
    "sharp_diff": sharp_diff,
}


def pictures(count: int = 5, seed: int = 0) -> np.ndarray:
    draws = np.random.default_rng(seed).uniform(-1, 1, (count, 16, 16, 3))
    return draws.astype("float32")


def test_in_fit_and_evaluate():
    """Means over images, not over batches: the last batch is a smaller one."""
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(3, 1)])
    model.add(keras.layers.Activation("tanh"))
    metrics = [PSNR(), SSIM(), SSIM("skimage"), RMSE(), SharpDiff()]
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=metrics)
    source, target = pictures(), pictures(seed=1)
    history = model.fit(source, target, batch_size=2, verbose=0, shuffle=False).history
    found = model.evaluate(source, target, batch_size=2, verbose=0, return_dict=True)
    fake = model.predict(source, verbose=0)
    for name, function in PLAIN.items():
        expected = function(target, fake, (-1, 1)).mean()
        assert found[name] == pytest.approx(expected, rel=1e-4)
        assert history[name][0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "metric",
    [PSNR((0, 1)), RMSE(), SharpDiff(name="sharp"), SSIM("s2sp"), SSIM(SSIMVariant(size=7))],
)
def test_saving(metric):
    config = keras.saving.serialize_keras_object(metric)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == metric.get_config()
    assert again.value_range == metric.value_range
    assert again.name == metric.name


def test_names_say_the_variant():
    assert [SSIM().name, SSIM("luma").name] == ["ssim", "ssim_luma"]
    assert SSIM(SSIMVariant(window="uniform", size=9)).name == "ssim_uniform_9"


def test_bytes_imply_their_range():
    stored = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), "uint8")
    metric = PSNR()
    metric.update_state(stored, stored[::-1])
    assert float(metric.result()) == pytest.approx(psnr(stored, stored[::-1]).mean(), rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3.0])
def test_never_a_number_for_what_is_wrong(bad):
    real, fake = pictures(2), pictures(2, seed=1)
    fake[1, 3, 4, 0] = bad
    metric = RMSE()
    metric.update_state(real, fake)
    assert np.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state(real, real)
    assert float(metric.result()) == 0.0


def test_refused():
    with pytest.raises(ValueError, match="psnr: real and generated images must have one shape"):
        PSNR().update_state(pictures(), pictures()[:, :8])
    with pytest.raises(ValueError, match="float images need their range"):
        PSNR(value_range=None).update_state(pictures(), pictures())
    with pytest.raises(ValueError, match="window of 11x11"):
        SSIM().update_state(pictures()[:, :8], pictures()[:, :8])


# ------------------------------------------------------------------ segmentation


def labels(seed: int, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, (count, 6, 5)).astype("uint8")


def test_segmentation_in_evaluate():
    """From scores of a network, batch by batch, with void."""
    truth = labels(0)
    truth[:, 0] = 255
    logits = np.random.default_rng(1).normal(size=(*truth.shape, 3)).astype("float32")
    names = ("mean_iou", "pixel_accuracy", "class_accuracy", "frequency_weighted_iou")
    model = keras.Sequential([keras.Input((6, 5, 3)), keras.layers.Activation("linear")])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    model.compile(loss=loss, metrics=[SegmentationScore(3, name, ignore=255) for name in names])
    found = model.evaluate(logits, truth, batch_size=3, verbose=0, return_dict=True)
    expected = segmentation_scores(truth, logits.argmax(-1), 3, ignore=255)
    for name in names:
        assert found[name] == pytest.approx(getattr(expected, name), rel=1e-5)


def test_segmentation_counts_more_than_float32_can():
    metric = SegmentationScore(2, "pixel_accuracy")
    metric.high.assign(np.array([[2**11, 0], [0, 0]]))  # 2^31 right pixels
    metric.update_state(np.ones((1, 4, 4)), np.ones((1, 4, 4, 1)))
    assert int(metric.low[1, 1]) == 16
    for _ in range(3):  # the carry
        metric._add(np.full((2, 2), 2**20 - 1, "int32"))
    assert int(metric.high[1, 0]) * 2**20 + int(metric.low[1, 0]) == 3 * (2**20 - 1)


def test_segmentation_refuses_what_is_no_class():
    metric = SegmentationScore(3)
    metric.update_state(labels(0), labels(1))
    assert 0 < float(metric.result()) < 1
    metric.update_state(labels(0) + np.uint8(1), labels(1))  # 3 is no class
    assert np.isnan(float(metric.result()))
    metric.reset_state()
    assert float(metric.result()) == 0.0
    with pytest.raises(ValueError, match="mean_iou"):
        SegmentationScore(3, "dice")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert again.get_config() == metric.get_config()

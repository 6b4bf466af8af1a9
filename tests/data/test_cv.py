"""keras-cv in the training source; runs where keras-cv and TensorFlow are installed."""

import importlib.util
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import kgen.data
from kgen.data import cv
from kgen.data.toy import toy_maps

INSTALLED = all(importlib.util.find_spec(name) for name in ("keras_cv", "tensorflow"))
needs_keras_cv = pytest.mark.skipif(
    not INSTALLED, reason='keras-cv is not installed: pip install "kgen[tensorflow,cv]"'
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
V = (0, 255)

LAYERS = {
    "JitteredResize": lambda k: k.JitteredResize(target_size=(12, 16), scale_factor=(0.8, 1.2)),
    "RandomCrop": lambda k: k.RandomCrop(8, 10),
    "RandomCropAndResize": lambda k: k.RandomCropAndResize((12, 16), (0.6, 1.0), (0.8, 1.2)),
    "RandomFlip": lambda k: k.RandomFlip(),
    "RandomRotation": lambda k: k.RandomRotation(0.2),
    "RandomShear": lambda k: k.RandomShear(0.3, 0.3),
    "RandomTranslation": lambda k: k.RandomTranslation(0.3, 0.3),
    "RandomZoom": lambda k: k.RandomZoom(0.3, 0.3),
    "AutoContrast": lambda k: k.AutoContrast(V),
    "ChannelShuffle": lambda k: k.ChannelShuffle(3),
    "Equalization": lambda k: k.Equalization(V),
    "Grayscale": lambda k: k.Grayscale(3),
    "GridMask": lambda k: k.GridMask(),
    "Posterization": lambda k: k.Posterization(V, bits=3),
    "RandomBrightness": lambda k: k.RandomBrightness(0.4, value_range=V),
    "RandomChannelShift": lambda k: k.RandomChannelShift(V, 0.5),
    "RandomColorDegeneration": lambda k: k.RandomColorDegeneration(0.8),
    "RandomColorJitter": lambda k: k.RandomColorJitter(V, 0.3, 0.3, 0.3, 0.3),
    "RandomContrast": lambda k: k.RandomContrast(value_range=V, factor=0.5),
    "RandomCutout": lambda k: k.RandomCutout(0.5, 0.5),
    "RandomGaussianBlur": lambda k: k.RandomGaussianBlur(5, (1.0, 2.0)),
    "RandomHue": lambda k: k.RandomHue(0.5, V),
    "RandomSaturation": lambda k: k.RandomSaturation(0.8),
    "RandomSharpness": lambda k: k.RandomSharpness(0.9, V),
    "Solarization": lambda k: k.Solarization(V, threshold_factor=(50, 150)),
    "RandomApply": lambda k: k.RandomApply(k.RandomShear(0.3, 0.3), rate=0.5),
    "RandomChoice": lambda k: k.RandomChoice([k.RandomHue(0.5, V), k.Grayscale(3)]),
    "RandomAugmentationPipeline": lambda k: k.RandomAugmentationPipeline(
        [k.RandomHue(0.5, V), k.GridMask()], augmentations_per_image=1
    ),
}
WITHOUT_CHANCE = {"AutoContrast", "Equalization", "Grayscale", "Posterization"}
BOTH_HALVES = cv.GEOMETRIC | {"RandomApply"}


@pytest.fixture
def layers():
    if not INSTALLED:
        pytest.skip('keras-cv is not installed: pip install "kgen[tensorflow,cv]"')
    import keras_cv

    return keras_cv.layers


@pytest.fixture
def pair():
    """Blocks of colour, and as target their red channel: equal wherever both move alike."""
    colours = np.random.default_rng(0).integers(20, 236, (3, 4, 3))
    source = np.kron(colours, np.ones((4, 4, 1))).astype("uint8")
    return source, source[..., :1].copy()


def test_the_job_for_keras_cv_skips_nothing():
    assert INSTALLED or not os.environ.get("KGEN_WITH_CV"), "KGEN_WITH_CV=1, but no keras-cv"


def test_every_layer_that_is_offered_is_tested():
    assert set(LAYERS) == cv.GEOMETRIC | cv.PHOTOMETRIC | cv.COMBINING


@needs_keras_cv
@pytest.mark.parametrize("name", LAYERS)
def test_layers_keep_pairs_together_and_can_be_repeated(layers, pair, name):
    first, second = (cv.augment([LAYERS[name](layers)]) for _ in range(2))
    drawn = [first(*pair, np.random.default_rng(seed)) for seed in range(6)]
    again = [second(*pair, np.random.default_rng(seed)) for seed in reversed(range(6))][::-1]
    for (source, target), repeated in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(source, repeated[0])
        np.testing.assert_array_equal(target, repeated[1])
        assert source.dtype == target.dtype == np.uint8
        moved = source[..., :1] if name in BOTH_HALVES else pair[1]
        np.testing.assert_array_equal(target, moved)
    pictures = {source.tobytes() for source, _ in drawn}
    assert len(pictures) == 1 if name in WITHOUT_CHANCE else len(pictures) > 1
    if name != "Equalization":  # which leaves this picture as it is
        assert any(not np.array_equal(source, pair[0]) for source, _ in drawn)


def test_one_layer_may_serve_two_sources_and_threads(layers, pair):
    layer = layers.RandomShear(0.3, 0.3)
    augments = [cv.augment([layer, layers.RandomHue(0.5, V)]) for _ in range(2)]

    def draw(number):
        return augments[number % 2](*pair, np.random.default_rng(number // 2))

    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(draw, range(16)))
    for even, odd in zip(drawn[::2], drawn[1::2], strict=True):
        np.testing.assert_array_equal(even[0], odd[0])
    assert len({source.tobytes() for source, _ in drawn}) == 8


def test_batches_draw_the_same_in_every_run(layers):
    pairs = toy_maps(size=32, count=4)

    def batches():
        chosen = [layers.RandomShear(0.2, 0.2), layers.RandomSharpness(0.9, V)]
        return kgen.data.Batches(pairs, batch_size=2, size=32, augment=cv.augment(chosen), seed=3)

    first, second = ([np.asarray(half) for half in batches()[0]] for _ in range(2))
    plain = kgen.data.Batches(pairs, batch_size=2, size=32, seed=3)[0]
    for half in range(2):
        np.testing.assert_array_equal(first[half], second[half])
        assert not np.array_equal(first[half], np.asarray(plain[half]))


def test_nearest_keeps_label_maps(layers):
    labels = np.kron(np.random.default_rng(0).integers(0, 5, (4, 4, 1)), np.ones((4, 4, 1)))
    turn = layers.RandomRotation(0.3, interpolation="nearest")
    source, _ = cv.augment([turn])(
        labels.astype("uint8"), np.zeros((16, 16, 3), "uint8"), np.random.default_rng(1)
    )
    assert set(np.unique(source)) <= set(range(5))


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_depths_keep_their_values(layers, dtype):
    top = 65535 if dtype == "uint16" else 1.0
    source = (np.random.default_rng(0).random((8, 8, 2)) * top).astype(dtype)
    mirror = layers.RandomFlip("horizontal", rate=1.0)
    flipped, target = cv.augment([mirror])(source, source, np.random.default_rng(0))
    assert flipped.dtype == dtype
    np.testing.assert_array_equal(flipped, source[:, ::-1])
    np.testing.assert_array_equal(target, flipped)


def test_mistakes_are_explained(layers, pair):
    import keras

    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"value_range=\(0, 1\).*uint8: .*value_range=\(0, 255\)"):
        cv.augment([layers.RandomHue(0.5, (0, 1))])(*pair, rng)
    inner = layers.RandomApply(layers.RandomHue(0.5, (0, 1)))
    with pytest.raises(ValueError, match="RandomHue has value_range"):
        cv.augment([inner])(*pair, rng)
    with pytest.raises(TypeError, match=r"received MixUp\. Layers for both halves: JitteredResize"):
        cv.augment([layers.MixUp()])
    with pytest.raises(TypeError, match="received Dense"):
        cv.augment([keras.layers.Dense(1)])
    with pytest.raises(TypeError, match="RandomChoice mixes geometric and photometric"):
        cv.augment([layers.RandomChoice([layers.RandomFlip(), layers.Grayscale()])])
    with pytest.raises(ValueError, match=r"gaussian_noise.*could not be repeated"):
        cv.augment([layers.RandomCutout(0.5, 0.5, fill_mode="gaussian_noise")])
    with pytest.raises(ValueError, match=r"computes in float16.*Make it with dtype"):
        cv.augment([layers.RandomHue(0.5, V, dtype="float16")])


@needs_keras_cv
def test_gallery_shows_batches_as_columns(tmp_path):
    generated = np.linspace(-1, 1, 3 * 8 * 8 * 3, dtype="float32").reshape(3, 8, 8, 3)
    source = np.full((3, 8, 8, 1), 51, "uint8")
    figure = cv.gallery(source, generated, rows=2, path=tmp_path / "gallery.png")
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert len(shown) == 4
    for row in range(2):
        assert np.unique(shown[2 * row]).tolist() == [51]
        expected = (generated[row] + 1) * 127.5
        assert np.abs(shown[2 * row + 1] - expected).max() <= 1
    assert (tmp_path / "gallery.png").stat().st_size > 1000
    with pytest.raises(ValueError, match=r"received \[\(3, 8, 8, 1\), \(2, 8, 8, 3\)\]"):
        cv.gallery(source, generated[:2])


@pytest.mark.parametrize(
    "call", [lambda: cv.augment([]), lambda: cv.gallery(np.zeros((1, 8, 8, 3)))]
)
def test_without_keras_cv_the_error_names_the_extra(call, monkeypatch):
    if INSTALLED:
        monkeypatch.setitem(sys.modules, "keras_cv", None)
    with pytest.raises(ImportError, match=r'pip install "kgen\[tensorflow,cv\]"'):
        call()

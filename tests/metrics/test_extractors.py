"""Feature extractors: their arithmetic, their weights, and what they refuse."""

import keras
import numpy as np
import pytest
from keras import ops

from kgen.metrics import EXTRACTORS, Extractor, as_extractor, load_extractor
from kgen.weights import LPIPS_HEADS, WeightsNotFoundError
from tests.metrics.applications import built_once, forget
from tests.metrics.test_lpips import images_of

IMAGES = images_of(0, (5, 40, 52, 3))


def test_inception2015_equals_pytorch_fid(monkeypatch, tmp_path):
    """A file in the published form; resizing, scaling and network in PyTorch beside it."""
    torch = pytest.importorskip("torch")
    from tests.networks import torch_networks

    state = torch_networks.inception_state()
    torch.save(state, tmp_path / "inception2015.pth")
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    extractor = load_extractor("inception2015")
    assert (extractor.name, extractor.dimension, extractor.has_logits) == (
        "inception2015",
        2048,
        True,
    )
    assert extractor.resizer.startswith("bilinear to 299x299")
    features, logits = extractor.outputs(IMAGES[:1])
    images = torch.from_numpy(IMAGES[:1]).permute(0, 3, 1, 2).float() / 255
    images = torch.nn.functional.interpolate(
        images, size=(299, 299), mode="bilinear", align_corners=False
    )
    expected = torch_networks.inception(state, 2 * images - 1)
    for found, wanted in zip((features, logits), expected, strict=True):
        wanted = wanted.numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())
    assert features.dtype == logits.dtype == np.float32


@pytest.mark.parametrize("size", [(500, 331), (17, 640), (299, 299)])
def test_images_of_any_size_are_resized_as_pytorch_does(size):
    """Downwards, too, without antialiasing: that is part of the published numbers."""
    torch = pytest.importorskip("torch")
    images = images_of(1, (1, *size, 3))
    inputs = keras.Input((61, 67, 3))
    flat = keras.Model(inputs, keras.layers.Flatten()(inputs))
    found = as_extractor(flat, "pixels", value_range=(0, 1))(images).reshape(61, 67, 3)
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    wanted = torch.nn.functional.interpolate(
        tensor, size=(61, 67), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(found, wanted[0].permute(1, 2, 0).numpy(), atol=2e-5)


def test_inception_of_keras(tmp_path):
    images, file = images_of(2, (1, 40, 52, 3)), tmp_path / "keras_inception.h5"
    with built_once("InceptionV3", classifier_activation=None) as original:
        weights = original.get_weights()
        original.save(file)
        forget(original)
        extractor = load_extractor("keras", weights=file)
    assert (extractor.name, extractor.dimension) == ("keras", 2048)
    for value, drawn in zip(original.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(value, drawn)
    features, logits = extractor.outputs(images)
    assert features.std() > 0
    np.testing.assert_allclose(logits, features @ weights[-2] + weights[-1], rtol=1e-3, atol=1e-2)


def test_the_stand_in_is_deterministic_and_tells_sets_apart():
    extractor = load_extractor("stand_in")
    features, logits = extractor.outputs(IMAGES)
    assert (features.shape, logits.shape) == ((5, 112), (5, 10))
    again = load_extractor("stand_in", batch_size=2)
    np.testing.assert_allclose(again(IMAGES), features, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(again.logits(IMAGES), logits, rtol=1e-4, atol=1e-5)
    smooth = np.full_like(IMAGES, 128)
    assert np.abs(extractor(smooth) - features).mean() > 10 * features.std(axis=0).mean()


def test_grey_is_three_equal_channels():
    extractor = load_extractor("stand_in")
    grey = IMAGES[..., :1]
    np.testing.assert_array_equal(extractor(grey), extractor(np.repeat(grey, 3, -1)))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 255.0, "uint8 of 0..255.*float64"),
        (IMAGES[0], r"\(N, H, W, 3\).*got \(40, 52, 3\)"),
        (IMAGES[:0], r"got \(0, 40, 52, 3\)"),
        (IMAGES[..., :2], r"got \(5, 40, 52, 2\)"),
    ],
)
def test_other_images_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        load_extractor("stand_in")(images)


def test_missing_and_wrong_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(*_, **__):
        raise Exception("no route")

    monkeypatch.setattr(keras.utils, "get_file", offline)
    files = {"inception2015": "pt_inception-2015-12-05-6726825d", "keras": "inception_v3_weights"}
    for name, file in files.items():
        with pytest.raises(WeightsNotFoundError, match=rf"{file}.* MB.*KGEN_WEIGHTS"):
            load_extractor(name)
    with pytest.raises(ValueError, match=r"alex\.pth: has no Conv2d_1a_3x3\.conv\.weight"):
        load_extractor("inception2015", weights=LPIPS_HEADS / "alex.pth")
    with pytest.raises(ValueError, match="fixed random weights"):
        load_extractor("stand_in", weights=LPIPS_HEADS / "alex.pth")
    with pytest.raises(ValueError, match="unknown extractor 'clip'; there are inception2015"):
        load_extractor("clip")


def test_any_keras_model():
    inputs = keras.Input((8, 8, 3))
    features = keras.layers.GlobalAveragePooling2D()(inputs)
    extractor = as_extractor(keras.Model(inputs, features), "colour")
    assert (extractor.dimension, extractor.has_logits) == (3, False)
    assert extractor.resizer.startswith("bilinear to 8x8")
    found = extractor(np.full((2, 30, 20, 3), 255, "uint8"))
    np.testing.assert_allclose(found, np.ones((2, 3)), atol=1e-6)
    with pytest.raises(ValueError, match="'colour' has no classes"):
        extractor.logits(IMAGES)


def test_any_function():
    calls = []

    def colour(images):
        calls.append(images.shape)
        assert images.dtype == np.uint8
        return ops.mean(ops.cast(images, "float32"), axis=(1, 2))

    extractor = as_extractor(colour, "colour", size=(20, 26), batch_size=2)
    assert extractor.dimension == 3
    found = extractor(np.full((5, 40, 52, 3), 7, "uint8"))
    np.testing.assert_allclose(found, np.full((5, 3), 7.0))
    assert calls == [(1, 20, 26, 3), (2, 20, 26, 3), (2, 20, 26, 3), (1, 20, 26, 3)]
    assert as_extractor(colour, "colour", dimension=3).resizer == "none"
    assert len(calls) == 4  # a dimension that is given needs no try


@pytest.mark.parametrize("name", [*EXTRACTORS, "", "a b", "fid/x"])
def test_names_that_would_mislead(name):
    with pytest.raises(ValueError, match="name of your extractor must be new"):
        as_extractor(lambda images: images, name)


def test_what_is_no_extractor():
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match="Feature maps need a mean over their pixels"):
        as_extractor(keras.Model(inputs, keras.layers.Conv2D(2, 1)(inputs)), "maps")
    spectral = keras.Input((8, 8, 5))
    model = keras.Model(spectral, keras.layers.GlobalAveragePooling2D()(spectral))
    with pytest.raises(ValueError, match=r"one input of images \(N, H, W, 3\)"):
        as_extractor(model, "spectral")
    with pytest.raises(ValueError, match="a Keras model or a function is needed; got str"):
        as_extractor("model.keras", "file")
    with pytest.raises(ValueError, match=r"features of shape \(5, 3\).*got \(5, 40, 52, 3\)"):
        Extractor(lambda images: [images], "maps", "none", 3)(IMAGES)
    with pytest.raises(ValueError, match="values that are not finite"):
        Extractor(lambda images: [np.full((5, 3), np.nan)], "nan", "none", 3)(IMAGES)

"""LPIPS: the distance, its Keras metric, its networks from files."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from kgen import backend
from kgen.metrics import LPIPS, LPIPSNetwork, lpips, lpips_network
from kgen.metrics.lpips import feature_distances
from kgen.metrics.running import in_batches
from kgen.networks import stand_in
from kgen.weights import LPIPS_HEADS, WeightsNotFoundError, read_state
from tests.goldens.compiled import compiled
from tests.metrics.applications import built_once, forget

SHAPE = (5, 20, 24, 3)


def images_of(seed: int, shape: tuple = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype="uint8")


REAL, FAKE = images_of(0), images_of(1)


def to_float(images: np.ndarray) -> np.ndarray:
    return images.astype("float32") / 127.5 - 1


@pytest.fixture(scope="module")
def network() -> LPIPSNetwork:
    return lpips_network("stand_in")


# ------------------------------------------------------------------------------ the distance


def test_by_hand_in_numpy(network):
    """The formula once more, in float64."""
    taps = [network.trunk.predict_on_batch(to_float(images)) for images in (REAL, FAKE)]
    total = np.zeros(len(REAL))
    for f, g, head in zip(*taps, network.heads, strict=True):
        f, g = (
            x.astype("float64")
            / (np.sqrt((x.astype("float64") ** 2).sum(-1, keepdims=True)) + 1e-10)
            for x in (np.asarray(f), np.asarray(g))
        )
        total += ((f - g) ** 2 * head).sum(-1).mean((1, 2))
    distances = lpips(REAL, FAKE, network)
    np.testing.assert_allclose(distances, total, rtol=1e-4)
    assert distances.dtype == np.float64


def test_equal_images_have_no_distance_and_order_does_not_matter(network):
    np.testing.assert_array_equal(lpips(REAL, REAL, network), np.zeros(len(REAL)))
    np.testing.assert_allclose(lpips(REAL, FAKE, network), lpips(FAKE, REAL, network), rtol=1e-6)


def test_more_blur_is_more_distance(network):
    ramp = np.linspace(0, 255, 32).astype("uint8")
    real = np.stack([np.stack([np.roll(ramp, 5 * i)] * 3, -1) for i in range(32)])[None]
    distances = [lpips(real, np.roll(real, shift, axis=2), network)[0] for shift in (0, 1, 3)]
    assert distances == sorted(distances)
    assert distances[1] > 0


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_the_size_of_batches_changes_nothing(network, batch_size):
    found = lpips(REAL, FAKE, network, batch_size=batch_size)
    np.testing.assert_allclose(found, lpips(REAL, FAKE, network), rtol=1e-5)


def test_calls_share_what_was_compiled(network):
    lpips(REAL, FAKE, network)
    compiled_once = network.model.predict_function
    lpips(REAL, FAKE, network, batch_size=2)
    assert network.model.predict_function is compiled_once is not None


def test_images_of_several_sizes_keep_their_order(network):
    sizes = [(16, 16), (16, 16), (20, 12), (16, 16)]
    real = [images_of(i, (*size, 3)) for i, size in enumerate(sizes)]
    fake = [images_of(i + 9, (*size, 3)) for i, size in enumerate(sizes)]
    single = [lpips(a[None], b[None], network)[0] for a, b in zip(real, fake, strict=True)]
    np.testing.assert_allclose(lpips(real, fake, network), single, rtol=1e-5)


def test_ranges_grey_and_folders_agree(network, tmp_path):
    expected = lpips(REAL, FAKE, network)
    for value_range, scale in (((-1, 1), to_float), ((0, 1), lambda x: x / 255.0)):
        found = lpips(scale(REAL), scale(FAKE), network, value_range=value_range)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    for folder, images in (("real", REAL), ("fake", FAKE)):
        (tmp_path / folder).mkdir()
        for i, image in enumerate(images):
            Image.fromarray(image).save(tmp_path / folder / f"{i}.png")
    found = lpips(tmp_path / "real", tmp_path / "fake", network)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    grey = REAL[..., :1], FAKE[..., :1]
    threefold = [np.repeat(images, 3, -1) for images in grey]
    np.testing.assert_array_equal(lpips(*grey, network), lpips(*threefold, network))


@pytest.mark.parametrize(
    ("real", "fake", "options", "message"),
    [
        (REAL, FAKE[:, :16], {}, "one shape"),
        ([REAL[0]], [FAKE[0, :16]], {}, "one size"),
        (to_float(REAL), to_float(FAKE), {}, "need their range stated"),
        (to_float(REAL) * 2, to_float(FAKE), {"value_range": (-1, 1)}, "stated range"),
        (REAL, FAKE, {"value_range": (-1, 1)}, "uint8 images range over"),
        (np.full(SHAPE, np.nan), to_float(FAKE), {"value_range": (-1, 1)}, "NaN"),
        (REAL[:, :3], FAKE[:, :3], {}, "at least 4 pixels a side; got 3x24"),
        (np.concatenate([REAL] * 2, -1), np.concatenate([FAKE] * 2, -1), {}, "3 channels"),
        ([], [], {}, "both sets are empty"),
    ],
)
def test_what_would_be_no_distance_is_an_error(network, real, fake, options, message):
    with pytest.raises(ValueError, match=message):
        lpips(real, fake, network, **options)


def test_the_gradient_is_finite_where_features_are_zero():
    """As a loss, the square root at 0 would make every weight NaN."""
    zero, other = np.zeros((1, 2, 2, 3), "float32"), np.ones((1, 2, 2, 3), "float32")
    heads = [np.ones(3, "float32")]

    def loss(features):
        return ops.sum(feature_distances([features], [other], heads)), None

    value, _, pull = backend.differentiate(loss, [], ops.convert_to_tensor(zero))
    slope = ops.convert_to_numpy(pull(ops.ones_like(value))[1])
    assert float(ops.convert_to_numpy(value)) == pytest.approx(1.0)
    assert np.all(np.isfinite(slope))


def test_the_network_is_differentiable_and_fixed(network):
    real, fake = to_float(REAL[:1]), to_float(FAKE[:1])

    def value_and_slope(fake):
        value, _, pull = backend.differentiate(
            lambda x: (ops.sum(network(real, x)), None), [], fake
        )
        return value, pull(ops.ones_like(value))[1]

    value, slope = compiled(value_and_slope)(fake)
    assert slope.shape == fake.shape
    assert np.abs(slope).max() > 0
    assert network.model.trainable_variables == []
    assert float(value) == pytest.approx(lpips(REAL[:1], FAKE[:1], network)[0], rel=1e-4)


def test_mixed_precision_changes_nothing(network):
    expected = lpips(REAL, FAKE, network)
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        found = lpips(REAL, FAKE, lpips_network("stand_in"))
    finally:
        keras.config.set_dtype_policy(policy)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


# ------------------------------------------------------------------------------ networks


@pytest.mark.parametrize(("trunk", "file"), [("alex", "alexnet"), ("squeeze", "squeezenet")])
def test_reference_trunks_from_files(monkeypatch, tmp_path, trunk, file):
    """A torchvision-shaped file, found through KGEN_WEIGHTS, under the shipped heads."""
    torch = pytest.importorskip("torch")
    from tests.networks import torch_networks

    state = getattr(torch_networks, f"{file}_state")()
    name = {"alexnet": "alexnet", "squeezenet": "squeezenet1_1"}[file]
    torch.save(state, tmp_path / f"{name}.pth")
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    network = lpips_network(trunk)
    assert network.name == f"lpips_{trunk}"
    real, fake = images_of(2, (2, 36, 40, 3)), images_of(3, (2, 36, 40, 3))
    heads = [torch.from_numpy(head) for head in read_state(LPIPS_HEADS / f"{trunk}.pth").values()]
    expected = 0.0
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    inputs = [(torch.from_numpy(to_float(x)) - shift) / scale for x in (real, fake)]
    taps = [getattr(torch_networks, file)(state, x.permute(0, 3, 1, 2)) for x in inputs]
    for f, g, head in zip(*taps, heads, strict=True):
        f, g = (x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) for x in (f, g))
        expected = expected + ((f - g).square() * head).sum(1).mean((1, 2))
    np.testing.assert_allclose(lpips(real, fake, network), expected.numpy(), rtol=1e-4)


def test_the_trunk_of_keras(tmp_path):
    """keras.applications' VGG16 from a file: BGR, mean of Caffe, the heads of VGG."""
    names = "block1_conv2 block2_conv2 block3_conv3 block4_conv3 block5_conv3".split()
    heads = [head.reshape(-1) for head in read_state(LPIPS_HEADS / "vgg.pth").values()]
    pair = images_of(2, (1, 16, 32, 3)), images_of(3, (1, 16, 32, 3))
    file = tmp_path / "keras_vgg16.h5"
    with built_once("VGG16", include_top=False, input_shape=(None, None, 3)) as original:
        taps = keras.Model(original.input, [original.get_layer(name).output for name in names])
        run, mean = in_batches(taps, 1), [103.939, 116.779, 123.68]
        features = [run(x[..., ::-1].astype("float32") - mean) for x in pair]
        original.save(file)
        forget(original)
        network = lpips_network("keras_vgg", weights=file)
        with pytest.raises(ValueError, match=r"does not hold the weights of keras\.applications"):
            lpips_network("keras_vgg", weights=LPIPS_HEADS / "LICENSE")
    expected = compiled(partial(feature_distances, heads=heads))(*features).sum(axis=-1)
    assert network.name == "lpips_keras_vgg"
    np.testing.assert_allclose(lpips(*pair, network), expected, rtol=1e-4)


def test_missing_and_wrong_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(*_, **__):
        raise Exception("no route")

    monkeypatch.setattr(keras.utils, "get_file", offline)
    for trunk, file in (("alex", "alexnet-owt-7be5be79.pth"), ("keras_vgg", "vgg16_weights_tf")):
        with pytest.raises(WeightsNotFoundError, match=rf"{file}.* MB.*KGEN_WEIGHTS"):
            lpips_network(trunk)
    with pytest.raises(ValueError, match=r"vgg\.pth: holds no tensor whose name begins with"):
        lpips_network("vgg", weights=LPIPS_HEADS / "vgg.pth")
    with pytest.raises(ValueError, match="unknown LPIPS trunk 'resnet'; there are alex, vgg"):
        lpips_network("resnet")
    with pytest.raises(ValueError, match="fixed random weights"):
        lpips_network("stand_in", weights=LPIPS_HEADS / "vgg.pth")


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ([np.ones(16), np.ones(32)], r"maps of \[16, 32, 64\] channels"),
        ([np.ones(16), np.ones(32), np.ones(63)], r"got \[16, 32, 63\]"),
        ([np.ones(16), -np.ones(32), np.ones(64)], "head 1 must hold finite weights, none below 0"),
        ([np.ones(16), np.ones(32), np.full(64, np.nan)], "head 2 must hold finite"),
    ],
)
def test_heads_that_do_not_fit(heads, message):
    with pytest.raises(ValueError, match=message):
        LPIPSNetwork(stand_in(), heads, "mine")


# ------------------------------------------------------------------------------ the metric


def test_inside_fit_and_evaluate(network):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1, activation="tanh")(inputs))
    model.compile(loss="mse", optimizer="sgd", metrics=[LPIPS(network)])
    source, target = to_float(REAL), to_float(FAKE)
    history = model.fit(source, target, batch_size=2, verbose=0)
    assert np.isfinite(history.history["lpips_stand_in"][0])
    logs = model.evaluate(source, target, batch_size=2, verbose=0, return_dict=True)
    generated = np.clip(model.predict(source, verbose=0), -1, 1)
    expected = lpips(target, generated, network, value_range=(-1, 1)).mean()
    assert logs["lpips_stand_in"] == pytest.approx(expected, rel=1e-4)


def test_metric_equals_function_on_bytes_grey_and_weights(network):
    metric = LPIPS(network)
    metric.update_state(REAL[..., :1], FAKE[..., :1])
    grey = lpips(REAL[..., :1], FAKE[..., :1], network)
    assert float(metric.result()) == pytest.approx(grey.mean(), rel=1e-5)
    metric.reset_state()
    metric.update_state(REAL, FAKE, sample_weight=[1, 0, 0, 0, 3])
    each = lpips(REAL, FAKE, network)
    assert float(metric.result()) == pytest.approx((each[0] + 3 * each[4]) / 4, rel=1e-5)


def test_metric_refuses_and_shows_what_is_no_number(network):
    metric = LPIPS(network, value_range=(0, 1))
    metric.update_state(REAL / 255.0, to_float(FAKE))  # below 0
    assert np.isnan(float(metric.result()))
    with pytest.raises(ValueError, match="one shape"):
        metric.update_state(REAL, FAKE[:, :8])
    with pytest.raises(ValueError, match="3 channels"):
        metric.update_state(np.concatenate([REAL] * 2, -1), np.concatenate([FAKE] * 2, -1))


def test_metric_is_restored_from_its_configuration():
    metric = LPIPS("stand_in", value_range=(0, 1), name="distance")
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert (again.name, again.network.name) == ("distance", "lpips_stand_in")
    assert again.value_range == (0, 1)

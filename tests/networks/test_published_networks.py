"""Published networks: a reference-shaped state file in, the published layout's numbers out."""

import keras
import numpy as np
import pytest

from kgen.metrics.running import in_batches
from kgen.networks import alexnet, inception2015, squeezenet, stand_in, vgg16
from kgen.weights import load_torch_state, read_state

BUILDERS = {"vgg16": vgg16, "alexnet": alexnet, "squeezenet": squeezenet}


@pytest.fixture
def reference():
    pytest.importorskip("torch")
    from tests.networks import torch_networks

    return torch_networks


def images_of(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape, dtype="float32")


def compare(found: list, expected: list) -> None:
    assert len(found) == len(expected)
    for value, tensor in zip(found, expected, strict=True):
        wanted = tensor.numpy()
        wanted = wanted.transpose(0, 2, 3, 1) if wanted.ndim == 4 else wanted
        assert value.shape == wanted.shape
        np.testing.assert_allclose(value, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


# odd and even sizes: strides, and windows that reach over the edge, differ there
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("vgg16", (17, 32)),
        ("alexnet", (31, 64)),
        ("alexnet", (66, 47)),
        ("squeezenet", (17, 33)),
        ("squeezenet", (40, 59)),
        ("squeezenet", (22, 28)),
    ],
)
def test_features_equal_the_published_layout(reference, tmp_path, name, size):
    import torch

    state = getattr(reference, f"{name}_state")()
    torch.save(state, tmp_path / "w.pth", _use_new_zipfile_serialization=size[0] % 2 == 0)
    network = BUILDERS[name](kernel_initializer="zeros")
    load_torch_state(network, read_state(tmp_path / "w.pth", "features."))
    images = images_of(2, *size, 3)
    expected = getattr(reference, name)(state, torch.from_numpy(images.transpose(0, 3, 1, 2)))
    compare(in_batches(network, 2)(images), expected)


def test_taps_of_vgg16():
    taps = ("relu3_1", "relu1_2", "relu2_1")
    network = vgg16((32, 32, 3), taps, kernel_initializer="zeros")
    assert [tap.shape[1:] for tap in network.outputs] == [(8, 8, 256), (32, 32, 64), (16, 16, 128)]
    # nothing is built behind the last tap
    assert [layer.name for layer in network.layers if layer.weights][-1] == "features-10"
    for wrong in ((), ("relu6_1",), ("relu1_2", "conv1_1")):
        with pytest.raises(ValueError, match="VGG16 has no tap"):
            vgg16(taps=wrong)


@pytest.fixture(scope="module")
def networks() -> dict[str, keras.Model]:
    """All of them, built while models train in mixed precision."""
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        builders = {**BUILDERS, "inception2015": inception2015}
        built = {name: build(kernel_initializer="zeros") for name, build in builders.items()}
        return {**built, "stand_in": stand_in()}
    finally:
        keras.config.set_dtype_policy(policy)


def test_networks_stay_in_float32_under_mixed_precision(networks):
    for network in networks.values():
        used = {layer.compute_dtype for layer in network.layers if layer.weights}
        assert used == {"float32"}
        assert {output.dtype for output in network.outputs} == {"float32"}


def test_every_weight_of_the_published_inception_has_its_place(reference, networks):
    """What it computes is compared beside its extractor, in tests/metrics."""
    state = reference.inception_state()
    count = sum(value.numel() for name, value in state.items() if "num_batches" not in name)
    assert networks["inception2015"].count_params() == count == 23_885_392


def test_the_stand_in_is_the_same_everywhere():
    images = np.linspace(-1, 1, 2 * 8 * 12 * 3, dtype="float32").reshape(2, 8, 12, 3)
    taps = in_batches(stand_in(), 2)(images)
    assert [tap.shape for tap in taps] == [(2, 8, 12, 16), (2, 4, 6, 32), (2, 2, 3, 64)]
    np.testing.assert_allclose(
        [tap.mean() for tap in taps], [0.298340, 0.267506, 0.194757], rtol=1e-5
    )
    with pytest.raises(ValueError, match="1 to 3 taps"):
        stand_in(taps=4)

"""LPIPS against the numbers of the reference tool: trunks, heads, and the formula alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from kgen.metrics.lpips import LPIPSNetwork, feature_distances, lpips_network
from kgen.metrics.running import in_batches
from kgen.weights import LPIPS_HEADS, read_state
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden, make, nhwc


def check_lpips(golden: Golden) -> None:
    """Distances through reference-shaped trunks of given weights, and of given features."""
    for match in golden.matching(r"(\w+)/x0"):
        _check_trunk(golden, match.group(1))
    layers = len(golden.matching(r"formula/w_\d+"))
    one, other, heads = (
        [golden[f"formula/{part}_{i}"] for i in range(layers)] for part in ("f0", "f1", "w")
    )
    found = np.asarray(compiled(partial(feature_distances, heads=heads))(one, other))
    for i in range(layers):
        golden.check(f"formula/layer_{i}", found[:, i])
    golden.check("formula/total", found.sum(axis=-1))


def _check_trunk(golden: Golden, trunk: str) -> None:
    state = {part["name"]: make(part) for part in golden.entry["recipe"][trunk]}
    network = lpips_network(trunk, weights=state, heads=state)
    images = nhwc(golden[f"{trunk}/x0"]), nhwc(golden[f"{trunk}/x1"])
    layers = _layers(network, *images)
    golden.check(f"{trunk}/per_layer", layers.T)
    golden.check(f"{trunk}/d", layers.sum(axis=-1))
    golden.check(f"{trunk}/d_float64", layers.sum(axis=-1))
    plain = _plain_layers(*_taps(network, *images))
    golden.check(f"{trunk}/d_baseline_no_lin", plain.sum(axis=-1))


def check_lpips_procedural(golden: Golden) -> None:
    """Distances through a VGG16 of procedural weights under the shipped heads; plain L1 too."""
    network = lpips_network("vgg", weights=_procedural(golden))
    images = nhwc(golden["x0"]), nhwc(golden["x1"])
    layers = _layers(network, *images)
    golden.check("per_layer", layers.T)
    golden.check("lpips", layers.sum(axis=-1))
    taps = _taps(network, *images)
    golden.check("no_lin_per_layer", _plain_layers(*taps).T)
    differences = [np.abs(a - b).mean(dtype="float64") for a, b in zip(*taps, strict=True)]
    golden.check("l1_per_layer", differences)


def _procedural(golden: Golden) -> dict[str, np.ndarray]:
    """Weights by the rule of the entry, under torchvision's names."""
    draws = np.random.RandomState(golden.entry["weight_seed"])
    state = {}
    for name, shape in golden.entry["keys"]:
        value = draws.standard_normal(int(np.prod(shape))).reshape(shape)
        scale = np.sqrt(2.0 / np.prod(shape[1:])) if len(shape) == 4 else 0.1
        state[name.replace("n.", "features.", 1)] = (value * scale).astype("float32")
    return state


def check_heads(golden: Golden) -> None:
    """The shipped heads are the reference's, bit by bit."""
    for match in golden.matching(r"(\w+)/(lin\d+\.model\.1\.weight)"):
        name, (trunk, head) = match.group(0), match.groups()
        shipped = read_state(LPIPS_HEADS / f"{trunk}.pth")[head]
        np.testing.assert_array_equal(shipped.reshape(-1), golden[name])
    assert len(golden.names) == 10  # five layers of two trunks


def _layers(network: LPIPSNetwork, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    return network.run(real, fake)[0]


def _plain_layers(taps: list, others: list) -> np.ndarray:
    """Distances of each layer where all channels count alike."""
    ones = [np.ones(tap.shape[-1], "float32") for tap in taps]
    return np.asarray(compiled(partial(feature_distances, heads=ones))(taps, others))


def _taps(network: LPIPSNetwork, *images: np.ndarray) -> list[list[np.ndarray]]:
    run = in_batches(network.trunk, len(images[0]))
    return [run(image) for image in images]

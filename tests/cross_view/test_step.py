"""kgen's training step against the same losses written plainly; what `tools/benchmark` times."""

import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from kgen.cross_view.identity import embed
from kgen.layers import SpectralNormalization
from tests.conftest import REPOSITORY

torch_only = pytest.mark.skipif(
    keras.config.backend() != "torch",
    reason="elsewhere the plain loop has noise of its own, and compiles for minutes",
)


@pytest.fixture
def bare(monkeypatch):
    """The folder of plain steps can be imported from."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "tools" / "bare"))


def numpy_of(tensor) -> np.ndarray:
    return ops.convert_to_numpy(ops.stop_gradient(tensor))


def settle(network: keras.Model) -> None:
    """Give every spectral norm its singular vectors, so that further passes change nothing."""
    for layer in network._flatten_layers():
        if isinstance(layer, SpectralNormalization):
            kernel = numpy_of(layer.layer.kernel)
            v, _, u = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), full_matrices=False)
            layer.v.assign(v[:, 0])
            layer.u.assign(u[0])


def draws_of(model) -> SimpleNamespace:
    """The random numbers that kgen's step will draw, in its order."""
    noise = keras.random.SeedGenerator(model.seed)
    augmentation = keras.random.SeedGenerator(model.seed)
    return SimpleNamespace(
        normal=lambda shape: keras.random.normal(shape, seed=noise),
        uniform=lambda count: keras.random.uniform((count,), seed=augmentation),
    )


PLAYERS = ("generator", "discriminator", "coarse_discriminator")
EMBEDDERS = ("source_embedder", "target_embedder")


@pytest.fixture
def models(bare) -> tuple:
    """(kgen's, with the plain layers): small models of equal weights, spectral norms settled."""
    from cross_view_plain import plain_layers
    from cross_view_workers import build_model

    small = {"width": 32, "facade_widths": (16, 8, 8)}
    fused = build_model("tiny", **small)
    with plain_layers():
        plain = build_model("tiny", **small)
    for name in PLAYERS + EMBEDDERS:
        settle(getattr(fused, name))
        getattr(plain, name).set_weights(getattr(fused, name).get_weights())
    return fused, plain


def cached(model, images: dict) -> dict:
    """The batch for `fit`: the target, and what the frozen networks make of both views."""
    target = ops.convert_to_tensor(images["ground"])
    embeddings = {
        "source_embedding": embed(model.source_embedder, images["aerial"]),
        "target_embedding": embed(model.target_embedder, target),
        "coarse_embedding": embed(model.target_embedder, model.coarse_of(target)),
    }
    arrays = {name: numpy_of(tensor) for name, tensor in embeddings.items()}
    return {"ground": images["ground"], **arrays}


def trained(model) -> dict[str, np.ndarray]:
    """The players' weights by name."""
    return {
        f"{name}/{variable.path}": numpy_of(variable)
        for name in PLAYERS
        for variable in getattr(model, name).trainable_variables
    }


@torch_only
def test_the_fused_step_is_the_plain_one(models, monkeypatch):
    """One pass of the generator, cached embeddings and cheap up-sampling change no number.

    With SGD in Adam's place: Adam makes steps of full length out of rounding errors.
    """
    import torch
    from cross_view_loops import RATES, make_step
    from cross_view_plain import Game
    from cross_view_workers import draw_images, perceptual_network

    fused, plain = models
    monkeypatch.setattr(torch.optim, "Adam", lambda weights, *_: torch.optim.SGD(weights, 1e-4))
    fused.compile(**{f"{player}_optimizer": keras.optimizers.SGD(1e-4) for player in RATES})
    images = draw_images(fused, 2)
    game = Game(plain, perceptual_network("lpips_stand_in"))
    batch, step = cached(fused, images), make_step(game, images, draws_of(plain))
    before = trained(fused)
    for count in range(2):  # with and without diversity
        expected = {name: float(value) for name, value in step(count).items()}
        found = fused.train_on_batch(batch, return_dict=True)
        fused.reset_metrics()
        found["g_diversity"] /= fused.diversity_interval  # reported for the mean over steps
        assert ("g_diversity" in expected) == (count == 0)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)
    plainly = trained(plain)
    for name, after in trained(fused).items():
        moved = np.abs(after - before[name]).max()
        np.testing.assert_allclose(after, plainly[name], 0, 1e-3 * moved + 1e-7, err_msg=name)


def test_three_ways_to_double_and_convolve_agree(bare):
    """Values and both gradients; a map whose sides differ, more filters than channels."""
    from upsample import WAYS, both_passes, tensors

    x, kernel, slope = tensors((3, 5, 4, 6), batch=2)
    results = {
        name: [numpy_of(way(x, kernel)), *map(numpy_of, both_passes(way, slope)(x, kernel))]
        for name, way in WAYS.items()
    }
    for name in ("transposed", "four_phases"):
        for found, expected in zip(results[name], results["as_written"], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_benchmark_lists_the_system():
    command = [sys.executable, str(REPOSITORY / "tools" / "benchmark"), "--help"]
    done = subprocess.run(command, text=True, capture_output=True, check=True)
    for words in ("{pix2pix,cross-view}", "--preset {paper,teaching,tiny}", "--upsample"):
        assert words in done.stdout

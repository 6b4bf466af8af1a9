"""The workers of `tools/benchmark --system cross-view`: kgen's `fit`, the plain step, inference."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cross_view_loops import make_step
from cross_view_plain import Game, plain_layers
from workers import fit_in_turns, step_in_turns

from kgen.cross_view import SAIG_PRESETS, CrossViewGenerator, saig
from kgen.cross_view.presets import PRESETS
from kgen.metrics.lpips import LPIPSNetwork, lpips_network
from kgen.metrics.lpips_trunks import shipped_heads
from kgen.networks import vgg16

SOURCE_SIZE = (256, 256)


def build_model(preset: str, target_size: tuple[int, int] | None = None, **options: Any) -> Any:
    """A `CrossViewGenerator` with SAIG of the same preset, all weights random."""
    recipe = PRESETS[preset]["generator"]
    size = tuple(target_size or recipe["target_size"])
    branch = SAIG_PRESETS["saig-s" if preset == "paper" else preset]
    embedder = {"ground": saig(size, **branch), "aerial": saig(SOURCE_SIZE, seed=1, **branch)}
    options = {"perceptual": "lpips_stand_in", "target_size": size, **options}
    return CrossViewGenerator.from_preset(preset, embedder=embedder, **options)


def perceptual_network(name: str) -> LPIPSNetwork:
    """`lpips_stand_in`, or `random_vgg16`: as costly as LPIPS-VGG, without its weights."""
    if name == "lpips_stand_in":
        return lpips_network("stand_in")
    trunk = vgg16(kernel_initializer="he_normal")
    return LPIPSNetwork(trunk, shipped_heads("vgg", None), "lpips_random_vgg16", 16)


def draw_images(model: Any, count: int) -> dict[str, np.ndarray]:
    """Noise in the sizes of both views."""
    sizes = {model.target: model.target_size, model.source: model.source_size}
    rng = np.random.default_rng(0)
    return {
        view: rng.uniform(-1, 1, (count, *size, 3)).astype("float32")
        for view, size in sizes.items()
    }


def run_kgen(setting: Namespace) -> None:
    """`fit` on targets and the embeddings that `cached_embeddings` would have made."""
    length, rng = PRESETS[setting.preset]["generator"]["embedding_size"], np.random.default_rng(0)
    size = setting.target_size or PRESETS[setting.preset]["generator"]["target_size"]
    count = setting.batch * (setting.steps + 3)
    data: dict[str, Any] = {
        f"{name}_embedding": rng.standard_normal((count, length)).astype("float32")
        for name in ("source", "target", "coarse")
    }
    data["ground"] = rng.random((count, *size, 3), "float32") * 2 - 1

    def make_model() -> Any:
        model = build_model(setting.preset, setting.target_size)
        network = perceptual_network(setting.perceptual)
        model._perceptual_loss = lambda real, fake: keras.ops.mean(network(real, fake))
        model.compile()
        return model

    fit_in_turns(make_model, data, batch_size=setting.batch)


def run_plain(setting: Namespace) -> None:
    """The losses written plainly."""

    def make() -> Any:
        with plain_layers():
            model = build_model(setting.preset, setting.target_size)
        game = Game(model, perceptual_network(setting.perceptual))
        step = make_step(game, draw_images(model, setting.batch))
        count = 0

        def one() -> None:
            nonlocal count
            float(step(count)["g_loss"])  # wait for the result
            count += 1

        return one

    step_in_turns(make)


def run_inference(setting: Namespace) -> None:
    """Source images -> embedding -> pictures, numpy in and out."""

    def make() -> Any:
        model = build_model(setting.preset, setting.target_size)
        model.compile()
        images = draw_images(model, setting.batch)
        given = {model.source: images[model.source]}
        return lambda: model.predict_on_batch(given)

    step_in_turns(make)


WORKERS = {"kgen": run_kgen, "bare": run_plain, "inference": run_inference}

"""Every loss of one step of the cross-view generator, and the gradients of both players."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
from keras import layers, ops

from kgen import backend
from kgen.cross_view import CrossViewGenerator
from kgen.cross_view.identity import embed, identity_loss
from tests.goldens.check_cross_view_networks import build_discriminator, build_generator
from tests.goldens.compiled import compiled
from tests.goldens.cross_view_weights import to_reference
from tests.goldens.files import Golden, nchw, nhwc, read_set
from tests.goldens.kinds import XVIEW, kinds_of

PICTURES = {"atol": 1e-4, "rtol": 0.0}
PLAYED = ("image", "coarse", "features", "style")
GROUPS = (r"fc\.", r"s\d", r"t\d", r"rgb\.", r"map\d", r"coarse\.")


class Step:
    """The model of two other entries' networks, with this entry's pictures and noise.

    The reference moves the vectors of the generator's spectral normalization once, for both of its
    pictures, and none of the discriminators': so the generator plays in training mode, and losses
    are computed outside of it, where `u` and `v` stay as they are.
    """

    def __init__(self, golden: Golden) -> None:
        others = {kind: g for g in read_set(golden.path.parent.name) for kind in kinds_of(g, XVIEW)}
        given = others["generator"]
        generator, self.names = build_generator(given)
        judges = [
            build_discriminator(others["discriminators"], which, "sn1")
            for which in ("full", "coarse")
        ]
        self.model = CrossViewGenerator(
            generator,
            *judges,
            target_embedder=_embedder(golden),
            perceptual_weight=0.0,
            diversity_interval=1,  # g_diversity is this number times the term
            augment=None,
        )
        self.noise = {"z": given["z"], "z_local": nhwc(given["z_local"])}
        self.other = nhwc(golden["z_local2"])
        self.batch = {"ground": nhwc(golden["real"]), "source_embedding": given["r"]}

    def play(self, batch: dict, noise: dict) -> dict:
        """What the model's `play` gives, with the noise given."""
        embedding = batch["source_embedding"]
        made = self.model.run_generator(self.model.generator, embedding, noise, training=True)
        return {**made, "embedding": embedding, "z_local": noise["z_local"]}

    def generator_pays(self, batch: dict, noise: dict, other: Any) -> tuple:
        """The terms, both identity losses, the pictures; gradients by the generator's variables."""

        def pays() -> tuple:
            played = self.play(batch, noise)
            with (
                patch.object(CrossViewGenerator, "local_noise", lambda *_, **__: other),
                patch.object(CrossViewGenerator, "every_steps", lambda _, count, term: term()),
            ):
                loss, terms = self.model.g_loss(batch, played, training=False)
            return loss, (terms, self._identity(batch, played), self._pictures(played, other))

        variables = self.model.generator.trainable_variables
        loss, extra, pull = backend.differentiate(pays, variables)
        return loss, *extra, pull(ops.ones_like(loss))[0]

    def _identity(self, batch: dict, played: dict) -> list:
        real = batch["ground"], self.model.coarse_of(batch["ground"])
        pairs = zip((played["image"], played["coarse"]), real, strict=True)
        embedder = self.model.target_embedder
        return [identity_loss(*(embed(embedder, x) for x in pair)) for pair in pairs]

    def _pictures(self, played: dict, other: Any) -> dict:
        parts = [played["features"], other, played["embedding"], played["style"]]
        texture = self.model.generator.get_layer("texture")
        coarse_real = self.model.coarse_of(ops.convert_to_tensor(self.batch["ground"]))
        return {
            "image": played["image"],
            "image2": texture(parts, training=False),
            "coarse": played["coarse"],
            "coarse_real": coarse_real,
        }

    def judges_pay(self, batch: dict, image: Any, coarse: Any) -> tuple:
        """Terms of each discriminator, the sum of all, gradients by each one's variables."""
        model, embedding = self.model, batch["source_embedding"]
        played = {"image": image, "coarse": coarse, "embedding": embedding}
        judges = model.discriminator, model.coarse_discriminator
        pictures = (batch["ground"], image), (model.coarse_of(batch["ground"]), coarse)
        others = model.shows_another_place(batch)

        def pay() -> tuple:
            parts = [
                model._judged(judge, *pair, embedding, others, training=False)
                for judge, pair in zip(judges, pictures, strict=True)
            ]
            return model.d_loss(batch, played, training=False)[0], parts

        variables = [v for judge in judges for v in judge.trainable_variables]
        loss, parts, pull = backend.differentiate(pay, variables)
        slopes, count = pull(ops.ones_like(loss))[0], len(judges[0].trainable_variables)
        return loss, parts, (slopes[:count], slopes[count:])


def _embedder(golden: Golden) -> keras.Model:
    """Averages over 4x8 patches, channels first, projected."""
    kernel = golden["proj"]
    _, channels, height, width = golden["real"].shape
    images = keras.Input((height, width, channels))
    x = layers.AveragePooling2D((height // 4, width // 8))(images)
    x = layers.Flatten()(layers.Permute((3, 1, 2))(x))
    project = layers.Dense(kernel.shape[1], use_bias=False)
    network = keras.Model(images, project(x))
    project.kernel.assign(kernel)
    return network


def check_composite(golden: Golden) -> None:
    """Terms of the discriminators and of the generator, pictures, gradients."""
    step = Step(golden)
    pays = compiled(step.generator_pays, step.model.variables)
    loss, terms, identity, pictures, slopes = pays(step.batch, step.noise, step.other)
    for name, value in pictures.items():
        golden.compare(name, nchw(value), golden[name], **PICTURES)
    names = ("g_adversarial", "g_coarse", "g_l1")
    values = [*(terms[name] for name in names), *identity, terms["g_diversity"], loss]
    golden.check("g_terms", values)
    np.testing.assert_allclose(terms["g_identity"], sum(identity), rtol=1e-6)
    _check_generator_slopes(golden, step, slopes)
    _check_judges(golden, step, pictures)


def _check_generator_slopes(golden: Golden, step: Step, slopes: list) -> None:
    place = {id(v): i for i, v in enumerate(step.model.generator.trainable_variables)}
    by_name = {
        name: to_reference(slopes[place[id(variable)]])
        for name, variable in step.names.variables.items()
        if id(variable) in place
    }
    norms = [
        _norm([slope for name, slope in by_name.items() if re.match(group, name)])
        for group in GROUPS
    ]
    golden.check("grad_norms_fc_s_t_rgb_map_coarse", norms)
    for match in golden.matching(r"grad_((fc|[st]\d.*)_\w+)"):
        name, expected = match.group(1).replace("_", "."), golden[match.group(0)]
        # of the largest: a LeakyReLU that rounding brings to the other side of 0 moves all by 8e-4
        allowed = golden.tolerance()["rtol"]
        rounding = allowed * float(abs(expected).max())
        golden.compare(name, by_name[name], expected, rounding, allowed)


def _check_judges(golden: Golden, step: Step, pictures: dict) -> None:
    judges_pay = compiled(step.judges_pay, step.model.variables)
    loss, parts, slopes = judges_pay(step.batch, pictures["image"], pictures["coarse"])
    names = ("d_real", "d_fake", "d_mismatched")
    for which, (total, terms), of_judge in zip(("full", "coarse"), parts, slopes, strict=True):
        values = [*(terms[name] for name in names), total, _norm(of_judge)]
        golden.check(f"d_{which}", values)
    np.testing.assert_allclose(loss, parts[0][0] + parts[1][0], rtol=1e-6)


def _norm(slopes: list) -> float:
    return float(np.sqrt(sum(np.square(np.float64(slope)).sum() for slope in slopes)))

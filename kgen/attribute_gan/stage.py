"""What both stages of the stacked attribute GAN share: the game, with matching-aware judges."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kgen.adversarial import AdversarialModel
from kgen.attribute_gan.vectors import to_vectors
from kgen.checks import check_images, check_keys, check_vectors
from kgen.layers import ConditioningAugmentation, all_layers, set_inference_mode
from kgen.losses import fake_loss, gaussian_kl, generator_loss, real_loss
from kgen.losses.gan import check_gan_mode
from kgen.networks import copy_network
from kgen.player_optimizers import gan_adam

MISMATCHING = ("roll", None)
SYNTHESIS = ("matching", "half_rolled")
CODES = ("mean", "sample")


class Stage(AdversarialModel):
    """A generator that is told attributes, one judge that reads them, and some that do not.

    With real pictures x of attributes a, generated ones x_g made for a, and other attributes a^,
    the conditional discriminator D_c and the others D_i:

    L_D = sum_i [f_real(D_i(x)) + f_fake(D_i(x_g))]
        + f_real(D_c(x, a)) + w [f_fake(D_c(x, a^)) + f_fake(D_c(x_g, a))]
    L_G = f_G(D_c(x_g, a)) + sum_i lambda_i f_G(D_i(x_g)) + lambda_0 KL

    Subclasses say what a batch calls its pictures and attributes, and run the generator.
    """

    trained_through_play: ClassVar = ("g",)
    judges: ClassVar[tuple[str, ...]] = ("conditional", "global")
    picture: ClassVar[str] = "image"  # what is judged, as batches call it
    condition: ClassVar[str] = "attributes"

    def __init__(
        self,
        generator: keras.Model,
        conditional_discriminator: keras.Model | None,
        global_discriminator: keras.Model | None,
        gan_mode: str,
        negative_weight: float,
        kl_weight: float,
        mismatching: str | None,
        synthesis: str,
        attribute_names: Sequence[str] | None,
        ema_decay: float | None,
        inference_mode: str,
        code_at_inference: str,
        seed: int,
        averaged_generator: keras.Model | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if check_gan_mode(gan_mode) == "wgangp":
            raise ValueError(
                "gan_mode 'wgangp' needs a gradient penalty, which this system does not have: take "
                "lsgan, vanilla, nonsaturating or hinge"
            )
        _check("mismatching", mismatching, MISMATCHING)
        _check("synthesis", synthesis, SYNTHESIS)
        self.generator = generator
        self.conditional_discriminator = conditional_discriminator
        self.global_discriminator = global_discriminator
        self.gan_mode, self.mismatching, self.synthesis = gan_mode, mismatching, synthesis
        self.negative_weight, self.kl_weight = negative_weight, kl_weight
        self.ema_decay, self.averaged_generator, self.seed = ema_decay, averaged_generator, seed
        if ema_decay is not None and averaged_generator is None:
            self.averaged_generator = copy_network(generator)
        self.attribute_names = None if attribute_names is None else list(attribute_names)
        if self.attribute_names is not None and len(self.attribute_names) != self.n_attributes:
            raise ValueError(
                f"attribute_names must name all {self.n_attributes} attributes of the model; got "
                f"{len(self.attribute_names)} names"
            )
        self.inference_mode, self.code_at_inference = inference_mode, code_at_inference

    def _finish(self) -> None:
        """What needs all discriminators: called at the end of the constructor."""
        if not self.players["d"]:
            raise ValueError("a GAN needs at least one discriminator; got none")
        set_inference_mode(map(self.judge_of, self.judges), "paper")  # judged as in training
        if (judge := self.conditional_discriminator) is not None:
            names = [layer.name for layer in judge.layers]
            if not {"features", "match"} <= set(names):
                raise ValueError(
                    "conditional_discriminator must consist of two networks named 'features' and "
                    "'match', as kgen.attribute_gan.conditional_discriminator builds it; got the "
                    f"layers {', '.join(names)}"
                )

    # ------------------------------------------------------------------ what there is

    @property
    def players(self) -> dict[str, Any]:  # type: ignore[override]
        names = [f"{name}_discriminator" for name in self.judges]
        there = tuple(name for name in names if getattr(self, name, None) is not None)
        return {"d": there, "g": "generator"}

    @property
    def reports(self) -> tuple[str, ...]:  # type: ignore[override]
        names = []
        if self.conditional_discriminator is not None:
            names += ["d_match_real", "d_match_wrong", "d_match_fake", "g_match"]
        for name in self.judges[1:]:
            if self.judge_of(name) is not None:
                names += [f"d_{name}", f"g_{name}"]
        return (*names, "g_kl")

    @property
    def averages(self) -> dict:
        if self.ema_decay is None:
            return {}
        return {"averaged_generator": ("generator", self.ema_decay)}

    @property
    def n_attributes(self) -> int:
        """Number of attributes that the generator is told."""
        return self._input(self.condition).shape[-1]

    def judge_of(self, name: str) -> keras.Model | None:
        """A discriminator by its short name; None where the model goes without."""
        return getattr(self, f"{name}_discriminator")

    def _input(self, name: str) -> Any:
        return next(tensor for tensor in self.generator.inputs if tensor.name == name)

    def default_optimizer(self, player: str) -> keras.optimizers.Optimizer:
        """Adam with learning rate 2e-4, beta 0.5 and 0.999, epsilon 1e-8."""
        return gan_adam(player)

    # ------------------------------------------------------------------ attributes

    def made_for(self, batch: dict) -> Any:
        """The attributes that the generator is told in training."""
        attributes = batch[self.condition]
        if self.synthesis == "matching":
            return attributes
        return ops.where(
            self.is_paired(batch)[:, None] > 0, attributes, ops.roll(attributes, -1, 0)
        )

    def is_paired(self, batch: dict) -> Any:
        """1.0 where the generator is told the attributes of the batch's own picture, (B,)."""
        size = ops.shape(batch[self.condition])[0]
        if self.synthesis == "matching":
            return ops.ones((size,))
        return ops.cast(ops.arange(size) < (size + 1) // 2, "float32")

    def mismatching_for(self, batch: dict) -> Any:
        """Attributes of other pictures: from the batch, or picture i gets those of i + 1."""
        wrong = batch.get(f"{self.condition}_wrong")
        return ops.roll(batch[self.condition], -1, axis=0) if wrong is None else wrong

    def _encoded(self, attributes: Any) -> Any:
        """Attributes as the conditional discriminator takes them: as they are, or the mean code."""
        judge: Any = self.conditional_discriminator
        match = judge.get_layer("match")
        if any(layer.name == "code" for layer in match.layers):
            return attributes
        return ops.stop_gradient(self.conditioning.parameters_of(attributes)[0])

    @property
    def conditioning(self) -> ConditioningAugmentation:
        """The generator's layer that turns attributes into a code."""
        return self.generator.get_layer("conditioning")

    # ------------------------------------------------------------------ the game

    def seen(self, pictures: Any, batch: dict, played: dict) -> Any:
        """What the discriminators see of pictures."""
        return pictures

    def d_loss(self, batch: dict, played: dict, training: bool) -> tuple[Any, dict]:
        """sum_i [f_real(D_i(x)) + f_fake(D_i(x_g))] + the conditional one's three."""
        real = self.seen(batch[self.picture], batch, played)
        fake = self.seen(played["fake"], batch, played)
        values: dict[str, Any] = {}
        loss: Any = 0.0
        if self.conditional_discriminator is not None:
            loss, values = self._matching_loss(batch, real, fake, training)
        for name in self.judges[1:]:
            if (judge := self.judge_of(name)) is not None:
                on_real = real_loss(judge(real, training=training), self.gan_mode)
                on_fake = fake_loss(judge(fake, training=training), self.gan_mode)
                values[f"d_{name}"] = on_real + on_fake
                loss = loss + values[f"d_{name}"]
        return loss, values

    def _matching_loss(self, batch: dict, real: Any, fake: Any, training: bool) -> tuple[Any, dict]:
        """f_real(D_c(x, a)) + w [f_fake(D_c(x, a^)) + f_fake(D_c(x_g, a))]."""
        judge: Any = self.conditional_discriminator
        mode = self.gan_mode
        features, match = judge.get_layer("features"), judge.get_layer("match")
        right, made = batch[self.condition], self.made_for(batch)
        of_real = features(real, training=training)
        on_real = match([of_real, self._encoded(right)], training=training)
        values = {"d_match_real": real_loss(on_real, mode)}
        negatives: Any = 0.0
        if self.mismatching is not None or f"{self.condition}_wrong" in batch:
            wrong = self.mismatching_for(batch)
            on_wrong = match([of_real, self._encoded(wrong)], training=training)
            differs = ops.cast(ops.any(ops.not_equal(wrong, right), axis=-1), "float32")
            values["d_match_wrong"] = negatives = fake_loss(on_wrong, mode, differs)
        on_fake = match([features(fake, training=training), self._encoded(made)], training=training)
        values["d_match_fake"] = fake_loss(on_fake, mode)
        negatives = negatives + values["d_match_fake"]
        return values["d_match_real"] + self.negative_weight * negatives, values

    def g_loss(self, batch: dict, played: dict, training: bool) -> tuple[Any, dict]:
        """f_G(D_c(x_g, a)) + sum_i lambda_i f_G(D_i(x_g)) + lambda_0 KL."""
        fake = self.seen(played["fake"], batch, played)
        values = {"g_kl": gaussian_kl(played["mean"], played["log_variance"])}
        loss = self.kl_weight * values["g_kl"]
        if (judge := self.conditional_discriminator) is not None:
            logits = judge([fake, self._encoded(self.made_for(batch))], training=training)
            values["g_match"] = generator_loss(logits, self.gan_mode)
            loss = loss + values["g_match"]
        for name in self.judges[1:]:
            if (judge := self.judge_of(name)) is not None:
                logits = judge(fake, training=training)
                values[f"g_{name}"] = generator_loss(logits, self.gan_mode)
                loss = loss + getattr(self, f"{name}_weight") * values[f"g_{name}"]
        return loss, values

    # ------------------------------------------------------------------ inference

    @property
    def inference_model(self) -> keras.Model:
        """The generator as it is used outside of training: its inputs to its picture."""
        network = self._inference_generator()
        return keras.Model(network.inputs, network.outputs[0], name=f"{self.condition}_network")

    def _inference_generator(self) -> keras.Model:
        return self.generator if self.averaged_generator is None else self.averaged_generator

    def _generate(self, inputs: list, training: bool) -> Any:
        """The picture alone."""
        if training:
            return self.generator(inputs, training=True)[0]
        return self._inference_generator()(inputs, training=False)[0]

    @property
    def inference_mode(self) -> str:
        """`"moving"`, `"instance"` or `"paper"`: see the class. May be set."""
        return self._inference_mode

    @inference_mode.setter
    def inference_mode(self, mode: str) -> None:
        networks = self.generator, self.averaged_generator
        self._inference_mode = set_inference_mode(networks, mode)
        self.test_function = self.predict_function = None  # compiled with the old mode

    @property
    def code_at_inference(self) -> str:
        """`"mean"` or `"sample"`: see the class. May be set."""
        return self._code_at_inference

    @code_at_inference.setter
    def code_at_inference(self, code: str) -> None:
        _check("code_at_inference", code, CODES)
        for network in filter(None, (self.generator, self.averaged_generator)):
            for layer in all_layers(network):
                if isinstance(layer, ConditioningAugmentation):
                    layer.at_inference = code == "sample"
        self._code_at_inference = code
        self.test_function = self.predict_function = None

    def vectors(self, attributes: Any) -> np.ndarray:
        """Attributes given as numbers or names, as float32 (B, n_attributes)."""
        return to_vectors(attributes, self.n_attributes, self.attribute_names, self.condition)

    # ------------------------------------------------------------------ guards

    def check_batch(self, batch: Any) -> None:
        check_keys(batch, self.batch_keys())
        shapes = {"mask": (None, *self._mask_shape()), "image": self.generator.outputs[0].shape}
        for name in ("mask", "image"):
            if name in self.batch_keys():
                check_images(name, batch[name], shapes[name])
        check_vectors(self.condition, batch[self.condition], self.n_attributes, "n_attributes")
        wrong = f"{self.condition}_wrong"
        if wrong in batch:
            check_vectors(wrong, batch[wrong], self.n_attributes, "n_attributes")
        counts = {name: len(values) for name, values in batch.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(f"a batch needs as many of each; got {counts}")
        check_masks(batch["mask"])
        if len(batch["mask"]) == 1 and wrong not in batch and self.mismatching is not None:
            warnings.warn(
                "a batch of one picture holds no attributes of another: the conditional "
                f"discriminator learns without mismatching pairs. Give {wrong!r} in the batch, or "
                "take larger batches.",
                stacklevel=2,
            )

    def batch_keys(self) -> tuple[str, ...]:
        """What a batch must hold."""
        return (self.picture, self.condition)

    def _mask_shape(self) -> tuple:
        raise NotImplementedError


def check_masks(masks: np.ndarray) -> None:
    """Raise where a mask shows nothing."""
    empty = np.flatnonzero(np.max(masks, axis=tuple(range(1, masks.ndim))) <= 0.0)
    if len(empty):
        shown = ", ".join([*map(str, empty[:5]), *(["..."] if len(empty) > 5 else [])])
        raise ValueError(
            f"the mask of picture {shown} "
            "in this batch is empty: no pixel is above 0, in a range from -1 (background) to 1 "
            "(object). Leave such pictures out, or look at how the masks are read."
        )


def _check(name: str, value: Any, known: tuple) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}")

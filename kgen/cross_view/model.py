"""The cross-view generator as a game: what it is trained for, and how."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras
from keras import ops

from kgen.cross_view.build import build_networks
from kgen.cross_view.identity import area_average, embed, identity_loss
from kgen.cross_view.perceptual import Loss, check_perceptual, perceptual_loss
from kgen.cross_view.sampling import CrossViewSampler
from kgen.data.cross_view.views import View
from kgen.layers import DiffAugment
from kgen.losses import fake_loss, generator_loss, mode_seeking_loss, real_loss
from kgen.metrics.keras_metrics import PSNR, SSIM
from kgen.networks import copy_network


@keras.saving.register_keras_serializable("kgen")
class CrossViewGenerator(CrossViewSampler):
    """From an aerial image to the panorama of its centre, or back, guided by a retrieval network.

    Yang et al., 2024 (arXiv 2411.19510). The frozen network of the source view, trained to find the
    other view of a place, gives the embedding r that drives the generator; that of the target view
    judges the result. With real target x, generated picture y and coarse picture c:

    L_D = E max(0, 1 - D(x, r)) + 1/2 E max(0, 1 + D(y, r)) + 1/2 E max(0, 1 + D(x', r)), x' of
    another place, and the same for the discriminator of coarse pictures;

    L_G = - E D(y, r) - E D_c(c, r) + 50 |x - y| + 50 L_perceptual + 10 L_identity + 0.1 L_diversity

    Batches are dictionaries, as `kgen.data.CrossViewBatches` gives them: the target view, `ground`
    or `aerial`, float32 (B, H, W, 3) in [-1, 1]; the source view likewise, or its embedding
    `source_embedding`, float32 (B, E) (see `cached_embeddings`); `location`, int (B,), equal where
    two pairs show one place (those are not taken for mismatched); if they are cached,
    `target_embedding` and `coarse_embedding`, (B, F). Calling the model on such a dictionary gives
    pictures, float32 (B, H, W, 3) in [-1, 1]; with `z` and `z_local` in it, from that noise.

    In the logs: `d_loss`, `g_loss`; `d_real`, `d_fake`, `d_mismatched`, the discriminator's mean
    losses, and `d_coarse`, all of the coarse one's; `g_adversarial`, `g_coarse`; without their
    weights `g_l1`, in [0, 2], `g_perceptual`, `g_identity`, in [0, 4], and `g_diversity`. A sum of
    `d_real` and the mean of `d_fake` and `d_mismatched` below 1 proves that the condition is used.
    `evaluate` reports `g_l1` and the metrics of `compile`: by default `psnr` and `ssim`.

    Args:
        generator: of `cross_view_generator`.
        discriminator: of `cross_view_discriminator`.
        coarse_discriminator: likewise, of coarse pictures; or None (ablation vi).
        source_embedder: source images (B, h, w, 3) in [-1, 1] -> (B, E): any Keras model, frozen.
            None where all batches have `source_embedding`.
        target_embedder: target images -> (B, F), frozen; None without identity loss.
        encoder: trained along in place of `source_embedder` (ablation i).
        source: `"aerial"` (default; the target is the ground) or `"ground"`.
        embedding_norm: `"none"` (default), `"l2"` or `"rms"`: see `kgen.cross_view.identity.embed`.
        l1_weight, perceptual_weight, identity_weight, diversity_weight, coarse_weight: see above;
            defaults 50, 50, 10, 0.1, 1. The paper takes a diversity weight of 1 for VIGOR-GEN.
        coarse_l1_weight: of the mean absolute error of coarse pictures. Default 0.
        perceptual: see `kgen.cross_view.perceptual_loss`. Default `"lpips_vgg"`, whose weights are
            looked for when training begins.
        diversity_interval: steps between two steps with the diversity term. Default 4.
        diversity_clip: largest value of the diversity term. Default None.
        augment: policy of DiffAugment in front of the discriminators. Default `"color,cutout"`;
            None for none.
        ema_decay: keep a moving average of the generator and use it at inference. Default None.
        seed: of noise and augmentation.
        averaged_generator: restored by `load_model`; leave it out.

    Raises:
        ValueError: networks that do not fit each other, a loss without what it needs.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view import CrossViewGenerator
    >>> model = CrossViewGenerator.from_preset("tiny", identity_weight=0.0)
    >>> model.compile()
    >>> rng = np.random.default_rng(0)
    >>> batch = {"ground": rng.uniform(-1, 1, (2, 128, 256, 3)).astype("float32"),
    ...          "source_embedding": rng.normal(size=(2, 64)).astype("float32")}
    >>> history = model.fit(batch, batch_size=2, epochs=1, verbose=0)
    >>> model.predict(batch, verbose=0).shape
    (2, 128, 256, 3)
    """

    trained_through_play: ClassVar = ("g",)
    scores: ClassVar = ("g_l1",)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        coarse_discriminator: keras.Model | None = None,
        source_embedder: keras.Model | None = None,
        target_embedder: keras.Model | None = None,
        encoder: keras.Model | None = None,
        source: View = "aerial",
        embedding_norm: str = "none",
        l1_weight: float = 50.0,
        perceptual_weight: float = 50.0,
        identity_weight: float = 10.0,
        diversity_weight: float = 0.1,
        coarse_weight: float = 1.0,
        coarse_l1_weight: float = 0.0,
        perceptual: str = "lpips_vgg",
        diversity_interval: int = 4,
        diversity_clip: float | None = None,
        augment: str | None = "color,cutout",
        ema_decay: float | None = None,
        seed: int = 0,
        averaged_generator: keras.Model | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator, source_embedder, encoder, source, embedding_norm, seed, **kwargs
        )
        self.discriminator, self.coarse_discriminator = discriminator, coarse_discriminator
        self.target_embedder = target_embedder
        self.l1_weight, self.perceptual_weight = l1_weight, perceptual_weight
        self.identity_weight, self.diversity_weight = identity_weight, diversity_weight
        self.coarse_weight, self.coarse_l1_weight = coarse_weight, coarse_l1_weight
        self.perceptual = check_perceptual(perceptual)
        self.diversity_interval, self.diversity_clip = diversity_interval, diversity_clip
        self.augment, self.ema_decay = augment, ema_decay
        self.augmentation = None if augment is None else DiffAugment(augment, seed)
        self.averaged_generator = averaged_generator
        if ema_decay is not None and averaged_generator is None:
            self.averaged_generator = copy_network(generator)
        self._perceptual_loss: Loss | None = None
        self._check_networks()

    @classmethod
    def from_preset(
        cls,
        preset: str = "paper",
        embedder: Any = None,
        source: View = "aerial",
        seed: int = 0,
        **overrides: Any,
    ) -> CrossViewGenerator:
        """Build the networks and the model by a named recipe.

        Args:
            preset: `"paper"` (default), `"teaching"` or `"tiny"`: see `kgen.cross_view.presets`.
            embedder: a trained `RetrievalModel`; or a dictionary with a Keras model for each of
                `"aerial"` and `"ground"`; or `"pix2pix"`, an encoder that is trained along
                (ablation i); or None: batches bring `source_embedding`, and `identity_weight` must
                be 0 unless there is a `target_embedder`.
            source: the view to begin with, `"aerial"` (default) or `"ground"`.
            seed: of all initial weights and random draws.
            overrides: arguments of `CrossViewGenerator`, and of `cross_view_generator`
                (`target_size`, `attention`, `style`, ...). `discriminator_options={...}` go to both
                discriminators; `source_size`, `encoder_filters` to the encoder of `"pix2pix"`.

        Raises:
            ValueError: unknown preset. TypeError: unknown argument.
        """
        own = {k: overrides.pop(k) for k in list(overrides) if k in _MODEL_ARGUMENTS}
        networks, recipe = build_networks(preset, embedder, source, seed, own, overrides)
        model = cls(**networks, source=source, seed=seed, **{**recipe, **own})
        model.preset = preset
        return model

    # ------------------------------------------------------------------ who plays

    @property
    def players(self) -> dict[str, Any]:  # type: ignore[override]
        judges = ("discriminator", "coarse_discriminator")
        makers = ("generator", "encoder")
        there = {"d": judges, "g": makers}
        return {
            player: tuple(name for name in names if getattr(self, name, None) is not None)
            for player, names in there.items()
        }

    @property
    def reports(self) -> tuple[str, ...]:  # type: ignore[override]
        names = ["d_real", "d_fake", "d_mismatched", "g_adversarial", "g_l1"]
        names += ["d_coarse", "g_coarse"] if self.coarse_discriminator is not None else []
        names += ["g_coarse_l1"] if self.coarse_l1_weight else []
        for term in ("perceptual", "identity", "diversity"):
            names += [f"g_{term}"] if getattr(self, f"{term}_weight") else []
        return tuple(names)

    @property
    def averages(self) -> dict:
        if self.ema_decay is None:
            return {}
        return {"averaged_generator": ("generator", self.ema_decay)}

    def default_optimizer(self, player: str) -> keras.optimizers.Optimizer:
        """Adam, learning rate 1e-4 for G and 4e-4 for D, beta 0.5 and 0.999, epsilon 1e-8."""
        rate = 1e-4 if player == "g" else 4e-4
        return keras.optimizers.Adam(
            rate, beta_1=0.5, beta_2=0.999, epsilon=1e-8, name=f"{player}_adam"
        )

    # ------------------------------------------------------------------ the game

    def play(self, batch: dict, training: bool) -> dict:
        """The embedding, and what the generator makes of it with new noise."""
        embedding = self.embedding_of(batch, training)
        noise = self.noise_for(embedding, training)
        return {
            "embedding": embedding,
            "z_local": noise["z_local"],
            **self.run_generator(self.generator, embedding, noise, training),
        }

    def d_loss(self, batch: dict, played: dict, training: bool) -> tuple[Any, dict]:
        """Both discriminators' hinge losses against fakes and mismatched pairs."""
        target, others = batch[self.target], self.shows_another_place(batch)
        loss, values = self._judged(
            self.discriminator, target, played["image"], played["embedding"], others, training
        )
        if self.coarse_discriminator is not None:
            coarse = self.coarse_of(target)
            values["d_coarse"], _ = self._judged(
                self.coarse_discriminator, coarse, played["coarse"], played["embedding"], others,
                training,
            )  # fmt: skip
            loss = loss + values["d_coarse"]
        return loss, values

    def _judged(
        self, judge: Any, real: Any, fake: Any, embedding: Any, others: Any, training: bool
    ) -> tuple[Any, dict]:
        """E max(0, 1 - D(x, r)) + (E max(0, 1 + D(y, r)) + E max(0, 1 + D(x', r))) / 2."""
        features, match = judge.get_layer("features"), judge.get_layer("match")
        of_real = features(self.augmented(real, training), training=training)
        of_fake = features(self.augmented(fake, training), training=training)
        of_other = ops.roll(of_real, -1, axis=0)  # the features of image i + 1 meet embedding i
        on_real = real_loss(match([of_real, embedding], training=training), "hinge")
        on_fake = fake_loss(match([of_fake, embedding], training=training), "hinge")
        logits = match([of_other, embedding], training=training)
        on_other = fake_loss(logits, "hinge", weights=others)
        loss = on_real + 0.5 * on_fake + 0.5 * on_other
        return loss, {"d_real": on_real, "d_fake": on_fake, "d_mismatched": on_other}

    def g_loss(self, batch: dict, played: dict, training: bool) -> tuple[Any, dict]:
        """The weighted sum of all terms; see the class."""
        target, fake = batch[self.target], played["image"]
        values = {
            "g_adversarial": self._fooled(self.discriminator, fake, played, training),
            "g_l1": ops.mean(ops.abs(target - fake)),
        }
        loss = values["g_adversarial"] + self.l1_weight * values["g_l1"]
        if self.coarse_discriminator is not None:
            values["g_coarse"] = self._fooled(
                self.coarse_discriminator, played["coarse"], played, training
            )
            loss = loss + self.coarse_weight * values["g_coarse"]
        if self.coarse_l1_weight:
            values["g_coarse_l1"] = ops.mean(ops.abs(self.coarse_of(target) - played["coarse"]))
            loss = loss + self.coarse_l1_weight * values["g_coarse_l1"]
        if self.perceptual_weight:
            values["g_perceptual"] = self.perceptual_distance(target, fake)
            loss = loss + self.perceptual_weight * values["g_perceptual"]
        if self.identity_weight:
            values["g_identity"] = self.identity_distance(batch, played)
            loss = loss + self.identity_weight * values["g_identity"]
        if self.diversity_weight:
            term = self.every_steps(
                self.diversity_interval, lambda: self.diversity_price(played, training)
            )
            values["g_diversity"] = self.diversity_interval * term  # so that means are of its steps
            loss = loss + self.diversity_weight * term
        return loss, values

    def _fooled(self, judge: Any, fake: Any, played: dict, training: bool) -> Any:
        """- E D(y, r)."""
        embedding = ops.stop_gradient(played["embedding"])
        logits = judge([self.augmented(fake, training), embedding], training=training)
        return generator_loss(logits, "hinge")

    def perceptual_distance(self, real: Any, fake: Any) -> Any:
        """The perceptual loss of pictures in [-1, 1]; its network is loaded when first needed."""
        return self._load_perceptual()(real, ops.cast(fake, "float32"))

    def _load_perceptual(self) -> Loss:
        if self._perceptual_loss is None:
            self._perceptual_loss = perceptual_loss(self.perceptual)
        return self._perceptual_loss

    def identity_distance(self, batch: dict, played: dict) -> Any:
        """[1 - cos(R(y), R(x))] + [1 - cos(R(c), R(c_t))], R of the target view."""
        target = batch[self.target]
        pairs = (("image", "target_embedding", lambda: target),
                 ("coarse", "coarse_embedding", lambda: self.coarse_of(target)))  # fmt: skip
        total: Any = 0.0
        for made, cached, picture in pairs:
            real = batch[cached] if cached in batch else embed(self.target_embedder, picture())
            fake = embed(self.target_embedder, played[made])
            total = total + identity_loss(fake, ops.stop_gradient(real))
        return total

    def diversity_price(self, played: dict, training: bool) -> Any:
        """1 / (d_I / d_z + 1e-5) of two pictures that differ in their local noise only."""
        other = self.local_noise(played["embedding"], training, again=1)
        parts = [played["features"], other, played["embedding"]]
        parts += [played["style"]] if "style" in played else []
        image = self.generator.get_layer("texture")(parts, training=training)
        price = mode_seeking_loss(played["image"], image, played["z_local"], other)
        return price if self.diversity_clip is None else ops.minimum(price, self.diversity_clip)

    def augmented(self, images: Any, training: bool) -> Any:
        """What a discriminator sees of images."""
        if self.augmentation is None:
            return images
        return self.augmentation(images, training=training)

    def coarse_of(self, images: Any) -> Any:
        """Real pictures in the size of the coarse ones, by averages."""
        return area_average(images, images.shape[1] // self.generator.outputs[1].shape[1])

    def shows_another_place(self, batch: dict) -> Any:
        """1.0 where image i + 1 of the batch shows another place than image i, (B,)."""
        if "location" in batch:
            places = ops.cast(batch["location"], "int32")
        else:
            places = ops.arange(ops.shape(batch[self.target])[0])
        return ops.cast(places != ops.roll(places, -1), "float32")

    # ------------------------------------------------------------------ evaluation

    def compare(self, batch: dict) -> tuple[Any, Any]:
        """The real target, and what the model makes of the source outside of training."""
        return batch[self.target], self(batch)

    def default_metrics(self) -> list[keras.metrics.Metric]:
        """PSNR and SSIM of values in [-1, 1]."""
        return [PSNR(), SSIM()]

    def score(self, batch: dict, compared: tuple[Any, Any] | None) -> dict[str, Any]:
        """The mean absolute error of what the model makes."""
        target, fake = compared or self.compare(batch)
        return {"g_l1": ops.mean(ops.abs(target - fake))}

    def check_batch(self, batch: Any) -> None:
        super().check_batch(batch)
        if self.perceptual_weight:  # missing weights are named before the first step
            self._load_perceptual()

    def _check_networks(self) -> None:
        if self.identity_weight and self.target_embedder is None:
            raise ValueError(
                "the identity loss needs target_embedder, the frozen retrieval network of the "
                f"{self.target} view; give one (from_preset(embedder=...)), or identity_weight=0"
            )
        code = self.discriminator.inputs[1].shape[-1]
        if code != self.embedding_size:
            raise ValueError(
                f"generator and discriminator must take embeddings of one length; got "
                f"{self.embedding_size} and {code}"
            )


_MODEL_ARGUMENTS = set(inspect.signature(CrossViewGenerator.__init__).parameters) - {
    "self",
    "kwargs",
    "generator",
    "discriminator",
    "coarse_discriminator",
    "encoder",
    "source",
    "seed",
}

"""pix2pix: translate a picture into another, learnt from pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kgen.adversarial import AdversarialModel
from kgen.checks import check_images, describe
from kgen.layers import ImagePool, set_inference_mode
from kgen.losses import fake_loss, generator_loss, gradient_penalty, r1_penalty, real_loss
from kgen.losses.gan import check_gan_mode
from kgen.metrics.keras_metrics import PSNR, SSIM
from kgen.networks import copy_network, patch_discriminator, resnet_generator, unet
from kgen.pix2pix.presets import PRESETS
from kgen.player_optimizers import gan_adam

GENERATORS: dict[str, Callable[..., keras.Model]] = {"unet": unet, "resnet": resnet_generator}


@keras.saving.register_keras_serializable("kgen")
class Pix2Pix(AdversarialModel):
    """Paired image translation with a conditional GAN (Isola et al., 2017).

    A generator G turns a source picture A into a picture B'; a discriminator D sees (A, B) or (A,
    B') and judges patches. Equation 4: G* = arg min_G max_D L_cGAN(G, D) + lambda L_L1(G), lambda
    = 100. The discriminator is updated first; the generator then learns from the updated one, on
    the same fake.

    Batches are pairs (source, target): float32 (B, H, W, C) and (B, H, W, C'), in [-1, 1]. Calling
    the model gives float32 (B, H, W, C') in [-1, 1]; `generate` works on 8-bit images.

    In the logs: `d_loss`, `g_loss`; `d_real` and `d_fake`, the discriminator's mean loss on real
    and on generated pairs; `g_adversarial`; `g_l1`, the mean absolute error in [0, 2], and
    `g_l1_weighted`, what the generator pays for it; `d_penalty` where there is one. `evaluate`
    reports `g_l1` and the metrics of `compile`: by default `psnr` (decibel) and `ssim` (Gaussian
    window 11, sigma 1.5).

    Args:
        generator: source -> picture with values in [-1, 1]; a functional Keras model.
        discriminator: [source, picture] -> logits; or picture -> logits, which makes the GAN
            unconditional.
        gan_mode: `"vanilla"` (default), `"lsgan"`, `"hinge"`, `"wgangp"` or `"nonsaturating"`.
        l1_weight: lambda, the weight of the L1 term. Default 100.
        d_loss_weight: factor of the discriminator's loss. Default 0.5, as the paper; with Adam a
            constant factor changes the reported number and nothing else but epsilon's share.
        gradient_penalty_weight: weight of the WGAN-GP penalty. Default: 10 for `"wgangp"`, else 0.
        r1_weight: gamma of the R1 penalty gamma/2 |grad D|^2 on real pictures. Default 0.
        penalty_interval: compute penalties on every k-th step only, times k. Default 1.
        pool_size: fakes kept to be shown to the discriminator again. Default 0, as the paper.
        ema_decay: keep a moving average of the generator's weights with this decay (0.999, say) and
            use it at inference. Default None.
        inference_mode: what batch normalization and dropout do outside of training.
            `"instance"` (default): statistics of each single image, no dropout; deterministic,
            independent of the batch size, equal to the paper at batch size 1 but for dropout.
            `"paper"`: batch statistics and dropout on, as in training.
            `"moving"`: moving averages, no dropout, as in classification networks; visibly worse
            after training with batch size 1.
            May be set later: `model.inference_mode = "moving"`.
        seed: of the pool and the penalties.
        averaged_generator, pool: restored by `load_model`; leave them out.

    Raises:
        ValueError: unknown `gan_mode` or `inference_mode`, networks that do not fit each other.

    Example:

    >>> import numpy as np
    >>> from kgen import Pix2Pix
    >>> model = Pix2Pix.from_preset("paper", image_shape=(32, 32, 3), base_filters=4)
    >>> model.compile()
    >>> pictures = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    >>> history = model.fit(pictures, -pictures, batch_size=1, epochs=1, verbose=0)
    >>> model.predict(pictures, verbose=0).shape
    (2, 32, 32, 3)
    """

    players: ClassVar = {"d": "discriminator", "g": "generator"}
    trained_through_play: ClassVar = ("g",)
    scores: ClassVar = ("g_l1",)

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        gan_mode: str = "vanilla",
        l1_weight: float = 100.0,
        d_loss_weight: float = 0.5,
        gradient_penalty_weight: float | None = None,
        r1_weight: float = 0.0,
        penalty_interval: int = 1,
        pool_size: int = 0,
        ema_decay: float | None = None,
        inference_mode: str = "instance",
        seed: int = 0,
        averaged_generator: keras.Model | None = None,
        pool: ImagePool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.gan_mode = check_gan_mode(gan_mode)
        self.l1_weight, self.d_loss_weight, self.r1_weight = l1_weight, d_loss_weight, r1_weight
        if gradient_penalty_weight is None:
            gradient_penalty_weight = 10.0 if gan_mode == "wgangp" else 0.0
        self.gradient_penalty_weight = gradient_penalty_weight
        self.penalty_interval, self.pool_size, self.seed = penalty_interval, pool_size, seed
        self.ema_decay = ema_decay
        self.averaged_generator, self.pool = averaged_generator, pool
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.is_conditional = len(discriminator.inputs) == 2
        self._check_networks()
        if ema_decay is not None and averaged_generator is None:
            self.averaged_generator = copy_network(generator)
        if pool_size and pool is None:
            self.pool = ImagePool(pool_size, seed=seed)
            self.pool.build((None, *generator.input_shape[1:3], self._pair_channels()))
        self.inference_mode = inference_mode

    @classmethod
    def from_preset(
        cls,
        preset: str = "paper",
        image_shape: tuple[int | None, int | None, int] = (256, 256, 3),
        output_channels: int = 3,
        generator: str = "unet",
        base_filters: int = 64,
        n_layers: int = 3,
        seed: int = 0,
        **overrides: Any,
    ) -> Pix2Pix:
        """Build the networks and the model by a named recipe.

        Args:
            preset: `"paper"` (default), `"torch"`, `"tf_tutorial"` or `"seed"`: see
                `kgen.pix2pix.presets`.
            image_shape: (H, W, C) of the source.
            output_channels: channels of the target. Default 3.
            generator: `"unet"` (default) or `"resnet"`.
            base_filters: width of both networks' first layer. Default 64.
            n_layers: of the discriminator. Default 3, the 70x70 PatchGAN.
            seed: of all initial weights and random draws.
            overrides: arguments of `Pix2Pix`, and of the generator's function (`dropout`,
                `pad_to_multiple`, `upsample`, `depth`, `blocks`, ...).
                `discriminator_options={...}` goes to `patch_discriminator`.

        Raises:
            ValueError: unknown preset or generator. TypeError: unknown argument.
        """
        if preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}; got {preset!r}")
        if generator not in GENERATORS:
            raise ValueError(f"generator must be one of {', '.join(GENERATORS)}; got {generator!r}")
        recipe = PRESETS[preset]
        d_options = {**recipe["discriminator"], **overrides.pop("discriminator_options", {})}
        own = {k: overrides.pop(k) for k in list(overrides) if k in _MODEL_ARGUMENTS}
        # only a U-Net has the preset's levels and skips
        g_options = recipe["generator"] if generator == "unet" else {}
        model = cls(
            GENERATORS[generator](
                image_shape,
                output_channels,
                base_filters,
                **{"seed": seed, **g_options, **overrides},
            ),
            patch_discriminator(
                (*image_shape[:2], output_channels),
                **{
                    "condition_channels": image_shape[2],
                    "base_filters": base_filters,
                    "n_layers": n_layers,
                    "seed": seed + 1000,
                    **d_options,
                },
            ),
            **{"seed": seed, **recipe["model"], **own},
        )
        model.preset = preset
        return model

    # ------------------------------------------------------------------ the game

    @property
    def reports(self) -> tuple[str, ...]:  # type: ignore[override]
        penalty = ("d_penalty",) if self._has_penalty() else ()
        return ("d_real", "d_fake", *penalty, "g_adversarial", "g_l1", "g_l1_weighted")

    @property
    def averages(self) -> dict:
        if self.ema_decay is None:
            return {}
        return {"averaged_generator": ("generator", self.ema_decay)}

    def default_optimizer(self, player: str) -> keras.optimizers.Optimizer:
        """Adam with learning rate 2e-4, beta 0.5 and 0.999, epsilon 1e-8 (section 3.3)."""
        return gan_adam(player)

    def call(self, source: Any, training: bool = False) -> Any:
        return (
            self.generator(source, training=True)
            if training
            else self.inference_model(source, training=False)
        )

    def judge(self, source: Any, picture: Any, training: bool = False) -> Any:
        """The discriminator's logits for a picture, given its source: (B, h, w, 1)."""
        inputs = [source, picture] if self.is_conditional else picture
        return self.discriminator(inputs, training=training)

    def play(self, batch: tuple, training: bool) -> Any:
        """The fake, which both players look at."""
        return self.generator(batch[0], training=training)

    def d_loss(self, batch: tuple, fake: Any, training: bool) -> tuple[Any, dict]:
        """weight (E f_real(D(A, B)) + E f_fake(D(A, G(A)))) + penalties."""
        source, target = batch
        shown_source, shown_fake = self._from_pool(source, fake)
        on_fake = fake_loss(self.judge(shown_source, shown_fake, training), self.gan_mode)
        on_real = real_loss(self.judge(source, target, training), self.gan_mode)
        loss, values = (
            self.d_loss_weight * (on_real + on_fake),
            {"d_real": on_real, "d_fake": on_fake},
        )
        if self._has_penalty():
            values["d_penalty"] = self.every_steps(
                self.penalty_interval,
                lambda: self.penalty_interval * self._penalty(batch, fake, training),
            )
            loss = loss + values["d_penalty"]
        return loss, values

    def g_loss(self, batch: tuple, fake: Any, training: bool) -> tuple[Any, dict]:
        """E f_G(D(A, G(A))) + lambda E |B - G(A)|_1."""
        source, target = batch
        adversarial = generator_loss(self.judge(source, fake, training), self.gan_mode)
        l1 = ops.mean(ops.abs(target - fake))
        values = {"g_adversarial": adversarial, "g_l1": l1, "g_l1_weighted": self.l1_weight * l1}
        return adversarial + values["g_l1_weighted"], values

    def compare(self, batch: tuple) -> tuple[Any, Any]:
        """The target, and what the model generates outside of training."""
        source, target = batch
        return target, self(source)

    def default_metrics(self) -> list[keras.metrics.Metric]:
        """PSNR and SSIM of values in [-1, 1]."""
        return [PSNR(), SSIM()]

    def score(self, batch: tuple, compared: Any) -> dict[str, Any]:
        """The mean absolute error of what the model generates."""
        target, fake = compared or self.compare(batch)
        return {"g_l1": ops.mean(ops.abs(target - fake))}

    def _from_pool(self, source: Any, fake: Any) -> tuple[Any, Any]:
        if self.pool is None:
            return source, fake
        if not self.is_conditional:
            return source, self.pool(fake)
        pair = self.pool(ops.concatenate([source, fake], axis=-1))
        channels = ops.shape(source)[-1]
        return pair[..., :channels], pair[..., channels:]

    def _has_penalty(self) -> bool:
        return bool(self.gradient_penalty_weight or self.r1_weight)

    def _penalty(self, batch: tuple, fake: Any, training: bool) -> Any:
        source, target = batch

        def judge(picture: Any) -> Any:
            return self.judge(source, picture, training)

        penalty = 0.0
        if self.gradient_penalty_weight:
            seed = self.seed_generator
            penalty += self.gradient_penalty_weight * gradient_penalty(
                judge, target, fake, seed=seed
            )
        if self.r1_weight:
            penalty += self.r1_weight * r1_penalty(judge, target)
        return penalty

    # ------------------------------------------------------------------ inference

    @property
    def inference_model(self) -> keras.Model:
        """The network used outside of training: the averaged generator where there is one."""
        return self.generator if self.averaged_generator is None else self.averaged_generator

    @property
    def inference_mode(self) -> str:
        """`"instance"`, `"paper"` or `"moving"`: see the class."""
        return self._inference_mode

    @inference_mode.setter
    def inference_mode(self, mode: str) -> None:
        set_inference_mode((self.generator, self.averaged_generator), mode)
        self._inference_mode = mode
        self.test_function = self.predict_function = None  # compiled with the old mode

    def generate(self, images: np.ndarray, batch_size: int = 1) -> np.ndarray:
        """Translate 8-bit images (or floats in [-1, 1]) into 8-bit images.

        Args:
            images: uint8 in 0..255 or float in [-1, 1], (B, H, W, C).
            batch_size: images at a time. Default 1.

        Returns:
            uint8 (B, H, W, C').
        """
        images = np.asarray(images)
        if images.dtype == np.uint8:
            images = images.astype("float32") / 127.5 - 1.0
        check_images("images", images, self.generator.input_shape)
        pictures = self.predict(images, batch_size=batch_size, verbose=0)
        return np.rint((np.clip(pictures, -1, 1) + 1.0) * 127.5).astype("uint8")

    # ------------------------------------------------------------------ guards

    def check_batch(self, batch: Any) -> None:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise ValueError(
                "pix2pix learns from pairs: a batch must be (source, target); got "
                f"{describe(batch)}. "
                "With arrays: model.fit(source, target)."
            )
        source, target = batch
        check_images("source", source, self.generator.input_shape, bounded=False)
        check_images("target", target, self.generator.output_shape)
        if source.shape[:3] != target.shape[:3]:
            raise ValueError(
                f"source and target must be as many and of one size; got {source.shape} and "
                f"{target.shape}"
            )

    def _pair_channels(self) -> int:
        return sum(tensor.shape[-1] for tensor in self.discriminator.inputs)

    def _check_networks(self) -> None:
        wanted = self.generator.output_shape[-1] + (
            self.generator.input_shape[-1] if self.is_conditional else 0
        )
        if self._pair_channels() != wanted:
            raise ValueError(
                f"the generator turns {self.generator.input_shape[-1]} into "
                f"{self.generator.output_shape[-1]} "
                f"channels, so the discriminator must take {wanted} in all; it takes "
                f"{self._pair_channels()}. "
                "Build it with patch_discriminator((H, W, C'), condition_channels=C)."
            )


_MODEL_ARGUMENTS = set(Pix2Pix.__init__.__annotations__) - {
    "generator",
    "discriminator",
    "return",
    "kwargs",
}

"""Stage I: from attributes and noise to the mask of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kgen.attribute_gan.discriminators import conditional_discriminator, map_discriminator
from kgen.attribute_gan.networks import HardMask, mask_generator
from kgen.attribute_gan.presets import SHAPE_PRESETS, recipe_of
from kgen.attribute_gan.stage import Stage
from kgen.checks import check_keys
from kgen.data.images import to_uint8
from kgen.losses import mode_seeking_loss


@keras.saving.register_keras_serializable("kgen")
class AttributeToShape(Stage):
    """Stage I of the stacked attribute GAN: what has these attributes, as a silhouette.

    Zhao, "Realistic Image Generation via Cross-domain Information", section 3.2: a DCGAN with
    conditioning augmentation against three discriminators, a conditional one, a global one (1x1
    map) and a local one (3x3 map), with least squares:

    L_D = sum_i [(D_i(x) - 1)^2 + D_i(x_g)^2]
        + (D_c(x, a) - 1)^2 + w [D_c(x, a^)^2 + D_c(x_g, a)^2]
    L_G = (D_c(x_g, a) - 1)^2 + sum_i lambda_i (D_i(x_g) - 1)^2 + lambda_0 KL

    All discriminators are updated at once, then the generator.

    Batches are dictionaries: `mask`, float32 (B, S, S, 1) in [-1, 1]; `shape_attributes`, float32
    (B, n) in [0, 1]; if there is one, `shape_attributes_wrong`, (B, n), of another kind of object.
    Calling the model on a dictionary with `shape_attributes`, and `noise`, float32 (B, noise), if
    given, returns float32 masks (B, S, S, 1) in [-1, 1]; without noise every call draws the same.

    In the logs: `d_loss`, `g_loss`; for each player its part of every term: `d_match_real`,
    `d_match_wrong`, `d_match_fake`, `g_match` of the conditional discriminator, `d_global`,
    `g_global`, `d_local`, `g_local`, and `g_kl`, all without weights.

    Args:
        generator: [attributes, noise] -> [mask, mean, log-variance], see `mask_generator`.
        conditional_discriminator: [mask, attributes] -> logits, see `conditional_discriminator`;
            or None.
        global_discriminator, local_discriminator: mask -> logits, see `map_discriminator`; or None.
        gan_mode: `"lsgan"` (default), `"vanilla"` (StackGAN, Dong), `"nonsaturating"` or `"hinge"`.
        negative_weight: w. Default 1, as printed; StackGAN, Dong and Reed halve the negatives: 0.5.
        global_weight, local_weight: lambda_1 and lambda_3, in the generator's loss. Default 1.
        kl_weight: lambda_0, on the mean over batch and dimensions. Default 2.
        mode_seeking_weight: of `kgen.losses.mode_seeking_loss`, against equal masks for different
            noise; it costs a second pass of the generator. Default 0.
        mismatching: `"roll"` (default): where a batch has no `..._wrong`, picture i is paired with
            the attributes of picture i + 1; None: then there are no mismatching pairs. Pairs of
            equal attributes never count.
        synthesis: which attributes generated masks get: `"matching"` (default), those of the
            batch's pictures; `"half_rolled"` (Dong): the second half of the batch gets those of its
            neighbours.
        attribute_names: of the n attributes, in order; what `generate` understands.
        ema_decay: keep a moving average of the generator's weights with this decay (0.999, say)
            and use it at inference. Default None.
        inference_mode: of batch normalization: `"moving"` averages (default), `"paper"` (of the
            batch, as in training) or `"instance"`.
        code_at_inference: `"mean"` (default): no chance but the noise's; or `"sample"`.
        seed: of the noise.
        averaged_generator: restored by `load_model`; leave it out.

    Raises:
        ValueError: unknown option; no discriminator.

    Example:

    >>> import numpy as np
    >>> from kgen import AttributeToShape
    >>> model = AttributeToShape.from_preset("paper", image_size=32, n_attributes=5, base_filters=4)
    >>> model.compile()
    >>> batch = {"mask": np.ones((4, 32, 32, 1), "float32"),
    ...          "shape_attributes": np.eye(4, 5, dtype="float32")}
    >>> history = model.fit(batch, batch_size=4, verbose=0)
    >>> model.generate(np.ones(5), n=2, seed=1).shape
    (2, 32, 32, 1)
    """

    judges: ClassVar = ("conditional", "global", "local")
    picture: ClassVar = "mask"
    condition: ClassVar = "shape_attributes"

    def __init__(
        self,
        generator: keras.Model,
        conditional_discriminator: keras.Model | None = None,
        global_discriminator: keras.Model | None = None,
        local_discriminator: keras.Model | None = None,
        gan_mode: str = "lsgan",
        negative_weight: float = 1.0,
        global_weight: float = 1.0,
        local_weight: float = 1.0,
        kl_weight: float = 2.0,
        mode_seeking_weight: float = 0.0,
        mismatching: str | None = "roll",
        synthesis: str = "matching",
        attribute_names: Sequence[str] | None = None,
        ema_decay: float | None = None,
        inference_mode: str = "moving",
        code_at_inference: str = "mean",
        seed: int = 0,
        averaged_generator: keras.Model | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            generator,
            conditional_discriminator,
            global_discriminator,
            gan_mode=gan_mode,
            negative_weight=negative_weight,
            kl_weight=kl_weight,
            mismatching=mismatching,
            synthesis=synthesis,
            attribute_names=attribute_names,
            ema_decay=ema_decay,
            inference_mode=inference_mode,
            code_at_inference=code_at_inference,
            seed=seed,
            averaged_generator=averaged_generator,
            **kwargs,
        )
        self.local_discriminator = local_discriminator
        self.global_weight, self.local_weight = global_weight, local_weight
        self.mode_seeking_weight = mode_seeking_weight
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._finish()

    @classmethod
    def from_preset(
        cls,
        preset: str = "paper",
        image_size: int = 64,
        n_attributes: int | None = None,
        base_filters: int = 64,
        local: str = "map",
        seed: int = 0,
        attribute_names: Sequence[str] | None = None,
        conditional_weight: float = 1.0,
        **overrides: Any,
    ) -> AttributeToShape:
        """Build the networks and the model by a named recipe.

        Args:
            preset: `"paper"` (default) or `"stackgan"`: see `kgen.attribute_gan.presets`.
            image_size: S, a power of two from 32 on. Default 64; the paper's pictures suggest 256.
            n_attributes: default: as many as there are `attribute_names`, else CUB's 42.
            base_filters: width of the generator's last and the discriminators' first level. Default
                64.
            local: how "1x1" and "3x3" are read: `"map"` (default) or `"receptive_field"`, see
                `map_discriminator`.
            seed: of all initial weights and random draws.
            attribute_names: of the attributes, in order.
            conditional_weight: 0 leaves the conditional discriminator out, as `global_weight=0` and
                `local_weight=0` do with the others (the paper's Figure 2). Default 1.
            overrides: arguments of `AttributeToShape`, and of `mask_generator` (`noise_size`,
                `code_size`, `upsample`, ...). `discriminator_options={...}` go to all
                discriminators (`base_filters`, ...), `conditional_options={...}` to the
                conditional one.

        Raises:
            ValueError: unknown preset. TypeError: unknown argument.
        """
        if n_attributes is None:
            n_attributes = 42 if attribute_names is None else len(attribute_names)
        recipe = recipe_of(SHAPE_PRESETS, preset, cls, overrides)
        own = recipe["model"]
        judging = {
            "seed": seed + 1000, "base_filters": base_filters, **recipe["discriminator"],
        }  # fmt: skip
        generator = mask_generator(
            image_size, n_attributes, base_filters, **{"seed": seed, **recipe["generator"]}
        )
        conditional = {"code_size": generator.outputs[1].shape[-1], **recipe["conditional"]}
        judges: dict[str, keras.Model] = {}
        if conditional_weight:
            judges["conditional_discriminator"] = conditional_discriminator(
                image_size, n_attributes, 1, **judging, **conditional
            )
        for number, (name, side) in enumerate((("global", 1), ("local", 3)), 1):
            if own.get(f"{name}_weight", 1.0):
                judges[f"{name}_discriminator"] = map_discriminator(
                    image_size,
                    1,
                    **{**judging, "seed": judging["seed"] + 1000 * number},
                    map_size=side,
                    reading=local,
                    name=f"{name}_discriminator",
                )
        model = cls(
            generator, **judges, **{"seed": seed, "attribute_names": attribute_names, **own}
        )
        model.preset = preset
        return model

    # ------------------------------------------------------------------ the game

    @property
    def reports(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*super().reports, *(("g_mode_seeking",) if self.mode_seeking_weight else ()))

    def play(self, batch: dict, training: bool) -> dict:
        """The generated masks, which all players look at, and their codes' Gaussians."""
        attributes = self.made_for(batch)
        noise = self._noise(attributes, training)
        fake, mean, log_variance = self.generator([attributes, noise], training=training)
        played = {"fake": fake, "mean": mean, "log_variance": log_variance}
        if self.mode_seeking_weight:
            other = self._noise(attributes, training, again=1)
            played |= {"noise": noise, "other_noise": other}
            played["other"] = self.generator([attributes, other], training=training)[0]
        return played

    def g_loss(self, batch: dict, played: dict, training: bool) -> tuple[Any, dict]:
        """As the other stage's; and the price of ignoring the noise."""
        loss, values = super().g_loss(batch, played, training)
        if self.mode_seeking_weight:
            price = mode_seeking_loss(
                played["fake"], played["other"], played["noise"], played["other_noise"]
            )
            values["g_mode_seeking"] = price
            loss = loss + self.mode_seeking_weight * price
        return loss, values

    def _noise(self, attributes: Any, training: bool, again: int = 0) -> Any:
        """z ~ N(0, I); outside of training the same at every call."""
        shape = (ops.shape(attributes)[0], self.noise_size)
        seed = self.seed_generator if training else self.seed + again
        return keras.random.normal(shape, seed=seed)

    @property
    def noise_size(self) -> int:
        """Numbers in the noise."""
        return self._input("noise").shape[-1]

    def example(self, batch: dict) -> tuple[dict, None, np.ndarray]:
        """A mask for each set of attributes, from noise of its own; a real one beside it."""
        check_keys(batch, self.batch_keys())
        attributes = batch["shape_attributes"]
        noise = draw_noise(len(attributes), self.noise_size, self.seed)
        return {"shape_attributes": attributes, "noise": noise}, None, batch["mask"]

    def call(self, inputs: dict, training: bool = False) -> Any:
        attributes = ops.convert_to_tensor(inputs["shape_attributes"])
        noise = inputs["noise"] if "noise" in inputs else self._noise(attributes, training)
        return self._generate([attributes, noise], training)

    # ------------------------------------------------------------------ inference

    def generate(
        self,
        attributes: Any,
        n: int = 1,
        seed: int = 0,
        hard_mask: bool = True,
        noise: np.ndarray | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Draw masks of these attributes.

        Args:
            attributes: numbers (n_attributes,) or (B, n_attributes) in [0, 1]; or names of what is
                present, or a mapping from names to values; or a list of these.
            n: masks for each set of attributes. Default 1.
            seed: of the noise; the same on every backend.
            hard_mask: threshold at 0. Default True; else the network's grey values.
            noise: float (B * n, noise_size), instead of the seed's.
            batch_size: masks at a time. Default 64.

        Returns:
            uint8 (B * n, S, S, 1): 255 is the object, 0 the background; the n masks of the first
            attributes come first.

        Raises:
            ValueError: attributes that the model does not have.
        """
        vectors = np.repeat(self.vectors(attributes), n, axis=0)
        noise = draw_noise(len(vectors), self.noise_size, seed) if noise is None else noise
        if np.shape(noise) != (len(vectors), self.noise_size):
            raise ValueError(
                f"noise must be of shape {(len(vectors), self.noise_size)}, one row for each mask; "
                f"got {np.shape(noise)}"
            )
        inputs = {"shape_attributes": vectors, "noise": np.asarray(noise, "float32")}
        masks = self.predict(inputs, batch_size=batch_size, verbose=0)
        return to_uint8(np.where(masks > 0, 1.0, -1.0).astype("float32") if hard_mask else masks)

    def shape_network(self) -> keras.Model:
        """[attributes, noise] -> hard mask, as stage II and the whole chain take it."""
        network = self.inference_model
        return keras.Model(network.inputs, HardMask(name="hard_mask")(network.output), name="shape")

    def _mask_shape(self) -> tuple:
        return self.generator.outputs[0].shape[1:]


def draw_noise(count: int, size: int, seed: int) -> np.ndarray:
    """Normal numbers, float32 (count, size), the same on every backend."""
    return np.random.default_rng(seed).standard_normal((count, size)).astype("float32")

"""Stage II: from a mask and the other attributes to a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kgen.attribute_gan.discriminators import conditional_discriminator, map_discriminator
from kgen.attribute_gan.networks import picture_generator
from kgen.attribute_gan.presets import PICTURE_PRESETS, recipe_of
from kgen.attribute_gan.stage import Stage
from kgen.checks import check_images, check_keys
from kgen.data.images import to_float, to_uint8
from kgen.metrics.keras_metrics import PSNR, SSIM


@keras.saving.register_keras_serializable("kgen")
class ShapeToImage(Stage):
    """Stage II of the stacked attribute GAN: paint a mask as the other attributes say.

    Zhao, "Realistic Image Generation via Cross-domain Information", section 3.3: the U-Net of
    pix2pix with the attributes' code at its bottleneck, against a conditional and a global
    discriminator, with least squares and the mean absolute error:

    L_G = (D_c(x_g, a) - 1)^2 + lambda_1 (D_1(x_g) - 1)^2 + l1 |x_g - y| + lambda_0 KL

    and L_D as in `AttributeToShape`. Train it on real masks, which have their pictures; draw from
    it with the masks of stage I.

    Batches are dictionaries: `image`, float32 (B, S, S, 3) in [-1, 1]; `mask`, (B, S, S, 1) in
    [-1, 1]; `other_attributes`, (B, n) in [0, 1]; if there is one, `other_attributes_wrong`.
    Calling the model on a dictionary with `mask` and `other_attributes` returns float32 pictures
    (B, S, S, 3) in [-1, 1].

    In the logs: as `AttributeToShape` without the local terms, and `g_l1`, the mean absolute error
    in [0, 2], without its weight. `evaluate` reports `g_l1` and the metrics of `compile`: by
    default `psnr` and `ssim`.

    Args:
        generator: [mask, attributes] -> [picture, mean, log-variance], see `picture_generator`.
        conditional_discriminator: [picture, attributes] -> logits; or None.
        global_discriminator: picture -> logits; or None (the objective as printed).
        gan_mode, negative_weight, kl_weight, mismatching, synthesis, attribute_names, ema_decay,
            inference_mode, code_at_inference, seed: as in `AttributeToShape`. With
            `synthesis="half_rolled"` only pictures made for their own attributes count in L1.
        global_weight: lambda_1. Default 1.
        l1_weight: default 1: the paper prints no weight. 10 and 100 (pix2pix) obey the mask better.
        condition_on_mask: let the discriminators see the mask beside the picture. Default False.
        shape_generator: [shape attributes, noise] -> mask, of a trained stage I
            (`AttributeToShape.shape_network()`), for `generated_masks`. It stays as it is.
        generated_masks: share of a batch that is painted on masks of `shape_generator`; these
            pictures have no original, so that they do not count in L1. Batches then hold
            `shape_attributes` too. Default 0.
        averaged_generator: restored by `load_model`; leave it out.

    Raises:
        ValueError: unknown option; no discriminator; generated masks without a generator.

    Example:

    >>> import numpy as np
    >>> from kgen import ShapeToImage
    >>> model = ShapeToImage.from_preset("paper", image_size=32, n_attributes=6, base_filters=4)
    >>> model.compile()
    >>> mask = np.ones((4, 32, 32, 1), "float32")
    >>> batch = {"image": np.zeros((4, 32, 32, 3), "float32"), "mask": mask,
    ...          "other_attributes": np.eye(4, 6, dtype="float32")}
    >>> history = model.fit(batch, batch_size=4, verbose=0)
    >>> model.generate(mask, np.ones(6)).shape
    (4, 32, 32, 3)
    """

    picture: ClassVar = "image"
    condition: ClassVar = "other_attributes"
    scores: ClassVar = ("g_l1",)

    def __init__(
        self,
        generator: keras.Model,
        conditional_discriminator: keras.Model | None = None,
        global_discriminator: keras.Model | None = None,
        gan_mode: str = "lsgan",
        negative_weight: float = 1.0,
        global_weight: float = 1.0,
        kl_weight: float = 2.0,
        l1_weight: float = 1.0,
        mismatching: str | None = "roll",
        synthesis: str = "matching",
        condition_on_mask: bool = False,
        shape_generator: keras.Model | None = None,
        generated_masks: float = 0.0,
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
        self.global_weight, self.l1_weight = global_weight, l1_weight
        self.condition_on_mask = condition_on_mask
        self.shape_generator, self.generated_masks = shape_generator, generated_masks
        if not 0.0 <= generated_masks <= 1.0 or (generated_masks and shape_generator is None):
            raise ValueError(
                "generated_masks is a share in [0, 1] and needs shape_generator, a stage I as "
                f"AttributeToShape.shape_network() gives it; got {generated_masks} and "
                f"{'no' if shape_generator is None else 'a'} shape_generator"
            )
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._finish()

    @classmethod
    def from_preset(
        cls,
        preset: str = "paper",
        image_size: int = 64,
        n_attributes: int | None = None,
        base_filters: int = 64,
        seed: int = 0,
        attribute_names: Sequence[str] | None = None,
        conditional_weight: float = 1.0,
        **overrides: Any,
    ) -> ShapeToImage:
        """Build the networks and the model by a named recipe.

        Args:
            preset: `"paper"` (default) or `"dong"`: see `kgen.attribute_gan.presets`.
            image_size: S, a power of two from 32 on. Default 64; the paper's pictures suggest 256.
            n_attributes: default: as many as there are `attribute_names`, else CUB's 270.
            base_filters: width of all networks' first level. Default 64.
            seed: of all initial weights and random draws.
            attribute_names: of the attributes, in order.
            conditional_weight: 0 leaves the conditional discriminator out, as `global_weight=0`
                does with the global one. Default 1.
            overrides: arguments of `ShapeToImage`, and of `picture_generator` (`kind`, `dropout`,
                `code_at_input`, ...). `discriminator_options={...}` go to both discriminators
                (`base_filters`, ...), `conditional_options={...}` to the conditional one.

        Raises:
            ValueError: unknown preset. TypeError: unknown argument.
        """
        if n_attributes is None:
            n_attributes = 270 if attribute_names is None else len(attribute_names)
        recipe = recipe_of(PICTURE_PRESETS, preset, cls, overrides)
        own = recipe["model"]
        judging = {
            "seed": seed + 1000, "base_filters": base_filters, **recipe["discriminator"],
        }  # fmt: skip
        generator = picture_generator(
            image_size, n_attributes, base_filters, **{"seed": seed, **recipe["generator"]}
        )
        channels = generator.outputs[0].shape[-1]
        if own.get("condition_on_mask"):
            channels += generator.inputs[0].shape[-1]
        conditional = {"code_size": generator.outputs[1].shape[-1], **recipe["conditional"]}
        judges: dict[str, keras.Model] = {}
        if conditional_weight:
            judges["conditional_discriminator"] = conditional_discriminator(
                image_size, n_attributes, channels, **judging, **conditional
            )
        if own.get("global_weight", 1.0):
            judging["seed"] += 1000
            judges["global_discriminator"] = map_discriminator(
                image_size, channels, name="global_discriminator", **judging
            )
        model = cls(
            generator, **judges, **{"seed": seed, "attribute_names": attribute_names, **own}
        )
        model.preset = preset
        return model

    # ------------------------------------------------------------------ the game

    @property
    def reports(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*super().reports, "g_l1")

    def play(self, batch: dict, training: bool) -> dict:
        """The generated pictures, which both players look at, and their codes' Gaussians."""
        mask = self._masks(batch, training)
        attributes = self.made_for(batch)
        fake, mean, log_variance = self.generator([mask, attributes], training=training)
        return {"fake": fake, "mean": mean, "log_variance": log_variance, "mask": mask}

    def seen(self, pictures: Any, batch: dict, played: dict) -> Any:
        """Pictures, with the masks they were painted on if the discriminators are to see them."""
        if not self.condition_on_mask:
            return pictures
        mask = batch["mask"] if pictures is batch["image"] else played["mask"]
        return ops.concatenate([pictures, mask], axis=-1)

    def g_loss(self, batch: dict, played: dict, training: bool) -> tuple[Any, dict]:
        """As stage I's, and l1 E |x_g - y| over the pictures that have an original."""
        loss, values = super().g_loss(batch, played, training)
        errors = ops.mean(ops.abs(batch["image"] - played["fake"]), axis=(1, 2, 3))
        counts = self.is_paired(batch) * (1.0 - self._is_generated(batch))
        values["g_l1"] = ops.sum(counts * errors) / ops.maximum(ops.sum(counts), 1.0)
        return loss + self.l1_weight * values["g_l1"], values

    def _is_generated(self, batch: dict) -> Any:
        """1.0 where a picture is painted on a mask of stage I, (B,): the last ones of a batch."""
        size = ops.shape(batch["mask"])[0]
        kept = ops.cast(size, "float32") * (1.0 - self.generated_masks)
        return ops.cast(ops.cast(ops.arange(size), "float32") >= kept, "float32")

    def _masks(self, batch: dict, training: bool) -> Any:
        if not self.generated_masks:
            return batch["mask"]
        attributes = batch["shape_attributes"]
        network: Any = self.shape_generator
        noise_size = network.inputs[1].shape[-1]
        seed = self.seed_generator if training else self.seed
        noise = keras.random.normal((ops.shape(attributes)[0], noise_size), seed=seed)
        made = ops.stop_gradient(network([attributes, noise], training=False))
        return ops.where(self._is_generated(batch)[:, None, None, None] > 0, made, batch["mask"])

    def example(self, batch: dict) -> tuple[dict, np.ndarray, np.ndarray]:
        """A picture for each real mask, as its attributes say."""
        check_keys(batch, self.batch_keys())
        inputs = {name: batch[name] for name in ("mask", "other_attributes")}
        return inputs, batch["mask"], batch["image"]

    def compare(self, batch: dict) -> tuple[Any, Any]:
        """The original, and what the model paints outside of training."""
        return batch["image"], self(batch)

    def default_metrics(self) -> list[keras.metrics.Metric]:
        """PSNR and SSIM of values in [-1, 1]."""
        return [PSNR(), SSIM()]

    def score(self, batch: dict, compared: tuple[Any, Any] | None) -> dict[str, Any]:
        """The mean absolute error of what the model paints."""
        image, fake = compared or self.compare(batch)
        return {"g_l1": ops.mean(ops.abs(image - fake))}

    def call(self, inputs: dict, training: bool = False) -> Any:
        return self._generate([inputs["mask"], inputs["other_attributes"]], training)

    # ------------------------------------------------------------------ inference

    def generate(self, masks: np.ndarray, attributes: Any, batch_size: int = 64) -> np.ndarray:
        """Paint masks as attributes say.

        Args:
            masks: uint8 in 0..255, bool, or float in [-1, 1]; (B, S, S, 1).
            attributes: as in `AttributeToShape.generate`; one set for all masks, or one for each.
            batch_size: pictures at a time. Default 64.

        Returns:
            uint8 (B, S, S, 3).

        Raises:
            ValueError: masks of another size, attributes that the model does not have.
        """
        masks, vectors = as_masks(masks), self.vectors(attributes)
        check_images("masks", masks, (None, *self._mask_shape()))
        if len(vectors) not in (1, len(masks)):
            raise ValueError(
                f"give one set of attributes for all masks, or one for each of the {len(masks)}; "
                f"got {len(vectors)}"
            )
        vectors = np.broadcast_to(vectors, (len(masks), vectors.shape[1]))
        inputs = {"mask": masks, "other_attributes": np.array(vectors)}
        return to_uint8(self.predict(inputs, batch_size=batch_size, verbose=0))

    # ------------------------------------------------------------------ guards

    def check_batch(self, batch: Any) -> None:
        super().check_batch(batch)
        if self.generated_masks:
            check_keys(batch, (*self.batch_keys(), "shape_attributes"))

    def batch_keys(self) -> tuple[str, ...]:
        return ("image", "mask", "other_attributes")

    def _mask_shape(self) -> tuple:
        return self.generator.inputs[0].shape[1:]


def as_masks(masks: np.ndarray) -> np.ndarray:
    """Masks as bytes, truth values or floats -> float32 in [-1, 1]."""
    masks = np.asarray(masks)
    if masks.dtype == bool:
        return np.where(masks, 1.0, -1.0).astype("float32")
    return to_float(masks) if masks.dtype == np.uint8 else masks.astype("float32")

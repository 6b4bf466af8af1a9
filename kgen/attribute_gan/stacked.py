"""Both stages in a row: from attributes to a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kgen.attribute_gan.attribute_to_shape import AttributeToShape, draw_noise
from kgen.attribute_gan.networks import HardMask
from kgen.attribute_gan.shape_to_image import ShapeToImage
from kgen.attribute_gan.vectors import to_vectors
from kgen.data.attributes import AttributePictures

# how far from the threshold an export is compared: nearer, rounding decides
SURE = 1e-5


@keras.saving.register_keras_serializable("kgen")
class StackedAttributeGAN(keras.Model):
    """A picture from attributes alone: stage I draws the mask, stage II paints it.

    Zhao, "Realistic Image Generation via Cross-domain Information", figure 1. The stages are
    trained by themselves; this model draws from them, is saved and exported as one.

    Calling the model on `[attributes, noise]`, float32 (B, n) in [0, 1] and (B, noise), returns
    `{"mask": (B, S, S, 1), "image": (B, S, S, 3)}`, float32 in [-1, 1].

    Args:
        stage1: a trained `AttributeToShape`.
        stage2: a trained `ShapeToImage` of the same size.
        attribute_names: of all attributes, in the order of the vectors that the model takes; both
            stages must know their own by name. Default: stage I's names, then those of stage II
            that stage I has not; without names, stage I's attributes, then stage II's.
        hard_mask: threshold the masks at 0 between the stages. Default True, as in training.

    Raises:
        ValueError: stages of different sizes, names that do not fit.

    Example:

    >>> from kgen import AttributeToShape, ShapeToImage, StackedAttributeGAN
    >>> small = {"image_size": 32, "base_filters": 4}
    >>> shapes, others = ["bill::long", "bill::short"], ["crown::red", "crown::blue"]
    >>> stage1 = AttributeToShape.from_preset(attribute_names=shapes, **small)
    >>> stage2 = ShapeToImage.from_preset(attribute_names=others, **small)
    >>> birds = StackedAttributeGAN(stage1, stage2)
    >>> images, masks = birds.generate(["bill::long", "red"], n=3, seed=1)
    >>> images.shape, masks.shape, str(images.dtype)
    ((3, 32, 32, 3), (3, 32, 32, 1), 'uint8')
    """

    def __init__(
        self,
        stage1: AttributeToShape,
        stage2: ShapeToImage,
        attribute_names: Sequence[str] | None = None,
        hard_mask: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stage1, self.stage2, self.hard_mask = stage1, stage2, hard_mask
        made, taken = stage1.generator.outputs[0].shape, stage2.generator.inputs[0].shape
        if made != taken:
            raise ValueError(
                f"stage I makes masks {made[1:]}, stage II takes masks {taken[1:]}: build both "
                "with one image_size"
            )
        first, second = stage1.attribute_names, stage2.attribute_names
        if attribute_names is None and first is not None and second is not None:
            attribute_names = list(dict.fromkeys([*first, *second]))
        self.attribute_names = None if attribute_names is None else list(attribute_names)
        self.columns = self._find_columns()
        self.built = True  # the stages come built

    def _find_columns(self) -> tuple[list[int], list[int]]:
        """Where each stage's attributes stand in the vectors that the model takes."""
        first, second = self.stage1.n_attributes, self.stage2.n_attributes
        if self.attribute_names is None:
            return list(range(first)), list(range(first, first + second))
        places = {name: place for place, name in enumerate(self.attribute_names)}
        columns = []
        for number, stage in (("I", self.stage1), ("II", self.stage2)):
            if stage.attribute_names is None:
                raise ValueError(
                    f"stage {number} does not know its attributes by name, so that they cannot be "
                    "found among attribute_names: set stage.attribute_names, or leave "
                    "attribute_names out"
                )
            if missing := [name for name in stage.attribute_names if name not in places]:
                raise ValueError(
                    f"attribute_names lacks attributes of stage {number}: {', '.join(missing[:5])}"
                    f"{', ...' if len(missing) > 5 else ''}"
                )
            columns.append([places[name] for name in stage.attribute_names])
        return columns[0], columns[1]

    @property
    def n_attributes(self) -> int:
        """Number of attributes that the model takes."""
        return (
            max(map(max, self.columns)) + 1
            if self.attribute_names is None
            else len(self.attribute_names)
        )

    @property
    def image_size(self) -> int:
        """S, the side of masks and pictures in pixels."""
        return self.stage2.generator.outputs[0].shape[1]

    @property
    def noise_size(self) -> int:
        """Numbers in the noise."""
        return self.stage1.noise_size

    # ------------------------------------------------------------------ pictures

    def generate(
        self,
        attributes: Any,
        n: int = 1,
        seed: int = 0,
        hard_mask: bool | None = None,
        noise: np.ndarray | None = None,
        batch_size: int = 64,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw pictures of these attributes.

        The same seed, number and shape attributes give the same masks, whatever the others are.

        Args:
            attributes: numbers (n_attributes,) or (B, n_attributes) in [0, 1]; or names of what is
                present, or a mapping from names to values; or a list of these.
            n: pictures for each set of attributes. Default 1.
            seed: of the noise; the same on every backend.
            hard_mask: threshold the masks at 0. Default: as the model was made.
            noise: float (B * n, noise_size), instead of the seed's.
            batch_size: pictures at a time. Default 64.

        Returns:
            images, uint8 (B * n, S, S, 3); masks, uint8 (B * n, S, S, 1), 255 on the object. The n
            of the first attributes come first.

        Raises:
            ValueError: attributes that the model does not have (near names are listed).
        """
        vectors = self.vectors(attributes)
        first, second = (vectors[:, columns] for columns in self.columns)
        hard_mask = self.hard_mask if hard_mask is None else hard_mask
        masks = self.stage1.generate(first, n, seed, hard_mask, noise, batch_size)
        images = self.stage2.generate(masks, np.repeat(second, n, axis=0), batch_size)
        return images, masks

    def vectors(self, attributes: Any) -> np.ndarray:
        """Attributes given as numbers or names, as float32 (B, n_attributes)."""
        return to_vectors(attributes, self.n_attributes, self.attribute_names)

    def vectors_for(self, pictures: AttributePictures) -> np.ndarray:
        """The attributes of real pictures in the order in which the model takes them.

        Returns:
            float32 (N, n_attributes).

        Raises:
            ValueError: the pictures lack attributes of the model.
        """
        if self.attribute_names is not None:
            return pictures.select(self.attribute_names).attributes.astype("float32")
        columns = [*pictures.shape_columns, *pictures.other_columns]
        return pictures.attributes[:, columns].astype("float32")

    def call(self, inputs: Any, training: bool = False) -> dict:
        return self.inference_model(inputs, training=False)

    # ------------------------------------------------------------------ export and saving

    @property
    def inference_model(self) -> keras.Model:
        """The chain as one network: [attributes, noise] -> {"mask", "image"}."""
        attributes = keras.Input((self.n_attributes,), name="attributes")
        noise = keras.Input((self.noise_size,), name="noise")
        first, second = (
            Columns(columns, name=f"{name}_attributes")(attributes)
            for name, columns in zip(("shape", "other"), self.columns, strict=True)
        )
        mask = self.stage1.inference_model([first, noise])
        mask = HardMask(name="mask")(mask) if self.hard_mask else mask
        image = self.stage2.inference_model([mask, second])
        return keras.Model([attributes, noise], {"mask": mask, "image": image}, name="stacked")

    def export_sample(self) -> list[np.ndarray]:
        """What an export is compared on: two inputs whose masks no rounding decides."""
        best, surest = [], -1.0
        for seed in range(64):
            attributes = np.random.default_rng(seed).integers(0, 2, (2, self.n_attributes))
            sample = [attributes.astype("float32"), draw_noise(2, self.noise_size, seed)]
            inputs = {"shape_attributes": sample[0][:, self.columns[0]], "noise": sample[1]}
            sure = float(np.abs(self.stage1.predict_on_batch(inputs)).min())
            if sure > surest:
                best, surest = sample, sure
            if surest > SURE or not self.hard_mask:
                break
        return best

    def get_config(self) -> dict:
        return {
            "stage1": keras.saving.serialize_keras_object(self.stage1),
            "stage2": keras.saving.serialize_keras_object(self.stage2),
            "attribute_names": self.attribute_names,
            "hard_mask": self.hard_mask,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> StackedAttributeGAN:
        stages = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("stage1", "stage2")
        }
        return cls(**{**config, **stages})

    def build(self, *input_shapes: Any) -> None:
        self.built = True


@keras.saving.register_keras_serializable("kgen")
class Columns(layers.Layer):
    """Some columns of a table: float (B, n) -> (B, len(columns))."""

    def __init__(self, columns: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.columns = list(columns)

    def call(self, table: Any) -> Any:
        return ops.take(table, np.array(self.columns, "int32"), axis=1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], len(self.columns))

    def get_config(self) -> dict:
        return {**super().get_config(), "columns": self.columns}

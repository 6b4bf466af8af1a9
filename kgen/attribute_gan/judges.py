"""Networks that look at pictures: which attributes they show, and where the object is.

They learn from real pictures what the generators of the stacked attribute GAN are to show, and are
what `kgen.attribute_gan.evaluate_chain` asks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from kgen.attribute_gan.networks import check_count, check_size
from kgen.attribute_gan.shape_to_image import as_masks
from kgen.callbacks.files import replace_file, write_json
from kgen.checks import check_images
from kgen.data.attribute_batches import AttributeBatches
from kgen.data.attributes import AttributePictures
from kgen.data.images import to_float
from kgen.data.inputs_and_targets import InputsAndTargets
from kgen.networks.style import Style

# what each judge sees, and what it says of it, as batches call them
JUDGES = {
    "mask_classifier": ("mask", "shape_attributes"),
    "picture_classifier": ("image", "other_attributes"),
    "segmenter": ("image", "mask"),
}


def attribute_classifier(
    input_shape: tuple[int, int, int],
    n_attributes: int,
    base_filters: int = 16,
    dropout: float = 0.3,
    seed: int = 0,
    name: str = "classifier",
) -> keras.Model:
    """Build a small network that says which attributes a picture or a mask shows.

    Convolutions of stride 2 (5x5, then 3x3), each followed by batch normalization, down to 4x4;
    then one dense layer, so that it knows where on the picture it looks.

    Input: float (B, S, S, C) in [-1, 1]. Output: float32 (B, n_attributes), logits: the attribute
    is there where they are above 0.

    Args:
        input_shape: (S, S, C), S a power of two from 32 on.
        n_attributes: how many.
        base_filters: of the first level, from which widths double up to four times. Default 16.
        dropout: share of the last features that training drops. Default 0.3.
        seed: of the weights.
        name: of the model.

    Example:

    >>> attribute_classifier((64, 64, 1), 18, base_filters=4).output.shape
    (None, 18)
    """
    levels = check_size(input_shape[0]) - 2
    check_count(n_attributes)
    layer = Style(initializer="kaiming", seed=seed)
    image = x = keras.Input(input_shape, name="image")
    for level in range(levels):
        filters = base_filters * min(2**level, 4)
        x = layer.convolution(filters, 3 if level else 5, 2, name=f"down_{level}")(x)
        x = layers.ReLU()(layer.normalize(x, f"down_{level}_norm"))
    x = layers.Dropout(dropout, seed=seed)(layers.Flatten()(x))  # (B, 16 * 4 f)
    logits = layers.Dense(n_attributes, kernel_initializer=layer.kernel(), dtype="float32")(x)
    return keras.Model(image, logits, name=name)


def segmenter(
    input_shape: tuple[int, int, int], base_filters: int = 16, levels: int = 4, seed: int = 0
) -> keras.Model:
    """Build a small U-Net that finds the object: picture -> mask, both in [-1, 1].

    Ronneberger et al., 2015, with one 3x3 convolution for each level and direction. Unlike the
    U-Net of pix2pix it has features at full size, which an outline of one pixel's precision needs.

    Input: float (B, S, S, C). Output: float32 (B, S, S, 1), the object where it is above 0.

    Args:
        input_shape: (S, S, C), S a power of two from 32 on.
        base_filters: of the second level, from which widths double up to four times; the first
            one, at full size, has half. Default 16.
        levels: how often the size is halved. Default 4.
        seed: of the weights.

    Example:

    >>> segmenter((64, 64, 3), base_filters=2).output.shape
    (None, 64, 64, 1)
    """
    check_size(input_shape[0])
    layer = Style(initializer="kaiming", seed=seed)

    def block(x: Any, filters: int, stride: int = 1) -> Any:
        return layers.ReLU()(layer.normalize(layer.convolution(filters, 3, stride)(x)))

    widths = [max(1, base_filters // 2), *(base_filters * min(2**i, 4) for i in range(levels))]
    image = keras.Input(input_shape, name="image")
    skips = [block(image, widths[0])]
    for filters in widths[1:]:
        skips.append(block(skips[-1], filters, 2))
    x = skips.pop()  # (B, S / 16, S / 16, 4 f)
    for filters in reversed(widths[:-1]):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skips.pop()])
        x = block(x, filters)
    x = layer.convolution(1, 3, bias=True, name="last")(x)
    mask = layers.Activation("tanh", dtype="float32", name="mask")(x)
    return keras.Model(image, mask, name="segmenter")


@dataclass
class Judges:
    """The three judges of one data set, trained on its real pictures.

    Args:
        mask_classifier: mask (B, S, S, 1) -> logits of the shape attributes.
        picture_classifier: picture (B, S, S, 3) -> logits of the other attributes.
        segmenter: picture (B, S, S, 3) -> mask in [-1, 1], object above 0.
        shape_names, other_names: the attributes, in the order of the logits.
        load_size: size of the pictures from which windows were cut for the judges, see `train`.

    Example:

    >>> from kgen.data import toy_birds
    >>> judges = Judges.train(toy_birds(count=8, size=32), size=32, epochs=1, base_filters=2,
    ...                       batch_size=4, verbose=0)
    >>> judges.picture_classifier.output.shape, judges.size
    ((None, 50), 32)
    """

    mask_classifier: keras.Model
    picture_classifier: keras.Model
    segmenter: keras.Model
    shape_names: Sequence[str]
    other_names: Sequence[str]
    load_size: int | None = None

    @classmethod
    def train(
        cls,
        pictures: AttributePictures,
        size: int = 64,
        epochs: int = 8,
        batch_size: int = 32,
        base_filters: int = 16,
        learning_rate: float = 2e-3,
        seed: int = 0,
        load_size: int | None = None,
        verbose: int | str = 2,
    ) -> Judges:
        """Train all three on real pictures, by Adam with a rate that falls along a cosine.

        The classifiers learn cross-entropy of each attribute, the segmenter the mean square.

        Args:
            pictures: real pictures that the evaluation does not use; `shape_names` and
                `other_names` say what is read from masks and what from pictures.
            size: side of what they see, in pixels. Default 64.
            epochs: of each judge; the segmenter, which learns sooner, has half as many. Default 8.
            batch_size: at most as many as there are pictures. Default 32.
            base_filters: of all three. Default 16.
            learning_rate: at the beginning. Default 2e-3.
            seed: of weights, order and jitter.
            load_size: size before the random crop, as the stages' batches have it: judges shall see
                objects as large as generators draw them. Default: `size`, so that nothing is cut.
            verbose: as in `keras.Model.fit`.

        Raises:
            ValueError: pictures without attributes for a stage.
        """
        shapes = {"image": (size, size, 3), "mask": (size, size, 1)}
        networks = {
            "mask_classifier": attribute_classifier(
                shapes["mask"], len(pictures.shape_names), base_filters, seed=seed
            ),
            "picture_classifier": attribute_classifier(
                shapes["image"], len(pictures.other_names), base_filters, seed=seed + 1000
            ),
            "segmenter": segmenter(shapes["image"], base_filters, seed=seed + 2000),
        }
        for name, network in networks.items():
            rounds = -(-epochs // 2) if name == "segmenter" else epochs
            batches = AttributeBatches(
                pictures,
                1 if name == "mask_classifier" else 2,
                size,
                min(batch_size, len(pictures)),
                load_size=load_size or size,
                seed=seed,
                cache=True,
            )
            _fit(name, network, batches, rounds, learning_rate, verbose)
        return cls(**networks, **_names(pictures), load_size=load_size)

    @property
    def size(self) -> int:
        """Side of the pictures that the judges see, in pixels."""
        return self.segmenter.input_shape[1]

    # ------------------------------------------------------------------ what they say

    def of_masks(self, masks: np.ndarray) -> np.ndarray:
        """Logits of the shape attributes, float32 (B, n), of masks (B, S, S, 1), any type."""
        return self._ask(self.mask_classifier, as_masks(masks))

    def of_pictures(self, images: np.ndarray) -> np.ndarray:
        """Logits of the other attributes, float32 (B, n), of pictures (B, S, S, 3)."""
        return self._ask(self.picture_classifier, to_float(np.asarray(images)))

    def find_object(self, images: np.ndarray) -> np.ndarray:
        """Where the object is on pictures (B, S, S, 3): bool (B, S, S)."""
        return self._ask(self.segmenter, to_float(np.asarray(images)))[..., 0] > 0

    def _ask(self, network: keras.Model, images: np.ndarray) -> np.ndarray:
        check_images("pictures for a judge", images, network.input_shape)
        return network.predict(images, batch_size=64, verbose=0)

    # ------------------------------------------------------------------ files

    def save(self, folder: str | os.PathLike) -> None:
        """Write the judges into a folder; `Judges.load` reads them on any backend."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in JUDGES:
            replace_file(folder / f"{name}.keras", getattr(self, name).save)
        write_json(folder / "judges.json", {**_names(self), "load_size": self.load_size})

    @classmethod
    def load(cls, folder: str | os.PathLike) -> Judges:
        """Read judges that `save` wrote.

        Raises:
            FileNotFoundError: there are none; names the missing file.
        """
        folder = Path(folder)
        files = [folder / "judges.json", *(folder / f"{name}.keras" for name in JUDGES)]
        if missing := [file for file in files if not file.is_file()]:
            raise FileNotFoundError(
                f"{missing[0]}: there are no judges in this folder. Judges.train(pictures) makes "
                "them, judges.save(folder) keeps them."
            )
        networks = {name: keras.models.load_model(folder / f"{name}.keras") for name in JUDGES}
        return cls(**networks, **json.loads(files[0].read_text()))


def _names(source: Any) -> dict[str, list[str]]:
    return {"shape_names": list(source.shape_names), "other_names": list(source.other_names)}


def _fit(
    name: str,
    network: keras.Model,
    batches: AttributeBatches,
    epochs: int,
    rate: float,
    verbose: Any,
) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * len(batches))
    loss: keras.losses.Loss = keras.losses.BinaryCrossentropy(from_logits=True)
    if name == "segmenter":
        loss = keras.losses.MeanSquaredError()
    network.compile(keras.optimizers.Adam(schedule), loss=loss)
    network.fit(InputsAndTargets(batches, *JUDGES[name]), epochs=epochs, verbose=verbose)

"""Pictures with masks and attributes out of tensorflow-datasets, without TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgen.data.attributes import AttributePictures, binary_mask
from kgen.data.builders.read import import_tfds, open_builder
from kgen.data.crops import check_crop, cut_object
from kgen.data.cub200.labels import GUESSING, Labels
from kgen.data.cub200.pictures import default_shape_groups

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

FEATURES = ("image", "segmentation_mask", "attributes", "certainties", "box", "label", "name")
ABSENT = (
    "{name} has the features {there}; pictures with attributes need {needed}. The published "
    "caltech_birds2011 has no attributes: kgen.data.builders.prepare_cub(folder) builds a set that "
    "has them, from the original archives."
)


class TfdsAttributes(AttributePictures):
    """A split of the set that `prepare_cub` builds; made by `tfds_attributes`."""

    def __init__(self, examples: Sequence[Any], table: dict[str, np.ndarray], crop, fit, **more):
        super().__init__(**more)
        self.examples, self.boxes = examples, table["box"]
        self.crop, self.fit = crop, fit

    def _read_image(self, row: int) -> np.ndarray:
        return cut_object(self.examples[row]["image"], self.boxes[row], self.crop, self.fit)

    def _read_mask(self, row: int) -> np.ndarray:
        mask = binary_mask(self.examples[row]["segmentation_mask"][..., 0])
        return cut_object(mask, self.boxes[row], self.crop, self.fit, fill=0)


def prepare_cub(
    folder: str | Path,
    *,
    masks: str | Path | None = None,
    data_dir: str | Path | None = None,
) -> tfds.core.DatasetBuilder:
    """Builds a tensorflow-datasets copy of CUB-200-2011 with its attributes, once.

    The copy is array_record and holds whole images: `builder.as_data_source("train")` reads it at
    random without TensorFlow, `tfds_attributes(builder, "train")` as pictures. When files of the
    folder change, a new copy is built. Splits are the published ones, train and test.

    Args:
        folder, masks: as for `kgen.data.cub`.
        data_dir: where the copy lies; default $TFDS_DATA_DIR, else ~/tensorflow_datasets.

    Raises:
        ImportError: tensorflow-datasets is not installed.
        FileNotFoundError, ValueError: as `kgen.data.cub`; files that are broken are named.

    Example:
        >>> import tempfile
        >>> from kgen.data.toy import write_birds
        >>> place = Path(tempfile.mkdtemp())
        >>> folder = write_birds(place / "birds", size=32, counts=(3, 0, 1))
        >>> builder = prepare_cub(folder, data_dir=place)
        >>> birds = tfds_attributes(builder, "train")
        >>> len(birds), birds.attributes.shape, len(birds.shape_names)
        (3, (3, 68), 18)
    """
    import_tfds()
    from kgen.data.builders.cub import CubAttributes, make_config

    config = make_config(folder, masks)
    builder = CubAttributes(config=config, data_dir=None if data_dir is None else str(data_dir))
    with redirect_stdout(sys.stderr):  # what a program prints is its own; this is progress
        builder.download_and_prepare()
    return builder


def tfds_attributes(
    builder: tfds.core.DatasetBuilder | str | Path,
    split: str = "train",
    *,
    level: str = "image",
    certainty: int = GUESSING,
    crop: str | None = "side",
    fit: str = "pad",
    shape_groups: Sequence[str] | None = None,
) -> TfdsAttributes:
    """Reads a split of the set that `prepare_cub` built as pictures with attributes.

    Args:
        builder: what `prepare_cub` returned, or the folder of it (that holds dataset_info.json).
        split: "train", "test", or a part such as "train[:90%]".
        level, certainty, crop, fit, shape_groups: as for `kgen.data.cub`.

    Raises:
        ImportError: tensorflow-datasets is not installed.
        ValueError: another set, such as caltech_birds2011, which has no attributes.

    Example:
        See `prepare_cub`.
    """
    check_crop(crop, fit)
    tfds = import_tfds()
    if isinstance(builder, str | Path):
        builder = open_builder(tfds, builder)
    there = list(builder.info.features)
    if not set(FEATURES) <= set(there):
        needed = ", ".join(FEATURES)
        raise ValueError(ABSENT.format(name=builder.name, there=", ".join(there), needed=needed))
    attribute_names = tuple(builder.info.metadata["attribute_names"])
    table = _table(tfds, builder, split)
    vectors = table["class_attributes"]
    if level == "image":
        vectors = Labels(table["attributes"], table["certainties"]).vectors(certainty)
    elif level != "class":
        raise ValueError(f"level is 'image' or 'class'; received {level!r}.")
    if shape_groups is None:
        shape_groups = default_shape_groups(attribute_names)
    return TfdsAttributes(
        builder.as_data_source(split),
        table,
        crop,
        fit,
        attributes=vectors,
        attribute_names=attribute_names,
        names=[f"{builder.name} {split} {name.decode()}" for name in table["name"]],
        classes=table["label"],
        class_names=builder.info.features["label"].names,
        shape=shape_groups,
    )


def _table(tfds: Any, builder: Any, split: str) -> dict[str, np.ndarray]:
    """Everything but the images, of all examples; their decoding is left out."""
    skip = {name: tfds.decode.SkipDecoding() for name in ("image", "segmentation_mask")}
    rows = list(builder.as_data_source(split, decoders=skip))
    names = ("attributes", "certainties", "class_attributes", "box", "label", "name")
    return {name: np.array([row[name] for row in rows]) for name in names}

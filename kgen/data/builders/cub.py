"""A tensorflow-datasets builder for CUB-200-2011 with what `caltech_birds2011` lacks: attributes.

Files are array_record and images are given as they are stored or as PNG streams, so that building
and reading need no TensorFlow, and no OpenCV, which the published builder needs for its masks.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from kgen.data.builders.side_by_side import png
from kgen.data.cub200.files import CubFiles, read_cub
from kgen.data.cub200.labels import CLASS_FILE, FILE, read_class_labels, read_image_labels
from kgen.data.cub200.pictures import read_mask
from kgen.data.images import ImageFileError, read_image


@dataclasses.dataclass
class CubConfig(tfds.core.BuilderConfig):
    """A folder in the layout of CUB-200-2011; see `kgen.data.cub`."""

    folder: str = ""
    masks: str | None = None


class CubAttributes(tfds.core.GeneratorBasedBuilder):
    """Birds with masks and attributes, in the order of images.txt; splits train and test.

    Features: `image` uint8 (H, W, 3); `segmentation_mask` uint8 (H, W, 1), 0 or 255; `attributes`
    and `certainties` uint8 (n,); `class_attributes` float32 (n,), shares of the class; `box`
    float32 (4,), x, y, w, h in pixels; `label`; `name`. The names of the attributes are
    `builder.info.metadata["attribute_names"]`.
    """

    VERSION = tfds.core.Version("1.0.0")
    code_path = None  # where checksums of downloads would lie; there are none
    RELEASE_NOTES = {"1.0.0": "First release."}  # noqa: RUF012 - a name that tfds prescribes

    def __init__(self, *, file_format: str = "array_record", **arguments: Any):
        super().__init__(file_format=file_format, **arguments)

    def _files(self) -> CubFiles:
        return read_cub(self.builder_config.folder, self.builder_config.masks)

    def _info(self) -> tfds.core.DatasetInfo:
        files = self._files()
        count = len(files.attribute_names)
        features = {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
            "segmentation_mask": tfds.features.Image(shape=(None, None, 1), encoding_format="png"),
            "attributes": tfds.features.Tensor(shape=(count,), dtype=np.uint8),
            "certainties": tfds.features.Tensor(shape=(count,), dtype=np.uint8),
            "class_attributes": tfds.features.Tensor(shape=(count,), dtype=np.float32),
            "box": tfds.features.Tensor(shape=(4,), dtype=np.float32),
            "label": tfds.features.ClassLabel(names=list(files.class_names)),
            "name": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"Birds with masks and {count} attributes of {self.builder_config.folder}.",
            features=tfds.features.FeaturesDict(features),
            metadata=tfds.core.MetadataDict(attribute_names=list(files.attribute_names)),
            disable_shuffling=True,  # `AttributeBatches` shuffles anew in every epoch
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        train = self._files().official_train
        splits = {"train": train, "test": ~train}
        return {
            name: self._generate_examples(np.flatnonzero(rows))
            for name, rows in splits.items()
            if rows.any()
        }

    def _generate_examples(self, rows: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
        files = self._files()
        labels, shares = read_image_labels(files), read_class_labels(files)
        for row in rows.tolist():
            image, mask = read_image(files.image_path(row), "rgb"), read_mask(files.mask_path(row))
            if image.shape[:2] != mask.shape:
                raise ImageFileError(
                    files.mask_path(row),
                    f"its size {mask.shape} differs from its image's {image.shape[:2]}",
                    "Replace it by one of the image's size",
                )
            yield (
                row,
                {
                    "image": png(image),
                    "segmentation_mask": png(mask[..., None]),
                    "attributes": labels.present[row],
                    "certainties": labels.certainty[row],
                    "class_attributes": shares[files.classes[row]],
                    "box": files.boxes[row].astype(np.float32),
                    "label": int(files.classes[row]),
                    "name": files.names[row],
                },
            )


def make_config(folder: str | Path, masks: str | Path | None) -> CubConfig:
    """Names the built copy after the folder and the state of its files, so none is ever stale."""
    files = read_cub(folder, masks)
    root = files.folder.resolve()
    masks = None if masks is None else str(Path(masks).resolve())
    state = hashlib.sha256(repr((str(root), masks)).encode())
    paths = [root / name for name in (FILE, CLASS_FILE, "bounding_boxes.txt", "images.txt")]
    for row in range(len(files.names)):
        paths += [files.image_path(row), files.mask_path(row)]
    for path in filter(Path.is_file, paths):  # what is missing is named when it is read
        stat = path.stat()
        state.update(repr((str(path), stat.st_size, stat.st_mtime_ns)).encode())
    return CubConfig(name=f"cub-{state.hexdigest()[:8]}", folder=str(root), masks=masks)

"""A tensorflow-datasets builder for folders of side-by-side pairs that keeps the pairs together.

The published `cycle_gan/*` sets of tensorflow-datasets hold the two sides as separate, shuffled
splits without file names: which photograph belongs to which map is lost. Here one example is one
pair. Files are array_record and images are PNG streams, so that building and reading need no
TensorFlow.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from kgen.data.folders import list_images, split_folder
from kgen.data.images import ImageFileError, Mode
from kgen.data.pairs import Pairs, side_by_side

SPLITS = ("train", "val", "test")


@dataclasses.dataclass
class SideBySideConfig(tfds.core.BuilderConfig):
    """One folder of pairs and how to read it; see `kgen.data.side_by_side`."""

    folder: str = ""
    input_side: str = "left"
    source_mode: Mode = "stored"
    target_mode: Mode = "stored"


class SideBySide(tfds.core.GeneratorBasedBuilder):
    """Pairs (source, target) of a pix2pix archive, in the order of the file names.

    Features: `source` and `target`, uint8 images (H, W, C) of any size, C = 1, 3 or 4 as in the
    first file; `name`, the path of the file within the folder.
    """

    VERSION = tfds.core.Version("1.0.0")
    # where checksums of downloads would lie; there are none, and tensorflow-datasets 4.9.10 looks
    # for it with importlib_resources, which it does not install
    code_path = None
    RELEASE_NOTES = {"1.0.0": "First release."}  # noqa: RUF012 - a name that tfds prescribes

    def __init__(self, *, file_format: str = "array_record", **arguments: Any):
        super().__init__(file_format=file_format, **arguments)

    def _info(self) -> tfds.core.DatasetInfo:
        first = self._pairs(next(iter(self._splits())))
        shapes = [(None, None, image.shape[-1]) for image in _checked(first, 0)]
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"Pairs of images side by side in {self.builder_config.folder}; the "
            f"{self.builder_config.input_side} half is the source.",
            features=tfds.features.FeaturesDict(
                {
                    "source": tfds.features.Image(shape=shapes[0], encoding_format="png"),
                    "target": tfds.features.Image(shape=shapes[1], encoding_format="png"),
                    "name": tfds.features.Text(),
                }
            ),
            supervised_keys=("source", "target"),
            disable_shuffling=True,  # `Batches` shuffles anew in every epoch
        )

    def _splits(self) -> dict[str, str | None]:
        """Name of each split with its folder; a folder without split folders is all "train"."""
        folder = Path(self.builder_config.folder)
        found = [split for split in SPLITS if has_split(folder, split)]
        return {split: split for split in found} or {"train": None}

    def _pairs(self, split: str) -> Pairs:
        config = self.builder_config
        return side_by_side(
            config.folder,
            self._splits()[split],
            input_side=config.input_side,
            source_mode=config.source_mode,
            target_mode=config.target_mode,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {split: self._generate_examples(split) for split in self._splits()}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        pairs = self._pairs(split)
        channels = [self.info.features[side].shape[-1] for side in ("source", "target")]
        for index in range(len(pairs)):
            images = _checked(pairs, index)
            if [image.shape[-1] for image in images] != channels:
                raise ImageFileError(
                    pairs.name(index),
                    f"a data set has one number of channels; the first pair has {channels}, this "
                    f"has {[image.shape[-1] for image in images]}",
                    'Read all alike with source_mode="rgb" and target_mode="rgb"',
                )
            source, target = map(png, images)
            name = Path(pairs.name(index)).relative_to(self.builder_config.folder).as_posix()
            yield index, {"source": source, "target": target, "name": name}


def has_split(folder: Path, split: str) -> bool:
    """Whether `kgen.data.side_by_side` finds this split in the folder."""
    try:
        return split_folder(folder, split).is_dir()
    except FileNotFoundError:
        if not folder.is_dir():
            raise
        return False


def _checked(pairs: Pairs, index: int) -> tuple[np.ndarray, np.ndarray]:
    images = pairs[index]
    for image in images:
        if image.dtype != np.uint8 or image.shape[-1] not in (1, 3, 4):
            raise ImageFileError(
                pairs.name(index),
                "tensorflow-datasets keeps uint8 images of 1, 3 or 4 channels; these are "
                f"{image.dtype} of {image.shape[-1]}",
                "Read such files directly with kgen.data.side_by_side, which keeps them whole",
            )
    return images


def png(image: np.ndarray) -> io.BytesIO:
    """Encodes (H, W, C) uint8 as a PNG stream, without loss and without TensorFlow."""
    stream = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(stream, "PNG")
    stream.seek(0)
    return stream


def make_config(
    folder: str | Path, input_side: str, source_mode: Mode, target_mode: Mode
) -> SideBySideConfig:
    """Names the built copy after the folder and the state of its files, so none is ever stale."""
    folder = Path(folder).expanduser().resolve()
    splits: list[str | None] = [split for split in SPLITS if has_split(folder, split)]
    state = hashlib.sha256(repr((str(folder), input_side, source_mode, target_mode)).encode())
    for split in splits or [None]:
        for path in list_images(split_folder(folder, split)):
            stat = path.stat()
            state.update(repr((path.name, stat.st_size, stat.st_mtime_ns)).encode())
    return SideBySideConfig(
        name=f"{folder.name}-{input_side}-{state.hexdigest()[:8]}",
        folder=str(folder),
        input_side=input_side,
        source_mode=source_mode,
        target_mode=target_mode,
    )

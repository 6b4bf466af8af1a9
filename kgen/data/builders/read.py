"""Pairs out of tensorflow-datasets: any builder whose examples hold two images."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgen.data.images import Mode
from kgen.data.pairs import Pair, Pairs

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

MISSING = (
    'This needs tensorflow-datasets and array_record: pip install "kgen[tfds]". '
    "(kgen.data.side_by_side reads the same folders without them.)"
)
UNPAIRED = (
    "{name} cannot be used as pairs: cycle_gan sets keep the two sides as separate splits (trainA, "
    "trainB), shuffled and without file names, so which image belongs to which is lost and cannot "
    "be recovered. Download the paired archive instead: folder = kgen.data.download_pairs('{set}'),"
    " then kgen.data.side_by_side(folder, 'train', input_side=...) or "
    "kgen.data.builders.prepare_side_by_side(folder, input_side=...)."
)


class TfdsPairs(Pairs):
    """Two image features of a tensorflow-datasets split; made by `tfds_pairs`."""

    def __init__(self, examples: Sequence[dict[str, Any]], title: str, features: tuple[str, str]):
        self.examples, self.title, self.features = examples, title, features

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Pair:
        example = self.examples[index]
        source, target = (example[feature] for feature in self.features)
        return source, target

    def name(self, index: int) -> str:
        return f"{self.title}[{index}]"


def prepare_side_by_side(
    folder: str | Path,
    *,
    input_side: str,
    data_dir: str | Path | None = None,
    source_mode: Mode = "stored",
    target_mode: Mode = "stored",
) -> tfds.core.DatasetBuilder:
    """Builds a tensorflow-datasets copy of a folder of side-by-side pairs, once.

    The copy is array_record: `builder.as_data_source("train")` reads it at random without
    TensorFlow (examples `source`, `target`, `name`), `tfds_pairs(builder, "train")` as pairs. When
    the files of the folder change, a new copy is built.

    Args:
        folder: maps, facades, toy maps, ... as `kgen.data.side_by_side` takes it.
        input_side: "left" or "right", the half that is the source.
        data_dir: where the copy lies; default $TFDS_DATA_DIR, else ~/tensorflow_datasets.
        source_mode, target_mode: channels to read, see `kgen.data.read_image`.

    Raises:
        ImportError: tensorflow-datasets is not installed.
        FileNotFoundError, ValueError: for a folder without pairs, or a file (named) that is broken.

    Example:
        >>> import tempfile
        >>> from kgen.data.toy import write_maps
        >>> place = Path(tempfile.mkdtemp())
        >>> folder = write_maps(place / "maps", size=32, counts=(3, 1, 0))
        >>> builder = prepare_side_by_side(folder, input_side="left", data_dir=place)
        >>> builder.as_data_source("train")[2]["name"]
        b'train/3.png'
        >>> [half.shape for half in tfds_pairs(builder, "val")[0]]
        [(32, 32, 3), (32, 32, 3)]
    """
    import_tfds()
    from kgen.data.builders.side_by_side import SideBySide, make_config

    config = make_config(folder, input_side, source_mode, target_mode)
    builder = SideBySide(config=config, data_dir=None if data_dir is None else str(data_dir))
    with redirect_stdout(sys.stderr):  # what a program prints is its own; this is progress
        builder.download_and_prepare()
    return builder


def tfds_pairs(
    builder: tfds.core.DatasetBuilder | str | Path,
    split: str = "train",
    *,
    source: str = "source",
    target: str = "target",
) -> Pairs:
    """Reads two image features of a tensorflow-datasets split as pairs, without TensorFlow.

    Args:
        builder: a prepared builder, the folder of one (the one that holds dataset_info.json), or a
            registered name such as "oxford_iiit_pet". It must lie there as array_record:
            `builder.download_and_prepare(file_format="array_record")`.
        split: "train", or a part such as "train[:90%]".
        source, target: names of the two image features, which must be of one size: for
            oxford_iiit_pet source="segmentation_mask", target="image".

    Raises:
        ImportError: tensorflow-datasets is not installed.
        ValueError: a set that has lost its pairs (cycle_gan), that lacks these features or split.

    Example:
        See `prepare_side_by_side`.
    """
    if isinstance(builder, str | Path):
        refuse_unpaired(str(builder))
        builder = open_builder(import_tfds(), builder)
    refuse_unpaired(f"{builder.name}/{getattr(builder.builder_config, 'name', '')}")
    features = list(builder.info.features)
    if source not in features or target not in features:
        raise ValueError(
            f"{builder.name} has the features {', '.join(features)}; received source={source!r}, "
            f"target={target!r}. Name two image features of one size."
        )
    base = split.partition("[")[0]
    if base not in builder.info.splits:
        there = ", ".join(builder.info.splits) or "none: call download_and_prepare() first"
        raise ValueError(f"{builder.info.full_name} has no split {base!r}; it has {there}.")
    title = f"{builder.info.full_name} {split}"
    return TfdsPairs(builder.as_data_source(split), title, (source, target))


def refuse_unpaired(name: str) -> None:
    """Raises ValueError for the sets of tensorflow-datasets whose pairs are lost."""
    family, _, rest = name.partition("/")
    if family == "cycle_gan":
        known = rest.partition(":")[0].partition("/")[0] or "maps"
        raise ValueError(UNPAIRED.format(name=name.rstrip("/"), set=known))


def import_tfds() -> Any:
    """The package tensorflow_datasets, or an ImportError that names the extra."""
    try:
        importlib.import_module("array_record")  # tensorflow-datasets imports it when it reads
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise ImportError(MISSING) from error


def open_builder(tfds: Any, place: str | Path) -> Any:
    """A prepared builder by its folder or its registered name."""
    if Path(place).expanduser().is_dir():
        return tfds.builder_from_directory(str(Path(place).expanduser()))
    return tfds.builder(str(place))

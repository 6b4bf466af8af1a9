"""CUB-200-2011 as a source of pictures: which images, which attributes, which part of each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from kgen.data.attribute_names import attribute_groups
from kgen.data.attributes import AttributePicture, AttributePictures, binary_mask
from kgen.data.crops import check_crop, cut_object
from kgen.data.cub200.files import CUB_SHAPE_GROUPS, CubFiles, read_cub
from kgen.data.cub200.labels import GUESSING, Labels, read_class_labels, read_image_labels
from kgen.data.cub200.splits import choose
from kgen.data.images import ImageFileError, read_image

# the groups of toy birds that decide the outline and that CUB does not have
TOY_SHAPE_GROUPS = ("has_crest", "has_neck_length")


class CubPictures(AttributePictures):
    """Images of CUB-200-2011, or of a folder in its layout; made by `cub`.

    Attributes:
        files: the tables, rows of all images.
        labels: what annotators said of all images, None at level "class".
    """

    def __init__(
        self,
        files: CubFiles,
        vectors: np.ndarray,
        labels: Labels | None,
        crop: str | None,
        fit: str,
        shape: Sequence[str],
    ):
        super().__init__(
            vectors,
            files.attribute_names,
            [str(files.image_path(row)) for row in range(len(files.names))],
            classes=files.classes,
            class_names=files.class_names,
            shape=shape,
        )
        self.files, self.labels, self.crop, self.fit = files, labels, crop, fit

    @property
    def boxes(self) -> np.ndarray:
        """(N, 4) x, y, w, h of these pictures' birds, in pixels of the whole image."""
        return self.files.boxes[self._rows]

    def __getitem__(self, index: int) -> AttributePicture:
        row = int(self._rows[index])
        image, mask = self.files.image_path(row), self.files.mask_path(row)
        sizes = [_stored_size(path) for path in (image, mask)]
        if None not in sizes and sizes[0] != sizes[1]:  # what is cut out of both may be of one size
            raise ImageFileError(
                mask,
                f"its size {sizes[1]} differs from its image's {sizes[0]} (width, height)",
                "Replace it by a mask of the image's size",
            )
        return super().__getitem__(index)

    def _read_image(self, row: int) -> np.ndarray:
        path = self.files.image_path(row)
        image = read_image(path, "rgb")  # a few are grey
        if image.dtype != np.uint8:
            raise ImageFileError(path, "it is not an 8-bit image", "Convert it to 8 bits")
        return self._cut(path, image, row, None)

    def _read_mask(self, row: int) -> np.ndarray:
        path = self.files.mask_path(row)
        return self._cut(path, read_mask(path), row, 0)

    def _cut(self, path: Path, array: np.ndarray, row: int, fill: int | None) -> np.ndarray:
        try:
            return cut_object(array, self.files.boxes[row], self.crop, self.fit, fill)
        except ValueError as error:
            repair = "Correct bounding_boxes.txt, or take crop=None"
            raise ImageFileError(path, str(error).rstrip("."), repair) from error


def _stored_size(path: Path) -> tuple[int, int] | None:
    """Width and height from a file's header; None if it cannot be read, as reading it will say."""
    try:
        with Image.open(path) as image:
            return image.size
    except OSError:
        return None


def cub(
    folder: str | Path,
    split: str = "train",
    *,
    by: str = "image",
    seed: int = 0,
    validation: float = 0.0,
    held_out: Sequence[str] | None = None,
    level: str = "image",
    certainty: int = GUESSING,
    crop: str | None = "side",
    fit: str = "pad",
    masks: str | Path | None = None,
    shape_groups: Sequence[str] | None = None,
    cache: bool = True,
) -> CubPictures:
    """Birds of the original CUB-200-2011 archives (Wah et al. 2011), or of a folder like theirs.

    Args:
        folder: CUB_200_2011, or the folder that holds it (and `segmentations`).
        split: "train", "test", "val" (needs `validation`), or "all".
        by: "image": a random share of the images, 8855 of 11788 for training, as many as the field
            takes; "class": 150 of 200 classes for training, so that test birds are of species that
            were never seen; "official": train_test_split.txt, 5994 and 5794.
        seed: of the random choices; the same seed gives the same split.
        validation: share of the training images that are set aside as "val" (and missing in
            "train"; give it to both calls). By class these are images of the training classes.
        held_out: names of the classes for testing, for by="class", instead of random ones.
        level: "image": what annotators saw in this image, 0 or 1; "class": the share of annotators
            who saw it in birds of this class, 0 to 1, which is less noisy.
        certainty: what annotators must have been at least, at level "image": 1 counts also what
            they called not visible, 2 (default) guesses, 3 probably, 4 definitely.
        crop, fit: what is cut out of image and mask alike, see `kgen.data.crops.cut_object`;
            padding repeats the image's border and adds background to the mask.
        masks: another folder of masks (NNN.Class_Name/File.png) than the published segmentations.
        shape_groups: groups of attributes for stage I; default six groups, 42 attributes
            (`kgen.data.cub200.CUB_SHAPE_GROUPS`); stage II gets the others.
        cache: keep the parsed attributes in $KGEN_HOME/cub.

    Raises:
        FileNotFoundError: no such folder, tables, or masks; says where they belong.
        ValueError: arguments that cannot be, tables that cannot be read. Reading a picture raises
            for files (named) that are broken, of two sizes, or have an empty mask.

    Example:
        >>> import tempfile
        >>> from kgen.data.toy import write_birds
        >>> folder = write_birds(Path(tempfile.mkdtemp()) / "birds", size=32, counts=(6, 0, 2))
        >>> birds = cub(folder, "train", by="official", cache=False)
        >>> len(birds), birds[0].image.shape[2], birds.attributes.shape, birds.shape_names[0]
        (6, 3, (6, 68), 'has_bill_shape::cone')
    """
    check_crop(crop, fit)
    if level not in ("image", "class"):
        raise ValueError(f"level is 'image' or 'class'; received {level!r}.")
    if certainty not in (1, 2, 3, 4):
        raise ValueError(f"certainty is 1, 2, 3 or 4; received {certainty!r}.")
    files = read_cub(folder, masks)
    rows = choose(files, split, by, seed, validation, held_out)
    _check_masks(files, rows)
    if level == "class":
        labels, vectors = None, read_class_labels(files)[files.classes]
    else:
        labels = read_image_labels(files, cache)
        vectors = labels.vectors(certainty)
    if shape_groups is None:
        shape_groups = default_shape_groups(files.attribute_names)
    return CubPictures(files, vectors, labels, crop, fit, shape_groups).subset(rows)


def default_shape_groups(attribute_names: Sequence[str]) -> list[str]:
    """The groups that decide the outline, of those that a set has.

    Example:
        >>> default_shape_groups(["has_size::small_(5_-_9_in)", "has_wing_color::blue"])
        ['has_size']
    """
    there = attribute_groups(attribute_names)
    return [group for group in (*CUB_SHAPE_GROUPS, *TOY_SHAPE_GROUPS) if group in there]


def read_mask(path: Path) -> np.ndarray:
    """Reads a segmentation, (H, W) uint8 of 0 and 255: grey values from 128 on, alpha ignored.

    Raises:
        FileNotFoundError: the mask is missing; ImageFileError: it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(missing_mask(path))
    stored = read_image(path, "stored")
    if stored.dtype != np.uint8:
        raise ImageFileError(path, "a mask has 8 bits", "Save it as an 8-bit grey PNG")
    colours = stored[..., :3] if stored.shape[2] > 2 else stored[..., :1]  # some have alpha
    return binary_mask(np.rint(colours.astype(np.float32).mean(axis=-1)))


def missing_mask(path: Path) -> str:
    """What to say where a mask is missing."""
    return (
        f"{path}: this segmentation is missing. The masks are an archive of their own, "
        "segmentations.tgz: kgen.data.download_cub() gets both; extracted by hand, the folder "
        "segmentations belongs beside CUB_200_2011. Or give your own folder as masks=."
    )


def _check_masks(files: CubFiles, rows: np.ndarray) -> None:
    missing = [row for row in rows if not files.mask_path(row).is_file()]
    if missing:
        first = missing_mask(files.mask_path(missing[0]))
        raise FileNotFoundError(f"{len(missing)} of {len(rows)} masks are missing. {first}")

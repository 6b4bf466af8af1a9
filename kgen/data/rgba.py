"""A folder of pictures with transparency and a table of attributes: the set that users bring.

Where a picture is opaque is its shape; what is known of it stands in a table, as columns of 0 and 1
or as text, whose frequent words become attributes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgen.data.attribute_table import IGNORED, Table, read_attribute_table
from kgen.data.attributes import AttributePictures, binary_mask
from kgen.data.crops import check_crop, cut_object, mask_box
from kgen.data.images import ImageFileError, read_image


class RgbaPictures(AttributePictures):
    """Pictures with transparency; made by `rgba_folder`."""

    def __init__(self, paths, vectors, attribute_names, background, crop, fit, shape, other):
        super().__init__(
            vectors, attribute_names, [str(path) for path in paths], shape=shape, other=other
        )
        self.paths, self.background, self.crop, self.fit = paths, background, crop, fit

    def _read(self, row: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
        """Colours on the background, mask, and box of the whole picture."""
        stored = read_rgba(self.paths[row])
        mask = binary_mask(stored[..., -1])
        share = stored[..., -1:].astype(np.float64) / 255
        colours = stored[..., :-1] * share + np.array(self.background) * (1 - share)
        colours = np.broadcast_to(np.rint(colours), (*mask.shape, 3)).astype(np.uint8)
        return colours, mask, mask_box(mask)

    def _read_image(self, row: int) -> np.ndarray:
        image, _, box = self._read(row)
        return cut_object(image, box, self.crop, self.fit)

    def _read_mask(self, row: int) -> np.ndarray:
        _, mask, box = self._read(row)
        return cut_object(mask, box, self.crop, self.fit, fill=0)


def read_rgba(path: str | Path) -> np.ndarray:
    """Reads a picture with transparency, uint8 (H, W, 2 or 4), the last channel opacity.

    Raises:
        ImageFileError: it is broken, has no transparency, or is transparent everywhere.
    """
    stored = read_image(path, "stored")
    if stored.dtype != np.uint8 or stored.shape[2] not in (2, 4):
        raise ImageFileError(
            path,
            f"it has no transparency (8 bits, 2 or 4 channels); it is {stored.dtype} with "
            f"{stored.shape[2]} channels",
            "Save it as PNG with alpha; for images with masks in files of their own use "
            "attribute_arrays or the layout of kgen.data.cub",
        )
    if not binary_mask(stored[..., -1]).any():
        raise ImageFileError(
            path, "its mask is empty: it is transparent everywhere", "Leave it out of the table"
        )
    return stored


def rgba_folder(
    folder: str | Path,
    table: Table,
    *,
    words: str | None = None,
    min_count: int = 10,
    ignore: Sequence[str] = IGNORED,
    file_column: str = "file",
    shape: Sequence[str] | None = None,
    other: Sequence[str] | None = None,
    background: tuple[int, int, int] = (255, 255, 255),
    crop: str | None = None,
    fit: str = "pad",
) -> RgbaPictures:
    """Pictures with transparency (alpha = shape) and a table of their attributes.

    Args:
        folder: of PNG, WebP or TIFF files with an alpha channel.
        table: a CSV file with a column of file names and either one column of 0 and 1 for each
            attribute, or a column of text (`words`); or {file name: names of attributes, or text}.
        words: the column of text whose words are the attributes ("grinning cat face": grinning,
            cat, face). A table that is a dict needs no `words`.
        min_count: words that fewer pictures have are left out, and so are pictures that have none
            of the others.
        ignore: words that are never attributes.
        file_column: the column of file names.
        shape, other: attributes for stage I and stage II; default all for both.
        background: colour (red, green, blue, 0 to 255) that transparent pixels get.
        crop, fit: what is cut out around the shape, see `kgen.data.crops.cut_object`.

    Raises:
        FileNotFoundError: no such folder or table, files of the table that are not there (listed).
        ValueError: columns that there are not, values that are not 0 or 1, no attribute left.
            Reading a picture raises for files (named) that are broken, have no transparency or are
            transparent everywhere.

    Example:
        The emoji of the documentation, with the words of their Unicode names:

        >>> import os
        >>> root = Path(os.environ.get("KGEN_DATA", "../shared/data"), "noto_emoji_apache")
        >>> if root.exists():
        ...     emoji = rgba_folder(root / "png128", root / "index.csv", words="unicode_name")
        ...     assert emoji.attribute_names[:2] == ("face", "symbol")
    """
    check_crop(crop, fit)
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder.")
    files, vectors, names = read_attribute_table(
        table, words=words, min_count=min_count, ignore=ignore, file_column=file_column
    )
    paths = [folder / file for file in files]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        shown = ", ".join(missing[:5])
        raise FileNotFoundError(
            f"{folder}: {len(missing)} of {len(paths)} files of the table are not there: {shown}. "
            "Names are those of the files with their ending, relative to the folder."
        )
    return RgbaPictures(paths, vectors, names, background, crop, fit, shape, other)

"""Sources of pairs: random access to (source, target) images as they are stored.

A source is as small as a thing can be that every loader, check and plot needs: a length, a pair by
its number, and a name for error messages. Everything on the way to batches (resizing, jitter,
shuffling) happens in `Batches`, so that a source reads the same for training, checks and pictures.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from kgen.data.folders import by_stem, list_images, natural_key, partner_faults, split_folder
from kgen.data.images import ImageFileError, Mode, as_stored, read_image

Pair = tuple[np.ndarray, np.ndarray]


class Pairs:
    """Base of all sources: random access to pairs of stored images.

    Subclasses give `__len__`, `__getitem__` and `name`. `pairs[i]` is (source, target), each
    (H, W, C) uint8, uint16, or float32 in [-1, 1]. Reading must be safe from several threads.

    Example:
        >>> pairs = arrays(np.zeros((5, 8, 8, 3), "uint8"), np.zeros((5, 8, 8, 1), "uint8"))
        >>> train, validation = pairs.split(validation=0.2)
        >>> len(pairs), len(train), len(validation), pairs[0][1].shape
        (5, 4, 1, (8, 8, 1))
    """

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> Pair:
        raise NotImplementedError

    def name(self, index: int) -> str:
        """What to call pair `index` in messages: its path, where it has one."""
        return f"pair {index}"

    def __iter__(self) -> Iterator[Pair]:
        return (self[index] for index in range(len(self)))

    def subset(self, indices: Sequence[int]) -> "Pairs":
        """The pairs with these numbers, in this order: `pairs.subset(range(100))`."""
        return _Subset(self, indices)

    def split(self, validation: float = 0.1, seed: int = 0) -> tuple["Pairs", "Pairs"]:
        """Splits at random (the same for the same seed) into training and validation pairs.

        Args:
            validation: share of the pairs, between 0 and 1; at least one pair on each side.
            seed: of the choice.
        """
        if not 0 < validation < 1 or len(self) < 2:
            raise ValueError(
                "split takes a share between 0 and 1 of at least 2 pairs; "
                f"received {validation} of {len(self)} pairs."
            )
        count = min(max(1, round(len(self) * validation)), len(self) - 1)
        order = np.random.default_rng(seed).permutation(len(self))
        return self.subset(sorted(order[count:])), self.subset(sorted(order[:count]))

    def map(self, function: Callable[[np.ndarray, np.ndarray], Pair]) -> "Pairs":
        """Applies `function(source, target) -> (source, target)` to stored arrays when read.

        For what belongs to the data and not to augmentation: 12-bit values in 16-bit files, heights
        in metres to [-1, 1], halves that are swapped, channels that are dropped.
        """
        return _Mapped(self, function)


class _Subset(Pairs):
    def __init__(self, pairs: Pairs, indices: Sequence[int]):
        self.pairs, self.indices = pairs, [int(index) for index in indices]
        if self.indices and not -1 < min(self.indices) <= max(self.indices) < len(pairs):
            raise IndexError(f"A subset's numbers must be within 0..{len(pairs) - 1}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Pair:
        return self.pairs[self.indices[index]]

    def name(self, index: int) -> str:
        return self.pairs.name(self.indices[index])


class _Mapped(Pairs):
    def __init__(self, pairs: Pairs, function: Callable[[np.ndarray, np.ndarray], Pair]):
        self.pairs, self.function = pairs, function

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        source, target = self.function(*self.pairs[index])
        return as_stored(source), as_stored(target)

    def name(self, index: int) -> str:
        return self.pairs.name(index)


class _Arrays(Pairs):
    def __init__(self, source: Sequence[np.ndarray], target: Sequence[np.ndarray]):
        self.source, self.target = source, target

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Pair:
        return as_stored(self.source[index]), as_stored(self.target[index])


class SideBySide(Pairs):
    """Files that hold two images each; made by `side_by_side`."""

    def __init__(self, paths: list[Path], input_side: str, modes: tuple[Mode, Mode]):
        self.paths, self.input_side, self.modes = paths, input_side, modes

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Pair:
        path = self.paths[index]
        same = self.modes[0] == self.modes[1]
        left = read_image(path, self.modes[0])
        right = left if same else read_image(path, self.modes[1])
        if self.input_side == "right" and not same:
            left, right = right, left
        if left.shape[1] % 2:
            raise ImageFileError(
                path,
                f"its width of {left.shape[1]} pixels is odd, so it is not two images of one size "
                "side by side",
                "Cut it to an even width, or remove the file",
            )
        half = left.shape[1] // 2
        left, right = left[:, :half], right[:, half:]
        return (left, right) if self.input_side == "left" else (right, left)

    def name(self, index: int) -> str:
        return str(self.paths[index])


class TwoFolders(Pairs):
    """Files of one name in two folders; made by `two_folders`."""

    def __init__(self, paths: list[tuple[Path, Path]], modes: tuple[Mode, Mode]):
        self.paths, self.modes = paths, modes

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Pair:
        source, target = (
            read_image(path, mode) for path, mode in zip(self.paths[index], self.modes, strict=True)
        )
        if source.shape[:2] != target.shape[:2]:
            raise unequal_halves(self.name(index), source.shape[:2], target.shape[:2])
        return source, target

    def name(self, index: int) -> str:
        return " and ".join(map(str, self.paths[index]))


def unequal_halves(
    name: str, source_size: tuple[int, ...], target_size: tuple[int, ...]
) -> ImageFileError:
    """The error for a pair whose halves have two sizes (height, width)."""
    return ImageFileError(
        name,
        f"the halves of a pair must have one height and width; these have {source_size} and "
        f"{target_size}",
        "Resize (kgen.data.resize) or remove one of them",
    )


def arrays(source: Sequence[np.ndarray], target: Sequence[np.ndarray]) -> Pairs:
    """Pairs that lie in memory.

    Args:
        source, target: (N, H, W, C) or (N, H, W) arrays, or lists of N images of any sizes: uint8,
            uint16, bool, or float in [-1, 1].

    Raises:
        ValueError: different numbers of images, a pair of two sizes, a dtype that is not an
            image's.

    Example:
        >>> len(arrays(np.zeros((5, 8, 8, 3), "uint8"), np.zeros((5, 8, 8), bool)))
        5
    """
    if len(source) != len(target) or not len(source):
        raise ValueError(
            "A pair needs one source and one target, and there must be some; "
            f"received {len(source)} sources and {len(target)} targets."
        )
    pairs = _Arrays(source, target)
    for index, (first, second) in enumerate(pairs):
        if first.shape[:2] != second.shape[:2]:
            raise unequal_halves(pairs.name(index), first.shape[:2], second.shape[:2])
    return pairs


def side_by_side(
    folder: str | Path,
    split: str | None = "train",
    *,
    input_side: str,
    source_mode: Mode = "stored",
    target_mode: Mode = "stored",
) -> Pairs:
    """Pairs of a pix2pix archive: every file holds two images side by side.

    Layout NAME/{train,val,test}/*.jpg (Isola et al. 2017). Files are split at half of their decoded
    width, and come in natural order (1, 2, 10).

    Args:
        folder: the folder NAME, or a folder that holds only it (`maps_extracted`, as Keras leaves
            it), or with `split=None` a folder of side-by-side files.
        split: name of the split's folder; None if the files lie in `folder` itself.
        input_side: "left" or "right", the half that is the source. No default, as sets differ: left
            for maps, cityscapes to labels and edges2shoes; right for facades (labels to photo).
        source_mode, target_mode: channels to read, see `read_image` ("ids" for palette label maps).

    Raises:
        FileNotFoundError: no such folder or split; says which there are.
        ValueError: no image files in it, or another `input_side`. Reading a pair raises for files
            that are broken or of odd width.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> folder = Path(tempfile.mkdtemp()) / "maps"
        >>> (folder / "train").mkdir(parents=True)
        >>> Image.fromarray(np.zeros((8, 16, 3), "uint8")).save(folder / "train" / "1.png")
        >>> [half.shape for half in side_by_side(folder, "train", input_side="left")[0]]
        [(8, 8, 3), (8, 8, 3)]
    """
    if input_side not in ("left", "right"):
        raise ValueError(
            f"input_side must be 'left' or 'right', received {input_side!r}: the half of the "
            "stored picture that is the model's input ('left' for maps, 'right' for facades)."
        )
    paths = list_images(split_folder(folder, split))
    return SideBySide(paths, input_side, (source_mode, target_mode))


def two_folders(
    source_folder: str | Path,
    target_folder: str | Path,
    *,
    source_mode: Mode = "stored",
    target_mode: Mode = "stored",
) -> Pairs:
    """Pairs of two parallel folders, matched by file name without its ending.

    Args:
        source_folder, target_folder: `masks/a.png` belongs to `photos/a.jpg`.
        source_mode, target_mode: channels to read, see `read_image` ("ids" for palette label maps).

    Raises:
        FileNotFoundError: no such folder.
        ValueError: files without partner, or two files of one name; lists them.

    Example:
        Nuclei masks to photographs of stained tissue (the CC0 set of the documentation):

        >>> import os
        >>> root = Path(os.environ.get("KGEN_DATA", "../shared/data"), "dsb2018_cc0/stained320x256")
        >>> if root.exists():
        ...     pairs = two_folders(root / "masks", root / "images")
        ...     train, validation = pairs.split(validation=0.1)
        ...     # batches = kgen.data.Batches(train, size=64, resize="nearest",
        ...     #                             target_resize="bicubic", batch_size=4)
    """
    folders = [Path(source_folder), Path(target_folder)]
    stems = [by_stem(list_images(folder)) for folder in folders]
    faults = partner_faults(folders, stems)
    if faults:
        shown = "\n".join(f"  {path}: {what}" for path, what in faults[:10])
        more = f"\n  and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise ValueError(
            f"{len(faults)} files cannot be paired by their names:\n{shown}{more}\n"
            "Every source needs one target of the same name (endings may differ): rename, add or "
            "remove files."
        )
    names = sorted(stems[0], key=natural_key)
    paths = [(stems[0][name][0], stems[1][name][0]) for name in names]
    return TwoFolders(paths, (source_mode, target_mode))

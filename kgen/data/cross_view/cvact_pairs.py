"""CVACT, aerial images and panoramas of Canberra, as its releases are on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from kgen.data.cross_view.files import FilePairs, ImageFiles, check_choice, keep_pairs

MAT = "ACT_data.mat"
# variable of the file and field in it that hold the rows of a split, from 1
SPLITS = {
    "train": ("trainSet", "trainInd"),
    "val": ("valSet", "valInd"),
    "test": ("valSetAll", "valInd"),
}
PUBLISHED = {"train": 35532, "val": 8884, "test": 92802}
PLACES = ("", "ANU_data_small", "ANU_data_test", "CVACT")  # where releases put the image folders
GROUNDS = (("streetview", "_grdView"),)
AERIALS = (("satview_polish", "_satView_polish"), ("satview_correct", "_satView_polish"))
SUFFIXES = (".jpg", ".png", ".jpeg")
ADVICE = (
    "Expected are ACT_data.mat and, beside it or in ANU_data_small (for the test split "
    "ANU_data_test), streetview/<id>_grdView.jpg (1664x832) and "
    "satview_polish/<id>_satView_polish.jpg (1200x1200), or the processed release with .png files "
    "and satview_correct. CVACT may not be redistributed: its authors give it out through "
    "https://github.com/Liumouliu/OriCNN. kgen.data.toy_city() draws pairs of a made-up city."
)


class CvactPairs(FilePairs):
    """Pairs of CVACT; made by `cvact`."""

    crop: str | None
    positions: np.ndarray

    @property
    def utm(self) -> np.ndarray:
        """(N, 2) float64 metres; in the test split all aerial images within 25 m are right."""
        return self.positions[self._rows]

    def _read_ground(self, row: int) -> np.ndarray:
        image = super()._read_ground(row)
        return image if self.crop is None else middle_half(image)


def cvact(
    folder: str | Path, split: str = "train", *, crop: str | None = None, mat: Any = None
) -> CvactPairs:
    """Pairs of CVACT (Liu & Li 2019).

    There is no download: the images are for research only; its authors give them out through
    https://github.com/Liumouliu/OriCNN. Expected are `ACT_data.mat`, `streetview/<id>_grdView.jpg`
    (1664x832) and `satview_polish/<id>_satView_polish.jpg` (1200x1200), beside the .mat file or in
    ANU_data_small; or the processed release, with .png files and `satview_correct`. The release of
    S2SP lacks a quarter of the aerial images: their pairs are left out.

    Args:
        folder: of the set.
        split: "train" (35,532 pairs), "val" (8,884) or "test" (92,802; needs its own images).
        crop: None: the whole panorama, 2:1, for 256x512. "middle": its middle half of rows, 4:1,
            for 128x512, without the sky above 45 degrees and the road below; a panorama that is
            cut already stays as it is.
        mat: path of ACT_data.mat, if it lies elsewhere.

    Returns:
        The pairs of which both files are there; `.missing` names the other files, `.utm` has their
        positions.

    Raises:
        FileNotFoundError: no such folder or .mat file, or no pair is there; says what is expected.
        ValueError: other arguments, a .mat file of another content. Reading a pair raises for a
            file that cannot be read, and names it.

    Example:
        >>> cvact("/nowhere")
        Traceback (most recent call last):
        FileNotFoundError: /nowhere: it holds no ACT_data.mat. Expected are ...
    """
    check_choice("split", split, list(SPLITS))
    if crop is not None:
        check_choice("crop", crop, ["middle"])
    root = Path(folder)
    path = find_mat(root) if mat is None else Path(mat)
    if path is None or not path.is_file():
        raise FileNotFoundError(f"{mat or folder}: it holds no {MAT}. {ADVICE}")
    ids, positions = _read_mat(path, split)
    images = (
        root if any((root / place / "streetview").is_dir() for place in PLACES) else path.parent
    )
    aerial, ground = _by_id(images, AERIALS), _by_id(images, GROUNDS)
    couples = [
        (aerial.get(i, f"satview_polish/{i}_satView_polish.jpg"),
         ground.get(i, f"streetview/{i}_grdView.jpg"))
        for i in ids
    ]  # fmt: skip
    aerials, grounds, partners, kept, missing = keep_pairs(images, couples, ADVICE)
    pairs = CvactPairs(ImageFiles(images, aerials), ImageFiles(images, grounds), partners, missing)
    pairs.crop, pairs.positions = crop, positions[kept]
    return pairs


def middle_half(panorama: np.ndarray) -> np.ndarray:
    """Cuts the middle half of the rows out of a 2:1 panorama (rows 208 to 623 of 832).

    Args:
        panorama: (H, W, C) or (H, W); what is wider than 3:1 counts as cut already.

    Example:
        >>> middle_half(np.zeros((832, 1664, 3), "uint8")).shape
        (416, 1664, 3)
    """
    height, width = panorama.shape[:2]
    if width >= 3 * height:
        return panorama
    return panorama[height // 4 : height // 4 + height // 2]


def find_mat(folder: str | Path) -> Path | None:
    """ACT_data.mat in a folder, in one of the folders in it, or beside it."""
    folder = Path(folder)
    inner = sorted(folder.glob(f"*/{MAT}")) if folder.is_dir() else []
    places = [folder / MAT, *inner, *([folder.parent / MAT] if folder.name in PLACES else [])]
    return next((path for path in places if path.is_file()), None)


def _read_mat(path: Path, split: str) -> tuple[list[str], np.ndarray]:
    """Ids and positions of the rows of a split."""
    from scipy.io import loadmat

    variable, field = SPLITS[split]
    try:
        found = loadmat(path, squeeze_me=True, variable_names=["panoIds", "utm", variable])
        ids = np.atleast_1d(found["panoIds"])
        rows = np.atleast_1d(found[variable][field].item()).astype(np.int64).ravel() - 1
        positions = np.asarray(found["utm"] if "utm" in found else np.full((len(ids), 2), np.nan))
        positions = positions.astype(np.float64).reshape(len(ids), 2)
    except Exception as error:  # the reader raises errors of many kinds
        raise ValueError(
            f"{path}: it must hold panoIds, utm and {variable}.{field}, as the published "
            f"{MAT} does; reading it failed ({error}). Get it again."
        ) from error
    if not len(rows) or rows.min() < 0 or rows.max() >= len(ids):
        raise ValueError(
            f"{path}: {variable}.{field} numbers the {len(ids)} panoIds from 1; its "
            f"{len(rows)} numbers do not. Get the file again."
        )
    return [str(ids[row]).strip() for row in rows], positions[rows]


def _by_id(root: Path, kinds: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """{id: file} of the first of the known folders that has it; its path relative to `root`."""
    found: dict[str, str] = {}
    for place in PLACES:
        for directory, ending in kinds:
            path = root / place / directory
            for name in sorted(os.listdir(path)) if path.is_dir() else ():
                stem, suffix = os.path.splitext(name)
                if suffix.lower() in SUFFIXES and stem.endswith(ending):
                    relative = (Path(place) / directory / name).as_posix()
                    found.setdefault(stem.removesuffix(ending), relative)
    return found

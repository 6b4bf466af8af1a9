"""VIGOR-GEN: pairs of VIGOR in whose aerial image the panorama is the centre."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgen.data.cross_view.cleaning import panorama_id, read_exclude
from kgen.data.cross_view.files import check_choice
from kgen.data.cross_view.stitching import covers, stitch
from kgen.data.cross_view.vigor_lists import TILE, VigorFiles, read_vigor
from kgen.data.cross_view.vigor_pairs import VigorPairs
from kgen.data.images import ImageFileError

# tiles that are used, and pixels from the panorama to the border of the image
CENTERS = {"stitch": (4, 300), "crop": (1, 137), "none": (1, 0)}


class VigorGenPairs(VigorPairs):
    """Panoramas of VIGOR with aerial images around them; made by `vigor_gen`.

    Attributes:
        center, reach: as for `vigor_gen`.
        excluded: names of panoramas that the exclude list named.
        uncovered: names of panoramas whose tiles do not reach far enough, or are missing.
    """

    def __init__(self, files: VigorFiles, center: str, reach: int):
        super().__init__(files)
        self.center, self.reach = center, reach
        self.excluded: list[str] = []
        self.uncovered: list[str] = []

    @property
    def aerials(self) -> Sequence[np.ndarray]:
        """The gallery: row i is pair i's own image, but all tiles with center="none"."""
        return self.gallery if self.center == "none" else _Aerials(self)

    @property
    def labels(self) -> np.ndarray:
        """(N, 1) rows in `aerials`, 0 to N - 1; as of `vigor` with center="none"."""
        if self.center == "none":
            return super().labels
        return np.arange(len(self), dtype=np.int32)[:, None]

    def _read_aerial(self, row: int) -> np.ndarray:
        if self.center == "none":
            return super()._read_aerial(row)
        used = [k for k in range(CENTERS[self.center][0]) if self.tiles[row, k] >= 0]
        tiles = [self._read_tile(int(self.tiles[row, k])) for k in used]
        return stitch(tiles, self._offsets[row, used], self.reach)[0]

    def _read_tile(self, number: int) -> np.ndarray:
        tile = self.gallery[number]
        if tile.shape[:2] != (TILE, TILE):
            raise ImageFileError(
                self.gallery.path(number),
                f"a tile of VIGOR has {TILE}x{TILE} pixels, to which its labels refer; this one "
                f"has {tile.shape[0]}x{tile.shape[1]}",
                "Get the tiles again, at their size",
            )
        return tile


class _Aerials(Sequence[np.ndarray]):
    """The aerial images of pairs, without their panoramas."""

    def __init__(self, pairs: VigorGenPairs):
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]
        return self._pairs._read_aerial(self._pairs._row(index))


def vigor_gen(
    folder: str | Path,
    split: str = "train",
    *,
    cities: Sequence[str] | None = None,
    area: str = "same",
    labels: str = "corrected",
    center: str = "stitch",
    reach: int | None = None,
    exclude: str | Path | None = None,
) -> VigorGenPairs:
    """Pairs in the manner of VIGOR-GEN (Yang et al. 2024), made of the files of VIGOR.

    That set has an aerial image of its own around each panorama, which was never published. Here
    the four tiles around a panorama are put together and a square is cut out around it: the
    published labels give full coverage of 68 m x 68 m. Its cleaning (water, indoor, broken
    panoramas) was done by hand; `find_unusable` proposes a list, `exclude` takes it.

    Args:
        folder, split, cities, area, labels: as for `vigor`.
        center: "stitch": a square of 600 pixels out of the four tiles; "crop": one of 274 pixels
            (31 m) out of the positive tile alone; "none": the positive tile as it is, in which the
            panorama lies up to 160 pixels off the centre.
        reach: pixels from the panorama to the border of the image, instead of 300 or 137.
        exclude: text file of panoramas to leave out, one id or file name on a line; what follows #
            is a remark.

    Returns:
        The pairs. `location(i)` is the number of the positive tile, which up to two panoramas
        share; `.uncovered`, `.excluded` and `.missing` name what was left out.

    Raises:
        FileNotFoundError: as `vigor`, and if there is no exclude file.
        ValueError: as `vigor`, and if no pair is left. Reading a pair raises for a tile that is not
            640x640.

    Example:
        >>> vigor_gen("/nowhere", center="middle")
        Traceback (most recent call last):
        ValueError: center is 'stitch' or 'crop' or 'none'; received 'middle'.
    """
    check_choice("center", center, list(CENTERS))
    count, usual = CENTERS[center]
    if reach is not None and (center == "none" or not 1 <= reach <= TILE):
        raise ValueError(
            f"reach is 1 to {TILE} pixels, with center='stitch' or 'crop'; received {reach}."
        )
    reach = usual if reach is None else reach
    unwanted = set() if exclude is None else read_exclude(exclude)
    pairs = VigorGenPairs(read_vigor(folder, split, cities, area, labels), center, reach)
    uncovered = np.zeros(len(pairs), bool)
    if center != "none":
        uncovered = ~covers(pairs.offsets[:, :count], pairs.tiles[:, :count] >= 0, reach)
    names = [str(pairs.ground_path(index)) for index in range(len(pairs))]
    excluded = np.array([panorama_id(name) in unwanted for name in names])
    uncovered &= ~excluded
    kept = pairs.subset(np.flatnonzero(~(excluded | uncovered)))
    kept.excluded = [names[index] for index in np.flatnonzero(excluded)]
    kept.uncovered = [names[index] for index in np.flatnonzero(uncovered)]
    if not len(kept):
        raise ValueError(
            f"{folder}: no pair is left: {len(kept.excluded)} are in the exclude list, and around "
            f"{len(kept.uncovered)} the tiles that are there do not reach {reach} pixels far. "
            "Shorten the list, lower reach, or get the missing tiles."
        )
    return kept

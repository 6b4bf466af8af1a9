"""VIGOR, panoramas and the aerial tiles of four cities, in which a panorama is seldom centred."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgen.data.cross_view.files import FilePairs, ImageFiles
from kgen.data.cross_view.vigor_lists import TILE, VigorFiles, read_vigor


class VigorPairs(FilePairs):
    """Panoramas of VIGOR with the tile that each lies in; made by `vigor`.

    Attributes:
        aerials: all M tiles of the cities, also those without a panorama: the gallery.
        missing: names of files that the lists name and that are not there.
    """

    def __init__(self, files: VigorFiles):
        super().__init__(
            ImageFiles(files.folder, files.aerials),
            ImageFiles(files.folder, files.panoramas),
            files.tiles[:, 0],
            files.missing,
        )
        self.tiles, self._offsets = files.tiles, files.offsets

    @property
    def labels(self) -> np.ndarray:
        """(N, 4) int32 rows in `aerials`: the positive tile, then the semi-positive ones.

        What `kgen.metrics.vigor_hit_rate` takes. A tile that is missing is given as the positive
        one, which that measure leaves out as well.
        """
        tiles = self.tiles[self._rows]
        return np.where(tiles < 0, tiles[:, :1], tiles)

    @property
    def offsets(self) -> np.ndarray:
        """(N, 4, 2) float32 pixels that each tile's centre lies north and east of the panorama."""
        return self._offsets[self._rows]

    @property
    def positions(self) -> np.ndarray:
        """(N, 2) float32 row and column of the panorama in its positive tile, in pixels."""
        return np.float32(TILE / 2) + self.offsets[:, 0] * np.array([1, -1], np.float32)


def vigor(
    folder: str | Path,
    split: str = "train",
    *,
    cities: Sequence[str] | None = None,
    area: str = "same",
    labels: str = "corrected",
) -> VigorPairs:
    """Pairs of VIGOR (Zhu et al. 2021).

    There is no download: the images are for academic use only; its authors give them out through
    https://github.com/Jeff-Zilence/VIGOR. Expected are `<City>/panorama/<id>,<lat>,<lon>,.jpg`
    (2048x1024) and `<City>/satellite/satellite_<lat>_<lon>.png` (640x640), or `ground/<City>` and
    `satellite/<City>`, and the lists `splits/<City>/*.txt`, corrected ones in `splits__corrected`.

    Args:
        folder: VIGOR, or the folder that holds it.
        split: "train" or "test".
        cities: some of NewYork, Seattle, SanFrancisco, Chicago; default: all of the split.
        area: "same": 52,609 training and 52,605 test panoramas of all cities; "cross": trains on
            NewYork and Seattle (51,520), tests on SanFrancisco and Chicago (53,694).
        labels: "corrected": the labels of SliceMatch (Lentsch et al. 2023). "original": the
            published ones, which take one ground resolution for all cities; their offsets are off
            by a share of up to 12 %, in Seattle.

    Returns:
        Pairs of which panorama and positive tile are there; `.missing` names other files.

    Raises:
        FileNotFoundError: no such folder or list, or no pair is there; says what is expected.
        ValueError: other arguments, or a line that cannot be read, named by file and number.
            Reading a pair raises for a file that cannot be read, and names it.

    Example:
        >>> vigor("/nowhere")
        Traceback (most recent call last):
        FileNotFoundError: /nowhere: it holds no VIGOR. Expected are, ...
    """
    return VigorPairs(read_vigor(folder, split, cities, area, labels))

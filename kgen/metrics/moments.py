"""Mean and covariance of features, gathered as they come, in float64.

A data set's features need not be held: 50,000 x 2,048 of them are 800 MB, their moments 32 MB. The
files are those of pytorch-fid, so that reference statistics made by either can be used by the
other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from kgen.metrics.features import check_features

BLOCK = 1024  # rows; gathered first, since each product with its transpose has D^2 numbers


class Moments:
    """Running mean and covariance of features.

    Blocks of rows are centred by their own mean and merged (Chan et al., 1979), so that nothing is
    lost to large means, in any order and any batch size.

    Args:
        dimension: D, numbers for each image.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> features = rng.normal(size=(100, 5))
        >>> moments = Moments(5)
        >>> for batch in np.split(features, 10):
        ...     moments.update(batch)
        >>> moments.count, np.allclose(moments.covariance, np.cov(features, rowvar=False))
        (100, True)
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = int(dimension)
        self._rows = np.empty((BLOCK, self.dimension))
        self._waiting = 0
        self._merged = 0
        self._mean = np.zeros(self.dimension)
        self._scatter = np.zeros((self.dimension, self.dimension))
        self._known_count = True

    @classmethod
    def of(cls, features: Any) -> Moments:
        """The moments of features (N, D) that are at hand."""
        array = check_features(features, at_least=1)
        moments = cls(array.shape[1])
        moments.update(array)
        return moments

    def update(self, features: Any) -> None:
        """Count further features.

        Args:
            features: (n, D), any n.

        Raises:
            ValueError: another width, NaN or infinity.
        """
        array = check_features(features, at_least=0)
        if array.shape[1] != self.dimension:
            raise ValueError(
                f"these moments are of {self.dimension} numbers for each image; got "
                f"{array.shape[1]}"
            )
        if not self._known_count:
            raise ValueError(
                "these moments come from a file that does not say how many images they are of, "
                "so no further images can be counted in"
            )
        start = 0
        while start < len(array):
            taken = min(BLOCK - self._waiting, len(array) - start)
            self._rows[self._waiting : self._waiting + taken] = array[start : start + taken]
            self._waiting, start = self._waiting + taken, start + taken
            if self._waiting == BLOCK:
                self._merge()

    def _merge(self) -> None:
        """Count in the rows that wait."""
        if not self._waiting:
            return
        rows, count = self._rows[: self._waiting], self._waiting
        mean = rows.mean(axis=0)
        rows -= mean
        shift, total = mean - self._mean, self._merged + count
        self._scatter += rows.T @ rows
        if self._merged:
            self._scatter += np.outer(shift * (self._merged * count / total), shift)
        self._mean += shift * (count / total)
        self._merged, self._waiting = total, 0

    @property
    def count(self) -> int | None:
        """How many images were counted; None where a file does not say."""
        return self._merged + self._waiting if self._known_count else None

    @property
    def mean(self) -> np.ndarray:
        """(D,) float64.

        Raises:
            ValueError: no image was counted.
        """
        self._merge()
        self._need(1)
        return self._mean.copy()

    @property
    def covariance(self) -> np.ndarray:
        """(D, D) float64, divided by n - 1, as numpy.cov and pytorch-fid.

        Raises:
            ValueError: fewer than two images were counted.
        """
        self._merge()
        self._need(2)
        return self._scatter / (self._merged - 1)

    def _need(self, count: int) -> None:
        if self._merged < count:
            raise ValueError(
                f"a set metric needs at least {count} images; got {self._merged}. Call "
                "update(features) with the features of the whole set first."
            )

    def save(self, path: str | os.PathLike) -> Path:
        """Write `mu` and `sigma` (and `count`) as an .npz file that pytorch-fid reads too."""
        path = Path(path)
        if path.suffix != ".npz":
            raise ValueError(f"{path}: moments are written as .npz, like pytorch-fid's statistics")
        content: dict[str, Any] = {"mu": self.mean, "sigma": self.covariance}
        if self.count is not None:
            content["count"] = np.array(self.count)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".writing-{path.name}")
        np.savez(temporary, **content)
        os.replace(temporary, path)
        return path

    @classmethod
    def load(cls, path: str | os.PathLike) -> Moments:
        """Read a file of `save`, of pytorch-fid or of clean-fid.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds no moments, or broken ones; the file is named.

        Example:
            >>> import tempfile
            >>> path = Moments.of(np.eye(3)).save(Path(tempfile.mkdtemp()) / "reference.npz")
            >>> Moments.load(path).count
            3
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: there is no such file of moments.")
        try:
            with np.load(path, allow_pickle=False) as content:
                mean = np.asarray(content["mu"], np.float64)
                covariance = np.asarray(content["sigma"], np.float64)
                count = int(content["count"]) if "count" in content else None
        except (OSError, KeyError, ValueError, EOFError) as error:
            raise ValueError(
                f"{path}: it holds no moments, which are two arrays `mu` and `sigma` in an .npz "
                f"file ({error})"
            ) from error
        _check_moments(mean, covariance, path)
        moments = cls(len(mean))
        # without a count, any: only n - 1 matters, by which the covariance is divided again
        moments._merged, moments._known_count = count or 2, count is not None
        moments._mean, moments._scatter = mean, covariance * (moments._merged - 1)
        return moments


def _check_moments(mean: np.ndarray, covariance: np.ndarray, path: Path) -> None:
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise ValueError(
            f"{path}: `mu` is (D,) and `sigma` (D, D); got {mean.shape} and {covariance.shape}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError(f"{path}: it holds NaN or infinity. Make the statistics again.")
    if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-6 * np.abs(covariance).max()):
        raise ValueError(f"{path}: `sigma` is not symmetric, so it is no covariance")

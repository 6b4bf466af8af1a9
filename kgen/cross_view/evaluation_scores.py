"""What is measured of generated views, batch by batch: values of pictures, vectors of the set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from kgen.cross_view.retrieval import RetrievalModel
from kgen.cross_view.retrieval_scores import check_finite, retrieval_scores
from kgen.data.cross_view.views import VIEWS, View
from kgen.data.images import to_float
from kgen.data.resizing import resize
from kgen.metrics import (
    Extractor,
    LPIPSNetwork,
    Moments,
    frechet_distance,
    lpips,
    psnr,
    rmse,
    sharp_diff,
    ssim,
)

Part = Callable[[np.ndarray], np.ndarray]
HALVES = ("sky", "ground")


@dataclass(frozen=True)
class Tools:
    """What is measured with.

    Args:
        source: the view that is given.
        trunks: of LPIPS.
        extractor: of the Frechet distance.
        judge: a trained retrieval network.
        seen_part: what it sees of a panorama; None for all.
        batch_size: pictures at a time.
    """

    source: View
    trunks: tuple[LPIPSNetwork, ...]
    extractor: Extractor
    judge: RetrievalModel
    seen_part: Part | None = None
    batch_size: int = 8

    @property
    def target(self) -> View:
        """The view that is generated."""
        return VIEWS[1 - VIEWS.index(self.source)]

    def embed(self, view: View, images: Sequence[np.ndarray]) -> np.ndarray:
        """The judge's embeddings of uint8 images of any size, (B, E), resized by area.

        Raises:
            ValueError: NaN or infinity.
        """
        network = getattr(self.judge, view)
        if view == "ground" and self.seen_part is not None:
            images = [self.seen_part(image) for image in images]
        size = network.input_shape[1:3]
        sized = [i if None in size else resize(np.asarray(i), size, "area") for i in images]
        batch = np.stack([to_float(image) for image in sized])
        vectors = keras.ops.convert_to_numpy(network.predict_on_batch(batch))
        check_finite(view, vectors)
        return vectors.astype("float32", copy=False)


class Scores:
    """Values of each picture, and what is needed for the measures of the set; no picture is kept.

    Args:
        tools: what is measured with.
    """

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.values: dict[str, list[np.ndarray]] = {}
        self.vectors: dict[str, list[np.ndarray]] = {"source": [], "real": [], "fake": []}
        self.moments = {side: Moments(tools.extractor.dimension) for side in ("real", "fake")}
        self.locations: list[int] = []

    def add(
        self,
        sources: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        real: np.ndarray,
        made: Sequence[np.ndarray],
        locations: Sequence[int],
    ) -> None:
        """Measure a batch.

        Args:
            sources: B source images as stored, uint8 (h, w, 3).
            targets: B real target images as stored.
            real: these in the size of the pictures, uint8 (B, H, W, 3).
            made: pictures, likewise; the others are of other noise, for the diversity.
            locations: B places.
        """
        fake, target = made[0], self.tools.target
        self._pictures(real, fake)
        if target == "ground":
            self._halves(real, fake)
        for trunk in self.tools.trunks if len(made) > 1 else ():
            self._note(f"diversity_{trunk.name}", self._diversity(made, trunk))
        for side, pictures in (("real", real), ("fake", fake)):
            self.moments[side].update(self.tools.extractor(pictures))
        self.vectors["source"].append(self.tools.embed(self.tools.source, sources))
        for side, images in (("real", list(targets)), ("fake", list(fake))):
            self.vectors[side].append(self.tools.embed(target, images))
        self.locations += locations

    def _pictures(self, real: np.ndarray, fake: np.ndarray) -> None:
        self._note("ssim", ssim(real, fake, variant="s2sp"))
        for name, measure in (("psnr", psnr), ("rmse", rmse), ("sharpdiff", sharp_diff)):
            self._note(name, measure(real, fake))
        for trunk in self.tools.trunks:
            self._note(trunk.name, lpips(real, fake, trunk, batch_size=self.tools.batch_size))

    def _halves(self, real: np.ndarray, fake: np.ndarray) -> None:
        middle = real.shape[1] // 2
        for half, rows in zip(HALVES, (slice(middle), slice(middle, None)), strict=True):
            self._note(f"psnr_{half}", psnr(real[:, rows], fake[:, rows]))
            self._note(f"ssim_{half}", ssim(real[:, rows], fake[:, rows], variant="s2sp"))

    def _diversity(self, made: Sequence[np.ndarray], trunk: LPIPSNetwork) -> np.ndarray:
        """Mean LPIPS of all pairs of pictures of one source."""
        size = self.tools.batch_size
        distances = [
            lpips(one, other, trunk, batch_size=size)
            for i, one in enumerate(made)
            for other in made[i + 1 :]
        ]
        return np.mean(distances, axis=0)

    def _note(self, name: str, values: np.ndarray) -> None:
        self.values.setdefault(name, []).append(np.asarray(values))

    def results(self) -> dict[str, float]:
        """Means over pictures, and what is measured over the set."""
        found = {name: float(np.concatenate(each).mean()) for name, each in self.values.items()}
        fid = frechet_distance(self.moments["real"], self.moments["fake"])
        found[f"fid_{self.tools.extractor.name}"] = fid
        vectors = {name: np.concatenate(each) for name, each in self.vectors.items()}
        places = np.array(self.locations)
        found |= retrieval_scores(vectors["fake"], vectors["source"], places)
        found["real_r1"] = retrieval_scores(vectors["real"], vectors["source"], places)["r1"]
        return found | {"chance_r1": 1.0 / len(np.unique(places))}

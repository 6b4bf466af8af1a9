"""The paper's measures of a generator of views, for any function that makes pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kgen.cross_view.retrieval import RetrievalModel
from kgen.cross_view.retrieval_scores import check_finite, retrieval_scores
from kgen.cross_view.sampling import CrossViewSampler
from kgen.data.cross_view.views import VIEWS, CrossViewPairs, View, check_view
from kgen.data.images import to_float
from kgen.data.resizing import resize
from kgen.metrics import (
    Extractor,
    LPIPSNetwork,
    Moments,
    frechet_distance,
    load_extractor,
    lpips,
    lpips_network,
    psnr,
    rmse,
    sharp_diff,
    ssim,
)

Generate = Callable[[np.ndarray], np.ndarray]
EACH = {"psnr": psnr, "rmse": rmse, "sharpdiff": sharp_diff}
HALVES = ("sky", "ground")

# SSIM, PSNR, LPIPS (AlexNet), FID, R@1 of Yang et al., 2024, tables 1 to 3: the method itself
PUBLISHED: dict[tuple[str, View], dict[str, float]] = {
    (name, source): dict(
        zip(("ssim", "psnr", "lpips_alex", "fid_inception2015", "r1"), row, strict=True)
    )
    for name, source, row in (
        ("cvusa", VIEWS[0], (0.3706, 14.33, 0.4302, 13.57, 0.9625)),
        ("cvact", VIEWS[0], (0.4945, 14.55, 0.4540, 21.83, 0.8790)),
        ("vigor_gen", VIEWS[0], (0.4243, 13.91, 0.4548, 13.64, 0.3794)),
        ("cvusa", VIEWS[1], (0.2461, 15.77, 0.5181, 41.65, 0.9514)),
    )
}


def evaluate_cross_view(
    generate: CrossViewSampler | Generate,
    pairs: CrossViewPairs,
    judge: RetrievalModel,
    source: View = "aerial",
    *,
    target_size: tuple[int, int] | None = None,
    lpips: Sequence[str] = ("alex", "vgg"),
    features: str = "inception2015",
    resizer: str = "bilinear_no_antialias",
    samples: int = 4,
    batch_size: int = 8,
    seed: int = 0,
) -> dict[str, float]:
    """Measure generated views as the paper does (section 5.1), on held-out pairs.

    SSIM, PSNR, RMSE and SharpDiff are those of the Sat2StrPanorama script, means over pictures of
    8 bits; LPIPS and the Frechet distance bear the names of their networks. R@K asks a retrieval
    network for the source of each picture among all sources of the set: it must be trained apart
    from the one that guided the generator.

    Args:
        generate: a `CrossViewGenerator`; or a function from source images, uint8 (B, h, w, 3) or a
            list where their sizes differ, to pictures, uint8 (B, H, W, 3): pix2pix' `generate`,
            for example.
        pairs: held-out pairs.
        judge: a trained `RetrievalModel`.
        source: the view that is given, `"aerial"` (default) or `"ground"`. A `CrossViewGenerator`
            has its own.
        target_size: (H, W) of the pictures; only for a function, whose sources are then resized to
            it, too.
        lpips: trunks, see `kgen.metrics.lpips_network`; `("stand_in",)` needs no weights.
        features: network of the Frechet distance, see `kgen.metrics.load_extractor`; likewise.
        resizer: how real targets are brought to the pictures' size. Default as the published
            script, bilinear without antialiasing.
        samples: pictures of other noise for each source whose mean LPIPS tells the diversity; 0 or
            1 for none. Only for a `CrossViewGenerator`.
        batch_size: pictures at a time. Default 8.
        seed: of the noise.

    Returns:
        `ssim`, `psnr`, `rmse`, `sharpdiff`; `lpips_TRUNK`; `fid_FEATURES`; `r1`, `r5`, `r10` and
        `r1_percent`, 0 to 1, `real_r1`, that of the real targets, and `chance_r1`; where the target
        is the ground, `psnr_sky`, `ssim_sky`, `psnr_ground`, `ssim_ground`, of the upper and lower
        half; `diversity_lpips_TRUNK`.

    Raises:
        ValueError: no target size for a function; embeddings of the judge that are not finite.
        FileNotFoundError: weights are missing; says which.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view import RetrievalModel, evaluate_cross_view
    >>> from kgen.data.cross_view import view_arrays
    >>> rng = np.random.default_rng(0)
    >>> views = rng.integers(0, 256, (6, 32, 32, 3), "uint8")
    >>> judge = RetrievalModel.from_preset("tiny", 32, 32)
    >>> found = evaluate_cross_view(lambda sources: sources, view_arrays(views, views), judge,
    ...     target_size=(32, 32), lpips=("stand_in",), features="stand_in")
    >>> round(found["ssim"], 3), found["lpips_stand_in"], found["r1"] == found["real_r1"]
    (1.0, 0.0, True)
    """
    if isinstance(generate, CrossViewSampler):
        source, target_size = generate.source, generate.target_size
    elif target_size is None:
        raise ValueError("target_size=(H, W), the size of the pictures, is needed for a function")
    tools = _Tools(
        check_view(source),
        target_size,
        tuple(lpips_network(trunk) for trunk in lpips),
        load_extractor(features),
        resizer,
    )
    gathered = _Gathered(tools, judge)
    maker = _Maker(generate, tools, samples, seed)
    for numbers in _batches(len(pairs), batch_size):
        gathered.add([pairs[i] for i in numbers], [pairs.location(i) for i in numbers], maker)
    return gathered.results()


class _Tools:
    """What is measured with, and in which size."""

    def __init__(
        self,
        source: View,
        size: tuple[int, int],
        trunks: tuple[LPIPSNetwork, ...],
        extractor: Extractor,
        resizer: str,
    ) -> None:
        self.source, self.size, self.trunks = source, size, trunks
        self.extractor, self.resizer = extractor, resizer
        self.target = VIEWS[1 - VIEWS.index(source)]


class _Maker:
    """Pictures of sources, the first with noise that goes on from batch to batch."""

    def __init__(
        self, generate: CrossViewSampler | Generate, tools: _Tools, samples: int, seed: int
    ) -> None:
        self.generate, self.tools = generate, tools
        self.samples, self.seed = samples, seed
        self.is_model = isinstance(generate, CrossViewSampler)

    def __call__(self, sources: list[np.ndarray]) -> list[np.ndarray]:
        """One array of pictures, (B, H, W, 3), or several of other noise."""
        if not isinstance(self.generate, CrossViewSampler):
            sized = [resize(image, self.tools.size, "area") for image in sources]
            return [np.asarray(self.generate(np.stack(sized)))]
        embeddings, made = self.generate.embed_images(sources), []
        for _ in range(max(1, self.samples)):
            made.append(self.generate.from_embeddings(embeddings, seed=self.seed))
            self.seed += 1
        return made


class _Gathered:
    """Values of each picture, and vectors of each for what is measured over the set."""

    def __init__(self, tools: _Tools, judge: RetrievalModel) -> None:
        self.tools, self.judge = tools, judge
        self.values: dict[str, list[np.ndarray]] = {}
        self.vectors: dict[str, list[np.ndarray]] = {"source": [], "real": [], "fake": []}
        self.moments = {side: Moments(tools.extractor.dimension) for side in ("real", "fake")}
        self.locations: list[int] = []

    def add(self, pairs: Sequence, locations: list[int], maker: _Maker) -> None:
        """Measure a batch."""
        at = VIEWS.index(self.tools.source)
        sources = [pair[at] for pair in pairs]
        targets = [resize(pair[1 - at], self.tools.size, self.tools.resizer) for pair in pairs]
        real, made = np.stack(targets), maker(sources)
        self._each("", real, made[0])
        if self.tools.target == "ground":
            middle = real.shape[1] // 2
            for half, rows in zip(HALVES, (slice(middle), slice(middle, None)), strict=True):
                self._note(f"psnr_{half}", psnr(real[:, rows], made[0][:, rows]))
                self._note(f"ssim_{half}", ssim(real[:, rows], made[0][:, rows], variant="s2sp"))
        for trunk in self.tools.trunks if len(made) > 1 else ():
            self._note(f"diversity_{trunk.name}", _diversity(made, trunk))
        for side, pictures in (("real", real), ("fake", made[0])):
            self.moments[side].update(self.tools.extractor(pictures))
            self.vectors[side].append(self._seen(self.tools.target, pictures))
        self.vectors["source"].append(self._seen(self.tools.source, sources))
        self.locations += locations

    def _each(self, suffix: str, real: np.ndarray, fake: np.ndarray) -> None:
        for name, measure in EACH.items():
            self._note(name + suffix, measure(real, fake))
        self._note(f"ssim{suffix}", ssim(real, fake, variant="s2sp"))
        for trunk in self.tools.trunks:
            self._note(trunk.name + suffix, lpips(real, fake, trunk))

    def _note(self, name: str, values: np.ndarray) -> None:
        self.values.setdefault(name, []).append(np.asarray(values))

    def _seen(self, view: str, images: Any) -> np.ndarray:
        """The judge's embeddings of pictures of any size."""
        size = getattr(self.judge, view).input_shape[1:3]
        sized = np.stack([to_float(resize(np.asarray(image), size, "area")) for image in images])
        vectors = getattr(self.judge, view).predict_on_batch(sized)
        vectors = np.asarray(vectors, "float32")
        check_finite(view, vectors)
        return vectors

    def results(self) -> dict[str, float]:
        """Means over pictures, and what is measured over the set."""
        found = {name: float(np.concatenate(each).mean()) for name, each in self.values.items()}
        fid = frechet_distance(self.moments["real"], self.moments["fake"])
        found[f"fid_{self.tools.extractor.name}"] = fid
        vectors = {side: np.concatenate(each) for side, each in self.vectors.items()}
        places = np.array(self.locations)
        found |= retrieval_scores(vectors["fake"], vectors["source"], places)
        found["real_r1"] = retrieval_scores(vectors["real"], vectors["source"], places)["r1"]
        return found | {"chance_r1": 1.0 / len(np.unique(places))}


def _diversity(made: list[np.ndarray], trunk: LPIPSNetwork) -> np.ndarray:
    """Mean LPIPS of all pairs of pictures of one source."""
    distances = [lpips(one, other, trunk) for i, one in enumerate(made) for other in made[i + 1 :]]
    return np.mean(distances, axis=0)


def _batches(count: int, size: int) -> Iterator[range]:
    return (range(start, min(start + size, count)) for start in range(0, count, size))

"""The paper's measures of a generator of views, for anything that makes pictures."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kgen.cross_view.evaluation_scores import Part, Scores, Tools
from kgen.cross_view.retrieval import RetrievalModel
from kgen.cross_view.sampling import CrossViewSampler
from kgen.data.cross_view.views import CrossViewPairs, View, check_view
from kgen.data.resizing import as_size, resize
from kgen.metrics import Extractor, LPIPSNetwork, load_extractor, lpips_network
from kgen.metrics.images import progress

Generate = Callable[[Any], np.ndarray]
Makes = CrossViewSampler | Generate | Sequence[np.ndarray] | np.ndarray
Size = tuple[int, int]


def evaluate_cross_view(
    generate: Makes,
    pairs: CrossViewPairs,
    judge: RetrievalModel,
    source: View | None = None,
    *,
    target_size: int | Size | None = None,
    lpips: str | Sequence[str | LPIPSNetwork] = ("alex", "vgg"),
    features: str | Extractor = "inception2015",
    resizer: str = "bilinear_no_antialias",
    seen_part: Part | None = None,
    samples: int = 4,
    batch_size: int = 8,
    seed: int = 0,
    verbose: int = 0,
) -> dict[str, float]:
    """Measure generated views as the paper does (section 5.1), on held-out pairs.

    SSIM, PSNR, RMSE and SharpDiff are those of the Sat2StrPanorama script, of pictures of 8 bits;
    all values of single pictures are averaged over pictures. LPIPS and the Frechet distance bear
    the names of their networks. R@K asks a retrieval network for the source of each picture among
    all sources of the set, one for each place. It must be trained apart from the one that guided
    the generator; the paper takes SAIG-D. `kgen.cross_view.PUBLISHED` has the paper's figures.

    Args:
        generate: what makes the pictures: a `CrossViewGenerator`; or a function from sources, uint8
            (B, h, w, 3), or a list where their sizes differ, to pictures, uint8 (B, H, W, 3); or a
            model with such a `generate`, pix2pix for example; or the pictures themselves, uint8
            (H, W, 3), in the order of the pairs: an array or `kgen.data.cross_view.ImageFiles`.
        pairs: held-out pairs.
        judge: a trained `RetrievalModel`; images are brought to its sizes by area.
        source: the view that is given. Default: a `CrossViewGenerator`'s own, else `"aerial"`.
        target_size: (H, W) in which pictures must come; a function's sources are resized to it by
            area, as `pairs.as_pairs(source, target_size)` does for pix2pix. Default: sources as
            they are stored, and pictures of any size.
        lpips: trunks, see `kgen.metrics.lpips_network`; `("stand_in",)` needs no weights.
        features: network of the Frechet distance, see `kgen.metrics.load_extractor`; likewise.
        resizer: how real targets are brought to the pictures' size, of `kgen.data.resizing`.
            Default as the published script (OpenCV's bilinear), which does not smooth: "area" is
            what generators are trained with.
        seen_part: what the judge sees of a panorama, real or made: a function of uint8 (H, W, 3).
            `kgen.data.cross_view.middle_half` where it has learnt from those (CVACT). Default: all.
        samples: pictures of other noise for each source whose mean LPIPS tells the diversity; 0 or
            1 for none. Default 4, which also takes four times as long to generate. Only for a
            `CrossViewGenerator`.
        batch_size: pictures at a time. Default 8; no number depends on it.
        seed: of the noise, which each picture has of its own.
        verbose: 1 shows a progress bar. Default 0.

    Returns:
        `ssim`, `psnr` (infinite where a picture equals its target), `rmse`, `sharpdiff`;
        `lpips_TRUNK`; `fid_FEATURES`; `r1`, `r5`, `r10` and `r1_percent`, 0 to 1; `real_r1`, of
        real targets, which is the ceiling; `chance_r1`; where the target is the ground, `psnr_sky`,
        `ssim_sky`, `psnr_ground`, `ssim_ground`, of the upper and the lower half;
        `diversity_lpips_TRUNK`.

    Raises:
        ValueError: pictures of another number, form or size; fewer than two pairs; embeddings of
            the judge that are not finite, or all equal.
        FileNotFoundError: weights are missing; says which.

    Example:

    >>> import keras
    >>> import numpy as np
    >>> from kgen.cross_view import RetrievalModel, evaluate_cross_view
    >>> from kgen.data.cross_view import view_arrays
    >>> rng = np.random.default_rng(0)
    >>> views = rng.integers(0, 256, (6, 32, 32, 3), "uint8")
    >>> ground, aerial = (keras.Sequential([keras.Input((32, 32, 3)),
    ...     keras.layers.GlobalAveragePooling2D()]) for _ in range(2))
    >>> judge = RetrievalModel(ground, aerial)  # an untrained one, of mean colours
    >>> found = evaluate_cross_view(lambda sources: sources, view_arrays(views, views), judge,
    ...     lpips=("stand_in",), features="stand_in")
    >>> round(found["ssim"], 3), found["lpips_stand_in"], found["r1"] == found["real_r1"]
    (1.0, 0.0, True)
    """
    view, size = _view_and_size(generate, source, target_size)
    _check(generate, pairs, judge, view)
    trunks = (lpips,) if isinstance(lpips, str) else lpips
    networks = tuple(lpips_network(t) if isinstance(t, str) else t for t in trunks)
    extractor = load_extractor(features) if isinstance(features, str) else features
    tools = Tools(view, networks, extractor, judge, seen_part, batch_size)
    scores, make = Scores(tools), _Maker(generate, size, samples, batch_size, seed)
    starts = range(0, len(pairs), batch_size)
    for start in progress(starts, verbose, len(starts), "batch"):
        numbers = range(start, min(start + batch_size, len(pairs)))
        shown = [pairs[i] for i in numbers]
        sources = [getattr(pair, view) for pair in shown]
        targets = [getattr(pair, tools.target) for pair in shown]
        made = make(numbers, sources)
        real = np.stack([resize(target, made[0].shape[1:3], resizer) for target in targets])
        scores.add(sources, targets, real, made, [pairs.location(i) for i in numbers])
    return scores.results()


class _Maker:
    """Pictures of sources, and of each further ones of other noise.

    Args:
        generate: as in `evaluate_cross_view`.
        size: (H, W) that pictures must have, or None.
        samples, batch_size, seed: likewise.
    """

    def __init__(
        self, generate: Makes, size: Size | None, samples: int, batch_size: int, seed: int
    ) -> None:
        is_own = isinstance(generate, CrossViewSampler)
        self.generate = generate if is_own else getattr(generate, "generate", generate)
        self.size = self.expected = size
        self.samples, self.batch_size, self.seed = max(1, samples), batch_size, seed

    def __call__(self, numbers: range, sources: list[np.ndarray]) -> list[np.ndarray]:
        """Arrays of pictures, uint8 (B, H, W, 3); those after the first are of other noise."""
        if isinstance(self.generate, CrossViewSampler):
            return self._of_model(self.generate, numbers, sources)
        if not callable(self.generate):
            pictures = np.stack([self.generate[i] for i in numbers])
        elif self.size is not None:
            sized = [resize(image, self.size, "area") for image in sources]
            pictures = np.asarray(self.generate(np.stack(sized)))
        else:
            alike = len({image.shape for image in sources}) == 1
            pictures = np.asarray(self.generate(np.stack(sources) if alike else sources))
        _check_pictures(pictures, len(numbers), self.expected)
        self.expected = pictures.shape[1:3]  # the first batch decides
        return [pictures]

    def _of_model(
        self, model: CrossViewSampler, numbers: range, sources: list[np.ndarray]
    ) -> list[np.ndarray]:
        embeddings = model.embed_images(sources, self.batch_size)
        made = []
        for sample in range(self.samples):
            each = [model.draw_noise(1, _seed(self.seed, i, sample)) for i in numbers]
            noise = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
            made.append(model.from_embeddings(embeddings, noise, batch_size=self.batch_size))
        return made


def _seed(*parts: int) -> int:
    """A seed of its own for each picture, so that no picture depends on the size of batches."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _view_and_size(
    generate: Makes, source: View | None, target_size: int | Size | None
) -> tuple[View, Size | None]:
    """The source view, and the size that pictures must have where it is known."""
    size = None if target_size is None else as_size(target_size)
    if not isinstance(generate, CrossViewSampler):
        return check_view(source or "aerial"), size
    own = {"source": generate.source, "target_size": tuple(generate.target_size)}
    for name, given in (("source", source), ("target_size", size)):
        if given not in (None, own[name]):
            raise ValueError(f"the model's {name} is {own[name]!r}, not {given!r}; leave it out")
    return generate.source, size


def _check(generate: Makes, pairs: CrossViewPairs, judge: RetrievalModel, view: View) -> None:
    """Guards at the door: hours of generating should not end in an error that was there before."""
    if not isinstance(pairs, CrossViewPairs) or len(pairs) < 2:
        what = type(pairs).__name__ if not isinstance(pairs, CrossViewPairs) else str(len(pairs))
        raise ValueError(f"pairs must be cross-view pairs, two at least; got {what}")
    if not isinstance(judge, RetrievalModel):
        raise ValueError(
            f"judge must be a trained RetrievalModel; got {type(judge).__name__}. Of other "
            "networks, one for each view, RetrievalModel(ground, aerial) makes one."
        )
    if not callable(generate) and len(generate) != len(pairs):
        raise ValueError(
            f"there must be one picture for each of the {len(pairs)} pairs, in their order; got "
            f"{len(generate)}"
        )
    if isinstance(generate, CrossViewSampler):
        guides = (generate.source_embedder, getattr(generate, "target_embedder", None))
        if any(g in (judge.aerial, judge.ground) for g in guides if g is not None):
            warnings.warn(
                f"the judge is the network that guides the generator from the {view} view, so R@K "
                "says how well it was obeyed, not whether the place is shown: train another one",
                stacklevel=3,
            )


def _check_pictures(pictures: np.ndarray, count: int, size: Size | None) -> None:
    fits = pictures.ndim == 4 and len(pictures) == count and pictures.shape[-1] == 3
    if not fits or (size is not None and pictures.shape[1:3] != tuple(size)):
        wanted = "H, W" if size is None else "{}, {}".format(*size)
        raise ValueError(
            f"pictures of {count} sources must be ({count}, {wanted}, 3); got {pictures.shape}"
        )
    if pictures.dtype != np.uint8:
        raise ValueError(
            f"pictures must be uint8, as they are stored; got {pictures.dtype}. "
            "kgen.data.images.to_uint8 converts [-1, 1]."
        )

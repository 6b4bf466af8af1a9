"""Distances of sets of features, and retrieval, against the reference tools."""

from __future__ import annotations

import numpy as np

from kgen.metrics import (
    Moments,
    frechet_distance,
    inception_score,
    kernel_distance,
    kernel_mmd,
    recall_at,
    vigor_hit_rate,
)
from kgen.metrics.kernel import draw_subsets, subset_distances
from tests.goldens.files import Golden


def check_set_metrics(golden: Golden) -> None:
    """FID, KID and Inception score of every pair of sets, by all tools."""
    for match in golden.matching("(.*)/f1"):
        case = match.group(1)
        real, fake = golden[f"{case}/f1"], golden[f"{case}/f2"]
        _check_frechet(golden, case, real, fake)
        _check_kernel(golden, case, real, fake)
        for mean in golden.matching(rf"{case}/is_mean_splits(\d+)"):
            splits = int(mean.group(1))
            score = inception_score(golden[f"{case}/is_logits"], splits)
            golden.check(mean.group(0), score.mean, "isc")
            golden.check(f"{case}/is_std_splits{splits}", score.deviation, "isc")


def _check_frechet(golden: Golden, case: str, real: np.ndarray, fake: np.ndarray) -> None:
    """From features, and from moments that were gathered in uneven batches."""
    moments = [Moments(real.shape[1]) for _ in range(2)]
    for side, features in zip(moments, (real, fake), strict=True):
        for batch in np.split(features, [1, 4, len(features) // 2]):
            side.update(batch)
    golden.compare(f"{case}/mu1", moments[0].mean, golden[f"{case}/mu1"], 1e-12, 1e-12)
    golden.compare(f"{case}/sigma1", moments[0].covariance, golden[f"{case}/sigma1"], 1e-12, 1e-12)
    for tool in golden.matching(rf"{case}/fid_\w+"):
        golden.check(tool.group(0), frechet_distance(real, fake), "fid")
        golden.check(tool.group(0), frechet_distance(*moments), "fid")
        golden.check(tool.group(0), frechet_distance(real, moments[1]), "fid")


def _check_kernel(golden: Golden, case: str, real: np.ndarray, fake: np.ndarray) -> None:
    """Of whole sets, of the stored subsets, and of those that the seed gives."""
    count = min(len(real), len(fake))
    for full in golden.matching(rf"{case}/kid_full_\w+"):
        golden.check(full.group(0), kernel_mmd(real[:count], fake[:count]), "kid")
    stored = {
        tool: (golden[f"{case}/kid_{tool}_idx1"], golden[f"{case}/kid_{tool}_idx2"])
        for tool in ("tf", "cf")
    }
    subsets, size = stored["tf"][0].shape
    drawn = draw_subsets(len(real), len(fake), subsets, size, seed=2020)
    np.testing.assert_array_equal(drawn, stored["tf"])
    distance = kernel_distance(real, fake, subsets, size)
    golden.check(f"{case}/kid_tf_mean", distance.mean, "kid")
    golden.check(f"{case}/kid_tf_std", distance.deviation, "kid")
    others = subset_distances(real, fake, *stored["cf"])
    golden.check(f"{case}/kid_cleanfid_mean", others.mean(), "kid")


def check_frechet(golden: Golden) -> None:
    """Two sets, and a set with itself."""
    real, fake = golden["feat_a"], golden["feat_b"]
    golden.check("fid", frechet_distance(real, fake))
    limit = golden.tolerance() | {"atol": 1e-9}
    golden.compare("fid_self", frechet_distance(real, real), golden["fid_self"], **limit)


def check_retrieval(golden: Golden) -> None:
    """Recall, the share of one per cent, and VIGOR's hit rate: exactly."""
    query, gallery, labels = golden["grd"], golden["sat"], golden["vigor_label"]
    counts = [int(k) for k in golden["ks"]]
    found = recall_at(query, gallery, k=counts)
    golden.check("recall", [found[k] for k in counts])
    assert recall_at(query, gallery, k=["1%"]) == {"1%": found[counts[-1]]}  # the last is 1 %
    tiles = golden["vigor_sat"]
    rates = recall_at(query, tiles, k=("1%", 1, 5), positives=labels[:, 0])
    golden.check(
        "vigor_top1pct_top1_top5_hit", [*rates.values(), vigor_hit_rate(query, tiles, labels)]
    )

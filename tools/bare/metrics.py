"""One case of `tools/benchmark --metrics`: prints its seconds and the process's peak memory.

Each case runs in a process of its own, so that the memory is its own. `frechet` is kgen's; the
route of pytorch-fid, moments by numpy and the matrix root of scipy, stands beside it.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

DIMENSION = 2048


def features(count: int, seed: int) -> np.ndarray:
    """Like those of a network: not negative, of quickly falling variances; float32."""
    draws = np.random.default_rng(seed)
    basis = np.random.default_rng(0).normal(size=(256, DIMENSION)).astype("float32")
    rows = draws.normal(size=(count, 256)).astype("float32") / np.arange(1, 257, dtype="float32")
    noise = draws.random((count, DIMENSION), "float32")
    return np.maximum(rows @ basis + 0.05 * noise + np.float32(0.05 * seed), 0)


def frechet(count: int) -> tuple:
    from kgen.metrics import frechet_distance

    return frechet_distance, features(count, 1), features(count, 2)


def frechet_by_root(count: int) -> tuple:
    from scipy import linalg

    def distance(real: np.ndarray, fake: np.ndarray) -> float:
        s, t = (np.cov(x, rowvar=False) for x in (real, fake))
        root = linalg.sqrtm(s @ t)
        if not np.isfinite(root).all():  # as pytorch-fid does where the product is singular
            root = linalg.sqrtm((s + 1e-6 * np.eye(len(s))) @ (t + 1e-6 * np.eye(len(t))))
        shift = real.mean(axis=0, dtype="float64") - fake.mean(axis=0, dtype="float64")
        return float(shift @ shift + np.trace(s) + np.trace(t) - 2 * np.trace(root).real)

    return distance, features(count, 1), features(count, 2)


def moments(count: int) -> tuple:
    from kgen.metrics import Moments

    batches = [features(50, seed) for seed in range(8)]

    def gather() -> float:
        gathered = Moments(DIMENSION)
        for i in range(count // 50):
            gathered.update(batches[i % 8])
        return float(np.trace(gathered.covariance))

    return (gather,)


def kernel(count: int) -> tuple:
    from kgen.metrics import kernel_distance

    real, fake = features(count, 1), features(count, 2)
    return (lambda: kernel_distance(real, fake).mean,)


def precision(count: int) -> tuple:
    from kgen.metrics import precision_recall

    real, fake = features(count, 1), features(count, 2)
    return (lambda: precision_recall(real, fake).precision,)


def ssim(count: int) -> tuple:
    from kgen import metrics

    images = np.random.default_rng(0).integers(0, 256, (8, 256, 256, 3), "uint8")

    def measure() -> float:
        values = [metrics.ssim(images, images[::-1]).mean() for _ in range(count // 8)]
        return float(np.mean(values))

    return (measure,)


def main() -> None:
    case, count = sys.argv[1], int(sys.argv[2])
    function, *arguments = globals()[case](count)
    start = time.perf_counter()
    value = function(*arguments)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # GiB, from KiB
    print(json.dumps({"seconds": seconds, "memory": memory, "value": value}))


if __name__ == "__main__":
    main()

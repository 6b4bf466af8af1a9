"""Tables of `tools/benchmark` that are not of training steps: metrics, and ways to up-sample."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# ---------------------------------------------------------------------- up-sampling

WAYS = ("as_written", "transposed", "four_phases")
UPSAMPLE_BATCH = {"tiny": 4, "teaching": 4, "paper": 1}


def compare_upsampling(arguments: argparse.Namespace) -> list[dict]:
    """Each backend in a process of its own; milliseconds of each layer and of all."""
    results = []
    print("nearest x2, then 3x3: forward and backward, ms (median)\n")
    print("| backend | networks | batch | map | filters | as written | transposed 4x4 | four 2x2 |")
    print("|---|---|---|---|---|---|---|---|")
    for preset in (arguments.preset,) if arguments.preset else ("tiny", "paper"):
        batch = arguments.batch[0] if arguments.batch else UPSAMPLE_BATCH[preset]
        batch = 32 if arguments.gpu and not arguments.batch else batch
        for backend in arguments.backends:
            command = [sys.executable, str(HERE / "upsample.py"), preset]
            command += [str(batch), str(arguments.steps)]
            environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
            answer = subprocess.run(
                command, text=True, stdout=subprocess.PIPE, check=True, env=environment
            )
            rows = [json.loads(line) for line in answer.stdout.splitlines() if line[0] == "{"]
            total = [0.0, 0.0, 0.0]
            for row in rows:
                height, width, channels, filters = row["size"]
                each = [1000 * statistics.median(row[way]) for way in WAYS]
                total = [a + b for a, b in zip(total, each, strict=True)]
                where = f"{height}x{width}x{channels} | {filters}"
                print(upsampling_row(backend, preset, batch, where, each))
            print(upsampling_row(backend, preset, batch, "all | ", total), flush=True)
            results += [{"backend": backend, "preset": preset, "batch": batch, **r} for r in rows]
    return results


def upsampling_row(backend: str, preset: str, batch: int, where: str, each: list[float]) -> str:
    figures = " | ".join(f"{milliseconds:.2f}" for milliseconds in each)
    return f"| {backend} | {preset} | {batch} | {where} | {figures} |"


# ---------------------------------------------------------------------- metrics

# what is said of it, the case in bare/metrics.py, how many images
CASES = (
    ("Frechet distance, kgen", "frechet", 10_000),
    ("Frechet distance, numpy.cov and scipy's sqrtm", "frechet_by_root", 10_000),
    ("Frechet distance, kgen", "frechet", 1_000),
    ("Frechet distance, numpy.cov and scipy's sqrtm", "frechet_by_root", 1_000),
    ("moments, streamed by 50 images", "moments", 50_000),
    ("kernel distance, 100 subsets of 1,000", "kernel", 5_000),
    ("precision and recall", "precision", 5_000),
    ("SSIM of 256x256 pictures, Gaussian", "ssim", 80),
)


def compare_metrics() -> list[dict]:
    """Each case in a process of its own, whose memory is measured."""
    print("| metric (2,048 features) | images | seconds | peak memory, GiB | value |")
    print("|---|---|---|---|---|")
    results = []
    for label, case, count in CASES:
        command = [sys.executable, str(HERE / "metrics.py"), case, str(count)]
        answer = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True)
        result = {"metric": label, "images": count, **json.loads(answer.stdout)}
        results.append(result)
        print(
            f"| {label} | {count:,} | {result['seconds']:.1f} | {result['memory']:.2f} "
            f"| {result['value']:.6g} |",
            flush=True,
        )
    return results

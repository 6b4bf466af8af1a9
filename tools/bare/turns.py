"""The driver's side of `tools/benchmark`: processes that take turns, and figures of their turns."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmark"


class Stopped(Exception):
    """A worker ended before its work did."""


class Worker:
    """A process that does one step each time it is told to."""

    def __init__(self, setting: dict) -> None:
        command = [sys.executable, str(BENCHMARK), "--worker", json.dumps(setting)]
        environment = {
            "OMP_WAIT_POLICY": "PASSIVE", "TF_CPP_MIN_LOG_LEVEL": "3",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            **os.environ, "KERAS_BACKEND": setting["backend"],
        }  # fmt: skip
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 closed in `stop`
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors,
        )  # fmt: skip

    def turn(self) -> dict:
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            while line := self.process.stdout.readline():
                if line.startswith("{"):
                    return json.loads(line)
        except BrokenPipeError:
            pass
        self.errors.seek(0)
        raise Stopped(f"a worker stopped:\n{self.errors.read()[-3000:]}")

    def stop(self) -> None:
        try:
            self.process.stdin.write("stop\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def take_turns(settings: list[dict], turns: int) -> list[list[dict]]:
    """What each worker reports of its turns, of which each has one before any has the next."""
    workers = [Worker(setting) for setting in settings]
    rows: list[list[dict]] = [[] for _ in workers]
    try:
        for _ in range(turns):
            for worker, row in zip(workers, rows, strict=True):
                row.append(worker.turn())
    finally:
        for worker in workers:
            worker.stop()
    return rows


def means(seconds: list[float], length: int) -> list[float]:
    """The mean of each `length` steps in a row."""
    starts = range(len(seconds) - length + 1)
    return [statistics.fmean(seconds[start : start + length]) for start in starts]


def quartiles(values: list[float]) -> list[float]:
    cut = statistics.quantiles(values, n=4, method="inclusive")
    return [cut[0], cut[2]]

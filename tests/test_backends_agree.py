"""Ten steps of pix2pix from equal weights on equal data give the same losses on every backend."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

SCRIPT = """
import json
import keras, numpy as np
from kgen import Pix2Pix

def run(make):
    rng = np.random.default_rng(0)
    model = Pix2Pix.from_preset("paper", image_shape=(64, 64, 3), base_filters=8, dropout=0.0)
    for variable in model.generator.weights + model.discriminator.weights:
        kind = variable.path.split("/")[-1]
        if kind in ("kernel", "gamma"):
            values = rng.normal(1.0 if kind == "gamma" else 0.0, 0.02, variable.shape)
            variable.assign(values.astype("float32"))
    model.compile(d_optimizer=make(), g_optimizer=make())
    source = rng.uniform(-1, 1, (10, 64, 64, 3)).astype("float32")
    pairs = zip(source[:, None], np.tanh(2 * source[:, None, ::-1]))
    logs = [model.train_on_batch(x, y, return_dict=True) for x, y in pairs]
    return [{name: float(value) for name, value in row.items()} for row in logs]

print(json.dumps({
    "sgd": run(lambda: keras.optimizers.SGD(1e-3, momentum=0.5)),
    "adam": run(lambda: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)),
}))
"""


def losses_on(backend: str) -> dict[str, list[dict]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_ten_steps_agree():
    if keras.config.backend() != "tensorflow":
        pytest.skip("compares all backends, once, in the TensorFlow run")
    if missing := [b for b in ("jax", "torch") if importlib.util.find_spec(b) is None]:
        pytest.skip(f"compares all backends; {', '.join(missing)} is not installed")
    expected = losses_on("tensorflow")
    for backend in ("jax", "torch"):
        found = losses_on(backend)
        for optimizer, tolerance in (("sgd", 1e-5), ("adam", 2e-3)):
            assert not np.isclose(found[optimizer][0]["g_l1"], found[optimizer][-1]["g_l1"])
            for step, row in enumerate(expected[optimizer]):
                for name, value in row.items():
                    where = f"{name} of step {step + 1}, {optimizer} on {backend}"
                    got = found[optimizer][step][name]
                    assert got == pytest.approx(value, rel=tolerance), where

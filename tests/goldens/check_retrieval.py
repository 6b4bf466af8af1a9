"""Losses of retrieval, sharpness-aware steps of a small network, learning rates."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kgen import backend
from kgen.cross_view import CosineSchedule, LinearSchedule
from kgen.cross_view.retrieval_losses import infonce_loss, semi_triplet_loss, triplet_loss
from kgen.cross_view.sharpness import perturbations, sharpness_aware
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden

FEW = (
    0.01  # of the weights may differ by more after AdamW, whose epsilon acts earlier than PyTorch's
)
LARGEST = 3e-4
RUNS: dict[str, dict[str, Any]] = {
    "samadaptive_adamw": {"form": "saig", "rho": 2.0},
    "sam_sgd": {"form": "sam", "rho": 0.05},
    "samsung_asam_sgd": {"form": "samsung", "rho": 0.5, "eta": 0.01},
    "samsung_sam_sgd": {"form": "sam", "rho": 0.5},
}
NAMES = ("0.weight", "0.bias", "2.weight", "2.bias", "3.weight", "3.bias")


def check_retrieval_losses(golden: Golden) -> None:
    """Values, and the triplet loss's gradients."""
    ground, aerial = golden["grd"], golden["sat"]
    distances = 2.0 - 2.0 * aerial @ ground.T
    golden.compare("distances", distances, golden["dist_sat_by_grd"], atol=1e-6, rtol=0.0)
    golden.check("infonce_t002", infonce_loss(ground, aerial, temperature=0.02))
    for match in golden.matching(r"triplet_w(\d+)"):
        name, weight = match.group(0), float(match.group(1))
        semi = f"semi_topk_w{match.group(1)}"
        golden.check(semi, semi_triplet_loss(ground, aerial, weight=weight))
        value, slopes = _with_slopes(ground, aerial, weight)
        golden.check(name, value)
        for slope, view in zip(slopes, ("dgrd", "dsat"), strict=True):
            golden.compare(name, slope, golden[f"{name}_{view}"], atol=1e-7, rtol=1e-5)


def _with_slopes(ground: np.ndarray, aerial: np.ndarray, weight: float) -> Any:
    def run(ground: Any, aerial: Any) -> Any:
        value, _, pull = backend.differentiate(
            lambda g, a: (triplet_loss(g, a, weight=weight), None), [], ground, aerial
        )
        return ops.stop_gradient(value), pull(ops.ones(()))[1:]

    return compiled(run)(ground, aerial)


def check_schedules(golden: Golden) -> None:
    """Cosine and linear, with and without warm-up, beyond the end too."""
    forms = {"cos": CosineSchedule, "lin": LinearSchedule}
    for match in golden.matching(r"(cos|lin)_w(\d+)_t(\d+)"):
        form, warm_up, steps = match.groups()
        schedule = forms[form](1e-4, steps=int(steps), warm_up=int(warm_up))
        expected = golden[match.group(0)]
        rates = [float(schedule(step)) for step in range(len(expected))]
        golden.check(match.group(0), rates)


def check_sharpness(golden: Golden) -> None:
    """Two steps of each form: losses, where the second gradient is taken, weights after."""
    for run, arguments in RUNS.items():
        _check_run(golden, run, arguments)


def _check_run(golden: Golden, run: str, arguments: dict) -> None:
    network = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(7, "tanh"),
            keras.layers.LayerNormalization(epsilon=1e-5),
            keras.layers.Dense(3),
        ]
    )
    variables = network.trainable_variables
    for variable, name in zip(variables, NAMES, strict=True):
        variable.assign(golden[f"w0/{name}"].T)
    optimizer, decay = _optimizer(run)
    optimizer.build(variables)
    trace = compiled(lambda x, y: _trace(network, x, y, decay, arguments), variables)
    for number in range(2):
        value, moved, gradients = trace(golden["x"], golden["y"])
        limit = {"atol": 2e-6, "rtol": 0.0}
        golden.compare(run, value, golden[f"{run}/loss_{number}"], **limit)
        for name, place in zip(NAMES, moved, strict=True):
            golden.compare(
                name, place.T, golden[f"{run}/perturbed_{number}/{name}"], atol=2e-5, rtol=0
            )
        optimizer.apply([ops.convert_to_tensor(g) for g in gradients], variables)
        after = [np.array(ops.convert_to_numpy(v)).T for v in variables]
        expected = [golden[f"{run}/after_{number}/{name}"] for name in NAMES]
        _compare_weights(golden, run, after, expected)


def _trace(network: keras.Model, x: Any, y: Any, decay: float, arguments: dict) -> tuple:
    variables = network.trainable_variables

    def loss() -> tuple[Any, None]:
        return ops.mean(ops.square(network(x) - y)), None

    _, _, pull = backend.differentiate(loss, variables)
    steps = perturbations(pull(ops.ones(()))[0], variables, **arguments)
    value, _, gradients = sharpness_aware(loss, variables, **arguments)
    weights = [ops.stop_gradient(ops.convert_to_tensor(v)) for v in variables]
    moved = [w + step for w, step in zip(weights, steps, strict=True)]
    return value, moved, [g + decay * w for g, w in zip(gradients, weights, strict=True)]


def _optimizer(run: str) -> tuple[keras.optimizers.Optimizer, float]:
    """The optimizer of a run, and PyTorch's weight decay, a part of SGD's gradient."""
    if run.endswith("adamw"):
        return keras.optimizers.AdamW(1e-3, weight_decay=0.03, epsilon=1e-8), 0.0
    if run.startswith("samsung"):
        return keras.optimizers.SGD(0.1, momentum=0.9), 5e-4
    return keras.optimizers.SGD(0.1), 0.0


def _compare_weights(golden: Golden, run: str, after: list, expected: list) -> None:
    errors = np.concatenate([abs(a - b).reshape(-1) for a, b in zip(after, expected, strict=True)])
    if run.endswith("adamw"):
        assert errors.max() <= LARGEST, f"{golden.path}: {run}: {errors.max()}"
        assert np.mean(errors > 2e-6) <= FEW, f"{golden.path}: {run}: {np.mean(errors > 2e-6)}"
    else:
        assert errors.max() <= 2e-6, f"{golden.path}: {run}: {errors.max()}"

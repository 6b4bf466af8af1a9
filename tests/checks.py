"""Checks that every system must pass; a new system's test is a dictionary of arguments.

check_system(make=lambda: Pix2Pix.from_preset(...), batch=(source, target), learns="g_l1")
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from kgen import AdversarialModel


def lacks_bfloat16() -> bool:
    """Whether this is PyTorch on a CPU for which oneDNN has no bfloat16: no gradients then."""
    if keras.config.backend() != "torch":
        return False
    import torch

    supported = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return not (torch.cuda.is_available() or supported)


def values(variables: list) -> list[np.ndarray]:
    """The variables' values, copied."""
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


def largest_difference(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """The largest absolute difference between two lists of arrays."""
    return max(
        float(np.abs(x.astype("float64") - y).max()) for x, y in zip(a, b, strict=True) if x.size
    )


def state_of(model: keras.Model) -> list[np.ndarray]:
    """Everything that must survive: weights, random states, optimizers."""
    return values(model.variables + model.optimizer.variables)


def check_system(
    make: Callable[[], AdversarialModel],
    batch: Any,
    learns: str,
    steps: int = 30,
    compile_arguments: dict | None = None,
) -> None:
    """Run all checks on a system.

    Args:
        make: builds the system, equal each time.
        batch: one batch as `fit` gets it, dictionary or (x, y), numpy.
        learns: name of a reported value that must fall while one batch is repeated.
        steps: how often it is repeated.
        compile_arguments: of `compile`.
    """
    arguments = compile_arguments or {}
    check_each_player_moves_its_own(make, batch, arguments)
    # One model passes from check to check: to compile it again takes longer than all of them.
    model = make()
    model.compile(**arguments)
    first = train(model, batch, 1)[learns]
    check_evaluation_changes_nothing(model, batch)
    check_learns(model, batch, learns, first, steps)
    check_resumes(model, batch)


def train(model: AdversarialModel, batch: Any, steps: int) -> dict:
    """Steps on the same batch; the last step's logs."""
    x, y = batch if isinstance(batch, tuple) else (batch, None)
    size = len(tree.flatten(batch)[0])
    history = model.fit(x, y, batch_size=size, epochs=steps, shuffle=False, verbose=0)
    return {name: column[-1] for name, column in history.history.items()}


def check_each_player_moves_its_own(make: Callable, batch: Any, arguments: dict) -> None:
    """With one player's learning rate above zero, all its variables move and nobody else's."""
    model = make()
    rates = {f"{player}_optimizer": keras.optimizers.SGD(0.0) for player in model.players}
    model.compile(**{**arguments, **rates})
    everything = model.variables + model.optimizer.variables
    beginning = values(everything)
    for mover in model.players:
        for variable, value in zip(everything, beginning, strict=True):
            variable.assign(value)
        model.optimizer.of(mover).learning_rate = 1.0
        before = {p: values(model.optimizer.variables_of(p)) for p in model.players}
        train(model, batch, 1)
        for player in model.players:
            after = values(model.optimizer.variables_of(player))
            moved = [bool(np.any(a != b)) for a, b in zip(before[player], after, strict=True)]
            if player == mover:
                names = [v.path for v in model.optimizer.variables_of(player)]
                still = [n for n, m in zip(names, moved, strict=True) if not m]
                assert not still, f"a step of {mover!r} leaves {still} where they are"
            else:
                assert not any(moved), f"a step of {mover!r} moves variables of {player!r}"


def check_learns(
    model: AdversarialModel, batch: Any, learns: str, first: float, steps: int
) -> None:
    """A single batch is learnt: the value falls by a third at least below that of step one."""
    last = train(model, batch, steps)[learns]
    assert last < 0.67 * first, f"{learns} went from {first} to {last} in {steps} steps"


def check_continues(make: Callable, batch: Any, arguments: dict) -> None:
    """Train, save, load, train equals train, train: bit by bit, slots and random states too."""
    model = make()
    model.compile(**arguments)
    train(model, batch, 2)
    check_resumes(model, batch)


def check_resumes(whole: AdversarialModel, batch: Any) -> None:
    """Save, load, train equals train, of a model that has trained already."""
    step = int(whole.step)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        whole.save(path)
        resumed = keras.models.load_model(path)
    assert largest_difference(state_of(whole), state_of(resumed)) == 0.0
    expected, logs = train(whole, batch, 2), train(resumed, batch, 2)
    assert logs == expected
    assert int(resumed.step) == int(whole.step) == step + 2
    assert largest_difference(state_of(whole), state_of(resumed)) == 0.0


def check_evaluation_changes_nothing(model: AdversarialModel, batch: Any) -> None:
    """`evaluate` and `predict` leave every weight and statistic alone."""
    before = values(model.weights)
    x, y = batch if isinstance(batch, tuple) else (batch, None)
    report = model.evaluate(x, y, verbose=0, return_dict=True)
    assert report
    assert all(np.isfinite(v) for v in report.values())
    model.predict(x, verbose=0)
    assert largest_difference(before, values(model.weights)) == 0.0

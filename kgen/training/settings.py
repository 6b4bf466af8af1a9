"""What a run was asked to do, as plain values that can be written down and compared."""

import importlib.util
import inspect
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

import keras
import numpy as np

from kgen.callbacks import LinearDecay

PLAIN = (bool, int, float, str, type(None))
# Entries that may change from one session of a run to the next.
FREE = ("settings.epochs", "settings.sample_every", "settings.save_every")


def check_request(
    model: Any, data: Any, validation_data: Any, epochs: int, tensorboard: bool
) -> None:
    """Say what is wrong with the arguments of `train` before anything is written."""
    if getattr(model, "optimizer", None) is None:
        raise ValueError("the model is not compiled; call model.compile() before kgen.train(model)")
    check_data(data, "data")
    if validation_data is not None:
        check_data(validation_data, "validation_data")
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1; received {epochs}")
    missing = [p for p in ("tensorflow", "tensorboard") if importlib.util.find_spec(p) is None]
    if tensorboard and missing:
        raise ImportError(
            "tensorboard=True needs TensorFlow, which writes the files, and TensorBoard; missing: "
            f"{' and '.join(missing)}. Install it (pip install {' '.join(missing)}), or leave "
            "tensorboard off: loss_curves.png and history.csv hold the same values."
        )


def check_data(data: Any, argument: str) -> None:
    """Refuse arrays, which fit would shuffle in an order that no checkpoint holds."""
    if isinstance(data, (np.ndarray, tuple, list, Mapping)):
        raise TypeError(
            f"{argument} must be a data source that yields batches; received "
            f"{type(data).__name__}. For arrays: kgen.data.Batches(kgen.data.arrays(source, "
            "target), ...), or kgen.data.AttributeBatches(kgen.data.attribute_arrays(...), ...)."
        )


def decay_start(epochs: int, constant_epochs: int | None, decay_epochs: int) -> int | None:
    """Return the number of epochs with the full rate; None without decay."""
    if not decay_epochs:
        if constant_epochs is not None:
            raise ValueError("constant_epochs needs decay_epochs, the epochs of the falling rate")
        return None
    if constant_epochs is None:
        constant_epochs = epochs - decay_epochs
    if min(decay_epochs, constant_epochs) < 0 or constant_epochs + decay_epochs < epochs:
        raise ValueError(
            "constant_epochs and decay_epochs must be 0 or more and cover all epochs, or the rate "
            f"would be 0; received {constant_epochs} + {decay_epochs} for {epochs} epochs"
        )
    return constant_epochs


def describe_model(model: keras.Model) -> dict[str, Any]:
    """Describe a system: its class, its plain arguments, its networks and their sizes."""
    description: dict[str, Any] = {"class": type(model).__name__}
    networks = {}
    for name, value in model.get_config().items():
        part = getattr(model, name, None)
        if isinstance(part, keras.Model):
            networks[name] = {
                "parameters": int(part.count_params()),
                "input": _shape(part.input_shape),
                "output": _shape(part.output_shape),
            }
        elif isinstance(value, PLAIN):
            description[name] = value
    return description | ({"networks": networks} if networks else {})


def describe_optimizers(model: keras.Model) -> dict[str, Any]:
    """Describe the players' optimizers by their arguments."""
    optimizers = getattr(model.optimizer, "optimizers", [model.optimizer])
    players = list(getattr(model, "players", [])) or [str(i) for i in range(len(optimizers))]
    return {p: _describe_optimizer(o) for p, o in zip(players, optimizers, strict=True)}


def describe_schedules(callbacks: Sequence[keras.callbacks.Callback]) -> list[dict[str, Any]]:
    """Describe those callbacks that decide the learning rate, by their arguments."""
    return [
        {"class": type(callback).__name__}
        | {name: getattr(callback, name) for name in inspect.signature(type(callback)).parameters}
        for callback in callbacks
        if isinstance(callback, LinearDecay)
    ]


def describe_data(data: Any) -> dict[str, Any] | None:
    """Describe a data source by its class, its length and its plain attributes.

    A table, such as the attributes of all pictures, is described by its shape and a checksum.
    """
    if data is None:
        return None
    description: dict[str, Any] = {"class": type(data).__name__}
    if hasattr(data, "__len__"):
        description["length"] = len(data)
    for name, value in sorted(getattr(data, "__dict__", {}).items()):
        if name.startswith("_") or name == "epoch":  # the epoch changes while it runs
            continue
        if _is_plain(value):
            description[name] = value
        elif isinstance(value, np.ndarray) and value.ndim <= 2 and value.dtype.kind in "biuf":
            checksum = zlib.crc32(np.ascontiguousarray(value).tobytes())
            description[name] = f"{value.shape} {value.dtype}, checksum {checksum:08x}"
        elif name in ("pairs", "pictures") or is_dataclass(value):
            description[name] = describe_data(value)
    return description


def differences(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """List what differs between two records, one line per entry.

    What a session may change (the number of epochs, how often pictures are drawn) is left out.
    """
    old, new = dict(_flatten(recorded)), dict(_flatten(asked))
    return [
        f"{name}: {old.get(name, 'nothing')!r} in run.json, {new.get(name, 'nothing')!r} now"
        for name in dict.fromkeys([*old, *new])
        if name not in FREE and old.get(name) != new.get(name)
    ]


def _describe_optimizer(optimizer: Any) -> dict[str, Any]:
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    config = keras.optimizers.serialize(optimizer)
    arguments = {k: v for k, v in config["config"].items() if k != "name" and v is not None}
    return {"class": config["class_name"], **arguments}


def _shape(shape: Any) -> list[Any]:
    return [list(part) if isinstance(part, (tuple, list)) else part for part in shape]


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return len(value) <= 8 and all(isinstance(part, PLAIN) for part in value)
    return isinstance(value, PLAIN)


def _flatten(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _flatten(value, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield prefix, content

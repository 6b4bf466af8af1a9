"""Export of a trained model as a SavedModel (and ONNX), from any backend, checked before it counts.

Keras writes a SavedModel well from TensorFlow, for fixed sizes only from JAX, and not at all from
PyTorch.  So kgen always lets TensorFlow write it: in this process where TensorFlow is the backend,
in a second one, which reopens the model as a `.keras` file, elsewhere.  The new folder is loaded
again and every signature is compared with the original model before anything at `path` is replaced.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.export_check import (
    compare,
    default_tolerance,
    exact_evaluation,
    expected_outputs,
    make_samples,
)

PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "numpy",
    "tf2onnx",
    "onnx",
    "onnxruntime",
)


def export(
    model: keras.Model,
    path: str | os.PathLike,
    dynamic_batch: bool = True,
    uint8: bool = True,
    onnx: bool = False,
    tolerance: float | None = None,
    sample: Any = None,
) -> dict:
    """Write a model as a SavedModel that needs neither kgen nor Keras, and compare the two.

    Signatures of the SavedModel, images (B, H, W, C):

    - `serving_default`, also named `serve`: float32 in [-1, 1] -> float32 in [-1, 1];
    - `serve_uint8`: uint8 0..255 -> uint8, rint((y + 1) * 127.5), clipped.

    B is any number, or 1 with `dynamic_batch=False`. H and W are those of the model's input; where
    that is (None, None, C), the SavedModel takes every size that the model takes. Inputs that are
    no images (latent codes, attributes) stay as they are in both signatures.

    Measured on CPUs with Keras 3.15, TensorFlow 2.21, JAX 0.10 and PyTorch 2.13: the SavedModel of
    a U-Net agrees with the model to 1e-6, of a ResNet to 2e-5, from all three backends, dynamic
    sizes included. ONNX takes the same way (TensorFlow and tf2onnx), so that it works from all
    three, with dynamic sizes too, to the same 2e-5 under onnxruntime. Keras' own
    `model.export(format="onnx")` needs no TensorFlow on JAX (jax2onnx) and PyTorch, but fails there
    for a U-Net of dynamic height and width.

    Args:
        model: a kgen system (its `inference_model` is exported: source -> generated), or any built
            `keras.Model`.
        path: the folder to write, `saved_model` for instance. An older SavedModel there is replaced
            at the very end; it survives every failure.
        dynamic_batch: whether the batch size is free. Default True; else it is 1.
        uint8: whether to add `serve_uint8`. Default True.
        onnx: whether to add `model.onnx`, float32 as `serve`, inside the folder. Default False.
            Needs `pip install "kgen[onnx]"`.
        tolerance: largest absolute difference allowed. Default 1e-4, or 0.05 for a model in mixed
            precision. `serve_uint8` may differ by as many grey values as that is, rounded up.
        sample: inputs to compare on, in [-1, 1], shaped as the model's input with a batch axis.
            Default: what the model's `export_sample()` gives, else uniform noise. Needed for a
            subclassed model, which does not declare its input.

    Returns:
        a report, also written to `export.json` in the folder: `path`, `backend`, `model`,
        `signatures` (inputs and outputs of each), `max_difference` and
        `mean_difference` (of each signature, in its own units; `onnx` is None where onnxruntime is
        not installed), `tolerance`, `compared_shapes`, `bytes`, `seconds`, `versions`.

    Raises:
        ImportError: TensorFlow (or tf2onnx) is not installed.
        FileExistsError: `path` exists and is no SavedModel.
        ValueError: the model is random at inference, or uses a class that no other process can
            import, or `sample` does not fit.
        RuntimeError: TensorFlow could not export the model, or the outputs differ by more than the
            tolerance.

    Example:

    >>> import keras, kgen, tempfile
    >>> source = keras.Input((None, None, 3))
    >>> generated = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(source)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = kgen.export(keras.Model(source, generated), f"{folder}/saved_model")
    >>> sorted(report["max_difference"])
    ['serve', 'serve_uint8', 'serving_default']
    """
    started = time.time()
    path = Path(path)
    _check_path(path)
    _check_packages(onnx)
    network = getattr(model, "inference_model", model)
    inputs, samples = make_samples(model, network, sample, dynamic_batch)
    job = {**inputs, "dynamic_batch": dynamic_batch, "uint8": uint8, "onnx": onnx}
    tolerance = default_tolerance(network) if tolerance is None else tolerance
    expected = expected_outputs(model, network, job, samples, tolerance)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        new = Path(folder) / "saved_model"
        if keras.config.backend() == "tensorflow":
            signatures, outputs = _in_this_process(network, job, samples, new)
        else:
            signatures, outputs = _in_second_process(network, job, samples, Path(folder), new)
        largest, mean = compare(expected, outputs, tolerance, path)
        report = {
            "path": str(path),
            "backend": keras.config.backend(),
            "model": type(model).__name__,
            "signatures": signatures,
            "max_difference": {**({"onnx": None} if onnx else {}), **largest},
            "mean_difference": mean,
            "tolerance": tolerance,
            "compared_shapes": [list(flat[0].shape) for flat in samples.values()],
            "bytes": sum(file.stat().st_size for file in new.rglob("*") if file.is_file()),
            "seconds": round(time.time() - started, 2),
            "versions": _versions(),
        }
        (new / "export.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        _replace(new, path)
    return report


# --- guards --------------------------------------------------------------------------------------


def _check_path(path: Path) -> None:
    if not path.name:
        raise ValueError(
            f"path must name the folder to write, for instance 'saved_model'; got {str(path)!r}"
        )
    if path.is_dir() and not ((path / "saved_model.pb").exists() or not any(path.iterdir())):
        raise FileExistsError(
            f"{path} exists and is no SavedModel (it has no saved_model.pb); kgen does not replace "
            f"it. Give another path, for instance {path / 'saved_model'}."
        )
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"{path} is a file; a SavedModel is a folder. Give another path.")


def _check_packages(onnx: bool) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise ImportError(
            "a SavedModel is written by TensorFlow, whatever the backend, and TensorFlow is not "
            "installed. Install it beside the backend in use, which stays: pip install "
            "\"kgen[tensorflow]\". Or keep model.save('model.keras') and export on another machine."
        )
    if onnx and importlib.util.find_spec("tf2onnx") is None:
        raise ImportError(
            'onnx=True needs tf2onnx, which is not installed: pip install "kgen[onnx]". '
            "Leave onnx=False for a SavedModel alone."
        )


def _modules_of_classes(network: keras.Model) -> list[str]:
    """The modules a second process has to import before it can reopen the network."""
    modules, lost = set(), set()
    for name, registered_name, module in _classes(keras.saving.serialize_keras_object(network)):
        known = keras.saving.get_registered_object(registered_name)
        if known is not None and known.__module__ != "__main__":
            modules.add(known.__module__)
        elif known is not None or (module or "").split(".")[0] not in ("keras", "builtins"):
            lost.add(name)
    if lost:
        raise ValueError(
            f"{', '.join(sorted(lost))}: a custom class or function that a second process cannot "
            "find, because it is defined in the running script or notebook, or not registered. The "
            "export reopens the model there, with TensorFlow. Move it to a module of its own (a "
            ".py file), decorate it with @keras.saving.register_keras_serializable(), import it."
        )
    return sorted(modules)


def _classes(config: Any) -> Iterator[tuple[str, str, str | None]]:
    """Name, registered name and module of every class and function in a Keras configuration."""
    if isinstance(config, dict):
        if config.get("registered_name") and "module" in config:
            is_function = config["class_name"] == "function"
            name = str(config["config"] if is_function else config["class_name"])
            registered = config["config"] if is_function else config["registered_name"]
            yield name, str(registered), config["module"]
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        for part in config:
            yield from _classes(part)


# --- TensorFlow here, or in a second process -----------------------------------------------------


def _in_this_process(
    network: keras.Model, job: dict, samples: dict, new: Path
) -> tuple[dict, dict]:
    from kgen.export_tensorflow import write_and_run

    try:
        with exact_evaluation():
            return write_and_run(network, job, samples, new)
    except Exception as error:
        raise RuntimeError(_failure(network, f"{type(error).__name__}: {error}")) from error


def _in_second_process(
    network: keras.Model, job: dict, samples: dict, folder: Path, new: Path
) -> tuple[dict, dict]:
    """Reopen the network with the TensorFlow backend in another process and export it there."""
    modules = ["kgen", *_modules_of_classes(network)]
    network.save(folder / "network.keras")
    (folder / "job.json").write_text(json.dumps({**job, "modules": modules}), encoding="utf-8")
    np.savez(
        folder / "samples.npz",
        **{f"{c}/{i}": a for c, flat in samples.items() for i, a in enumerate(flat)},
    )
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",  # the backend in use may hold all of its memory
        "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path),
    }
    command = [sys.executable, "-m", "kgen.export_tensorflow", str(folder), str(new)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = (
            lines[-1]
            if done.returncode > 0 and lines
            else f"the process ended with {done.returncode}"
        )
        raise RuntimeError(_failure(network, reason))
    signatures = json.loads((folder / "signatures.json").read_text(encoding="utf-8"))
    with np.load(folder / "outputs.npz") as stored:
        outputs: dict[str, list] = {}
        for key in stored.files:
            outputs.setdefault(key.rpartition("/")[0], []).append(stored[key])
    return signatures, outputs


def _failure(network: keras.Model, reason: str) -> str:
    return (
        f"TensorFlow could not export {type(network).__name__} {network.name!r}: {reason}\n"
        "Custom classes and functions must be importable from a module and written with keras.ops, "
        "so that they run on TensorFlow too. Nothing was replaced."
    )


# --- report and replacement ----------------------------------------------------------------------


def _versions() -> dict[str, str]:
    from kgen import __version__

    found = {"kgen": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        found.setdefault("tensorflow", importlib.metadata.version("tensorflow-cpu"))
    return found


def _replace(new: Path, path: Path) -> None:
    """Put `new` at `path` by renames; the older folder comes back if that fails."""
    if not path.exists():
        os.rename(new, path)
        return
    old = new.with_name("old")
    os.rename(path, old)
    try:
        os.rename(new, path)
    except BaseException:
        os.rename(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)

"""The half of the export that runs on TensorFlow, in the same process or in one of its own.

`python -m kgen.export_tensorflow FOLDER NEW` reads `network.keras`, `job.json` and `samples.npz`
from FOLDER, writes the SavedModel NEW, runs it and leaves `outputs.npz` and
`signatures.json` in FOLDER.  Keras must have TensorFlow as its backend here.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops, tree


def write_and_run(
    network: keras.Model, job: dict, samples: dict[str, list], path: Path
) -> tuple[dict, dict[str, list]]:
    """Write the SavedModel (and ONNX), load it and run every signature on every sample.

    Args:
        network: what to export.
        job: structure, names, shapes and dtypes of the inputs; dynamic_batch, uint8, onnx.
        samples: case -> flat list of arrays.
        path: folder to write.

    Returns:
        inputs and outputs of each signature; "SIGNATURE/CASE" -> flat list of outputs.
    """
    import tensorflow as tf

    _write_saved_model(network, job, path)
    loaded = tf.saved_model.load(str(path))
    signatures, outputs = {}, {}
    for name, function in loaded.signatures.items():
        signatures[name] = {
            "inputs": _describe(function.structured_input_signature[1]),
            "outputs": _describe(function.structured_outputs),
        }
        for case, arrays in samples.items():
            fed = [tf.convert_to_tensor(array) for array in arrays]
            if name == "serve_uint8":
                fed = [_quantize(x) if len(x.shape) == 4 else x for x in fed]
            result = function(**dict(zip(job["names"], fed, strict=True)))
            outputs[f"{name}/{case}"] = _in_order(result)
    if job["onnx"]:
        outputs.update(_write_and_run_onnx(network, job, samples, path / "model.onnx"))
    return signatures, outputs


def _write_saved_model(network: keras.Model, job: dict, path: Path) -> None:
    def serve(*flat: Any) -> Any:
        nested = tree.map_structure(lambda i: flat[i], job["structure"])
        return tree.map_structure(lambda y: ops.cast(y, "float32"), network(nested, training=False))

    def serve_uint8(*flat: Any) -> Any:
        outputs = serve(*[_dequantize(x) if len(x.shape) == 4 else x for x in flat])
        return tree.map_structure(lambda y: _quantize(y) if len(y.shape) == 4 else y, outputs)

    archive = keras.export.ExportArchive()
    archive.add_endpoint("serve", serve, input_signature=_specs(job))
    if job["uint8"]:
        archive.add_endpoint("serve_uint8", serve_uint8, input_signature=_specs(job, "uint8"))
    archive.write_out(str(path), verbose=False)


def _specs(job: dict, images: str | None = None) -> list[keras.InputSpec]:
    batch = None if job["dynamic_batch"] else 1
    return [
        keras.InputSpec(
            shape=(batch, *shape), dtype=(images or dtype) if len(shape) == 3 else dtype, name=name
        )
        for shape, dtype, name in zip(job["shapes"], job["dtypes"], job["names"], strict=True)
    ]


def _quantize(images: Any) -> Any:
    return ops.cast(ops.clip(ops.round((images + 1.0) * 127.5), 0.0, 255.0), "uint8")


def _dequantize(images: Any) -> Any:
    return ops.cast(images, "float32") / 127.5 - 1.0


def _describe(specs: dict[str, Any]) -> dict[str, dict]:
    return {
        name: {"shape": spec.shape.as_list(), "dtype": spec.dtype.name}
        for name, spec in specs.items()
    }


def _in_order(outputs: dict[str, Any]) -> list[np.ndarray]:
    """Signature outputs in the order of the model's: output_0, output_1, ..., or sorted by name."""
    keys = sorted(outputs, key=lambda k: (len(k), k) if k.startswith("output_") else (0, k))
    return [outputs[key].numpy() for key in keys]


def _write_and_run_onnx(
    network: keras.Model, job: dict, samples: dict[str, list], path: Path
) -> dict[str, list]:
    specs = tree.map_structure(lambda i: _specs(job)[i], job["structure"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf2onnx uses names that numpy deprecates
        network.export(str(path), format="onnx", input_signature=[specs], verbose=False)
    if importlib.util.find_spec("onnxruntime") is None:
        return {}
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [tensor.name for tensor in session.get_inputs()]
    return {
        f"onnx/{case}": session.run(None, dict(zip(names, arrays, strict=True)))
        for case, arrays in samples.items()
    }


def main(folder: Path, path: Path) -> None:
    """The work of the second process."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    for module in job["modules"]:
        importlib.import_module(module)
    # written a moment ago by the first process, so that its code may be trusted
    network = keras.models.load_model(folder / "network.keras", compile=False, safe_mode=False)
    samples: dict[str, list] = {}
    with np.load(folder / "samples.npz") as stored:
        for key in stored.files:
            samples.setdefault(key.rpartition("/")[0], []).append(stored[key])
    signatures, outputs = write_and_run(network, job, samples, path)
    arrays = {f"{key}/{i}": array for key, flat in outputs.items() for i, array in enumerate(flat)}
    np.savez(folder / "outputs.npz", **arrays)
    (folder / "signatures.json").write_text(json.dumps(signatures), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:  # the first process quotes the last line
        cause = str(error).rpartition("Exception encountered:")[2]  # Keras wraps what went wrong
        sys.exit(f"{type(error).__name__}: {' '.join(cause.split())[:300]}")

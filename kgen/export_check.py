"""What an export is compared on: samples, the original model's outputs for them, the comparison."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

UNDECLARED_SIDE = 256  # height and width of the samples for networks that take any size


def default_tolerance(network: keras.Model) -> float:
    """How much an export may differ: rounding in float32, or in half precision."""

    def is_half(layer: Any) -> bool:
        own = str(layer.compute_dtype) in ("float16", "bfloat16")
        return own or any(is_half(part) for part in getattr(layer, "layers", ()))

    return 0.05 if is_half(network) else 1e-4


def make_samples(
    model: keras.Model, network: keras.Model, sample: Any, dynamic_batch: bool
) -> tuple[dict, dict[str, list]]:
    """What the network takes, as plain data, and the samples: case -> flat list of arrays."""
    if sample is None and hasattr(model, "export_sample"):
        sample = model.export_sample()
    declared = getattr(network, "inputs", None)
    if not declared and sample is None:
        raise ValueError(
            f"{type(network).__name__} does not declare its input (it is a subclassed model): pass "
            "sample=, an array as the model takes it, to kgen.export."
        )
    structure = network.input if declared else sample
    tensors = declared or [np.asarray(array) for array in tree.flatten(sample)]
    names = [getattr(tensor, "name", f"input_{i}") for i, tensor in enumerate(tensors)]
    inputs = {
        "structure": tree.pack_sequence_as(structure, list(range(len(tensors)))),
        "names": names,
        "shapes": [
            [int(side) if side else None for side in tensor.shape[1:]] for tensor in tensors
        ],
        "dtypes": [keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors],
    }
    two = _two_samples(inputs, sample)
    samples = {"batch of 1": [array[:1] for array in two]}
    samples["batch of 2" if dynamic_batch else "another"] = (
        two if dynamic_batch else [a[1:2] for a in two]
    )
    if any(len(shape) == 3 and shape[1] is None for shape in inputs["shapes"]):
        samples["twice as wide"] = [
            np.concatenate([a[:1], a[1:2]], axis=2) if a.ndim == 4 else a[:1] for a in two
        ]
    return inputs, samples


def _two_samples(inputs: dict, sample: Any) -> list[np.ndarray]:
    dtypes = inputs["dtypes"]
    if sample is None:
        noise = np.random.default_rng(0)
        shapes = [[side or UNDECLARED_SIDE for side in shape] for shape in inputs["shapes"]]
        return [
            noise.uniform(-1, 1, (2, *s)).astype(d) for s, d in zip(shapes, dtypes, strict=True)
        ]
    arrays = [
        np.asarray(array).astype(d) for array, d in zip(tree.flatten(sample), dtypes, strict=True)
    ]
    for array, shape in zip(arrays, inputs["shapes"], strict=True):
        wrong = array.ndim != len(shape) + 1 or any(
            s is not None and s != side for s, side in zip(shape, array.shape[1:], strict=False)
        )
        if wrong or not len(array):
            raise ValueError(
                "sample must be shaped as the model's input with a batch axis, "
                f"{(None, *shape)}; got {array.shape}"
            )
    return [a[:2] if len(a) > 1 else np.concatenate([a, np.flip(a, 1)]) for a in arrays]


def expected_outputs(
    model: keras.Model, network: keras.Model, job: dict, samples: dict, tolerance: float
) -> dict[str, list]:
    """The original model's outputs: "float32/CASE" and "uint8/CASE" -> flat list of arrays."""
    from kgen.data.images import to_float, to_uint8

    expected = {}
    forward = _forward(network)
    with exact_evaluation():
        for case, arrays in samples.items():
            expected[f"float32/{case}"] = _run(forward, job, arrays)
            if job["uint8"]:
                quantized = [to_float(to_uint8(a)) if a.ndim == 4 else a for a in arrays]
                outputs = _run(forward, job, quantized)
                expected[f"uint8/{case}"] = [to_uint8(y) if y.ndim == 4 else y for y in outputs]
        case, arrays = next(iter(samples.items()))
        again = _run(forward, job, arrays)
    change = max(float(d.max()) for d in _differences(expected[f"float32/{case}"], again))
    if not change <= tolerance:
        mode = getattr(model, "inference_mode", None)
        cause = f'inference_mode="{mode}"' if mode else "Some layer"
        raise ValueError(
            f"the model gives other outputs when called again (they differ by {change:.3g}): it is "
            f"random at inference, so that its export could not be compared with it. {cause} keeps "
            'dropout or noise on; kgen systems export with inference_mode="instance" or "moving".'
        )
    return expected


def _forward(network: keras.Model) -> Callable[[Any], Any]:
    """The network as a function; compiled on JAX, where single operations compile much slower."""
    if keras.config.backend() != "jax" or not network.built:
        return lambda nested: network(nested, training=False)
    import jax

    variables = network.variables
    values = [variable.value for variable in variables]

    def step(values: list, nested: Any) -> tuple[Any, list]:
        with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
            outputs = network(nested, training=False)
        return outputs, [scope.get_current_value(variable) for variable in variables]

    compiled = jax.jit(step)

    def forward(nested: Any) -> Any:
        nonlocal values  # carried on, so that random layers draw anew
        outputs, values = compiled(values, nested)
        return outputs

    return forward


def _run(forward: Callable, job: dict, arrays: list[np.ndarray]) -> list[np.ndarray]:
    outputs = forward(tree.map_structure(lambda i: arrays[i], job["structure"]))
    return [
        np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(y, "float32")))
        for y in tree.flatten(outputs)
    ]


@contextlib.contextmanager
def exact_evaluation() -> Iterator[None]:
    """No gradients, and float32 as it is: accelerators round it to 10 bits (TF32) by default."""
    with contextlib.ExitStack() as stack:
        if keras.config.backend() == "tensorflow":
            import tensorflow as tf

            used = tf.config.experimental.tensor_float_32_execution_enabled()
            tf.config.experimental.enable_tensor_float_32_execution(False)
            stack.callback(tf.config.experimental.enable_tensor_float_32_execution, used)
        elif keras.config.backend() == "jax":
            import jax

            stack.enter_context(jax.default_matmul_precision("highest"))
        elif keras.config.backend() == "torch":
            import torch

            stack.enter_context(torch.no_grad())
            stack.enter_context(torch.backends.cudnn.flags(enabled=False, allow_tf32=False))
        yield


def compare(
    expected: dict, outputs: dict, tolerance: float, path: Path
) -> tuple[dict[str, float], dict[str, float]]:
    """The largest and mean difference of each signature; raises where one is over the tolerance."""
    largest: dict[str, float] = {}
    means: dict[str, list] = {}
    for key, arrays in outputs.items():  # "SIGNATURE/CASE"
        signature, case = key.split("/")
        kind = "uint8" if signature == "serve_uint8" else "float32"
        differences = _differences(expected[f"{kind}/{case}"], arrays)
        largest[signature] = max(
            largest.get(signature, 0.0), *(float(d.max()) for d in differences)
        )
        means.setdefault(signature, []).extend(float(d.mean()) for d in differences)
    mean = {signature: float(np.mean(values)) for signature, values in means.items()}
    for signature in largest:
        _check(signature, largest[signature], mean[signature], tolerance, path)
    return largest, mean


def _check(signature: str, largest: float, mean: float, tolerance: float, path: Path) -> None:
    allowed, allowed_mean, unit = tolerance, tolerance, ""
    if signature == "serve_uint8":
        # a value next to .5 may be rounded to the other side; in many places it may not
        allowed, allowed_mean, unit = (
            math.ceil(tolerance * 127.5),
            tolerance * 127.5,
            " grey values",
        )
    if not (largest <= allowed and mean <= allowed_mean):
        raise RuntimeError(
            f"the exported model differs from the original by {largest:.3g}{unit} in {signature!r} "
            f"(mean {mean:.3g}); allowed are {allowed:g} (mean {allowed_mean:.3g}). Nothing at "
            f"{path} was replaced. Some layer computes something else on TensorFlow, or the "
            "tolerance is too small for the precision that the model computes in."
        )


def _differences(expected: list[np.ndarray], arrays: list[np.ndarray]) -> list[np.ndarray]:
    if [a.shape for a in expected] != [a.shape for a in arrays]:
        return [np.array([np.inf])]
    pairs = zip(expected, arrays, strict=True)
    return [np.abs(a.astype("float64") - b.astype("float64")) for a, b in pairs]

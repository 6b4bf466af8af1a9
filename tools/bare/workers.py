"""What the worker processes of `tools/benchmark` have in common: turns, figures, precision.

A worker does one step each time the driver writes "go" to its standard input, and answers with a
line of JSON: how long the turn took, and the most memory it has needed so far.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


def wait_for_turn() -> bool:
    """Block until the driver says go; False when it says stop."""
    return sys.stdin.readline().strip() == "go"


def report(seconds: float) -> None:
    """Tell the driver how long a turn took and how much memory was needed so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # GiB, from KiB
    print(json.dumps({"seconds": seconds, "memory": gpu_memory() or peak}), flush=True)


def gpu_memory() -> float:
    """Peak memory on the GPU in GiB; 0 where there is none."""
    if "torch" in sys.modules and (torch := sys.modules["torch"]).cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    if "jax" in sys.modules and (jax := sys.modules["jax"]).default_backend() == "gpu":
        return jax.devices()[0].memory_stats()["peak_bytes_in_use"] / 2**30
    tf = sys.modules.get("tensorflow")
    if tf is not None and tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**30
    return 0.0


def set_precision(backend: str, precision: str) -> None:
    """float32, tf32 (the framework's own switch) or bfloat16 (Keras' policy)."""
    import keras

    if precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    exact = precision == "float32"
    if backend == "torch":
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not exact
    elif backend == "jax":
        import jax

        jax.config.update("jax_default_matmul_precision", "highest" if exact else None)
    else:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(not exact)


def step_in_turns(make_step: Callable[[], Callable[[], Any]]) -> None:
    """One call of the step for each turn; the first turn makes it, too."""
    step = None
    while wait_for_turn():
        start = time.perf_counter()
        step = make_step() if step is None else step
        step()
        report(time.perf_counter() - start)


def fit_in_turns(make_model: Callable[[], Any], *data: Any, batch_size: int) -> None:
    """`fit`, whose every step is a turn, with all that happens around it; call it in a turn.

    The first turn makes the model, too.
    """
    import keras

    class Turns(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            float(logs["g_loss"])  # wait for the result
            report(time.perf_counter() - self.start)
            if not wait_for_turn():
                self.model.stop_training = True
            self.start = time.perf_counter()

    turns = Turns()
    turns.start = time.perf_counter()
    make_model().fit(*data, batch_size=batch_size, verbose=0, callbacks=[turns])

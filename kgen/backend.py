"""Every place where TensorFlow, JAX and PyTorch differ.

The rest of kgen is written with `keras.ops`.  What `keras.ops` has no word for lives here, once for
each backend: differentiating a function of Keras variables, applying gradients, running a loss term
on some steps only, batch statistics by the backend's fused kernel, and the calling convention of
`train_step`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from types import MethodType
from typing import Any, ClassVar

import keras
from keras import ops, tree

BACKEND: str = keras.config.backend()

Pull = Callable[[Any], list]


def replica_count() -> float:
    """Number of devices that hold a copy of the model and sum their gradients."""
    return 1.0


def apply_gradients(
    optimizer: keras.optimizers.Optimizer,
    gradients: list,
    variables: list[keras.Variable],
) -> None:
    """Let `optimizer` change `variables` in place by `gradients` (None: no gradient)."""
    optimizer.apply(gradients, variables)


def lay_out(variables: Sequence[keras.Variable]) -> None:
    """Store convolution kernels in the order in which the backend's convolutions read them."""


def speed_up(optimizer: keras.optimizers.Optimizer) -> None:
    """Let a built optimizer use the backend's fused operations; its results stay the same."""


def move_towards(
    averages: Sequence[keras.Variable], sources: Sequence[keras.Variable], share: float
) -> None:
    """Move each average the given share of the way to its source: a <- a + share (s - a)."""
    for average, source in zip(averages, sources, strict=True):
        average.assign(average + (ops.convert_to_tensor(source) - average) * share)


def run_if(condition: Any, term: Callable[[], Any], compiled: bool = False) -> Any:
    """`term()`, a float32 scalar, where `condition` holds; 0 without running `term` elsewhere.

    Args:
        condition: scalar boolean tensor.
        term: function without arguments; may assign variables (random state, batch statistics).
        compiled: whether the step is compiled by XLA.
    """
    return ops.cond(
        condition,
        lambda: ops.cast(term(), "float32"),
        lambda: ops.zeros((), "float32"),
    )


def batch_moments(inputs: Any) -> tuple[Any, Any]:
    """Mean and population variance over all axes but the last, in float32."""
    return ops.moments(inputs, axes=tuple(range(len(inputs.shape) - 1)))


def conv_transpose(inputs: Any, kernel: Any, strides: tuple[int, int], padding: str) -> Any:
    """Transposed convolution of channels-last images; kernel (h, w, out, in)."""
    return ops.conv_transpose(inputs, kernel, strides, padding, data_format="channels_last")


def normalize_batch(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Batch normalization with the statistics of `inputs`, by the backend's fastest route.

    Args:
        inputs: float32, (B, ..., C).
        gamma: float32, (C,): scale.
        beta: float32, (C,): offset.
        epsilon: added to the variance.

    Returns:
        normalized inputs; mean, (C,); unbiased variance, (C,): n / (n - 1) times the population
        variance, 0 where n is 1.
    """
    mean, variance = batch_moments(inputs)
    outputs = ops.batch_normalization(inputs, mean, variance, -1, beta, gamma, epsilon)
    count = ops.cast(ops.prod(ops.shape(inputs)[:-1]), "float32")
    return outputs, mean, variance * count / ops.maximum(count - 1.0, 1.0)


def normalize_instances(inputs: Any, epsilon: float) -> Any:
    """Mean 0 and variance 1 for each image and channel; float32 (B, H, W, C)."""
    centred = inputs - ops.mean(inputs, axis=(1, 2), keepdims=True)
    variance = ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)
    return centred * ops.rsqrt(variance + epsilon)


def differentiate(
    function: Callable, variables: list[keras.Variable], *tensors: Any, again: bool = False
) -> tuple[Any, Any, Pull]:
    """Run `function(*tensors)` and keep what is needed to differentiate it (a vector-Jacobian
    product).

    Args:
        function: returns (outputs, extra); `outputs` is what can be differentiated, a nest of
            tensors.
        variables: Keras variables to differentiate by.
        tensors: nests of tensors, arguments of `function`, to differentiate by.
        again: whether the gradients will themselves be differentiated (gradient penalties).

    Returns:
        outputs; extra; `pull(slopes)`, which takes the gradient of some scalar by `outputs` and
        gives `[gradients of variables, gradients of the first tensor, ...]`; None where there is
        none. It may be called once: a tape of TensorFlow that kept more would trace the gradient of
        `run_if` three times over.
    """
    raise NotImplementedError(f"kgen does not support the Keras backend {BACKEND!r}")


def _pairs(outputs: Any, slopes: Any) -> list[tuple]:
    """Each output tensor with its slope; None where no loss depends on it."""
    return list(zip(tree.flatten(outputs), tree.flatten(slopes), strict=True))


class Steps:
    """`train_step` and `test_step` as the backend's Keras trainer calls them.

    A class that has `_update(batch)` and `_evaluate(batch)`, which read and assign Keras variables
    and return logs, gets the two methods that `fit` and `evaluate` call.
    """

    def train_step(self, data: Any) -> dict:
        return self._update(data)

    def test_step(self, data: Any) -> dict:
        return self._evaluate(data)


if BACKEND == "tensorflow":
    import tensorflow as tf

    def replica_count() -> float:
        return float(tf.distribute.get_strategy().num_replicas_in_sync)

    def run_if(condition: Any, term: Callable[[], Any], compiled: bool = False) -> Any:
        if compiled:  # XLA cannot differentiate every cond: there the term runs on every step
            return ops.where(condition, ops.cast(term(), "float32"), 0.0)
        return ops.cond(
            condition,
            lambda: ops.cast(term(), "float32"),
            lambda: ops.zeros((), "float32"),
        )

    def normalize_batch(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple:
        shape = tf.shape(inputs)
        if len(inputs.shape) != 4:  # the fused kernel takes images only
            inputs = tf.reshape(inputs, [-1, 1, 1, inputs.shape[-1]])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=gamma,
            offset=beta,
            mean=[],
            variance=[],
            epsilon=epsilon,
            is_training=True,
        )
        return tf.reshape(outputs, shape), mean, variance

    def differentiate(
        function: Callable, variables: list[keras.Variable], *tensors: Any, again: bool = False
    ) -> tuple[Any, Any, Pull]:
        values = [variable.value for variable in variables]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs, extra = function(*tensors)

        def pull(slopes: Any) -> list:
            ends = [pair for pair in _pairs(outputs, slopes) if pair[1] is not None]
            return tape.gradient(
                [output for output, _ in ends],
                [values, *tensors],
                output_gradients=[slope for _, slope in ends],
            )

        return outputs, extra, pull

elif BACKEND == "torch":
    import torch

    def replica_count() -> float:
        return 1.0  # gradients are averaged, not summed, in apply_gradients

    def lay_out(variables: Sequence[keras.Variable]) -> None:
        # Keras' kernels are (h, w, in, out); PyTorch's convolutions of channels-last images read
        # them as (out, h, w, in) and would copy every kernel, and every gradient, at each call
        for variable in variables:
            if len(variable.shape) == 4:
                data = variable.value.data
                variable.value.data = data.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0)

    def speed_up(optimizer: keras.optimizers.Optimizer) -> None:
        # Keras' Adam makes five temporary copies of all weights at each step; this makes one
        if isinstance(optimizer, keras.optimizers.Adam) and not optimizer.amsgrad:
            optimizer._parallel_update_step = MethodType(_adam_step, optimizer)

    def _adam_step(adam: Any, gradients: list, variables: list, learning_rate: Any) -> None:
        """m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, w <- w - alpha m / (sqrt(v) + eps)."""
        place = [adam._get_variable_index(variable) for variable in variables]
        weights = [variable.value for variable in variables]
        first = [adam._momentums[i].value for i in place]
        second = [adam._velocities[i].value for i in place]
        step = float(adam._iterations.value) + 1.0
        rate = float(
            learning_rate.value if isinstance(learning_rate, keras.Variable) else learning_rate
        )
        alpha = rate * math.sqrt(1.0 - adam.beta_2**step) / (1.0 - adam.beta_1**step)
        torch._foreach_lerp_(first, gradients, 1.0 - adam.beta_1)
        torch._foreach_mul_(second, adam.beta_2)
        torch._foreach_addcmul_(second, gradients, gradients, 1.0 - adam.beta_2)
        below = torch._foreach_sqrt(second)
        torch._foreach_add_(below, adam.epsilon)
        torch._foreach_addcdiv_(weights, first, below, -alpha)

    def run_if(condition: Any, term: Callable[[], Any], compiled: bool = False) -> Any:
        return ops.cast(term(), "float32") if bool(condition) else ops.zeros((), "float32")

    def normalize_batch(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple:
        channels, count = inputs.shape[-1], inputs.numel() // inputs.shape[-1]
        mean, variance = inputs.new_zeros(channels), inputs.new_zeros(channels)
        outputs = torch.batch_norm(
            inputs.movedim(-1, 1), gamma, beta, mean, variance, True, 1.0, epsilon, False
        )
        if count == 1:  # n / (n - 1) is not a number
            variance = torch.zeros_like(variance)
        return outputs.movedim(1, -1), mean, variance

    def normalize_instances(inputs: Any, epsilon: float) -> Any:
        # one image whose channels are those of all images: batch normalization of channels-last
        # images is the one kernel that is fused in both directions, and pays for two copies
        batch, height, width, channels = inputs.shape
        images = inputs.permute(1, 2, 0, 3).reshape(1, height, width, batch * channels)
        outputs = torch.batch_norm(
            images.movedim(-1, 1), None, None, None, None, True, 0.0, epsilon, False
        )
        outputs = outputs.movedim(1, -1).reshape(height, width, batch, channels)
        return outputs.permute(2, 0, 1, 3)

    def differentiate(
        function: Callable, variables: list[keras.Variable], *tensors: Any, again: bool = False
    ) -> tuple[Any, Any, Pull]:
        if not again:  # a penalty needs the way its tensors came about, a step does not
            tensors = tree.map_structure(lambda t: t.detach().requires_grad_(), tensors)
        else:
            tensors = tree.map_structure(
                lambda t: t if t.requires_grad else t.detach().requires_grad_(), tensors
            )
        for variable in variables:  # whatever became of the `trainable` flag
            variable.value.requires_grad_(True)
        with torch.enable_grad():
            outputs, extra = function(*tensors)
        sources = [[variable.value for variable in variables], *tensors]
        if not again:
            extra = tree.map_structure(lambda t: t.detach() if torch.is_tensor(t) else t, extra)

        def pull(slopes: Any) -> list:
            ends = [
                (output, slope)
                for output, slope in _pairs(outputs, slopes)
                if output.requires_grad and slope is not None
            ]
            found = torch.autograd.grad(
                [output for output, _ in ends],
                tree.flatten(sources),
                [slope for _, slope in ends],
                allow_unused=True,
                create_graph=again,
            )
            return tree.pack_sequence_as(sources, found)

        return outputs, extra, pull

    def apply_gradients(
        optimizer: keras.optimizers.Optimizer, gradients: list, variables: list[keras.Variable]
    ) -> None:
        with torch.no_grad():
            if torch.distributed.is_available() and torch.distributed.is_initialized():
                for gradient in gradients:  # one process for each device
                    torch.distributed.all_reduce(gradient)
                    gradient /= torch.distributed.get_world_size()
            optimizer.apply(gradients, variables)

    def move_towards(
        averages: Sequence[keras.Variable], sources: Sequence[keras.Variable], share: float
    ) -> None:
        if averages:
            with torch.no_grad():
                torch._foreach_lerp_([a.value for a in averages], [s.value for s in sources], share)

elif BACKEND == "jax":
    import jax

    class _Scope(keras.StatelessScope):
        """A stateless scope that starts from what the scope around it knows."""

        active: ClassVar[list[_Scope]] = []  # innermost last; holds the variables' current values

        def __enter__(self) -> _Scope:
            if _Scope.active:
                self.state_mapping = {**_Scope.active[-1].state_mapping, **self.state_mapping}
            _Scope.active.append(self)
            return super().__enter__()

        def __exit__(self, *args: Any, **kwargs: Any) -> None:
            _Scope.active.remove(self)
            super().__exit__(*args, **kwargs)

    def _known() -> dict:
        return _Scope.active[-1].state_mapping if _Scope.active else {}

    def _learn(state: dict) -> None:
        """Take over what an inner scope assigned."""
        if _Scope.active:
            _Scope.active[-1].state_mapping = {**_known(), **state}

    def differentiate(
        function: Callable, variables: list[keras.Variable], *tensors: Any, again: bool = False
    ) -> tuple[Any, Any, Pull]:
        def pure(values: list, *tensors: Any) -> tuple:
            with _Scope(list(zip(variables, values, strict=True))) as scope:
                outputs, extra = function(*tensors)
            return outputs, (extra, scope.state_mapping)

        values = [variable.value for variable in variables]
        outputs, pull, (extra, state) = jax.vjp(pure, values, *tensors, has_aux=True)
        _learn({**state, **{id(v): value for v, value in zip(variables, values, strict=True)}})
        return outputs, extra, pull

    def apply_gradients(
        optimizer: keras.optimizers.Optimizer, gradients: list, variables: list[keras.Variable]
    ) -> None:
        new_values, new_state = optimizer.stateless_apply(
            [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
        )
        owners = variables + optimizer.variables
        for variable, value in zip(owners, new_values + new_state, strict=True):
            variable.assign(value)

    def run_if(condition: Any, term: Callable[[], Any], compiled: bool = False) -> Any:
        before, changed = _known(), []

        def run() -> tuple:
            with _Scope() as scope:
                value = ops.cast(term(), "float32")
            changed[:] = [k for k, v in scope.state_mapping.items() if v is not before.get(k)]
            return value, [scope.state_mapping[k] for k in changed]

        def skip() -> tuple:
            return ops.zeros((), "float32"), [before[k] for k in changed]

        jax.eval_shape(run)  # finds which variables the term assigns
        value, state = jax.lax.cond(condition, run, skip)
        _learn(dict(zip(changed, state, strict=True)))
        return value

    @partial(jax.custom_vjp, nondiff_argnums=(2, 3))
    def conv_transpose(inputs: Any, kernel: Any, strides: tuple[int, int], padding: str) -> Any:
        return ops.conv_transpose(inputs, kernel, strides, padding, data_format="channels_last")

    def _conv_transpose_forward(inputs: Any, kernel: Any, strides: tuple, padding: str) -> tuple:
        return conv_transpose(inputs, kernel, strides, padding), (inputs, kernel)

    def _conv_transpose_backward(strides: tuple, padding: str, saved: tuple, slope: Any) -> tuple:
        # A transposed convolution is the gradient of a plain one; its own gradients are that plain
        # convolution and the plain one's kernel gradient. XLA's derivation of the latter from the
        # transposed form is many times slower on CPUs.
        inputs, kernel = saved

        def plain(kernel: Any) -> Any:
            return ops.conv(slope, kernel, strides, padding, "channels_last")

        by_inputs, pull = jax.vjp(plain, kernel)
        return by_inputs, pull(inputs)[0]

    conv_transpose.defvjp(_conv_transpose_forward, _conv_transpose_backward)

    def _run_pure(function: Callable, parts: tuple, state: tuple, data: Any) -> tuple:
        """Run `function(data)`, which assigns variables, as a pure function of their values."""
        pairs = [
            pair
            for variables, values in zip(parts, state, strict=True)
            for pair in zip(variables, values, strict=True)
        ]
        with _Scope(pairs) as scope:
            logs = function(data)
        return logs, tuple([scope.get_current_value(v) for v in part] for part in parts)

    class Steps:
        """`train_step` and `test_step` as pure functions of the variables' values."""

        def train_step(self, state: tuple, data: Any) -> tuple[dict, tuple]:
            parts = (
                self.trainable_variables,
                self.non_trainable_variables,
                self.optimizer.variables,
                self.metrics_variables,
            )
            return _run_pure(self._update, parts, state, data)

        def test_step(self, state: tuple, data: Any) -> tuple[dict, tuple]:
            parts = (self.trainable_variables, self.non_trainable_variables, self.metrics_variables)
            return _run_pure(self._evaluate, parts, state, data)


def gradient(function: Callable[[Any], Any], inputs: Any) -> Any:
    """The gradient of the sum of `function(inputs)` by `inputs`; itself differentiable.

    Use it inside a loss for penalties on a gradient (R1, WGAN-GP).

    Args:
        function: takes a tensor like `inputs`, gives a tensor of any shape.
        inputs: tensor.

    Returns:
        tensor of the shape of `inputs`.
    """
    inputs = ops.convert_to_tensor(inputs)
    outputs, _, pull = differentiate(lambda x: (function(x), None), [], inputs, again=True)
    return pull(ops.ones_like(outputs))[1]

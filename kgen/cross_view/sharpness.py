"""Sharpness-aware minimization: the gradient is taken where the loss is worst nearby.

One step: the gradient g at w; e, the step to the worst point within a radius; the gradient at
w + e; back to w, which moves by that second gradient.

plain (Foret et al., 2021):      e = rho g / |g|
adaptive (Kwon et al., 2021):    e = rho T^2 g / |T g|, with T = |w| + eta for weights, 1 for biases
as SAIG's released code has it:  T = |w| for everything
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kgen import backend

# form -> (rho, eta), as published
FORMS: dict[str, tuple[float, float]] = {
    "saig": (2.0, 0.0),
    "samsung": (0.5, 0.01),
    "sam": (0.05, 0.0),
}
WEIGHTS = ("kernel", "gamma", "embeddings", "weight")  # what PyTorch calls "weight"


def radius(form: str, rho: float | None = None, eta: float | None = None) -> tuple[float, float]:
    """rho and eta of a form: what is given, else what was published with it.

    Raises:
        ValueError: an unknown form, rho that is not above 0, eta below 0, or eta where there is
            none.
    """
    if form not in FORMS:
        raise ValueError(f"asam must be None or one of {', '.join(FORMS)}; got {form!r}")
    if rho is not None and not rho > 0:
        raise ValueError(f"rho, the radius of {form!r}, must be above 0; got {rho}")
    if eta is not None and (form != "samsung" or eta < 0):
        raise ValueError(
            f"eta is added to |w| with asam='samsung' and is at least 0; got eta={eta} with "
            f"asam={form!r}"
        )
    published = FORMS[form]
    return published[0] if rho is None else rho, published[1] if eta is None else eta


def perturbations(
    gradients: Sequence[Any],
    variables: Sequence[keras.Variable],
    form: str = "saig",
    rho: float = 2.0,
    eta: float = 0.0,
) -> list[Any]:
    """e for each variable, with one norm over all of them.

    Args:
        gradients: at w; any common factor cancels.
        variables: their values are w.
        form: "saig", "samsung" or "sam", see above.
        rho: radius.
        eta: of "samsung".

    Returns:
        tensors; all 0 where the norm is not finite, so that a float16 step that overflowed does
        not spoil batch statistics.
    """
    scaled = [
        _scale(variable, form, eta) * ops.cast(gradient, variable.dtype)
        for gradient, variable in zip(gradients, variables, strict=True)
    ]
    norm = ops.sqrt(sum(ops.sum(ops.square(ops.cast(each, "float32"))) for each in scaled))
    usable = ops.isfinite(norm)
    return [
        ops.where(usable, _scale(variable, form, eta) * each * rho / (norm + 1e-12), 0.0)
        for each, variable in zip(scaled, variables, strict=True)
    ]


def _scale(variable: keras.Variable, form: str, eta: float) -> Any:
    """T."""
    if form == "sam" or (form == "samsung" and not variable.name.endswith(WEIGHTS)):
        return 1.0
    return ops.abs(ops.stop_gradient(ops.convert_to_tensor(variable))) + eta


def sharpness_aware(
    loss: Callable[[], tuple[Any, Any]],
    variables: Sequence[keras.Variable],
    form: str = "saig",
    rho: float = 2.0,
    eta: float = 0.0,
    slope: Any = 1.0,
) -> tuple[Any, Any, list[Any]]:
    """Gradients at w + e; the variables are at w again afterwards, bit by bit.

    `loss` runs twice with training=True, so moving statistics move twice, as in PyTorch.

    Args:
        loss: without arguments -> (scalar, whatever else).
        variables: what is perturbed and differentiated by.
        form, rho, eta: as in `perturbations`.
        slope: factor on the gradients (loss scaling).

    Returns:
        loss and extra at w, gradients (None where a variable has no part in the loss).

    Example:

    >>> import keras, numpy as np
    >>> from kgen.cross_view.sharpness import sharpness_aware
    >>> w = keras.Variable([2.0])
    >>> value, _, gradients = sharpness_aware(lambda: (keras.ops.sum(w * w), None), [w], rho=0.5)
    >>> float(value), float(gradients[0][0])  # e = .5 |w| = 1: the gradient at 3
    (4.0, 6.0)
    """
    variables = list(variables)
    value, extra, pull = backend.differentiate(loss, variables)
    gradients = pull(slope * ops.ones_like(value))[0]
    found = [i for i, gradient in enumerate(gradients) if gradient is not None]
    moved = [variables[i] for i in found]
    before = [ops.copy(ops.stop_gradient(ops.convert_to_tensor(v))) for v in moved]
    steps = perturbations([gradients[i] for i in found], moved, form, rho, eta)
    for variable, start, step in zip(moved, before, steps, strict=True):
        variable.assign(start + step)
    again, _, pull = backend.differentiate(loss, variables)
    gradients = pull(slope * ops.ones_like(again))[0]
    for variable, start in zip(moved, before, strict=True):
        variable.assign(start)
    return ops.stop_gradient(value), extra, gradients

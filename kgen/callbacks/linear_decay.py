"""The pix2pix schedule: the learning rate stays for some epochs, then falls linearly.

A callback and not a `LearningRateSchedule`, because it counts epochs and needs no number of steps,
and because it serves all the players' optimizers at once.
"""

from typing import Any, Literal

import keras

Form = Literal["step_at_epoch_end", "step_at_epoch_start"]
FORMS = ("step_at_epoch_end", "step_at_epoch_start")


def linear_decay(
    epoch: int, constant_epochs: int, decay_epochs: int, form: Form = "step_at_epoch_end"
) -> float:
    """Return the factor on the learning rate during an epoch.

    `1 - max(0, epoch - constant_epochs) / (decay_epochs + 1)`, as the pix2pix code has it when its
    scheduler steps at the end of an epoch: the last epoch still trains, with
    1 / (decay_epochs + 1).  Between 2021 and 2024 that code stepped at the start of the epoch,
    which makes everything one epoch earlier and the last rate 0.

    Args:
        epoch: counted from 1.
        constant_epochs: epochs with the full rate.
        decay_epochs: epochs over which the rate falls.
        form: `"step_at_epoch_end"` or `"step_at_epoch_start"`.

    Returns:
        The factor, in [0, 1]; 0 for every epoch after the last.

    Example:
        >>> [round(linear_decay(epoch, 2, 3), 2) for epoch in (1, 2, 3, 4, 5)]
        [1.0, 1.0, 0.75, 0.5, 0.25]
    """
    late = epoch - constant_epochs + (form == "step_at_epoch_start")
    return max(0.0, 1.0 - max(0, late) / (decay_epochs + 1))


class LinearDecay(keras.callbacks.Callback):
    """Keep every player's learning rate for some epochs, then let it fall linearly.

    The rates that the optimizers have when training starts are the full ones.  The lowered rate is
    in force during an epoch only and the full one is put back at its end, so that a saved model
    holds full rates and goes on rightly with `fit(initial_epoch=...)`; list this callback before
    those that save.  The rate that was used is reported as `learning_rate`, or per player where
    the players' rates differ.

    Args:
        constant_epochs: epochs with the full rate.
        decay_epochs: epochs over which the rate falls.
        form: `"step_at_epoch_end"` (default) or `"step_at_epoch_start"`, see `linear_decay`.

    Raises:
        ValueError: a count is negative, or the form is unknown; on training: an optimizer follows a
            LearningRateSchedule already.

    Example:
        >>> callback = LinearDecay(constant_epochs=100, decay_epochs=100)
        >>> callback.constant_epochs + callback.decay_epochs
        200
    """

    def __init__(
        self, constant_epochs: int, decay_epochs: int, form: Form = "step_at_epoch_end"
    ) -> None:
        super().__init__()
        if min(constant_epochs, decay_epochs) < 0:
            raise ValueError(
                "constant_epochs and decay_epochs must be 0 or more; "
                f"received {constant_epochs} and {decay_epochs}"
            )
        if form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}; received {form!r}")
        self.constant_epochs = constant_epochs
        self.decay_epochs = decay_epochs
        self.form = form
        self._full_rates: list[float] = []

    def factor_in(self, epoch: int) -> float:
        """Return the factor on the learning rate during an epoch, counted from 1."""
        return linear_decay(epoch, self.constant_epochs, self.decay_epochs, self.form)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Remember the full rates."""
        self._full_rates = [_full_rate(optimizer) for optimizer in self._optimizers()]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Put the epoch's rates in force; Keras counts epochs from 0."""
        factor = self.factor_in(epoch + 1)
        for optimizer, full in zip(self._optimizers(), self._full_rates, strict=True):
            optimizer.learning_rate = full * factor
            # An interruption leaves the lowered rate behind; the next training must know.
            optimizer._rate_before_decay = (full, _rate(optimizer))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Report the rates that were used and put the full ones back."""
        if logs is not None:
            logs.update(self._report([_rate(optimizer) for optimizer in self._optimizers()]))
        for optimizer, full in zip(self._optimizers(), self._full_rates, strict=True):
            optimizer.learning_rate = full

    def _optimizers(self) -> list[Any]:
        return list(getattr(self.model.optimizer, "optimizers", [self.model.optimizer]))

    def _report(self, rates: list[float]) -> dict[str, float]:
        if len(set(rates)) == 1:
            return {"learning_rate": rates[0]}
        players = list(getattr(self.model, "players", range(len(rates))))
        return {f"{name}_learning_rate": rate for name, rate in zip(players, rates, strict=True)}


def _rate(optimizer: Any) -> float:
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _full_rate(optimizer: Any) -> float:
    # A loss-scaling optimizer wraps the one that has the rate.
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        raise ValueError(
            "The decay sets the learning rate at every epoch, so the optimizer must have a plain "
            f"number; {inner.name!r} follows a {type(inner._learning_rate).__name__}. "
            "Give it a number, or leave the decay out."
        )
    current = _rate(optimizer)
    full, lowered = getattr(optimizer, "_rate_before_decay", (current, current))
    return full if current == lowered else current

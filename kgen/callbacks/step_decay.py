"""The schedule of text-to-image GANs: the learning rate is halved every so many epochs."""

import keras

from kgen.callbacks.linear_decay import LinearDecay


class StepDecay(LinearDecay):
    """Multiply every player's learning rate by a factor after every `every` epochs.

    Reed et al., 2016, section 5, and Dong et al., 2017: halved every 100 epochs; StackGAN every 50.
    As with `LinearDecay` the lowered rate is in force during epochs only, so that a saved model
    holds full rates and goes on rightly with `fit(initial_epoch=...)`; list this callback before
    those that save.

    Args:
        every: epochs with one rate. Default 100.
        factor: on the rate, in (0, 1]. Default 0.5.

    Raises:
        ValueError: `every` below 1, or a factor out of range; on training: an optimizer follows a
            LearningRateSchedule already.

    Example:
        >>> callback = StepDecay(every=100)
        >>> [callback.factor_in(epoch) for epoch in (1, 100, 101, 201)]
        [1.0, 1.0, 0.5, 0.25]
    """

    def __init__(self, every: int = 100, factor: float = 0.5) -> None:
        keras.callbacks.Callback.__init__(self)
        if every < 1 or not 0.0 < factor <= 1.0:
            raise ValueError(
                "every must be at least 1 epoch and factor in (0, 1]; "
                f"received {every} and {factor}"
            )
        self.every, self.factor = every, factor
        self._full_rates: list[float] = []

    def factor_in(self, epoch: int) -> float:
        """Return the factor on the learning rate during an epoch, counted from 1."""
        return self.factor ** ((epoch - 1) // self.every)

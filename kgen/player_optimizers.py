"""One optimizer for each player, behind the single `model.optimizer` that Keras knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras

from kgen.backend import lay_out, speed_up


class PlayerOptimizers(keras.optimizers.Optimizer):
    """All the players' optimizers behind the one `model.optimizer` that Keras saves and schedules.

    Keras' learning-rate callbacks look for a list named `optimizers` and act on each. What must
    survive for training to continue exactly is saved with it: every optimizer's slots, step and
    learning rate, the number of steps, and the random states that Keras leaves out of files.

    Args:
        optimizers: player -> its optimizer.
        variables: player -> the variables it trains; fixed here, whatever happens to `trainable`.
        random_states: the seed generators' variables.
        scale_losses: wrap each optimizer in a `LossScaleOptimizer` (float16).
    """

    def __init__(
        self,
        optimizers: dict[str, keras.optimizers.Optimizer],
        variables: dict[str, list[keras.Variable]],
        random_states: list[keras.Variable],
        scale_losses: bool = False,
    ) -> None:
        super().__init__(learning_rate=0.0, name="players")
        if scale_losses:
            optimizers = {
                p: o
                if isinstance(o, keras.optimizers.LossScaleOptimizer)
                else keras.optimizers.LossScaleOptimizer(o)
                for p, o in optimizers.items()
            }
        self.optimizers = list(optimizers.values())
        # a namespace is opaque to Keras' tracking, which would take the model's variables for its
        # own
        self._players = SimpleNamespace(
            optimizers=optimizers, variables=variables, random_states=random_states
        )
        for player, optimizer in optimizers.items():
            optimizer.build(variables[player])
            lay_out(variables[player] + optimizer.variables)
            speed_up(getattr(optimizer, "inner_optimizer", optimizer))
        self.built = True

    def of(self, player: str) -> keras.optimizers.Optimizer:
        """The optimizer of a player."""
        return self._players.optimizers[player]

    def variables_of(self, player: str) -> list[keras.Variable]:
        """The variables that a player trains."""
        return self._players.variables[player]

    def count_step(self) -> None:
        """Add one to the number of finished steps."""
        self._iterations.assign_add(1)

    def serialize_players(self) -> dict[str, dict]:
        """The arguments of `compile` that make these optimizers again."""
        return {
            f"{player}_optimizer": keras.optimizers.serialize(optimizer)
            for player, optimizer in self._players.optimizers.items()
        }

    def build(self, variables: Any) -> None:
        """Nothing to do: the players' optimizers are built with the object."""

    @property
    def variables(self) -> list[keras.Variable]:
        return self._variables + [v for optimizer in self.optimizers for v in optimizer.variables]

    @property
    def learning_rate(self) -> dict[str, Any]:
        """Player -> learning rate. For one player: `of("g").learning_rate = 1e-4`."""
        return {player: o.learning_rate for player, o in self._players.optimizers.items()}

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        for optimizer in self.optimizers:
            optimizer.learning_rate = value

    def finalize_variable_values(self, variables: Any) -> None:
        for player, optimizer in self._players.optimizers.items():
            optimizer.finalize_variable_values(self._players.variables[player])

    def save_own_variables(self, store: Any) -> None:
        store["steps"] = self._iterations.numpy()
        for i, state in enumerate(self._players.random_states):
            store[f"random_state_{i}"] = keras.ops.convert_to_numpy(state)

    def load_own_variables(self, store: Any) -> None:
        self._iterations.assign(store["steps"])
        for i, state in enumerate(self._players.random_states):
            state.assign(store[f"random_state_{i}"])


def gan_adam(player: str) -> keras.optimizers.Optimizer:
    """Adam as GANs are trained: learning rate 2e-4, beta 0.5 and 0.999, epsilon 1e-8."""
    return keras.optimizers.Adam(
        2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8, name=f"{player}_adam"
    )


def get_optimizer(
    argument: str, given: Any, default: keras.optimizers.Optimizer | None
) -> keras.optimizers.Optimizer:
    """The optimizer that `compile(argument=given)` means.

    Raises:
        TypeError: nothing given and no default, or something that is no optimizer.
        ValueError: a name or config that Keras does not know.
    """
    known = "adam, adamw, sgd, rmsprop, ..."
    if given is None:
        if default is None:
            raise TypeError(f"compile() needs {argument}: a Keras optimizer or its name ({known})")
        return default
    if not isinstance(given, (str, dict, keras.optimizers.Optimizer)):
        raise TypeError(
            f"{argument} must be a Keras optimizer, its name ({known}) or its config; got {given!r}"
        )
    if isinstance(given, keras.optimizers.Optimizer) and given.built:
        raise ValueError(
            f"{argument}: this optimizer already belongs to other variables; give each "
            "player, and each "
            "compile(), an optimizer of its own"
        )
    try:
        return keras.optimizers.get(given)
    except ValueError as error:
        raise ValueError(
            f"{argument}: Keras knows no optimizer {given!r}; use {known} or an object"
        ) from error

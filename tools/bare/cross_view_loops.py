"""Training the cross-view generator in a plain loop of each framework, two optimizers in turn.

`make_step(game, batch)` gives a function that does one training step with the losses of
`cross_view_plain.Game` and returns them.
"""

from functools import partial
from types import SimpleNamespace
from typing import Any

import keras
from cross_view_plain import Game
from keras import ops

from kgen.backend import lay_out

RATES = {"d": 4e-4, "g": 1e-4}
EVERY = 4  # steps from one diversity term to the next


def torch_step(game: Game, batch: dict, draws: Any = None):
    """PyTorch: backward() and torch.optim.Adam."""
    import torch

    for variables in game.variables.values():
        lay_out(variables)  # as a convolution of PyTorch's own has its kernel
    weights = {player: [v.value for v in game.variables[player]] for player in RATES}
    adam = {p: torch.optim.Adam(weights[p], RATES[p], (0.5, 0.999)) for p in RATES}
    batch = {name: ops.convert_to_tensor(images) for name, images in batch.items()}
    device = weights["g"][0].device
    draws = draws or SimpleNamespace(
        normal=lambda shape: torch.randn(shape, device=device),
        uniform=lambda count: torch.rand(count, device=device),
    )

    def improve(player: str, loss: Any) -> None:
        adam[player].zero_grad()
        loss.backward()
        adam[player].step()

    def judging(wanted: bool) -> None:
        for weight in weights["d"]:
            weight.requires_grad_(wanted)

    def step(count: int) -> dict:
        noise = game.noise(batch, draws)
        with torch.no_grad():
            r = game.embedding(batch)
            made = game.generate(r, noise)
        judging(True)
        loss, d_values = game.d_loss(batch, r, made, draws)
        improve("d", loss)
        judging(False)
        loss, g_values = game.g_loss(batch, r, noise, draws, count % EVERY == 0)
        improve("g", loss)
        return {name: value.detach() for name, value in {**d_values, **g_values}.items()}

    return step


def tensorflow_step(game: Game, batch: dict, draws: Any = None):
    """TensorFlow: one tf.function (traced with and without diversity), GradientTape, fused Adam."""
    import tensorflow as tf
    from tensorflow_loop import Adam

    weights = {player: [v.value for v in game.variables[player]] for player in RATES}
    adam = {player: Adam(weights[player], RATES[player]) for player in RATES}
    batch = {name: tf.constant(images) for name, images in batch.items()}
    draws = draws or SimpleNamespace(
        normal=tf.random.normal, uniform=lambda count: tf.random.uniform((count,))
    )

    def improve(player: str, tape: Any, loss: Any) -> None:
        adam[player].apply(weights[player], tape.gradient(loss, weights[player]))

    @tf.function
    def update(batch: dict, diverse: bool) -> dict:
        noise, r = game.noise(batch, draws), game.embedding(batch)
        made = game.generate(r, noise)
        with tf.GradientTape() as tape:
            loss, d_values = game.d_loss(batch, r, made, draws)
        improve("d", tape, loss)
        with tf.GradientTape() as tape:
            loss, g_values = game.g_loss(batch, r, noise, draws, diverse)
        improve("g", tape, loss)
        return {**d_values, **g_values}

    return lambda count: update(batch, count % EVERY == 0)


class _Keys:
    """Random numbers of JAX, each from a key of its own."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def _next(self) -> Any:
        import jax

        self.key, key = jax.random.split(self.key)
        return key

    def normal(self, shape: tuple) -> Any:
        import jax

        return jax.random.normal(self._next(), shape)

    def uniform(self, count: int) -> Any:
        import jax

        return jax.random.uniform(self._next(), (count,))


def jax_step(game: Game, batch: dict, draws: Any = None):
    """JAX: one jitted function of all weights (one for each kind of step), value_and_grad."""
    import jax
    import jax.numpy as jnp
    from jax_loop import adam

    def values_of(variables: list) -> list:
        return [jnp.array(v.value) for v in variables]  # copies, which may be given away

    weights = {player: values_of(game.variables[player]) for player in RATES}
    slots = jax.tree.map(jnp.zeros_like, {p: (weights[p], weights[p]) for p in RATES})
    held = weights, slots, values_of(game.states), jnp.zeros(())
    frozen = values_of(game.frozen)
    batch = {name: jnp.asarray(images) for name, images in batch.items()}

    def run(function, frozen, weights, states):
        owners = game.frozen + game.variables["d"] + game.variables["g"] + game.states
        values = frozen + weights["d"] + weights["g"] + states
        pairs = list(zip(owners, values, strict=True))
        with keras.StatelessScope(state_mapping=pairs) as scope:
            result = function()
        return result, [scope.get_current_value(v) for v in game.states]

    @partial(jax.jit, static_argnums=4, donate_argnums=0)
    def update(held, frozen, batch, key, diverse):
        weights, slots, states, count = held
        count, draws = count + 1, _Keys(key)
        reports: dict = {}

        def improve(player: str, loss, weights: dict, states: list) -> tuple:
            def of(mine: list) -> tuple:
                (value, values), seen = run(loss, frozen, {**weights, player: mine}, states)
                return value, (values, seen)

            slope, (values, seen) = jax.grad(of, has_aux=True)(weights[player])
            new, moved = adam(weights[player], slope, slots[player], count, RATES[player])
            reports.update(values)
            return {**weights, player: list(new)}, {**slots, player: moved}, seen

        noise = game.noise(batch, draws)
        (r, made), states = run(lambda: play(batch, noise), frozen, weights, states)
        weights, slots, states = improve(
            "d", lambda: game.d_loss(batch, r, made, draws), weights, states
        )
        weights, slots, states = improve(
            "g", lambda: game.g_loss(batch, r, noise, draws, diverse), weights, states
        )
        return (weights, slots, states, count), reports

    def play(batch: dict, noise: list) -> tuple:
        r = game.embedding(batch)
        return r, game.generate(r, noise)

    def step(count: int) -> dict:
        nonlocal held
        key = jax.random.fold_in(jax.random.key(0), count)
        held, reports = update(held, frozen, batch, key, count % EVERY == 0)
        return reports

    return step


def make_step(game: Game, batch: dict, draws: Any = None):
    """The plain step of the backend in use: `step(count)` -> the losses by name.

    Args:
        game: the losses.
        batch: images of both views, float32 (B, H, W, 3) in [-1, 1], by view.
        draws: `normal(shape)` and `uniform(count)`, in place of the framework's own (PyTorch).
    """
    loops = {"torch": torch_step, "tensorflow": tensorflow_step, "jax": jax_step}
    return loops[keras.config.backend()](game, batch, draws)

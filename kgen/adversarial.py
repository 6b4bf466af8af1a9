"""Train several networks against each other through plain `model.fit`, on any Keras backend.

A model lists its *players* (name -> the networks it trains, in the order they are updated) and
states one loss for each with `keras.ops`. What several players look at, the generated image above
all, is computed once per step, in `play`. Differentiation, updates, moving averages, metrics,
evaluation and exact saving happen here, the same on TensorFlow, JAX and PyTorch.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops, tree

from kgen import backend
from kgen.checks import as_batch, describe, first_batch
from kgen.player_optimizers import PlayerOptimizers, get_optimizer


class AdversarialModel(backend.Steps, keras.Model):
    """Base class of models whose networks are trained with, or against, each other.

    One step, for the players in the order of `players`:

    1. `play(batch, training=True)` runs once; its result is shared.
    2. The player's loss is computed with the latest weights of all players. For players in
       `trained_through_play` the gradient also flows back through `play`; for the others what was
       played is constant. Only the player's own variables get a gradient.
    3. The player's optimizer changes its variables; then it is the next player's turn.

    A batch is what the data source gives: a dictionary, an array, or (x, y).

    A subclass defines:

    - `players`: name -> attribute name(s) of the networks it trains, e.g. `{"d": "discriminator"}`.
    - `trained_through_play`: players whose networks run in `play`.
    - `<player>_loss(batch, played, training) -> (scalar loss, {name: scalar})` for each player.
    - `reports`: the names that the losses return beside the loss itself, which appear in the logs.
    - `play(batch, training)`: what the losses share. May be left out.
    - `averages`: attribute of an averaged network -> (attribute of its source, decay). May be
      empty.
    - `compare(batch)` -> (real, generated): the pictures that the metrics of `compile` compare in
      `evaluate`; `default_metrics()`: which they are where none are given.
    - `score(batch, compared)` and `scores`: what else `evaluate` reports. By default the losses, or
      nothing where there is something to compare.
    - `example(batch)` -> (inputs, source, target): what pictures during training show.
    - `check_batch(batch)`: raises a `ValueError` that explains what is wrong with the first batch.

    Run folders ask for more, where a subclass has it: `draw_examples(inputs)` and `drawn_as`, how
    pictures are made and called; `result_is_best`, (score, "min" or "max") of the epoch to keep in
    place of the last; `run_settings`, plain values with which alone a run goes on; and
    `export_parts()`, name -> network, where several are exported instead of `inference_model`.

    Networks are built before they are handed over (functional models are). Constructor arguments
    kept under their own names are saved and restored.

    Example: two numbers that chase each other.

    >>> import keras, numpy as np
    >>> from kgen import AdversarialModel
    >>> class Chase(AdversarialModel):
    ...     players = {"hare": "hare", "hound": "hound"}
    ...     def __init__(self):
    ...         super().__init__()
    ...         one = lambda: keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    ...         self.hare, self.hound = one(), one()
    ...     def gap(self, batch):
    ...         return keras.ops.mean((self.hare(batch) - self.hound(batch)) ** 2)
    ...     def hare_loss(self, batch, played, training):
    ...         return -self.gap(batch), {}
    ...     def hound_loss(self, batch, played, training):
    ...         return self.gap(batch), {}
    >>> model = Chase()
    >>> model.compile(hare_optimizer=keras.optimizers.SGD(0.01), hound_optimizer="adam")
    >>> history = model.fit(np.ones((8, 1), "float32"), epochs=1, batch_size=4, verbose=0)
    >>> sorted(history.history)
    ['hare_loss', 'hound_loss']
    """

    players: ClassVar[dict[str, str | tuple[str, ...]]] = {}
    trained_through_play: ClassVar[tuple[str, ...]] = ()
    reports: ClassVar[tuple[str, ...]] = ()
    scores: ClassVar[tuple[str, ...]] = ()

    # ------------------------------------------------------------------ what a subclass may define

    @property
    def averages(self) -> dict[str, tuple[str, float]]:
        """Averaged network -> (the network it follows, decay per step)."""
        return {}

    def play(self, batch: Any, training: bool) -> Any:
        """What the players' losses share; runs once per step."""
        return None

    def default_optimizer(self, player: str) -> keras.optimizers.Optimizer | None:
        """The optimizer that `compile` takes where none is given; None: there is no default."""
        return None

    def check_batch(self, batch: Any) -> None:
        """Raise a ValueError that says what is wrong with a batch; called with the first one."""

    def example(self, batch: Any) -> tuple[Any, Any, Any]:
        """(inputs, source, target) of a batch: what is drawn of it during training.

        Args:
            batch: numpy arrays, as the data source gives them.

        Returns:
            inputs, what the model is called with, an array or a dictionary of arrays; the images
            that are shown as what it began with, or None; the expected images.
        """
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise ValueError(
                f"{type(self).__name__} takes batches (source, target); got {describe(batch)}. A "
                "system with other batches says by `example` what of them is drawn"
            )
        return batch[0], batch[0], batch[1]

    def compare(self, batch: Any) -> tuple[Any, Any] | None:
        """(real, generated), as the metrics of `compile` take them; None: nothing to compare."""
        return None

    def default_metrics(self) -> list[keras.metrics.Metric]:
        """The metrics that `compile` takes where none are given."""
        return []

    def score(self, batch: Any, compared: Any) -> dict[str, Any]:
        """What `evaluate` reports beside the metrics: name -> scalar; names in `scores` or losses.

        Args:
            batch: as given to the losses.
            compared: what `compare(batch)` has returned, or None.
        """
        values: dict[str, Any] = {}
        if compared is None:
            played = self.play(batch, training=False)
            for player in self.players:
                values.update(self._loss_of(player, batch, played, training=False)[1])
        return values

    # ------------------------------------------------------------------ compile

    def compile(
        self,
        jit_compile: bool | str = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        metrics: Sequence[str | keras.metrics.Metric] | None = None,
        **optimizers: Any,
    ) -> None:
        """Choose the optimizers, as `model.compile(d_optimizer=..., g_optimizer="adam")`.

        Args:
            metrics: Keras metrics (`kgen.metrics` has them) that compare real pictures with
                generated ones in `evaluate` and validation. Default: the model's own.
            jit_compile: as in Keras. `"auto"` compiles on JAX, and on TensorFlow where there is a
                GPU.
            run_eagerly: run the steps without compilation, for debugging.
            steps_per_execution: steps between two returns to Python. PyTorch runs each step from
                Python anyway; there a larger number warns and counts as 1.
            optimizers: `<player>_optimizer`: a Keras optimizer, its name or its config. A player
                without one gets the model's default. Learning-rate schedules, clipping, gradient
                accumulation and weight decay are the optimizer's own arguments.

        Raises:
            TypeError: an argument of another name, or a player without optimizer and default.
            ValueError: an unknown optimizer, one optimizer for two players, a player that has
                nothing to train, an unknown metric or two of one name.
        """
        expected = [f"{player}_optimizer" for player in self.players]
        if unknown := sorted(set(optimizers) - set(expected)):
            raise TypeError(
                f"{type(self).__name__}.compile() takes {', '.join(expected)}, metrics, "
                "jit_compile, run_eagerly and steps_per_execution; "
                f"got {', '.join(unknown)}. Losses are methods of the model."
            )
        chosen = [
            get_optimizer(
                f"{p}_optimizer", optimizers.get(f"{p}_optimizer"), self.default_optimizer(p)
            )
            for p in self.players
        ]
        if len({id(optimizer) for optimizer in chosen}) < len(chosen):
            raise ValueError("two players share one optimizer; give each an optimizer of its own")
        self._compile_arguments = {
            "jit_compile": jit_compile,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
        }
        if keras.config.backend() == "torch" and steps_per_execution > 1:
            warnings.warn("steps_per_execution has no use on PyTorch and counts as 1", stacklevel=2)
            steps_per_execution = 1
        random_states = [v for v in self.variables if not any(v is w for w in self.weights)]
        super().compile(
            PlayerOptimizers(
                dict(zip(self.players, chosen, strict=True)),
                {player: self._trainable_of(player) for player in self.players},
                random_states,
                scale_losses=self._computes_in_float16(),
            ),
            jit_compile=jit_compile,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
        )
        self.built = True  # the networks come built
        names = [f"{player}_loss" for player in self.players] + list(self.reports)
        names += [name for name in self.scores if name not in names]
        self._trackers = {name: keras.metrics.Mean(name) for name in names}
        self._comparisons = self._get_metrics(metrics)
        self._batch_checked = False

    def _get_metrics(self, given: Sequence | None) -> list[keras.metrics.Metric]:
        metrics = self.default_metrics() if given is None else map(keras.metrics.get, given)
        by_name = {metric.name: metric for metric in metrics}
        names = [*self._trackers, *(metric.name for metric in by_name.values())]
        if given is not None and len(by_name) < len(given):
            raise ValueError(f"two metrics have one name; got {', '.join(by_name)}")
        if clashing := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"the model itself reports {', '.join(clashing)}: give that metric another name, "
                "as Metric(name=...)"
            )
        return list(by_name.values())

    def networks_of(self, player: str) -> list[keras.Model]:
        """The networks that a player trains."""
        attributes = self.players[player]
        return [
            getattr(self, a) for a in ([attributes] if isinstance(attributes, str) else attributes)
        ]

    def _trainable_of(self, player: str) -> list[keras.Variable]:
        variables = [v for network in self.networks_of(player) for v in network.trainable_variables]
        if not variables:
            raise ValueError(
                f"player {player!r} has nothing to train: its networks are not built, or all their "
                "layers have trainable=False. A player needs at least one trainable variable."
            )
        return variables

    def _computes_in_float16(self) -> bool:
        layers = [
            layer for player in self.players for n in self.networks_of(player) for layer in n.layers
        ]
        return any(layer.compute_dtype == "float16" for layer in layers)

    # ------------------------------------------------------------------ fit and evaluate

    def fit(
        self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any
    ) -> keras.callbacks.History:
        """Train, as `keras.Model.fit`; the first batch is checked before the first step.

        A data source with an attribute `epoch` (`kgen.data.Batches`) is set to `initial_epoch`, so
        that a resumed run sees the batches that an uninterrupted one would have seen.
        """
        self._check_first(x, y, kwargs.get("batch_size"))
        if hasattr(x, "epoch"):
            x.epoch = kwargs.get("initial_epoch", 0)
            kwargs.setdefault("shuffle", False)  # it shuffles by itself, from its own seed
        try:
            return super().fit(x, y, *args, **kwargs)
        except Exception as error:  # some backends bury what a data source raised
            failure = getattr(x, "failure", None)
            if failure is None or failure is error:
                raise
            raise failure from error

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Report the model's scores, as `keras.Model.evaluate`; nothing is updated."""
        self._check_first(x, y, kwargs.get("batch_size"))
        return super().evaluate(x, y, *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One training step, as `keras.Model.train_on_batch`."""
        self._check_first(x, y, None)
        return super().train_on_batch(x, y, *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The scores of one batch, as `keras.Model.test_on_batch`."""
        self._check_first(x, y, None)
        return super().test_on_batch(x, y, *args, **kwargs)

    def _check_first(self, x: Any, y: Any, batch_size: int | None) -> None:
        if not hasattr(self, "_trackers"):
            raise ValueError(f"call {type(self).__name__}.compile() before training or evaluating")
        if self._batch_checked:
            return
        batch = first_batch(x, y, batch_size)
        if batch is not None:
            self.check_batch(batch)
            self._batch_checked = True

    # ------------------------------------------------------------------ one step

    @property
    def step(self) -> keras.Variable:
        """Number of finished training steps, an integer variable."""
        return self.optimizer.iterations

    def every_steps(self, count: int, term: Any) -> Any:
        """`term()`, a scalar, on every `count`-th step; 0 on the others, where it does not run.

        TensorFlow with `jit_compile=True` computes the term on every step and drops it.
        """
        return backend.run_if(self.step % count == 0, term, bool(self.jit_compile))

    def _update(self, data: Any) -> dict:
        """Every player improves once, in order, each seeing the others' latest weights."""
        batch = tree.map_structure(ops.convert_to_tensor, as_batch(data))
        moved = [
            v for player in self.trained_through_play for v in self.optimizer.variables_of(player)
        ]
        played, _, pull_play = backend.differentiate(
            lambda: (self.play(batch, training=True), None), moved
        )
        values: dict[str, Any] = {}
        for player in self.players:
            values.update(self._update_player(player, batch, played, moved, pull_play))
        for average, (source, decay) in self.averages.items():
            self._follow(getattr(self, average), getattr(self, source), decay)
        self.optimizer.count_step()
        return self._track(batch, values)

    def _update_player(
        self, player: str, batch: Any, played: Any, moved: list, pull_play: backend.Pull
    ) -> dict:
        variables, optimizer = self.optimizer.variables_of(player), self.optimizer.of(player)
        through_play = player in self.trained_through_play
        constant = tree.map_structure(lambda t: t if t is None else ops.stop_gradient(t), played)

        def loss(played: Any = constant) -> tuple:
            return self._loss_of(player, batch, played, training=True)

        differentiable = (played,) if through_play else ()
        _, values, pull = backend.differentiate(loss, variables, *differentiable)
        gradients, *slopes = pull(optimizer.scale_loss(ops.ones(()) / backend.replica_count()))
        if through_play:
            shared = {id(v): g for v, g in zip(moved, pull_play(slopes[0])[0], strict=True)}
            gradients = [_sum(g, shared[id(v)]) for v, g in zip(variables, gradients, strict=True)]
        backend.apply_gradients(optimizer, gradients, variables)
        return values

    def _loss_of(self, player: str, batch: Any, played: Any, training: bool) -> tuple:
        result = getattr(self, f"{player}_loss")(batch, played, training)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
            raise TypeError(
                f"{player}_loss must return (loss, {{name: value}}); it returned "
                f"{type(result).__name__}"
            )
        loss, values = result
        if ops.shape(loss) != ():
            raise ValueError(
                f"{player}_loss must return a scalar loss; it returned shape "
                f"{tuple(ops.shape(loss))}. "
                "Reduce it with keras.ops.mean."
            )
        return ops.cast(loss, keras.config.floatx()), {f"{player}_loss": loss, **values}

    def _evaluate(self, data: Any) -> dict:
        batch = tree.map_structure(ops.convert_to_tensor, as_batch(data))
        compared = self.compare(batch)
        values = self._track(batch, self.score(batch, compared))
        if compared is not None:
            for metric in self._comparisons:
                metric.update_state(*compared)
                values[metric.name] = metric.result()
        return values

    def _track(self, batch: Any, values: dict) -> dict:
        if unknown := sorted(set(values) - set(self._trackers)):
            raise ValueError(
                f"the losses report {', '.join(unknown)}, which {type(self).__name__}.reports "
                "does not "
                f"name; it has {', '.join(self.reports) or 'no names'}"
            )
        size = ops.shape(tree.flatten(batch)[0])[0]
        for name, value in values.items():
            self._trackers[name].update_state(value, sample_weight=size)
        return {name: self._trackers[name].result() for name in values}

    def _follow(self, average: keras.Model, source: keras.Model, decay: float) -> None:
        """a <- decay a + (1 - decay) s for what is trained; batch statistics are copied."""
        trained = {id(v) for v in source.trainable_variables}
        pairs = list(zip(average.weights, source.weights, strict=True))
        for share, group in (
            (1.0 - decay, [p for p in pairs if id(p[1]) in trained]),
            (1.0, [p for p in pairs if id(p[1]) not in trained]),
        ):
            backend.move_towards([a for a, _ in group], [s for _, s in group], share)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*getattr(self, "_trackers", {}).values(), *getattr(self, "_comparisons", ())]

    # ------------------------------------------------------------------ saving

    def build(self, *input_shapes: Any) -> None:
        self.built = True  # the networks come built

    def get_compile_config(self) -> dict | None:
        if not self.compiled:
            return None
        return {
            **self._compile_arguments,
            "metrics": [keras.saving.serialize_keras_object(m) for m in self._comparisons],
            **self.optimizer.serialize_players(),
        }

    def compile_from_config(self, config: dict) -> None:
        self.compile(**{**config, "metrics": config.get("metrics")})

    def get_config(self) -> dict:
        names = [
            n
            for n in inspect.signature(type(self).__init__).parameters
            if n not in ("self", "kwargs")
        ]
        return {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in names}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> AdversarialModel:
        return cls(
            **{
                k: keras.saving.deserialize_keras_object(v, custom_objects)
                for k, v in config.items()
            }
        )


def _sum(a: Any, b: Any) -> Any:
    """Sum of two gradients, either of which may be None."""
    if a is None or b is None:
        return b if a is None else a
    return a + b

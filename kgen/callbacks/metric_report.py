"""Metrics of held-out pictures during `fit`: in the logs, and as reports to look at."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from kgen.evaluation import EvaluationResult


class MetricReport(keras.callbacks.Callback):
    """Evaluate the model every `every` epochs, as `kgen.evaluate` does.

    The values join the epoch's logs (and so the history, the progress line, `history.csv`, and
    callbacks listed after this one: `EarlyStopping(monitor="eval_ssim", mode="max")`). Training
    goes on exactly as without it: random states are put back.

    Args:
        data: held-out pairs, or batches of them with `training=False`.
        metrics: names, functions or Keras metrics. Default: those of `kgen.evaluate`.
        every: epochs from one evaluation to the next.
        directory: for the reports, `epoch_0010/report.html` with metrics.json and per_image.csv,
            and at the end `comparison.html` over all of them. Default: none is written.
        prefix: of the names in the logs. Default `"eval_"`; Keras' own validation has `"val_"`.
        options: further arguments of `kgen.evaluate`, such as `count` or `extractors`.

    Attributes:
        results: epoch, counted from 1 -> `EvaluationResult`, without pictures.

    Raises:
        ValueError: `every` is below 1.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((2, 16, 16, 3), "uint8")
        >>> callback = MetricReport((images, images), metrics=["rmse"], every=2)
        >>> layer = keras.layers.Conv2D(3, 1, activation="tanh")
        >>> model = keras.Sequential([keras.Input((16, 16, 3)), layer])
        >>> model.compile(loss="mae")
        >>> history = model.fit(images / 255.0, images / 127.5 - 1.0, epochs=2, verbose=0,
        ...                     callbacks=[callback])
        >>> len(history.history["eval_rmse"]), list(callback.results)
        (1, [2])
    """

    def __init__(
        self,
        data: Any,
        metrics: Any = None,
        every: int = 1,
        directory: str | os.PathLike | None = None,
        prefix: str = "eval_",
        **options: Any,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be at least 1 epoch; received {every}")
        self.data, self.metrics, self.every, self.prefix = data, metrics, every, prefix
        self.directory = None if directory is None else Path(directory)
        self.options = {"verbose": 0, **options}
        self.results: dict[int, EvaluationResult] = {}

    def path(self, epoch: int) -> Path | None:
        """The folder of an epoch's report, counted from 1; None without a directory."""
        return None if self.directory is None else self.directory / f"epoch_{epoch:04d}"

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Load networks once; wrong names and missing weights fail before anything is trained."""
        from kgen.evaluation.choose import as_list, load_networks, open_measures

        chosen, own = as_list(self.metrics), list(self.options.get("extractors", ()))
        self.options["extractors"] = load_networks(chosen, own)
        training_data = self.options.get("training_data")
        open_measures(chosen, None, self.options["extractors"], training_data)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Evaluate, if it is this epoch's turn."""
        if (epoch + 1) % self.every == 0:
            values = self.measure(epoch + 1).values
            if logs is not None:
                logs.update({f"{self.prefix}{name}": value for name, value in values.items()})

    def measure(self, epoch: int) -> EvaluationResult:
        """Evaluate now; `epoch` names the report, 0 stands for before training."""
        from kgen.evaluation import evaluate

        name = f"{self.model.name}, epoch {epoch}"
        options = {"name": name, **self.options}
        result = evaluate(self.model, self.data, self.metrics, self.path(epoch), **options)
        self.results[epoch] = dataclasses.replace(result, pictures={})
        return result

    def on_train_end(self, logs: dict | None = None) -> None:
        """Put all epochs side by side."""
        if self.directory is not None and len(self.results) > 1:
            from kgen.evaluation import compare

            runs = {f"epoch {epoch}": result for epoch, result in sorted(self.results.items())}
            compare(runs, self.directory)

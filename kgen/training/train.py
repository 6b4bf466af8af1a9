"""Train, leave a run folder that explains itself, and go on exactly where a run was killed."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kgen.training.result import TrainingResult
from kgen.training.run import Run
from kgen.training.settings import check_request


def train(
    model: Any,
    data: Any,
    validation_data: Any = None,
    epochs: int = 1,
    run_dir: str | os.PathLike | None = None,
    resume: bool = True,
    constant_epochs: int | None = None,
    decay_epochs: int = 0,
    samples: Any = 4,
    sample_every: int = 1,
    save_every: int = 0,
    monitor: str | None = None,
    monitor_mode: str | None = None,
    keep_best: bool | None = None,
    export: bool = True,
    tensorboard: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    name: str | None = None,
    details: Mapping[str, Any] | None = None,
    verbose: int | str = "auto",
) -> TrainingResult:
    """Train a system with `fit` and leave a run folder with everything that one wants to look at.

    The folder holds `samples/epoch_0001.png`, ..., `loss_curves.png`, `history.csv`, `run.json`
    (settings, versions, machine), `before_after.png`, `model.keras`, `saved_model/` and
    `checkpoint/`. All files are complete at any moment. A run that was killed goes on when `train`
    is called again with the same arguments: from its last finished epoch, with the very numbers an
    uninterrupted run would have given, if `data` serves batches that depend on its `epoch` only, as
    `kgen.data.Batches` does. A finished run is prolonged by larger `epochs`, else returned as it
    is. What callbacks of your own remember (the patience of EarlyStopping) begins anew.

    Args:
        model: a compiled kgen system; trained in place.
        data: yields batches as the system takes them: (source, target), each (B, H, W, C) float32
            in [-1, 1], of `kgen.data.Batches`; dictionaries, of `kgen.data.AttributeBatches`.
        validation_data: evaluated after every epoch, as `data`; also gives the samples.
        epochs: number of epochs in all, those of earlier sessions included.
        run_dir: the run folder; None makes `runs/SYSTEM-DATA-DATE` in the current directory.
        resume: go on with the run in `run_dir`; False makes it an error if there is one.
        constant_epochs: epochs with the full learning rate, before the linear decay; None:
            `epochs - decay_epochs`.
        decay_epochs: epochs over which the learning rate falls linearly; 0 for none.
        samples: number of examples to draw, or one batch that holds them, as `data` yields it.
            What of it is drawn says the system (`model.example`): attributes have no source.
        sample_every: epochs from one picture to the next.
        save_every: epochs from one saved model, with its picture in `saved/`, to the next; 0 for
            none.
        monitor: value whose best epoch is noted; None: what the system is scored by, `val_g_l1`
            (`g_l1` without validation), `val_r1` of a retrieval model; a system without such a
            score (shapes have no one right answer) notes none.
        monitor_mode: `"min"` or `"max"`: which value is the best. Default: the lowest, or as the
            system says of its own.
        keep_best: keep the model of the best epoch in `best.keras`, and export that one. Default:
            where the system's result is its best epoch (a retrieval model that is validated).
        export: write `saved_model/`, if TensorFlow is installed.
        tensorboard: write `tensorboard/` too; needs TensorFlow and TensorBoard.
        callbacks: further Keras callbacks, such as `kgen.callbacks.StepDecay`, whose settings
            belong to those that a run goes on with.
        name: of the data set, for the name of a new folder; None guesses.
        details: plain values to write into `run.json` too, of where things came from; unlike
            settings they may differ where a run goes on.
        verbose: of Keras' own progress bar.

    Returns:
        The result, with `.model`, `.history`, `.directory`, `.files`, `.best` and `.notes`.

    Raises:
        ValueError: the model is not compiled, a number is out of range, or the arguments differ
            from those that the run began with.
        FileExistsError: `run_dir` holds something that must not be overwritten.
        ImportError: `tensorboard=True` without TensorFlow or TensorBoard.

    Example:
        >>> import kgen, numpy as np, os, tempfile
        >>> model = kgen.Pix2Pix.from_preset("paper", image_shape=(32, 32, 3), base_filters=2)
        >>> model.compile()
        >>> images = np.zeros((2, 32, 32, 3), "uint8")
        >>> data = kgen.data.Batches(kgen.data.arrays(images, images), size=32)
        >>> run_dir = os.path.join(tempfile.mkdtemp(), "run")
        >>> result = kgen.train(model, data, epochs=1, run_dir=run_dir, export=False, verbose=0)
        >>> sorted(result.files)[:3]
        ['before_after', 'checkpoint', 'history']
    """
    check_request(model, data, validation_data, epochs, tensorboard)
    run = Run(
        model=model,
        data=data,
        validation_data=validation_data,
        epochs=epochs,
        constant_epochs=constant_epochs,
        decay_epochs=decay_epochs,
        samples=samples,
        sample_every=sample_every,
        save_every=save_every,
        monitor=monitor,
        monitor_mode=monitor_mode,
        keep_best=keep_best,
        export=export,
        tensorboard=tensorboard,
        callbacks=callbacks,
        details=details,
    )
    run.open(run_dir, name, resume)
    finished = run.finished()
    return run.train(verbose) if finished is None else run.as_it_is(finished)

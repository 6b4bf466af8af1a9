"""One session of a run: begin it or go on with it, train, and put everything in its folder."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import tree

from kgen.callbacks import (
    Checkpoint,
    CheckpointState,
    HistoryFile,
    LinearDecay,
    LossCurves,
    RunRecord,
    SampleGrid,
    SaveEvery,
    generate_quietly,
)
from kgen.callbacks.examples import examples_of
from kgen.callbacks.files import plain, replace_file
from kgen.callbacks.run_record import read_record, versions
from kgen.plotting import before_after, loss_curves, read_history, save_figure
from kgen.training.examples import DataEpoch, read_examples, take_batch, write_examples
from kgen.training.folder import open_folder, run_name
from kgen.training.result import TrainingResult
from kgen.training.saved_model import has_tensorflow, write_saved_model
from kgen.training.settings import (
    decay_start,
    describe_data,
    describe_model,
    describe_optimizers,
    describe_schedules,
    differences,
)

logger = logging.getLogger(__name__)


@dataclass
class Run:
    """The arguments of `kgen.train`, and what is known of the run in its folder."""

    model: Any
    data: Any
    validation_data: Any
    epochs: int
    constant_epochs: int | None
    decay_epochs: int
    samples: Any
    sample_every: int
    save_every: int
    monitor: str | None
    export: bool
    tensorboard: bool
    callbacks: Sequence[keras.callbacks.Callback]
    monitor_mode: str | None = None
    keep_best: bool | None = None
    details: Mapping[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    earlier: dict[str, Any] = field(default_factory=dict)  # run.json as an earlier session left it
    state: CheckpointState | None = None  # where that session got to

    def __post_init__(self) -> None:
        self.constant_epochs = decay_start(self.epochs, self.constant_epochs, self.decay_epochs)
        validated = self.validation_data is not None
        score, mode = getattr(self.model, "result_is_best", None) or (None, "min")
        if self.monitor is None and score and validated:
            self.monitor, self.monitor_mode = f"val_{score}", mode
            self.keep_best = True if self.keep_best is None else self.keep_best
        elif self.monitor is None and (scores := getattr(self.model, "scores", ())):
            self.monitor = f"val_{scores[0]}" if validated else scores[0]
        if self.keep_best and self.monitor is None:
            raise ValueError("keep_best needs monitor, the value that tells which epoch is best")

    # ------------------------------------------------------------------ the folder

    def open(self, run_dir: str | os.PathLike | None, name: str | None, resume: bool) -> None:
        """Make or find the folder and compare what is asked with what the run began with."""
        self.settings, self.sources = self._settings()
        title = run_name(self.model, self.data, name)
        self.folder, continued = open_folder(run_dir, title, resume)
        self.files = self.folder.files
        if continued:
            self.earlier = read_record(self.files["run"])
            self._compare()
        self.state = self._find_state()

    def finished(self) -> CheckpointState | None:
        """Return the last state if nothing is left to do for this number of epochs."""
        exported = not (self.export and has_tensorflow()) or self.files["saved_model"].exists()
        done = self.state is not None and self.state.epoch >= self.epochs
        return self.state if done and exported and self.earlier["status"] == "finished" else None

    def as_it_is(self, state: CheckpointState) -> TrainingResult:
        """Return a finished run unchanged."""
        state.restore(self.model)
        self._note(
            f"{self.folder.directory} is finished with {state.epoch} epochs and returned as it is; "
            f"ask for more than {state.epoch} epochs to prolong it"
        )
        return self._result(state.history, state.best)

    def _settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        given = isinstance(self.samples, int)
        count = self.samples if given else len(tree.flatten(self.samples)[0])
        settings = {
            "epochs": self.epochs,
            "constant_epochs": self.constant_epochs,
            "decay_epochs": self.decay_epochs,
            "samples": count,
            "sample_every": self.sample_every,
            "save_every": self.save_every,
            "seed": getattr(self.model, "seed", None),
            "precision": keras.config.dtype_policy().name,
            "model": describe_model(self.model),
            "optimizers": describe_optimizers(self.model),
            "schedules": describe_schedules(self.callbacks),
        }
        if asked := getattr(self.model, "run_settings", None):
            settings["steps"] = asked
        validation = describe_data(self.validation_data)
        return settings, {"training": describe_data(self.data), "validation": validation}

    def _compare(self) -> None:
        names = ("settings", "data", "backend")
        asked = {
            "settings": self.settings,
            "data": self.sources,
            "backend": keras.config.backend(),
        }
        found = differences({name: self.earlier.get(name) for name in names}, plain(asked))
        if int(self.model.optimizer.iterations) > 0:
            # A model that was trained already shows the rate it ended with, not its first one.
            found = [line for line in found if ".learning_rate:" not in line]
        if found:
            raise ValueError(
                f"{self.folder.directory}: a run goes on only with the settings it began with. "
                "Different:\n  " + "\n  ".join(found) + "\nPass those settings, or another run_dir."
            )
        changed = differences(self.earlier.get("versions", {}), versions())
        if changed:
            self._note("other versions than before, so not bit-equal: " + "; ".join(changed))

    def _find_state(self) -> CheckpointState | None:
        state = Checkpoint.latest(self.files["checkpoint"])
        done = self.earlier.get("epochs_done", 0)
        if state is not None or not done:
            return state
        if self.earlier.get("status") == "finished" and self.files["model"].exists():
            history = read_history(self.files["history"])  # the final model is a whole state too
            return CheckpointState(self.folder.directory, done, history, self.earlier["best"])
        raise ValueError(
            f"{self.files['checkpoint']}: no whole checkpoint, although run.json tells of {done} "
            "epochs. Put the folder back, or begin anew with another run_dir."
        )

    # ------------------------------------------------------------------ training

    def train(self, verbose: int | str) -> TrainingResult:
        """Begin or go on, up to the last file of the finished run."""
        record = RunRecord(self.files["run"], self.settings, self.sources, manual=True)
        record.set_model(self.model)
        record.open()
        if self.details:
            record.update(details=plain(self.details))
        try:
            state = self._begin() if self.state is None else self._continue(self.state)
            history = HistoryFile(self.files["history"], state.history)
            checkpoint = self._checkpoint(state)
            if state.epoch < self.epochs:
                self._fit(state, [history, checkpoint, record], verbose)
            saved_model = self._finish(history)
        except BaseException as error:
            record.close("interrupted", reason=f"{type(error).__name__}: {error}".rstrip(": "))
            raise
        record.close("finished", best=checkpoint.best, saved_model=saved_model, notes=self.notes)
        return self._result(history.table.columns(), checkpoint.best)

    def _begin(self) -> CheckpointState:
        """Keep the untrained model and what it makes of the examples."""
        batch = self.samples
        if isinstance(batch, int):
            data = self.data if self.validation_data is None else self.validation_data
            batch = take_batch(data, batch)
        examples = examples_of(self.model, batch)
        before = generate_quietly(self.model, examples.inputs)
        write_examples(self.folder.examples, examples, before)
        self._grid().draw(0)
        # A run killed in its first epoch goes on from here, however its weights were drawn.
        state = CheckpointState(self.files["checkpoint"], epoch=0, history={}, best={})
        self._checkpoint(state).save(0)
        return state

    def _continue(self, state: CheckpointState) -> CheckpointState:
        state.restore(self.model)
        self._note(f"continued after epoch {state.epoch} of {self.epochs}")
        return state

    def _checkpoint(self, state: CheckpointState) -> Checkpoint:
        checkpoint = Checkpoint(
            self.files["checkpoint"],
            self.monitor,
            state.history,
            state.best,
            self.monitor_mode or "min",
            self.files["best"] if self.keep_best else None,
        )
        checkpoint.set_model(self.model)
        return checkpoint

    def _grid(self) -> SampleGrid:
        examples, _ = read_examples(self.folder.examples)
        grid = SampleGrid(examples, self.files["samples"], self.sample_every)
        grid.set_model(self.model)
        return grid

    def _fit(
        self, state: CheckpointState, last: list[keras.callbacks.Callback], verbose: int | str
    ) -> None:
        grid = self._grid()
        active: list[keras.callbacks.Callback] = [DataEpoch(self.data)]
        if self.constant_epochs is not None:
            active.append(LinearDecay(self.constant_epochs, self.decay_epochs))
        active += self.callbacks
        if self.tensorboard:
            log_dir = str(self.files["tensorboard"])
            active.append(keras.callbacks.TensorBoard(log_dir, write_graph=False))
        active.append(grid)
        if self.save_every:
            active.append(SaveEvery(self.files["saved"], self.save_every, grid.examples))
        active.append(LossCurves(self.files["loss_curves"], history=state.history))
        self.model.fit(
            self.data,
            validation_data=self.validation_data,
            epochs=self.epochs,
            initial_epoch=state.epoch,
            callbacks=active + last,
            # The order is the data source's own. Keras would shuffle the batches once more, by
            # Python's global random state, which no checkpoint holds.
            shuffle=False,
            verbose=verbose,
        )

    # ------------------------------------------------------------------ the end

    def _finish(self, history: HistoryFile) -> dict[str, Any]:
        """Write what a finished run leaves; returns the report on the SavedModel."""
        history.write()
        save_figure(loss_curves(history.table.columns()), self.files["loss_curves"])
        (inputs, source, target), before = read_examples(self.folder.examples)
        after = generate_quietly(self.model, inputs)
        save_figure(before_after(source, before, after, target), self.files["before_after"])
        replace_file(self.files["model"], self.model.save)
        return self._export()

    def _export(self) -> dict[str, Any]:
        if not self.export:
            return {"status": "not asked for"}
        model = self.model
        if self.keep_best and self.files["best"].exists():
            model = keras.models.load_model(self.files["best"], compile=False)
        report, note = write_saved_model(model, self.files["saved_model"])
        if note:
            self._note(note)
        return report

    def _note(self, text: str) -> None:
        logger.info(text)
        self.notes.append(text)

    def _result(self, history: dict[str, list[float]], best: dict[str, Any]) -> TrainingResult:
        return TrainingResult(
            model=self.model,
            history=history,
            directory=self.folder.directory,
            files=self.folder.present(),
            best=best,
            notes=tuple(self.notes),
        )

"""Callbacks that leave something to look at, or to go on from; all work in plain `model.fit`."""

from kgen.callbacks.checkpoint import Checkpoint, CheckpointState
from kgen.callbacks.history_file import HistoryFile
from kgen.callbacks.linear_decay import LinearDecay, linear_decay
from kgen.callbacks.loss_curves import LossCurves
from kgen.callbacks.metric_report import MetricReport
from kgen.callbacks.run_record import RunRecord
from kgen.callbacks.sample_grid import SampleGrid, generate_quietly
from kgen.callbacks.save_every import SaveEvery
from kgen.callbacks.step_decay import StepDecay

__all__ = [
    "Checkpoint",
    "CheckpointState",
    "HistoryFile",
    "LinearDecay",
    "LossCurves",
    "MetricReport",
    "RunRecord",
    "SampleGrid",
    "SaveEvery",
    "StepDecay",
    "generate_quietly",
    "linear_decay",
]

"""A training in a process of its own, which may kill itself: `test_training.py` starts it.

python -m tests.training_process RUN_DIR EPOCHS [KILL_EPOCH KILL_BATCH]
"""

import os
import signal
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import kgen
from kgen.data import Batches, arrays
from tests.callbacks.tiny import SIDE, TinyData, tiny_system


class Kill(keras.callbacks.Callback):
    """Ends the process as a power cut would, in the middle of an epoch (both counted from 0)."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.at = (epoch, batch)
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if (self.epoch, batch) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def main(run_dir: str, epochs: int, *kill: int) -> None:
    """Train as the test wants it; weights that nobody seeded must not matter on resume."""
    if keras.config.backend() == "torch":
        import torch

        torch.set_num_threads(1)
    keras.utils.set_random_seed(len(os.listdir(run_dir)) if os.path.isdir(run_dir) else 0)
    shape = (8, SIDE + 4, SIDE + 4, 3)
    pictures = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    kgen.train(
        tiny_system("paper"),
        Batches(arrays(pictures, 255 - pictures), batch_size=2, size=SIDE, workers=2),
        validation_data=TinyData(length=2, seed=1, moving=False),
        epochs=epochs,
        run_dir=run_dir,
        constant_epochs=1,
        decay_epochs=3,
        samples=2,
        export=False,
        callbacks=[Kill(*kill)] if kill else [],
        verbose=0,
    )


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

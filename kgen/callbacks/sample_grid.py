"""A picture per epoch of the same inputs: the most honest report that a training can give."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from kgen.callbacks.examples import as_examples
from kgen.plotting import sample_grid, save_figure


def generate_quietly(model: Any, inputs: Any) -> np.ndarray:
    """Generate images, one at a time, and leave the model exactly as it was.

    One at a time, because with batch statistics an image would depend on its neighbours.  Random
    states (dropout in the "paper" inference mode) are put back, so that a training looks the same
    whether or not somebody watches it.

    Args:
        model: a kgen system or any Keras model that maps `inputs` to images; or one whose
            `draw_examples(inputs)` gives the images, all at once.
        inputs: what the model is called with: (B, H, W, C) float32 in [-1, 1], or a dictionary of
            arrays (B, ...).

    Returns:
        (B, H, W, C) float32 in [-1, 1].

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Activation("tanh")])
        >>> generate_quietly(model, np.zeros((2, 8, 8, 3), "float32")).shape
        (2, 8, 8, 3)
    """
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()  # on JAX the variables are empty while an epoch runs
    state = [(v, np.array(keras.ops.convert_to_numpy(v))) for v in model.non_trainable_variables]
    if hasattr(model, "draw_examples"):
        images = model.draw_examples(inputs)
    else:  # predict_on_batch and not predict, which builds a data pipeline for every call
        images = np.concatenate([model.predict_on_batch(one) for one in _one_by_one(inputs)])
    for variable, value in state:
        variable.assign(value)
    return images.astype("float32")


def _one_by_one(inputs: Any) -> Iterator[Any]:
    arrays = tree.flatten(inputs)
    for index in range(len(arrays[0])):
        yield tree.pack_sequence_as(inputs, [array[index : index + 1] for array in arrays])


class SampleGrid(keras.callbacks.Callback):
    """Write a picture of the same examples after every `every`-th epoch.

    Rows: sources (if there are any), generated images, expected images.  Files: `epoch_0001.png`,
    ...

    Args:
        batch: (source, target), each (B, H, W, C) float32 in [-1, 1]; or (inputs, source, target),
            as `model.example(batch)` gives them for a system whose batches are dictionaries.
        directory: folder for the pictures; made when needed.
        every: epochs from one picture to the next.

    Raises:
        ValueError: `batch` holds no examples, not equally many of each, or `every` is below 1.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((2, 8, 8, 3), "float32")
        >>> callback = SampleGrid((images, images), "runs/demo/samples")
        >>> callback.path(1).name
        'epoch_0001.png'
    """

    def __init__(
        self,
        batch: Sequence[Any],
        directory: str | os.PathLike,
        every: int = 1,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be at least 1 epoch; received {every}")
        self.examples = as_examples(batch)
        self.directory = Path(directory)
        self.every = every

    def path(self, epoch: int) -> Path:
        """Return the file of an epoch, counted from 1."""
        return self.directory / f"epoch_{epoch:04d}.png"

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draw, if it is this epoch's turn."""
        if (epoch + 1) % self.every == 0:
            self.draw(epoch + 1)

    def draw(self, epoch: int) -> Path:
        """Write the picture of an epoch now; 0 stands for before training."""
        inputs, source, target = self.examples
        generated = generate_quietly(self.model, inputs)
        label = getattr(self.model, "drawn_as", "Generated")
        figure = sample_grid(source, generated, target, len(target), f"Epoch {epoch}", label)
        return save_figure(figure, self.path(epoch))

"""Batches that are dictionaries, as the (x, y) that plain `fit` takes."""

from typing import Any

import keras


class InputsAndTargets(keras.utils.PyDataset):
    """One entry of each batch as the input, another one as the target.

    Args:
        batches: gives dictionaries, such as `AttributeBatches`.
        inputs: key of x.
        targets: key of y.

    Raises:
        ValueError: keys that the batches do not have.

    Example:
        >>> from kgen.data import AttributeBatches, toy_birds
        >>> birds = AttributeBatches(toy_birds(count=4, size=32), stage=2, size=32, batch_size=2)
        >>> x, y = InputsAndTargets(birds, "image", "mask")[0]
        >>> x.shape, y.shape
        ((2, 32, 32, 3), (2, 32, 32, 1))
    """

    def __init__(self, batches: Any, inputs: str, targets: str) -> None:
        super().__init__(workers=1, use_multiprocessing=False)  # `batches` has threads of its own
        self.batches, self.inputs, self.targets = batches, inputs, targets
        if missing := {inputs, targets} - set(found := batches[0]):
            raise ValueError(
                f"These batches have no {' and no '.join(sorted(missing))}; they have "
                f"{', '.join(found)}."
            )

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple:
        batch = self.batches[index]
        return batch[self.inputs], batch[self.targets]

    def on_epoch_begin(self) -> None:
        """Called by Keras."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Called by Keras."""
        self.batches.on_epoch_end()

"""What `RetrievalModel` accepts: branches, batches, and sources of pictures to embed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kgen.checks import check_images, check_keys, first_batch

VIEWS = ("ground", "aerial")


def check_branches(ground: keras.Model, aerial: keras.Model) -> None:
    """Raise unless both are networks that make vectors of one length, and not the same one."""
    for view, branch in (("ground", ground), ("aerial", aerial)):
        shapes = [tuple(output.shape) for output in getattr(branch, "outputs", None) or []]
        if len(shapes) != 1 or len(shapes[0]) != 2:
            raise ValueError(
                f"{view} must be a built network from images to one vector, (B, H, W, 3) -> "
                f"(B, E); it gives {shapes or 'nothing yet'}"
            )
    if ground is aerial:
        raise ValueError("the views share no weights: give each a network of its own")
    lengths = [branch.outputs[0].shape[1] for branch in (ground, aerial)]
    if lengths[0] != lengths[1]:
        raise ValueError(
            "embeddings of both views are compared, so they need one length; ground gives "
            f"{lengths[0]} numbers and aerial {lengths[1]}"
        )


def check_pairs(batch: Any, ground: keras.Model, aerial: keras.Model) -> None:
    """Raise unless a batch holds pictures of both views, as the branches take them."""
    check_keys(batch, VIEWS)
    for view, branch in (("ground", ground), ("aerial", aerial)):
        check_images(view, batch[view], branch.input_shape)
    counts = {name: len(batch[name]) for name in batch}
    if len(set(counts.values())) > 1:
        raise ValueError(f"a batch needs as many of each; got {counts}")
    location = batch.get("location")
    if location is not None and (location.ndim != 1 or location.dtype.kind not in "iu"):
        raise ValueError(
            "location must be one whole number for each pair, equal for pairs of one place; got "
            f"{location.dtype} of shape {location.shape}"
        )
    labels = batch.get("labels")
    if labels is not None and (labels.ndim != 2 or labels.dtype.kind not in "iu"):
        raise ValueError(
            "labels must be locations, whole numbers (B, 1 + n): a pair's own, then semi-positive "
            f"ones; got {labels.dtype} of shape {labels.shape}"
        )


def check_enough(source: Any, y: Any, batch_size: int | None) -> None:
    """Raise where training batches hold one pair: a pair learns from the others of its batch."""
    if hasattr(source, "collate_fn"):  # a DataLoader shows one sample only
        count = getattr(source, "batch_size", None) or 2
    else:
        first = first_batch(source, y, batch_size)
        count = len(next(iter(first.values()))) if isinstance(first, Mapping) and first else 2
    if count < 2:
        raise ValueError(
            "a batch must hold at least 2 pairs: each learns from the others, which must be "
            "farther away; got 1. Published: 32."
        )


def check_view(view: str) -> None:
    """Raise unless `view` is one of both."""
    if view not in VIEWS:
        raise ValueError(f"view must be one of {', '.join(VIEWS)}; got {view!r}")


def pictures_of(view: str, images: Any, branch: keras.Model, batch_size: int) -> Any:
    """What `predict` takes so that only one view is embedded, checked.

    Args:
        view: "ground" or "aerial".
        images: array, dictionary of arrays, or a source of batches.
        branch: the view's network.
        batch_size: with arrays.
    """
    if getattr(images, "shuffle", False):
        raise ValueError(
            "these batches are shuffled, so nobody could tell whose embedding is whose: make them "
            "with training=False"
        )
    if not isinstance(images, Mapping) and hasattr(images, "shape"):
        images = {view: images}
    first = first_batch(images, None, batch_size)
    if first is not None:
        check_keys(first, [view])
        check_images(view, first[view], branch.input_shape)
    if isinstance(images, Mapping):
        return {view: np.asarray(keras.ops.convert_to_numpy(images[view]))}
    return _OneView(images, view) if isinstance(images, keras.utils.PyDataset) else images


class _OneView(keras.utils.PyDataset):
    """The batches of a source with one view only, read by as many threads as the source's."""

    def __init__(self, batches: keras.utils.PyDataset, view: str) -> None:
        super().__init__(workers=batches.workers, max_queue_size=batches.max_queue_size)
        self.batches, self.view = batches, view

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return {self.view: self.batches[index][self.view]}

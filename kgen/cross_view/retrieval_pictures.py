"""What a run folder shows and keeps of a retrieval model."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np

from kgen.checks import check_keys


class RetrievalPictures:
    """Which pictures are drawn, which epoch is the result, and what is exported."""

    ground: keras.Model
    aerial: keras.Model
    drawn_as: ClassVar[str] = "Found"
    result_is_best: ClassVar[tuple[str, str]] = ("r1", "max")  # the published checkpoint

    def example(self, batch: Any) -> tuple[dict, np.ndarray, np.ndarray]:
        """Ground pictures as sources, the aerial ones of their places as what is to be found."""
        check_keys(batch, ("ground", "aerial"))
        views = {view: batch[view] for view in ("ground", "aerial")}
        return views, batch["ground"], batch["aerial"]

    def draw_examples(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """For each ground picture the aerial one, of those in `inputs`, that is nearest to it."""
        vectors = self.predict_on_batch(inputs)  # type: ignore[attr-defined]
        ground, aerial = (
            vectors[view] / np.maximum(np.linalg.norm(vectors[view], axis=1, keepdims=True), 1e-12)
            for view in ("ground", "aerial")
        )
        return inputs["aerial"][np.argmax(ground @ aerial.T, axis=1)]

    @property
    def run_settings(self) -> dict[str, Any]:
        """What `compile` was told, as plain values: a run goes on only with the same."""
        own = getattr(self, "_own_arguments", {})
        return {name: getattr(value, "__name__", value) for name, value in own.items()}

    def export_parts(self) -> dict[str, keras.Model]:
        """View -> its branch: each is exported for itself, as only one is asked at a time.

        No property: Keras stores what it finds behind properties, and would put weights there.
        """
        return {"ground": self.ground, "aerial": self.aerial}

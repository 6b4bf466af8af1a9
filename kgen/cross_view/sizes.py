"""The sizes of views and batches for each data set: one table, which the command line takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from kgen.data.cross_view.views import View

Size = tuple[int, int]
AERIAL: Size = (256, 256)


@dataclass(frozen=True)
class DataSizes:
    """How large the views of a data set are, (height, width), and how it is trained on.

    Attributes:
        targets: of generated pictures, for each view; the paper's.
        seen: of what the retrieval network looks at, for each view; those of SAIG's code.
        batch_size: pairs, of the generator.
        epochs: of the generator.
        retrieval_batch_size: pairs, of the retrieval network.
        retrieval_epochs: of the retrieval network.
        diversity_weight: of the generator.
        clip_norm: of the retrieval network's gradients; None for none.
        panorama: the rows of it that the retrieval network looks at, "middle" or "whole", see
            `kgen.data.cvact`.
    """

    targets: dict[View, Size] = field(
        default_factory=lambda: {"ground": (256, 512), "aerial": AERIAL}
    )
    seen: dict[View, Size] = field(default_factory=lambda: {"ground": (128, 512), "aerial": AERIAL})
    batch_size: int = 24
    epochs: int = 200
    retrieval_batch_size: int = 32
    retrieval_epochs: int = 200
    diversity_weight: float = 0.1
    clip_norm: float | None = None
    panorama: str = "whole"


SIZES: dict[str, DataSizes] = {
    "cvusa": DataSizes(targets={"ground": (128, 512), "aerial": AERIAL}, batch_size=32),
    "cvact": DataSizes(panorama="middle"),
    # of the generator: VIGOR-GEN
    "vigor": DataSizes(
        seen={"ground": (320, 640), "aerial": (320, 320)},
        retrieval_epochs=90,
        diversity_weight=1.0,
        clip_norm=1.0,
    ),
    # no published set: what a laptop learns in minutes
    "toy-city": DataSizes(
        targets={"ground": (128, 256), "aerial": AERIAL},
        seen={"ground": (128, 256), "aerial": (128, 128)},
        batch_size=8,
        epochs=20,
        retrieval_epochs=16,
        diversity_weight=1.0,
    ),
}

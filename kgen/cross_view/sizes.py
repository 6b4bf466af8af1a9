"""What depends on the data set: sizes, epochs, weights, in one table for the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
        generator: arguments of `CrossViewGenerator.from_preset` that the data set asks for.
        learning_rate: of the generator and of its discriminators; None for the paper's two.
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
    generator: dict[str, Any] = field(default_factory=dict)
    learning_rate: float | None = None
    clip_norm: float | None = None
    panorama: str = "whole"


SIZES: dict[str, DataSizes] = {
    "cvusa": DataSizes(targets={"ground": (128, 512), "aerial": AERIAL}, batch_size=32),
    "cvact": DataSizes(panorama="middle"),
    # of the generator: VIGOR-GEN
    "vigor": DataSizes(
        seen={"ground": (320, 640), "aerial": (320, 320)},
        retrieval_epochs=90,
        generator={"diversity_weight": 1.0},
        clip_norm=1.0,
    ),
    # No published set: what a laptop learns in minutes, which asks for large rates; with the
    # paper's weights of 50 some hundred steps end in a blur. Behind DiffAugment's random colours
    # discriminators overlook pale pictures: with it the Frechet distance was 0.7 to 1.7 after 360 s
    # of one core (aerial to ground, PyTorch, weights of 1 to 10), without it 0.3 (5 and 5; 8 and
    # 10) and 0.6 to 0.8 (10 and 10; 10 and 12). Larger weights buy LPIPS: 0.620 at 8 and 10, 0.599
    # at 10 and 12. With the paper's diversity weight of 0.1 (and 5 and 12) other local noise
    # changed pictures by 38 grey levels, with this one by 24 (aerial to ground, TensorFlow). The
    # coarse picture is held to its target too: after 400 s R@10 was 52 %, with an identity weight
    # of 30 instead 34 %. Modulation has as many hidden units as the embedding of `tiny` has
    # numbers, though SMD makes 8 for each channel.
    "toy-city": DataSizes(
        targets={"ground": (128, 256), "aerial": AERIAL},
        seen={"ground": (128, 256), "aerial": (128, 128)},
        batch_size=4,
        epochs=4,
        retrieval_epochs=16,
        generator={
            "hidden": 64,
            "l1_weight": 10.0,
            "perceptual_weight": 12.0,
            "diversity_weight": 0.03,
            "coarse_l1_weight": 10.0,
            "augment": None,
        },
        learning_rate=1e-3,
    ),
}

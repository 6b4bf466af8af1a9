"""Losses of the cross-view generator, and what stands in front of its discriminators."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from kgen import backend
from kgen.layers.diff_augment import brightness, contrast, cutout, saturation
from kgen.losses import mode_seeking_loss
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden, nchw, nhwc


def check_diversity(golden: Golden) -> None:
    """The loss, its gradient, its ceiling where two pictures are the same."""
    first, second, *noise = (golden[name] for name in ("img1", "img2", "z1", "z2"))

    def price(first: Any, second: Any) -> tuple:
        loss = lambda picture: (mode_seeking_loss(picture, second, *noise), None)  # noqa: E731
        value, _, pull = backend.differentiate(loss, [], first)
        return value, pull(ops.ones_like(value))[1]

    value, slopes = compiled(price)(first, second)
    golden.check("msgan_loss", value)
    golden.check("msgan_dimg1", slopes)
    golden.check("same_image_loss", mode_seeking_loss(first, first, *noise))
    golden.check("ratio_plain", mode_seeking_loss(first, second, *noise, epsilon=0.0))
    golden.check("d_img", np.abs(np.float64(first) - second).mean())
    golden.check("d_z", np.abs(np.float64(noise[0]) - noise[1]).mean())


def check_augmentation(golden: Golden) -> None:
    """Each stage of DiffAugment's "color,cutout", one after the other, with the draws given."""
    images: Any = nhwc(golden["x"])
    draws = {name: golden[name].reshape(-1) for name in golden.names if name[:2] in ("u_", "of")}
    stages = {
        "brightness": lambda x: brightness(x, draws["u_brightness"]),
        "saturation": lambda x: saturation(x, draws["u_saturation"]),
        "contrast": lambda x: contrast(x, draws["u_contrast"]),
        "cutout": lambda x: cutout(x, draws["offset_row"], draws["offset_col"]),
    }
    for name, stage in stages.items():
        images = compiled(stage)(images)
        golden.check(f"after_{name}", nchw(images))

"""Augmentation, jitter and crops against the reference's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from kgen import backend
from kgen.data import resize
from kgen.data.augment import jitter
from kgen.data.crops import stackgan_window
from kgen.layers import DiffAugment
from tests.goldens.compiled import compiled
from tests.goldens.files import Golden, nchw, nhwc

# the order in which the reference draws
DRAWS = {
    "color": ("brightness", "saturation", "contrast"),
    "translation": ("shift_rows", "shift_columns"),
    "cutout": ("hole_row", "hole_column"),
}
METHODS = {
    "pil_bicubic": "bicubic",
    "tf_nearest": "nearest",
    "tf_bicubic_noaa": "bicubic_no_antialias",
    "tf_bilinear": "bilinear_no_antialias",
}


def check_diff_augment(golden: Golden) -> None:
    """Outputs and gradients of every policy, with the random numbers given."""
    images, cotangent = nhwc(golden["x"]), nhwc(golden["cotangent"])
    for match in golden.matching("(.*)/y"):
        policy = match.group(1)
        layer = DiffAugment(policy.replace("+", ","))
        names = [name for stage in layer.stages for name in DRAWS[stage]]
        draws = {name: golden[f"{policy}/rnd{i}"] for i, name in enumerate(names)}
        outputs, slopes = compiled(partial(_augment, layer, draws))(images, cotangent)
        golden.check(f"{policy}/y", nchw(outputs), "y")
        golden.check(f"{policy}/grad_x", nchw(slopes), "grad")


def _augment(layer: DiffAugment, draws: dict, images: Any, cotangent: Any) -> tuple:
    outputs, _, pull = backend.differentiate(lambda x: (layer.apply(x, draws), None), [], images)
    return outputs, pull(cotangent)[1]


def check_jitter(golden: Golden) -> None:
    """Resizing of each half, and the whole jitter of the pair."""
    for match in golden.matching(rf"([ab])_\w+?_({'|'.join(METHODS)})"):
        name, (half, kernel) = match.group(0), match.groups()
        stored = golden[half].astype(golden[name].dtype)
        resized = resize(stored, golden[name].shape[:2], METHODS[kernel])
        if kernel == "tf_nearest":  # pixels are taken as they are
            np.testing.assert_array_equal(resized, golden[name])
        # wide integers: uint8 differences would wrap around
        golden.check(name, np.float64(resized), "resized")
    sizes = {name: int(golden[name]) for name in ("load_size", "crop_size", "crop_x", "crop_y")}
    pair = jitter(golden["a"], golden["b"], flip=bool(golden["flip"]), **sizes)
    for name, half in zip(("a_final", "b_final"), pair, strict=True):
        golden.check(name, half, "final")


def check_crops(golden: Golden) -> None:
    """StackGAN's windows around bounding boxes, to the pixel."""
    rows = golden["rows"]
    for width, height, x, y, w, h, *window in rows.tolist():
        assert stackgan_window(height, width, (x, y, w, h)) == tuple(window)
    assert len(rows)

"""Resizers and the polar transform of cross-view data, against the reference's."""

from __future__ import annotations

import numpy as np

from kgen.data import resize
from kgen.data.cross_view import polar_transform
from kgen.data.cross_view.cvact_pairs import middle_half
from tests.goldens.files import Golden

RESIZED = {
    "cv2_linear": "bilinear_no_antialias",
    "cv2_linear_up": "bilinear_no_antialias",
    "cv2_area": "area",
    "pil_bilinear": "bilinear",
    "pil_bilinear_up": "bilinear",
}


def check_resize(golden: Golden) -> None:
    """Every resizer that published code used, and the crop of a panorama before resizing."""
    image = golden["img"]
    one_level = {"atol": golden.number(r"uint8 \+-(\d)", 1.0), "rtol": 0.0}
    for name, method in RESIZED.items():
        expected = golden[name]
        resized = resize(image, expected.shape[:2], method)
        golden.compare(name, np.float64(resized), np.float64(expected), **one_level)
    smooth = golden["cv2_linear_float"]
    resized = resize(np.float32(image), smooth.shape[:2], "bilinear_no_antialias")
    golden.compare("cv2_linear_float", resized, smooth, atol=1e-2, rtol=0.0)
    middle = middle_half(golden["pano"])
    np.testing.assert_array_equal(middle, golden["pano_middle_half"])
    expected = golden["pano_crop_area"]
    resized = resize(middle, expected.shape[:2], "area")
    golden.compare("pano_crop_area", np.float64(resized), np.float64(expected), **one_level)


def check_polar(golden: Golden) -> None:
    """A small image with its sampling points, and rows of a large one that a seed makes."""
    small = golden["small_img"]
    polar = polar_transform(np.float32(small), golden["small_out"].shape[:2])
    golden.check("small_out", polar)
    # ramps show where each pixel was sampled; none of these lies beyond the border
    ramps = np.float32(np.stack(np.mgrid[: len(small), : len(small)], axis=-1))
    sampled = polar_transform(ramps, golden["small_row"].shape)
    wanted = np.stack([golden["small_row"], golden["small_col"]], axis=-1)
    golden.compare("small_row, small_col", sampled, wanted, atol=1e-4, rtol=0.0)
    random = np.random.RandomState(1111)
    random.randint(0, 256, (60, 60, 3))
    large = np.float32(random.randint(0, 256, (256, 256, 3)))
    golden.check("big_out_rows", polar_transform(large, (128, 512))[::8])

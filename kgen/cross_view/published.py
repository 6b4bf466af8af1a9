"""The figures that the paper prints, under the names that `evaluate_cross_view` gives its own."""

from __future__ import annotations

from kgen.data.cross_view.views import View

Figures = dict[str, float]
NAMES = ("ssim", "psnr", "lpips_alex", "fid_inception2015", "r1")
SOURCE = "Yang et al., 2024 (arXiv 2411.19510), tables 2 to 5"


def _figures(*row: float) -> Figures:
    return dict(zip(NAMES, row, strict=True))


# (data set, source view) -> the method itself. Panoramas are 128x512 for CVUSA and 256x512 for the
# others, aerial images 256x256; which trunk LPIPS had is not said, AlexNet is its code's default.
PUBLISHED: dict[tuple[str, View], Figures] = {
    ("cvusa", "aerial"): _figures(0.3706, 14.33, 0.4302, 13.57, 0.9625),
    ("cvact", "aerial"): _figures(0.4945, 14.55, 0.4540, 21.83, 0.8790),
    ("vigor_gen", "aerial"): _figures(0.4243, 13.91, 0.4548, 13.64, 0.3794),
    ("cvusa", "ground"): _figures(0.2461, 15.77, 0.5181, 41.65, 0.9514),
    ("cvact", "ground"): _figures(0.1966, 16.29, 0.5551, 36.54, 0.8781),
    ("vigor_gen", "ground"): _figures(0.1901, 13.99, 0.5278, 30.93, 0.3458),
}

# pix2pix, as the same tables have it
PUBLISHED_PIX2PIX: dict[tuple[str, View], Figures] = {
    ("cvusa", "aerial"): _figures(0.2849, 12.14, 0.5712, 82.84, 0.0001),
    ("cvact", "aerial"): _figures(0.3634, 13.37, 0.4943, 86.21, 0.0),
    ("vigor_gen", "aerial"): _figures(0.3566, 12.18, 0.6114, 100.25, 0.0001),
    ("cvusa", "ground"): _figures(0.1956, 15.07, 0.6220, 121.95, 0.0785),
    ("cvact", "ground"): _figures(0.0870, 14.24, 0.6612, 133.39, 0.1306),
    ("vigor_gen", "ground"): _figures(0.1885, 13.31, 0.5876, 96.26, 0.0241),
}

# table 4, by the keys of `ABLATIONS`: CVUSA from the aerial view (the text says from the ground,
# but the whole method's row is that of table 3 from the aerial view)
PUBLISHED_ABLATIONS: dict[str, Figures] = {
    "i": _figures(0.3312, 13.66, 0.4656, 38.81, 0.1267),
    "ii": _figures(0.3629, 14.01, 0.4461, 16.51, 0.8942),
    "iii": _figures(0.3720, 14.28, 0.4412, 17.88, 0.9423),
    "iv": _figures(0.3571, 13.75, 0.4377, 15.74, 0.8767),
    "v": _figures(0.3490, 14.06, 0.4332, 14.29, 0.9612),
    "vi": _figures(0.3454, 14.11, 0.4308, 13.67, 0.9561),
}

# table 5, on the same pairs: a network of classification (LPN) in the embedder's place
PUBLISHED_EMBEDDERS: dict[str, Figures] = {
    "classification": _figures(0.3559, 13.89, 0.4544, 25.29, 0.3045),
}

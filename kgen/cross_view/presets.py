"""The recipes of the cross-view generator as plain numbers; any entry may be overridden.

`generator` and `discriminator` are arguments of the functions that build these networks, `model`
those of `CrossViewGenerator`.
"""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    # tables 6 to 8 of the paper: 25.9 million parameters, pictures of 128x512 for CVUSA
    "paper": {
        "generator": {
            "target_size": (128, 512),
            "embedding_size": 384,
            "width": 384,
            "local_channels": 128,
            "style_size": 512,
            "facade_widths": (256, 128, 64),
        },
        "discriminator": {"base_filters": 48},
        "model": {},
    },
    # a quarter of the width: 1.6 million, trains on a laptop
    "teaching": {
        "generator": {
            "target_size": (128, 256),
            "embedding_size": 96,
            "width": 96,
            "local_channels": 32,
            "style_size": 96,
            "facade_widths": (64, 32, 16),
        },
        "discriminator": {"base_filters": 16},
        "model": {"perceptual": "lpips_stand_in"},
    },
    # the smallest that learns a toy city
    "tiny": {
        "generator": {
            "target_size": (128, 256),
            "embedding_size": 64,
            "width": 64,
            "local_channels": 16,
            "style_size": 64,
            "facade_widths": (32, 16, 8),
        },
        "discriminator": {"base_filters": 16},
        "model": {"perceptual": "lpips_stand_in"},
    },
}

# Table 4 of the paper: what each row leaves out. (i) takes the place of the retrieval network.
ABLATIONS: dict[str, dict[str, Any]] = {
    "i": {"embedder": "pix2pix"},
    "ii": {"attention": False},
    "iii": {"style": False},
    "iv": {"retrieval_fusion": False},
    "v": {"same_blocks": True},
    "vi": {"coarse_weight": 0.0},
}

"""The recipes of both stages as plain numbers; `from_preset` takes any entry as an argument.

`generator`, `discriminator` (all of them) and `conditional` (the one that reads attributes) are
arguments of the functions that build these networks, `model` those of the stage.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

Preset = dict[str, dict[str, Any]]

_EMPTY: Preset = {"generator": {}, "discriminator": {}, "conditional": {}, "model": {}}

SHAPE_PRESETS: dict[str, Preset] = {
    # least squares, three discriminators, every weight as printed
    "paper": {**_EMPTY, "model": {"gan_mode": "lsgan", "negative_weight": 1.0, "kl_weight": 2.0}},
    # Zhang et al., 2017, in its PyTorch form: nearest up-sampling, one discriminator, which reads
    # the generator's mean code; cross-entropy with halved negatives
    "stackgan": {
        "generator": {
            "upsample": "resize",
            "normalize_units": True,
            "output_bias": False,
            "code": {"activation": "relu"},
        },
        "discriminator": {"first_bias": False},
        "conditional": {"own_code": False, "head_size": 3},
        "model": {
            "gan_mode": "vanilla",
            "negative_weight": 0.5,
            "kl_weight": 2.0,
            "global_weight": 0.0,
            "local_weight": 0.0,
        },
    },
}

PICTURE_PRESETS: dict[str, Preset] = {
    "paper": {
        **_EMPTY,
        "model": {"gan_mode": "lsgan", "negative_weight": 1.0, "kl_weight": 2.0, "l1_weight": 1.0},
    },
    # Dong et al., 2017: residual generator without skips, one discriminator with a residual branch,
    # cross-entropy with halved negatives, half of the fakes for other attributes, no L1
    "dong": {
        "generator": {"kind": "residual", "code": {"use_bias": False, "spread": "log_sigma"}},
        "discriminator": {},
        "conditional": {"residual": True},
        "model": {
            "gan_mode": "vanilla",
            "negative_weight": 0.5,
            "kl_weight": 1.0,
            "l1_weight": 0.0,
            "global_weight": 0.0,
            "synthesis": "half_rolled",
        },
    },
}


def recipe_of(presets: Mapping[str, Preset], preset: str, model: type, overrides: dict) -> Preset:
    """A preset with overrides: what is no argument of the model is the generator's.

    Raises:
        ValueError: unknown preset.
    """
    if preset not in presets:
        raise ValueError(f"preset must be one of {', '.join(presets)}; got {preset!r}")
    recipe, rest = presets[preset], dict(overrides)
    judging = rest.pop("discriminator_options", {})
    conditional = rest.pop("conditional_options", {})
    arguments = inspect.signature(model.__init__).parameters  # type: ignore[misc]
    own = {name: rest.pop(name) for name in list(rest) if name in arguments}
    code = {**recipe["generator"].get("code", {}), **rest.pop("code", {})}
    return {
        "generator": {**recipe["generator"], "code": code, **rest},
        "discriminator": {**recipe["discriminator"], **judging},
        "conditional": {**recipe["conditional"], **conditional},
        "model": {**recipe["model"], **own},
    }

"""What an entry of the pix2pix manifest is about, recognised by the arrays and recipes it has."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.goldens.files import Golden


def has(*patterns: str) -> Callable[[Golden], bool]:
    """Whether each pattern matches an array's name or a key of the entry."""

    def rule(golden: Golden) -> bool:
        known = [*golden.names, *golden.entry]
        return all(any(re.fullmatch(pattern, name) for name in known) for pattern in patterns)

    return rule


def _is_residual(golden: Golden) -> bool:
    names = [part["name"] for part in golden.entry.get("recipe", [])] + golden.names
    return any("conv_block" in name for name in names)


def _is_generator(golden: Golden) -> bool:
    return has("y_train")(golden) and not has(r"mask\d+")(golden)


HANDLED: dict[str, Callable[[Golden], bool]] = {
    "unet": lambda golden: _is_generator(golden) and not _is_residual(golden),
    "resnet": lambda golden: _is_generator(golden) and _is_residual(golden),
    "dropout": has("y_train", r"mask\d+"),
    "discriminator": has("logits_train"),
    "losses": has(r"logits_\w+", r"\w+/\w+/real"),
    "schedule": has(r".*/step_at_epoch_end"),
    "pool": has("pool_size", "slot"),
    "steps": has("recipeG", "recipeD", "input_recipe", "losses_f32.*"),
    "seed_networks": has("recipeG", "recipeD", "gen", "patch_train"),
    "tutorial_networks": has("recipeG", "recipeD", "gen", "logit_real"),
    "diff_augment": has("cotangent", r".*/rnd0"),
    "jitter": has("load_size", "crop_x", "flip"),
    "crops": has("rows"),
    "lpips": has(r".*/per_layer", "formula/.*"),
}

# what other systems and the metrics will be compared with
LATER: dict[str, Callable[[Golden], bool]] = {
    "image metrics": has(r"p\d+/a", r".*/ski_.*"),
    "fid, kid, inception score": has(r".*/fid_.*", r".*/kid_.*"),
    "fcn score": has("hist", "mean_iou"),
    "power spectrum": has(r".*/mean_power"),
    "attribute gan, stage I": has("attributes", "recipeG", "recipeD"),
    "attribute gan, text codes": has("mu", "log_sigma", "recipeG", "recipeD"),
}


def kinds_of(golden: Golden) -> list[str]:
    """All kinds whose rule holds; exactly one for an entry that is understood."""
    return [kind for kind, rule in {**HANDLED, **LATER}.items() if rule(golden)]

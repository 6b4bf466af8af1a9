"""What an entry of a manifest is about, recognised by the arrays and recipes it has."""

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
    "image_metrics": has(r"p\d+/a", r".*/ski_.*"),
    "set_metrics": has(r".*/fid_.*", r".*/kid_.*"),
    "fcn_score": has("hist", "mean_iou"),
    "power_spectrum": has(r".*/mean_power"),
    "stackgan": has("attributes", "ca_eps", "recipeG", "recipeD"),
    "dong": has("mu", "log_sigma", "recipeG", "recipeD"),
}

# of the cross-view set
XVIEW: dict[str, Callable[[Golden], bool]] = {
    "s2sp_metrics": has("ssim", "psnr", "rmse", "sharpdiff"),
    "frechet": has("feat_a", "feat_b", "fid"),
    "retrieval_metrics": has("recall", "ks", "vigor_label"),
    "lpips_procedural": has("lpips", "per_layer", "x0"),
    "resize": has("cv2_area", "pil_bilinear", "pano_middle_half"),
    "polar": has("small_img", "big_out_rows"),
    "lpips_heads": has(r"\w+/lin\d+\.model\.1\.weight"),
    "saig_step": has("x_grd", "train_loss1", r"perturbed/.*"),
    "saig_full": has("pooled_grd", "weight_rule"),
    "pos_embed": has(r"pos_embed_\d+x\d+", r"to_\d+x\d+"),
    "retrieval_losses": has(r"triplet_w\d+", "infonce_t002"),
    "sharpness": has(r"samadaptive_\w+/loss_0"),
    "learning_rates": has(r"cos_w\d+_t\d+"),
    "attentional": has("normalised", "mask", r"p_\w+_k"),
    "style": has("fc_weight", "fc_bias", "s"),
    "blocks": has("y_s", "y_s_train", "y_t"),
    "generator": has("structure", "style_w", "coarse"),
    "discriminators": has(r"\w+/sn\d/logits"),
    "diversity": has("msgan_loss", "same_image_loss"),
    "augmentation": has("u_brightness", "after_cutout"),
    "one_way": has("ma_gp", r"wD/.*", r"wC/.*"),
    "composite": has("d_full", "d_coarse", "g_terms", "proj"),
}

# of the semi-parametric set, likewise
SIMS: dict[str, Callable[[Golden], bool]] = {
    "power_spectrum": has(r"\w+_power_hann"),
    "segmentation": has("truth", "prediction", "confusion"),
    "seam": has("band", "seam", "texture"),
    "preference": has("wilson"),
}

# asserted beside the layer that it is about
ELSEWHERE: dict[str, Callable[[Golden], bool]] = {
    "spectral_normalization": has("W", "u", "u_new", "sigma", "dW"),
}


def kinds_of(golden: Golden, *rules: dict[str, Callable[[Golden], bool]]) -> list[str]:
    """All kinds whose rule holds; exactly one for an entry that is understood.

    Args:
        golden: the entry.
        rules: kind -> rule; default: those of the pix2pix set.
    """
    return [kind for some in rules or (HANDLED,) for kind, rule in some.items() if rule(golden)]

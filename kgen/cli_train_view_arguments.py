"""The arguments of `kgen train retrieval` and `kgen train cross-view`."""

from __future__ import annotations

import argparse
from typing import Any

from kgen.cli_options import add_seed, add_views, add_workers, positive, size

EXAMPLES = {
    "retrieval": """
  kgen train retrieval --data toy-city --preset tiny --pooling smd --quarter-turns   # no download
  kgen train retrieval --data CVUSA --weights saig_s_imagenet.pth --run-dir runs/cvusa
  kgen train retrieval --data VIGOR --preset saig-d --pooling smd --loss semi-triplet
  kgen train retrieval --data CVUSA --polar --run-dir runs/polar --resume
""",
    "cross-view": """
  kgen train cross-view --data toy-city --embedder runs/retrieval --preset tiny
  kgen train cross-view --data CVUSA --embedder runs/cvusa --run-dir runs/streets
  kgen train cross-view --data CVUSA --embedder runs/cvusa --source ground
  kgen train cross-view --data toy-city --ablation i --preset tiny
""",
}
SUMMARIES = {
    "retrieval": "train SAIG to find the aerial image of a panorama",
    "cross-view": "train the generator of panoramas from aerial images, or back",
}

# Arguments that `CrossViewGenerator.from_preset` takes under the same names.
CROSS_VIEW_MODEL = (
    "width facade_widths hidden local_channels style_size encoder_filters l1_weight perceptual "
    "perceptual_weight identity_weight diversity_weight coarse_l1_weight augment embedding_norm "
    "ema_decay"
).split()


def add_retrieval(command: argparse.ArgumentParser) -> None:
    """What `kgen train retrieval` takes, but for the run folder."""
    _add_data(command)
    group = _add_batches(command)
    group.add_argument(
        "--polar",
        action="store_true",
        help="turn aerial images to the panorama's directions; both views are rolled at random",
    )
    group.add_argument(
        "--quarter-turns",
        action="store_true",
        help="turn both views about the place by random quarters, which few places need if they "
        "are not to be learnt by heart (with --polar they are turned by any angle)",
    )
    for view in ("ground", "aerial"):
        group.add_argument(
            f"--{view}-size", type=size, metavar="HxW", help="pixels (default: of the data set)"
        )
    group = command.add_argument_group("model")
    group.add_argument(
        "--preset",
        choices=("saig-s", "saig-d", "teaching", "tiny"),
        default="saig-s",
        help="which network (default: saig-s)",
    )
    group.add_argument(
        "--pooling",
        choices=("gap", "smd", "gem"),
        default=argparse.SUPPRESS,
        help="of the tokens: their mean, learnt sums, generalized mean (default: gap)",
    )
    group.add_argument(
        "--weights", metavar="FILE", help="released weights of SAIG (.pth) to begin with"
    )
    _add_steps(command.add_argument_group("steps"))


def _add_steps(group: Any) -> None:
    group.add_argument(
        "--loss",
        choices=("triplet", "semi-triplet", "infonce"),
        default="triplet",
        help="(triplet)",
    )
    group.add_argument(
        "--asam",
        choices=("saig", "samsung", "sam", "none"),
        help="sharpness-aware steps (default: saig; of the small presets, none)",
    )
    group.add_argument("--rho", type=float, help="radius of these steps (default: as published)")
    group.add_argument(
        "--schedule",
        choices=("cosine", "constant"),
        default="cosine",
        help="of the learning rate, over all epochs (default: cosine, as published)",
    )
    group.add_argument("--weight-decay", type=float, default=0.03, help="of AdamW (default: 0.03)")
    group.add_argument(
        "--clip-norm",
        type=float,
        help="largest norm of the gradient; 0 for any (default: VIGOR 1, others any)",
    )
    _add_epochs(group)


def add_cross_view(command: argparse.ArgumentParser) -> None:
    """What `kgen train cross-view` takes, but for the run folder."""
    group = _add_data(command)
    group.add_argument(
        "--validation-count", type=positive, metavar="N", help="look at this many held-out pairs"
    )
    group = _add_batches(command)
    group.add_argument(
        "--embeddings",
        metavar="FOLDER",
        help="keep what the retrieval network makes of all images there, for the next run",
    )
    _add_generator(command.add_argument_group("model (what is not given is as the preset has it)"))
    _add_losses(command.add_argument_group("losses"))
    _add_epochs(command)


def _add_generator(group: Any) -> None:
    group.add_argument(
        "--embedder", metavar="RUN", help="trained retrieval network: a run, or a .keras file"
    )
    group.add_argument(
        "--source",
        choices=("aerial", "ground"),
        default="aerial",
        help="the view to begin with (default: aerial)",
    )
    group.add_argument(
        "--preset", choices=("paper", "teaching", "tiny"), default="paper", help="(default: paper)"
    )
    group.add_argument(
        "--ablation",
        choices=("i", "ii", "iii", "iv", "v", "vi"),
        help="a row of the paper's table 4: (i) an encoder that is trained along instead of the "
        "retrieval network, (ii) no attention, (iii) no style, (iv) no modulation by the "
        "embedding, (v) one kind of blocks, (vi) no coarse discriminator",
    )
    group.add_argument(
        "--target-size", type=size, metavar="HxW", help="of pictures (default: of the data set)"
    )
    group.add_argument(
        "--source-size", type=size, metavar="HxW", help="of what the encoder of (i) sees"
    )
    for flag, text in (
        ("--width", "channels of the structure blocks (paper 384)"),
        ("--hidden", "units between embedding and modulation (embedding size; toy city 64)"),
        ("--local-channels", "of the local noise (paper 128)"),
        ("--style-size", "numbers of the style (paper 512)"),
        ("--encoder-filters", "first width of the encoder of (i) (64)"),
    ):
        group.add_argument(flag, type=positive, metavar="N", default=argparse.SUPPRESS, help=text)
    group.add_argument(
        "--facade-widths",
        type=positive,
        nargs=3,
        metavar="N",
        default=argparse.SUPPRESS,
        help="channels of the facade blocks (paper 256 128 64)",
    )
    group.add_argument(
        "--disc-filters", type=positive, metavar="N", help="first width of the discriminators (48)"
    )


def _add_losses(group: Any) -> None:
    group.add_argument(
        "--perceptual",
        choices=("lpips_vgg", "lpips_alex", "lpips_keras_vgg", "lpips_stand_in", "vgg_l1"),
        default=argparse.SUPPRESS,
        help="perceptual loss (paper lpips_vgg; lpips_stand_in needs no weights)",
    )
    group.add_argument(
        "--embedding-norm",
        choices=("none", "l2", "rms"),
        default=argparse.SUPPRESS,
        help="of what the generator is told (none)",
    )
    group.add_argument(
        "--augment",
        type=lambda policy: None if policy == "none" else policy,
        metavar="POLICY",
        default=argparse.SUPPRESS,
        help="DiffAugment in front of the discriminators, or none (color,cutout; toy city none)",
    )
    for flag, text in (
        ("--l1-weight", "(50; toy city 10)"),
        ("--perceptual-weight", "(50; toy city 12)"),
        ("--identity-weight", "of the retrieval network's judgement (10)"),
        (
            "--diversity-weight",
            "of the difference that local noise makes (0.1; VIGOR 1, toy city 0.03)",
        ),
        ("--coarse-l1-weight", "of the coarse picture (0; toy city 10)"),
        ("--ema-decay", "average the generator's weights with this decay"),
    ):
        group.add_argument(flag, type=float, metavar="N", default=argparse.SUPPRESS, help=text)


# ---------------------------------------------------------------------- both


def _add_data(command: argparse.ArgumentParser) -> Any:
    group = command.add_argument_group("data")
    group.add_argument(
        "--data",
        nargs=1,
        required=True,
        metavar="FOLDER",
        help="`toy-city` (drawn, no files); or a folder of CVUSA, CVACT or VIGOR",
    )
    group.add_argument("--count", type=positive, metavar="N", help="use this many pairs only")
    add_views(group)
    add_seed(group)
    return group


def _add_batches(command: argparse.ArgumentParser) -> Any:
    group = command.add_argument_group("batches")
    group.add_argument(
        "--batch-size", type=positive, metavar="N", help="pairs at a time (default: as published)"
    )
    group.add_argument(
        "--resize",
        choices=("area", "bilinear", "bicubic", "bilinear_no_antialias"),
        default="area",
        help="how images are brought to size (default: area)",
    )
    group.add_argument("--cache", action="store_true", help="keep resized images in memory")
    add_workers(group)
    return group


def _add_epochs(group: Any) -> None:
    group.add_argument(
        "--epochs", type=positive, metavar="N", help="in all (default: as published, mostly 200)"
    )

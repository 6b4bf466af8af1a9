"""The arguments of `kgen train`: a parser for each system, so that none takes another's."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from kgen import cli_train_view_arguments as views
from kgen.cli_options import (
    OneOrTwo,
    add_amounts,
    add_batches,
    add_common,
    add_pairs,
    add_picture_reading,
    add_size,
    add_workers,
    positive,
    whole,
)

EXAMPLES = {
    "pix2pix": """
  kgen train --data toy-maps --size 64 --epochs 10            # no download needed
  kgen train --data maps --input-side left --epochs 200 --decay-epochs 100
  kgen train --data masks photos --batch-size 4 --resize nearest --target-resize bicubic
  kgen train --data toy-maps --backend jax --run-dir runs/mine --resume   # continue a killed run
""",
    "attribute-gan": """
  kgen train attribute-gan --data toy-birds --base-filters 16 --shape-epochs 60 --picture-epochs 20
  kgen train attribute-gan --data CUB_200_2011 --level class --run-dir runs/birds
  kgen train attribute-gan --data CUB_200_2011 --level class --run-dir runs/birds --resume
  kgen train attribute-gan --data png128 index.csv --words unicode_name --min-count 20
  kgen train attribute-gan --data toy-birds --stage shape --run-dir runs/toy   # stage I only
""",
    **views.EXAMPLES,
}
SUMMARIES = {
    "pix2pix": "train pix2pix on pairs of images (the system that is meant where none is named)",
    "attribute-gan": "train both stages of the stacked attribute GAN, and chain them",
    **views.SUMMARIES,
}
SYSTEMS = tuple(EXAMPLES)


def name_system(arguments: Sequence[str]) -> list[str]:
    """`kgen train --data ...` means pix2pix.

    Example:

    >>> name_system(["train", "--data", "maps"])
    ['train', 'pix2pix', '--data', 'maps']
    >>> name_system(["train", "attribute-gan"]), name_system(["train", "--help"])
    (['train', 'attribute-gan'], ['train', '--help'])
    """
    command, *rest = arguments or [""]
    named = bool(rest) and (rest[0] in ("-h", "--help") or not rest[0].startswith("-"))
    return ["train", SYSTEMS[0], *rest] if command == "train" and not named else list(arguments)


def add_train(command: argparse.ArgumentParser) -> None:
    """To the parser of `kgen train` one for each system."""
    systems = command.add_subparsers(dest="system", required=True, metavar="SYSTEM")
    for name, add_arguments in (
        ("pix2pix", _add_pix2pix),
        ("attribute-gan", _add_attribute_gan),
        ("retrieval", _add_retrieval),
        ("cross-view", _add_cross_view),
    ):
        system = systems.add_parser(
            name,
            help=SUMMARIES[name],
            description=f"{SUMMARIES[name][0].upper()}{SUMMARIES[name][1:]}.",
            epilog=f"examples:{EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_arguments(system)
        add_common(system)


# ---------------------------------------------------------------------- pix2pix

# Arguments that `Pix2Pix.from_preset` takes under the same names.
MODEL_OPTIONS = (
    "base_filters n_layers depth l1_weight pool_size ema_decay "
    "generator gan_mode inference_mode upsample pad_to_multiple"
).split()


def _add_pix2pix(command: argparse.ArgumentParser) -> None:
    add_pairs(command)
    add_batches(command, training=True)
    _add_pix2pix_model(command)
    add_size(command, "256, toy maps 64")
    command.add_argument("--epochs", type=positive, default=200, help="in all (default: 200)")
    command.add_argument(
        "--decay-epochs",
        type=int,
        default=0,
        help="of these, the last ones in which the learning rate falls to 0 (default: 0)",
    )
    _add_run(command)


def _add_pix2pix_model(command: argparse.ArgumentParser) -> None:
    """Arguments of `Pix2Pix.from_preset`; those not given are left to the preset."""
    group = command.add_argument_group("model (what is not given is as the preset has it)")
    group.add_argument(
        "--preset",
        default="paper",
        choices=("paper", "torch", "tf_tutorial", "seed"),
        help="whose recipe (default: paper)",
    )
    _add_numbers(
        group,
        ("--base-filters", positive, "width of the first layers (64; 16 learns fast on a CPU)"),
        ("--n-layers", int, "of the discriminator (3: patches of 70x70)"),
        ("--depth", positive, "levels of the U-Net"),
        ("--l1-weight", float, "lambda (100)"),
        ("--pool-size", int, "earlier fakes shown to the discriminator again (0)"),
        ("--ema-decay", float, "average the generator's weights with this decay"),
    )
    add: Callable[..., Any] = group.add_argument
    for flag, choices, text in (
        ("--generator", ("unet", "resnet"), "network (unet)"),
        ("--gan-mode", ("vanilla", "lsgan", "hinge", "wgangp", "nonsaturating"), "loss (vanilla)"),
        ("--inference-mode", ("instance", "paper", "moving"), "at test time (instance)"),
        ("--upsample", ("transpose", "resize"), "resize: no checkerboards (transpose)"),
    ):
        add(flag, choices=choices, default=argparse.SUPPRESS, help=text)
    add(
        "--pad-to-multiple",
        action="store_true",
        default=argparse.SUPPRESS,
        help="take any size: pad for the U-Net, crop its output",
    )


# ---------------------------------------------------------------------- attribute GAN

# Arguments that `from_preset` of both stages, and of stage II alone, takes under the same names.
BOTH_STAGES = ("base_filters", "ema_decay")
STAGE_TWO = ("l1_weight",)


def _add_attribute_gan(command: argparse.ArgumentParser) -> None:
    _add_attribute_pictures(command)
    group = command.add_argument_group("batches")
    group.add_argument(
        "--batch-size", type=positive, default=64, help="pictures at a time (default: 64)"
    )
    group.add_argument(
        "--cache", action="store_true", help="keep resized pictures in memory (at 64: 23 kB each)"
    )
    group.add_argument(
        "--mismatching",
        choices=("roll", "class", "group"),
        help="wrong attributes for the discriminators: of the next picture, of another class, or "
        "wrong in one group only, which makes small parts count (default: the batch rolled)",
    )
    add_workers(group)
    _add_attribute_gan_model(command)
    command.add_argument(
        "--stage", choices=("shape", "picture"), help="train this stage only (default: both)"
    )
    for stage in ("shape", "picture"):
        command.add_argument(
            f"--{stage}-epochs", type=positive, default=600, metavar="N", help="(default: 600)"
        )
    command.add_argument(
        "--halve-every",
        type=whole,
        default=100,
        metavar="EPOCHS",
        help="halve the learning rate this often (default: 100; 0 for never)",
    )
    _add_run(command)


def _add_attribute_pictures(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("data")
    group.add_argument(
        "--data",
        nargs="+",
        action=OneOrTwo,
        required=True,
        metavar="FOLDER",
        help="`toy-birds` (drawn, no files); a folder in the layout of CUB-200-2011; or a folder "
        "of pictures with transparency and the CSV table of their attributes",
    )
    add_amounts(group, "pictures")
    group.add_argument(
        "--shape-groups",
        nargs="+",
        metavar="NAME",
        help="attributes, or groups of them, for stage I; stage II gets the others (default: "
        "those of the outline; of a table, all for both)",
    )
    add_picture_reading(group)


def _add_attribute_gan_model(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("model (what is not given is as the presets have it)")
    group.add_argument(
        "--size",
        type=positive,
        default=64,
        metavar="N",
        help="of the pictures: a power of two from 32 on (default: 64)",
    )
    group.add_argument(
        "--shape-preset", choices=("paper", "stackgan"), default="paper", help="of stage I (paper)"
    )
    group.add_argument(
        "--picture-preset", choices=("paper", "dong"), default="paper", help="of stage II (paper)"
    )
    _add_numbers(
        group,
        ("--base-filters", positive, "width of the networks (64; 16 learns fast on a CPU)"),
        ("--l1-weight", float, "of stage II (1; 10 to 100 obey the mask better)"),
        ("--ema-decay", float, "average the generators' weights with this decay"),
    )


# ---------------------------------------------------------------------- views


def _add_retrieval(command: argparse.ArgumentParser) -> None:
    views.add_retrieval(command)
    _add_run(command, "1e-4; small presets 1e-3", samples=8)


def _add_cross_view(command: argparse.ArgumentParser) -> None:
    views.add_cross_view(command)
    _add_run(command, "1e-4, of discriminators 4e-4; toy city 1e-3")


# ---------------------------------------------------------------------- all

# Arguments that `kgen.train` takes under the same names.
RUN_OPTIONS = "run_dir resume samples save_every tensorboard".split()


def _add_numbers(group: Any, *options: tuple[str, Callable[[str], Any], str]) -> None:
    for flag, kind, text in options:
        group.add_argument(flag, type=kind, metavar="N", default=argparse.SUPPRESS, help=text)


def _add_run(command: argparse.ArgumentParser, rate: str = "2e-4", samples: int = 4) -> None:
    command.add_argument("--learning-rate", type=float, help=f"of all players (default: {rate})")
    command.add_argument("--run-dir", help="folder for all results (default: a new one in runs/)")
    command.add_argument(
        "--resume", action="store_true", help="continue the run that --run-dir already holds"
    )
    command.add_argument(
        "--samples", type=positive, default=samples, help=f"examples drawn (default: {samples})"
    )
    command.add_argument(
        "--save-every", type=int, default=0, metavar="EPOCHS", help="also keep the model this often"
    )
    command.add_argument("--tensorboard", action="store_true", help="write tensorboard/ too")
    command.add_argument("--no-export", action="store_true", help="write no SavedModel")
    command.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        default="float32",
        help="of the computation (default: float32)",
    )

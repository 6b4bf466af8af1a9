"""The arguments of the command `kgen`, and the help that explains them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from kgen.cli_options import (
    FOLDERS,
    SPLITS,
    OneOrTwo,
    add_batches,
    add_common,
    add_modes,
    add_pairs,
    add_picture_reading,
    add_seed,
    add_size,
    add_table,
    add_views,
    positive,
)
from kgen.cli_train_arguments import EXAMPLES as TRAIN_EXAMPLES
from kgen.cli_train_arguments import add_train, name_system

EXAMPLES = {
    "train": "".join(["\n", *(examples[1:] for examples in TRAIN_EXAMPLES.values())]),
    "evaluate": """
  kgen evaluate runs/mine --data maps --input-side left --split val
  kgen evaluate runs/mine --data toy-maps --metrics psnr ssim lpips_alex fid_inception2015
  kgen evaluate generated --data real                         # two folders, no model
  kgen evaluate --compare runs/mine runs/other --output comparison
  kgen evaluate runs/birds --data toy-birds                   # an attribute GAN: judged
  kgen evaluate runs/retrieval --data toy-city                # how often the place is found
  kgen evaluate runs/streets --data toy-city --judge runs/judge   # a cross-view generator
""",
    "generate": """
  kgen generate runs/mine/model.keras photos --output translated
  kgen generate runs/mine/model.keras maps/val --input-side left --output translated --side-by-side
  kgen generate runs/birds --attributes dagger has_crown_color::red --count 4 --output drawn
  kgen generate runs/birds --attributes dagger --attributes hooked --seed 1 --output drawn
  kgen generate runs/streets roofs --count 3 --weight-maps --output streets   # cross-view
""",
    "export": """
  kgen export runs/mine/model.keras saved_model
  kgen export runs/mine/model.keras saved_model --onnx
  kgen export runs/retrieval saved_model --view ground
""",
    "check-data": """
  kgen check-data maps                                        # side by side, all splits
  kgen check-data masks photos                                # two folders
  kgen check-data cub                                         # CUB_200_2011 and segmentations
  kgen check-data CVUSA                                       # or CVACT, VIGOR, a toy city
  kgen check-data png128 --table index.csv --words unicode_name   # pictures with transparency
""",
    "make-data": """
  kgen make-data toy-maps --output maps --size 128 --counts 400 50 50
  kgen make-data toy-maps --size 64                           # into the cache ($KGEN_HOME)
  kgen make-data toy-birds --output birds --counts 400 0 50   # in the layout of CUB-200-2011
  kgen make-data toy-city --output city --counts 400 50 0     # in the layout of CVUSA
""",
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments after the word `kgen`; default: those of this process."""
    words = sys.argv[1:] if arguments is None else arguments
    return build_parser().parse_args(name_system(words))


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command, with one subparser per command."""
    parser = argparse.ArgumentParser(
        prog="kgen",
        description="Conditional image generation with Keras on TensorFlow, JAX and PyTorch.",
        epilog="`kgen COMMAND --help` shows a command's arguments with examples.",
    )
    parser.add_argument("--version", action="version", version=import_module("kgen").__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary, add_arguments in (
        (
            "train",
            "train a system: pix2pix, the stacked attribute GAN, or the cross-view system",
            add_train,
        ),
        ("evaluate", "measure a model or a folder of pictures", _add_evaluate),
        (
            "generate",
            "translate images, draw from attributes, or draw another view",
            _add_generate,
        ),
        ("export", "write a SavedModel (and ONNX) and check that it equals the model", _add_export),
        ("check-data", "list every broken or odd-sized file of a data set", _add_check_data),
        ("make-data", "draw a toy data set, in the layout of the real one", _add_make_data),
    ):
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"examples:{EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_arguments(command)
        if name != "train":  # its systems have parsers of their own
            add_common(command)
    return parser


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", help="a .keras file, or a run folder that holds model.keras")


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "model",
        nargs="?",
        help="a .keras file, a run folder that holds model.keras, or a folder of generated "
        "pictures; --data is then pairs, or a folder of real pictures of the same names",
    )
    add(
        "--compare",
        nargs="+",
        metavar="RUN",
        help="put evaluations side by side: run folders, or folders that hold metrics.json",
    )
    add(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="such as psnr ssim rmse lpips_alex fid_inception2015 kid_keras spectrum_spikes "
        "memorisation (default: psnr ssim rmse log_spectral_distance)",
    )
    add_pairs(command, required=False)
    add_batches(command, training=False)
    add_size(command, "the model's; folders as they are")
    _add_judging(command)
    add("--split", choices=(*SPLITS, "all"), default="val", help="default: val")
    add(
        "--output",
        metavar="FOLDER",
        help="for metrics.json, per_image.csv and report.html (default: evaluation/ in the run)",
    )
    add("--name", help="of what is measured, for the report")
    add("--rank-by", metavar="NAME", help="the metric that finds best and worst pictures")
    add("--shown", type=int, default=3, help="pictures of each kind in the report (default: 3)")


def _add_judging(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "attribute GAN (--data as for `kgen train attribute-gan`, with the arguments given there)"
    )
    add_picture_reading(group)
    group.add_argument(
        "--judges",
        metavar="FOLDER",
        help="of the networks that judge; made where there are none (default: judges/ in the run)",
    )
    group.add_argument(
        "--judge-epochs", type=positive, default=8, metavar="N", help="if they are made (8)"
    )
    group = command.add_argument_group("cross-view (--data as for `kgen train cross-view`)")
    add_views(group)
    group.add_argument(
        "--judge", metavar="RUN", help="a retrieval network trained apart from the generator's"
    )


def _add_generate(command: argparse.ArgumentParser) -> None:
    _add_model(command)
    images = command.add_argument(
        "images",
        nargs="+",
        metavar="IMAGES",
        help="image files, or folders of them, to translate; of stage II of the attribute GAN: the "
        "masks to paint",
    )
    images.required = False  # attributes need none
    command.add_argument("--output", required=True, metavar="FOLDER", help="for the PNG files")
    _add_translation(command.add_argument_group("images"))
    _add_drawing(command.add_argument_group("attributes"))
    _add_views(command.add_argument_group("views (--count, --seed and --side-by-side too)"))


def _add_translation(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--input-side", choices=("left", "right"), help="take this half of side-by-side pictures"
    )
    group.add_argument(
        "--one-hot",
        type=positive,
        metavar="CLASSES",
        help="files hold class numbers, as in training",
    )
    group.add_argument(
        "--side-by-side", action="store_true", help="put what went in beside what came out"
    )


def _add_drawing(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--attributes",
        nargs="*",
        action="append",
        metavar="NAME",
        help="what is present in the pictures: names, or values that one group has only; give "
        "--attributes again for another set",
    )
    group.add_argument(
        "--count", type=positive, metavar="N", help="pictures of each set (default: 1)"
    )
    group.add_argument("--seed", type=int, metavar="N", help="of the noise (default: 0)")
    group.add_argument("--soft-mask", action="store_true", help="leave the masks grey")


def _add_views(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--coarse", action="store_true", help="write the coarse pictures too")
    group.add_argument(
        "--weight-maps", action="store_true", help="write where the source's embedding works, too"
    )


def _add_export(command: argparse.ArgumentParser) -> None:
    _add_model(command)
    command.add_argument("output", help="folder for the SavedModel")
    command.add_argument(
        "--view", choices=("ground", "aerial"), help="which network of a retrieval model"
    )
    command.add_argument("--fixed-batch", action="store_true", help="one image at a time only")
    command.add_argument("--no-uint8", action="store_true", help="leave out the 8-bit signature")
    command.add_argument("--onnx", action="store_true", help="write ONNX too")


def _add_check_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "folders",
        nargs="+",
        action=OneOrTwo,
        metavar="FOLDER",
        help=f"{FOLDERS}; or the folder of CUB-200-2011 or toy birds, of CVUSA, CVACT, VIGOR "
        "or a toy city; or one of pictures with transparency",
    )
    command.add_argument("--split", choices=SPLITS, help="default: all that there are")
    add_modes(command)
    group = command.add_argument_group("pictures with transparency")
    group.add_argument("--table", metavar="CSV", help="the table of their attributes")
    add_table(group)


def _add_make_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "name", choices=("toy-maps", "toy-birds", "toy-city"), help="which data set"
    )
    command.add_argument("--output", metavar="FOLDER", help="default: the cache, ~/.kgen")
    command.add_argument(
        "--size",
        type=positive,
        help="height in pixels (default: 64, city 128, with panoramas twice as wide)",
    )
    command.add_argument(
        "--counts",
        type=int,
        nargs=3,
        metavar=("TRAIN", "VAL", "TEST"),
        help="of each split (default: maps 1000 100 100, birds 1600 200 200, city 800 100 100)",
    )
    command.add_argument(
        "--image-format", choices=("png", "jpg"), help="default: png, city jpg as in CVUSA"
    )
    add_seed(command)

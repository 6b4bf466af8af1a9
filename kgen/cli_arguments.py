"""The arguments of the command `kgen`, and the help that explains them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

BACKENDS = ("tensorflow", "jax", "torch")
SPLITS = ("train", "val", "test")
FOLDERS = (
    "one folder of pictures that hold source and target side by side, maybe in train/ val/ test/; "
    "or two folders (sources, targets) of files matched by name"
)
EXAMPLES = {
    "train": """
  kgen train --data toy-maps --size 64 --epochs 10            # no download needed
  kgen train --data maps --input-side left --epochs 200 --decay-epochs 100
  kgen train --data masks photos --batch-size 4 --resize nearest --target-resize bicubic
  kgen train --data toy-maps --backend jax --run-dir runs/mine --resume   # continue a killed run
""",
    "evaluate": """
  kgen evaluate runs/mine --data maps --input-side left --split val
  kgen evaluate runs/mine --data toy-maps --metrics psnr ssim lpips_alex fid_inception2015
  kgen evaluate generated --data real                         # two folders, no model
  kgen evaluate --compare runs/mine runs/other --output comparison
""",
    "generate": """
  kgen generate runs/mine/model.keras photos --output translated
  kgen generate runs/mine/model.keras maps/val --input-side left --output translated --side-by-side
""",
    "export": """
  kgen export runs/mine/model.keras saved_model
  kgen export runs/mine/model.keras saved_model --onnx
""",
    "check-data": """
  kgen check-data maps                                        # side by side, all splits
  kgen check-data masks photos                                # two folders
  kgen check-data cub                                         # CUB_200_2011 and segmentations
""",
    "make-data": """
  kgen make-data toy-maps --output maps --size 128 --counts 400 50 50
  kgen make-data toy-maps --size 64                           # into the cache ($KGEN_HOME)
  kgen make-data toy-birds --output birds --counts 400 0 50   # in the layout of CUB-200-2011
""",
}


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
        ("train", "train pix2pix on pairs of images", _add_train),
        ("evaluate", "measure a model or a folder of pictures", _add_evaluate),
        ("generate", "translate images with a trained model", _add_generate),
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
        _add_common(command)
    return parser


class OneOrTwo(argparse.Action):
    """Takes one or two folders."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        if len(values) > 2:
            shown = " ".join(values)
            parser.error(
                f"give one folder or two, got {len(values)}: {shown}. Quote names with spaces"
            )
        setattr(namespace, self.dest, values)


def size(text: str) -> tuple[int, int]:
    """`256` or `256x512` (height x width) as two numbers.

    Example:

    >>> size("256"), size("256x512")
    ((256, 256), (256, 512))
    """
    numbers = [int(part) for part in text.lower().split("x")]
    if len(numbers) > 2 or min(numbers) < 1:
        raise ValueError
    return numbers[0], numbers[-1]


def positive(text: str) -> int:
    """A whole number from 1."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def _add_common(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("general")
    group.add_argument(
        "--backend", choices=BACKENDS, help="framework to compute with (default: $KERAS_BACKEND)"
    )
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _add_data(command: argparse.ArgumentParser, required: bool = True) -> None:
    group = command.add_argument_group("data")
    group.add_argument(
        "--data",
        nargs="+",
        action=OneOrTwo,
        required=required,
        metavar="FOLDER",
        help=f"`toy-maps` (drawn, no files); {FOLDERS}",
    )
    group.add_argument(
        "--input-side", choices=("left", "right"), help="half that is the source, if side by side"
    )
    _add_modes(group)
    group.add_argument("--count", type=positive, help="use this many pairs only")
    group.add_argument(
        "--validation",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="set aside for validation where there is no folder val/ (default: 0.1)",
    )
    _add_seed(group)


def _add_batches(command: argparse.ArgumentParser, training: bool) -> None:
    group = command.add_argument_group("batches")
    methods = ("bicubic", "bilinear", "lanczos", "nearest")
    group.add_argument(
        "--batch-size", type=positive, default=1, help="pairs at a time (default: 1)"
    )
    group.add_argument("--resize", choices=methods, default="bicubic", help="nearest for labels")
    group.add_argument("--target-resize", choices=methods, help="if the target needs another one")
    group.add_argument(
        "--one-hot",
        type=positive,
        metavar="CLASSES",
        help="sources are class numbers: one channel each",
    )
    group.add_argument("--workers", type=int, default=2, help="reading threads (default: 2)")
    if not training:
        return
    group.add_argument(
        "--load-size", type=size, metavar="N", help="size before the random crop (default: 286/256)"
    )
    group.add_argument("--no-flip", action="store_true", help="do not mirror pairs at random")
    group.add_argument(
        "--preprocess",
        choices=("resize_and_crop", "crop", "scale_width", "scale_width_and_crop", "none"),
        default="resize_and_crop",
        help="how training pictures get their size (default: resize_and_crop)",
    )


def _add_modes(group: Any) -> None:
    modes = ("stored", "grey", "rgb", "rgba", "ids")
    group.add_argument("--source-mode", choices=modes, default="stored", help="channels to read")
    group.add_argument("--target-mode", choices=modes, default="stored", help="channels to read")


def _add_seed(group: Any) -> None:
    group.add_argument(
        "--seed", type=int, default=0, help="of everything that is random (default: 0)"
    )


def _add_size(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--size",
        type=size,
        metavar="N|HxW",
        help=f"height and width in pixels (default: {default})",
    )


def _add_model_options(command: argparse.ArgumentParser) -> None:
    """Arguments of `Pix2Pix.from_preset`; those not given are left to the preset."""
    group = command.add_argument_group("model (what is not given is as the preset has it)")
    add: Callable[..., Any] = group.add_argument
    group.add_argument(
        "--preset",
        default="paper",
        choices=("paper", "torch", "tf_tutorial", "seed"),
        help="whose recipe (default: paper)",
    )
    for flag, kind, text in (
        ("--base-filters", positive, "width of the first layers (64; 16 learns fast on a CPU)"),
        ("--n-layers", int, "of the discriminator (3: patches of 70x70)"),
        ("--depth", positive, "levels of the U-Net"),
        ("--l1-weight", float, "lambda (100)"),
        ("--pool-size", int, "earlier fakes shown to the discriminator again (0)"),
        ("--ema-decay", float, "average the generator's weights with this decay"),
    ):
        add(flag, type=kind, metavar="N", default=argparse.SUPPRESS, help=text)
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


# Arguments that `Pix2Pix.from_preset` takes under the same names.
MODEL_OPTIONS = (
    "base_filters n_layers depth l1_weight pool_size ema_decay "
    "generator gan_mode inference_mode upsample pad_to_multiple"
).split()


def _add_train(command: argparse.ArgumentParser) -> None:
    _add_data(command)
    _add_batches(command, training=True)
    _add_model_options(command)
    _add_size(command, "256, toy maps 64")
    command.add_argument("--epochs", type=positive, default=200, help="in all (default: 200)")
    command.add_argument(
        "--decay-epochs",
        type=int,
        default=0,
        help="of these, the last ones in which the learning rate falls to 0 (default: 0)",
    )
    command.add_argument("--learning-rate", type=float, help="of both players (default: 2e-4)")
    command.add_argument("--run-dir", help="folder for all results (default: a new one in runs/)")
    command.add_argument(
        "--resume", action="store_true", help="continue the run that --run-dir already holds"
    )
    command.add_argument("--samples", type=positive, default=4, help="examples drawn (default: 4)")
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


# Arguments that `kgen.train` takes under the same names.
TRAIN_OPTIONS = "epochs decay_epochs run_dir resume samples save_every tensorboard".split()


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
    _add_data(command, required=False)
    _add_batches(command, training=False)
    _add_size(command, "the model's; folders as they are")
    add("--split", choices=(*SPLITS, "all"), default="val", help="default: val")
    add(
        "--output",
        metavar="FOLDER",
        help="for metrics.json, per_image.csv and report.html (default: evaluation/ in the run)",
    )
    add("--name", help="of what is measured, for the report")
    add("--rank-by", metavar="NAME", help="the metric that finds best and worst pictures")
    add("--shown", type=int, default=3, help="pictures of each kind in the report (default: 3)")


def _add_generate(command: argparse.ArgumentParser) -> None:
    _add_model(command)
    command.add_argument("images", nargs="+", help="image files, or folders of them")
    command.add_argument("--output", required=True, metavar="FOLDER", help="for the PNG files")
    command.add_argument(
        "--input-side", choices=("left", "right"), help="take this half of side-by-side pictures"
    )
    command.add_argument(
        "--one-hot",
        type=positive,
        metavar="CLASSES",
        help="files hold class numbers, as in training",
    )
    command.add_argument(
        "--side-by-side", action="store_true", help="put what went in beside what came out"
    )


def _add_export(command: argparse.ArgumentParser) -> None:
    _add_model(command)
    command.add_argument("output", help="folder for the SavedModel")
    command.add_argument("--fixed-batch", action="store_true", help="one image at a time only")
    command.add_argument("--no-uint8", action="store_true", help="leave out the 8-bit signature")
    command.add_argument("--onnx", action="store_true", help="write ONNX too")


def _add_check_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "folders",
        nargs="+",
        action=OneOrTwo,
        metavar="FOLDER",
        help=f"{FOLDERS}; or the folder of CUB-200-2011 or toy birds",
    )
    command.add_argument("--split", choices=SPLITS, help="default: all that there are")
    _add_modes(command)


def _add_make_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", choices=("toy-maps", "toy-birds"), help="which data set")
    command.add_argument("--output", metavar="FOLDER", help="default: the cache, ~/.kgen")
    command.add_argument("--size", type=positive, default=64, help="in pixels (default: 64)")
    command.add_argument(
        "--counts",
        type=int,
        nargs=3,
        metavar=("TRAIN", "VAL", "TEST"),
        help="pictures of each split (default: maps 1000 100 100, birds 1600 200 200)",
    )
    command.add_argument("--image-format", choices=("png", "jpg"), default="png")
    _add_seed(command)

"""The command `kgen`: train, evaluate, generate, export, check-data and make-data from a shell.

Every command turns its arguments into one call of the Python interface and prints what came back;
whatever can be done here can be done there. Mistakes end with one message that says how to repair
them and exit code 2; `--debug` shows the traceback.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kgen.cli_arguments import MODEL_OPTIONS, TRAIN_OPTIONS, build_parser

# What a user's arguments, files and installation can cause. Anything else is a mistake of kgen.
USER_ERRORS = (ValueError, OSError, ImportError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the word `kgen`. Default: the arguments of this process.

    Returns:
        The exit code: 0 done, 1 when `check-data` has found problems or something unexpected
        happened, 2 for a mistake in the arguments or files.

    Example:

    >>> main(["make-data", "toy-maps", "--size", "huge"])
    2
    """
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as request:  # --help, --version or arguments that cannot be read
        return int(request.code or 0)
    try:
        _choose_backend(options.backend, may_restart=arguments is None)
        return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        print("\nkgen: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        return _explain(error)


def _explain(error: Exception) -> int:
    if isinstance(error, USER_ERRORS):
        print(f"kgen: error: {error}", file=sys.stderr)
        return 2
    print(
        f"kgen: unexpected {type(error).__name__}: {error}\n"
        "Run the same command with --debug to see where it happened.",
        file=sys.stderr,
    )
    return 1


def _choose_backend(name: str | None, may_restart: bool) -> None:
    """Make Keras run on the backend `name`, which it reads once, when it is imported."""
    import keras

    if name in (None, keras.backend.backend()):
        return
    if not may_restart:
        raise ValueError(
            f"Keras already runs on {keras.backend.backend()!r} in this process, so --backend "
            f"{name} comes too late. Set KERAS_BACKEND={name} before Python starts."
        )
    os.environ["KERAS_BACKEND"] = name
    os.execv(sys.executable, [sys.executable, "-m", "kgen", *sys.argv[1:]])


# ---------------------------------------------------------------------- commands


def train(options: argparse.Namespace) -> int:
    """`kgen train`: pairs -> a run folder."""
    import keras

    import kgen
    from kgen.cli_data import TOY_MAPS, open_pairs, plain_batches, training_batches

    keras.config.set_dtype_policy(options.precision)
    size = options.size or ((64, 64) if options.data == [TOY_MAPS] else (256, 256))
    data = training_batches(open_pairs(options, "train", size), options, size)
    source_shape: Any = data.source_shape
    target_shape: Any = data.target_shape
    model = kgen.Pix2Pix.from_preset(
        options.preset,
        image_shape=source_shape,
        output_channels=target_shape[-1],
        seed=options.seed,
        **{name: vars(options)[name] for name in MODEL_OPTIONS if name in options},
    )
    model.compile()
    if options.learning_rate is not None:
        for optimizer in model.optimizer.optimizers:
            optimizer.learning_rate = options.learning_rate
    result = kgen.train(
        model,
        data,
        validation_data=plain_batches(open_pairs(options, "val", size), options, size),
        name=Path(options.data[-1]).resolve().name,
        export=not options.no_export,
        verbose=1 if sys.stdout.isatty() else 2,  # no progress bar in a log file
        **{name: getattr(options, name) for name in TRAIN_OPTIONS},
    )
    for note in result.notes:
        print(f"note: {note}")
    print(f"The run folder: {result.directory}")
    for name, path in result.files.items():
        print(f"  {name:13} {path}")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """`kgen evaluate`: a model or a folder of pictures -> numbers as JSON, and a report."""
    from kgen import cli_evaluate

    return cli_evaluate.evaluate(options)


def generate(options: argparse.Namespace) -> int:
    """`kgen generate`: a model and images -> images."""
    from kgen.generation import generate_files

    written = generate_files(
        load_model(options.model),
        options.images,
        options.output,
        input_side=options.input_side,
        classes=options.one_hot,
        side_by_side=options.side_by_side,
    )
    print(f"{len(written)} images written to {options.output}")
    return 0


def export(options: argparse.Namespace) -> int:
    """`kgen export`: a model -> a SavedModel, and the differences of its outputs as JSON."""
    import kgen

    report = kgen.export(
        load_model(options.model),
        options.output,
        dynamic_batch=not options.fixed_batch,
        uint8=not options.no_uint8,
        onnx=options.onnx,
    )
    print(json.dumps(report, indent=2, default=str))
    return 0


def check_data(options: argparse.Namespace) -> int:
    """`kgen check-data`: lists every file that training would stumble over."""
    import kgen

    if len(options.folders) == 1 and kgen.data.is_cub(options.folders[0]):
        problems, what = kgen.data.check_cub(options.folders[0]), "pictures"
    else:
        what = "pairs"
        problems = kgen.data.check_pairs(
            *options.folders,
            split=options.split,
            source_mode=options.source_mode,
            target_mode=options.target_mode,
        )
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else f"All {what} are in order.")
    return 1 if problems else 0


def make_data(options: argparse.Namespace) -> int:
    """`kgen make-data`: draw toy maps or birds in the layout of the real archives."""
    from kgen.data import toy

    is_maps = options.name == "toy-maps"
    arguments: dict[str, Any] = {} if options.counts is None else {"counts": tuple(options.counts)}
    folder = (toy.write_maps if is_maps else toy.write_birds)(
        options.output,
        size=options.size,
        seed=options.seed,
        image_format=options.image_format,
        **arguments,
    )
    print(
        f"The pairs are in {folder}. Train on them: kgen train --data {folder} --input-side left"
        if is_maps
        else f"The birds are in {folder}. Read them: kgen.data.cub({str(folder)!r}, by='official')"
    )
    return 0


# ---------------------------------------------------------------------- what several commands need


def load_model(path: str) -> Any:
    """The model in a `.keras` file or a run folder; importing kgen has made its classes known."""
    import keras

    file = Path(path)
    if file.is_dir():
        file = file / "model.keras"
    if not file.is_file():
        raise FileNotFoundError(
            f"{file}: there is no such model. Give a .keras file, or the folder of a finished run."
        )
    return keras.models.load_model(file)


COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "generate": generate,
    "export": export,
    "check-data": check_data,
    "make-data": make_data,
}

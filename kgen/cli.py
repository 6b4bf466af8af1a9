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
from typing import Any

from kgen.cli_arguments import parse

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
        options = parse(arguments)
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
    """`kgen train`: data -> a run folder."""
    from kgen import cli_train

    return cli_train.train(options)


def evaluate(options: argparse.Namespace) -> int:
    """`kgen evaluate`: a model or a folder of pictures -> numbers as JSON, and a report."""
    from kgen import cli_evaluate

    return cli_evaluate.evaluate(options)


def generate(options: argparse.Namespace) -> int:
    """`kgen generate`: a model and images or attributes -> images."""
    from kgen import cli_generate

    return cli_generate.generate(options)


def export(options: argparse.Namespace) -> int:
    """`kgen export`: a model -> a SavedModel, and the differences of its outputs as JSON."""
    import kgen
    from kgen.cli_models import load_model

    report = kgen.export(
        _part(load_model(options.model), options),
        options.output,
        dynamic_batch=not options.fixed_batch,
        uint8=not options.no_uint8,
        onnx=options.onnx,
    )
    print(json.dumps(report, indent=2, default=str))
    return 0


def _part(model: Any, options: argparse.Namespace) -> Any:
    """The model, or the part of it that `--view` names."""
    if not hasattr(model, "export_parts"):
        if options.view is None:
            return model
        raise ValueError(f"--view belongs to retrieval networks; this is a {type(model).__name__}")
    parts = model.export_parts()
    if options.view is None:
        raise ValueError(
            f"{options.model} holds a network for each view: give --view {' or '.join(parts)}"
        )
    return parts[options.view]


def check_data(options: argparse.Namespace) -> int:
    """`kgen check-data`: lists every file that training would stumble over."""
    what, problems = _problems(options)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else f"All {what} are in order.")
    return 1 if problems else 0


def _problems(options: argparse.Namespace) -> tuple[str, list]:
    """What is checked, and what is wrong with it."""
    from kgen import data
    from kgen.cli_options import TABLE_OPTIONS

    given = {name: value for name in TABLE_OPTIONS if (value := getattr(options, name)) is not None}
    if options.table is not None:
        if len(options.folders) > 1:
            raise ValueError("--table belongs to one folder of pictures with transparency")
        return "pictures", data.check_rgba(options.folders[0], options.table, **given)
    if given:
        raise ValueError("--words, --min-count and --file-column say how --table is read: give it")
    if len(options.folders) == 1 and data.is_cub(options.folders[0]):
        return "pictures", data.check_cub(options.folders[0])
    if len(options.folders) == 1 and data.cross_view_format(options.folders[0]):
        report = data.check_cross_view(options.folders[0])
        print(report.summary)
        return "pairs", report.problems
    modes = {"source_mode": options.source_mode, "target_mode": options.target_mode}
    return "pairs", data.check_pairs(*options.folders, split=options.split, **modes)


MADE = {
    "toy-maps": "The pairs are in {folder}. Train on them: kgen train --data {folder} "
    "--input-side left",
    "toy-birds": "The birds are in {folder}. Train on them: kgen train attribute-gan --data "
    "{folder} --split-by official; in Python: kgen.data.cub({name!r}, by='official')",
    "toy-city": "The pairs are in {folder}, in the layout of CVUSA. Train on them: kgen train "
    "retrieval --data {folder} --preset tiny",
}


def make_data(options: argparse.Namespace) -> int:
    """`kgen make-data`: draw a toy set in the layout of the real archive."""
    from kgen.data import toy

    arguments: dict[str, Any] = {"seed": options.seed}
    if options.counts is not None:
        arguments["counts"] = tuple(options.counts)
    if options.image_format is not None:
        arguments["image_format"] = options.image_format
    if options.name == "toy-city":
        size = options.size or 128
        folder = toy.write_city(options.output, (size, 2 * size), (size, size), **arguments)
    else:
        write = toy.write_maps if options.name == "toy-maps" else toy.write_birds
        folder = write(options.output, size=options.size or 64, **arguments)
    print(MADE[options.name].format(folder=folder, name=str(folder)))
    return 0


COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "generate": generate,
    "export": export,
    "check-data": check_data,
    "make-data": make_data,
}

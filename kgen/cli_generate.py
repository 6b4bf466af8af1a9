"""`kgen generate`: translate images, or draw from attributes, whatever the model is made for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import kgen
from kgen.attribute_gan.files import draw_files, paint_files
from kgen.cli_models import load_model
from kgen.cross_view.files import generate_view_files
from kgen.cross_view.sampling import CrossViewSampler
from kgen.generation import generate_files

DRAWERS = (kgen.StackedAttributeGAN, kgen.AttributeToShape)
TRANSLATION, DRAWING = ("input_side", "one_hot", "side_by_side"), ("count", "seed", "soft_mask")
VIEWS = ("coarse", "weight_maps")


def generate(options: argparse.Namespace) -> int:
    """Run the command; how many images were written is printed."""
    model = load_model(options.model)
    if isinstance(model, DRAWERS):
        written = _draw(model, options)
    elif isinstance(model, CrossViewSampler):
        written = _views(model, options)
    elif isinstance(model, kgen.ShapeToImage):
        written = _paint(model, options)
    else:
        written = _translate(model, options)
    print(f"{len(written)} images written to {options.output}")
    return 0


def _translate(model: Any, options: argparse.Namespace) -> list[Path]:
    _check(
        options,
        model,
        "translates images",
        needs=("images",),
        refuses=("attributes", *DRAWING, *VIEWS),
    )
    return generate_files(
        model,
        options.images,
        options.output,
        input_side=options.input_side,
        classes=options.one_hot,
        side_by_side=options.side_by_side,
    )


def _draw(model: Any, options: argparse.Namespace) -> list[Path]:
    refused = ("images", *TRANSLATION, *VIEWS)
    _check(options, model, "draws from attributes", needs=("attributes",), refuses=refused)
    return draw_files(
        model,
        options.attributes,
        options.output,
        n=options.count or 1,
        seed=options.seed or 0,
        hard_mask=not options.soft_mask,
    )


def _paint(model: Any, options: argparse.Namespace) -> list[Path]:
    needed, refused = ("images", "attributes"), (*TRANSLATION, *DRAWING, *VIEWS)
    _check(options, model, "paints masks as attributes say", needs=needed, refuses=refused)
    return paint_files(model, options.images, options.attributes, options.output)


def _views(model: CrossViewSampler, options: argparse.Namespace) -> list[Path]:
    refused = ("attributes", "input_side", "one_hot", "soft_mask")
    does = f"draws the {model.target} view of {model.source} images"
    _check(options, model, does, needs=("images",), refuses=refused)
    return generate_view_files(
        model,
        options.images,
        options.output,
        n=options.count or 1,
        seed=options.seed or 0,
        **{name: getattr(options, name) for name in ("side_by_side", *VIEWS)},
    )


def _check(
    options: argparse.Namespace, model: Any, does: str, needs: tuple, refuses: tuple
) -> None:
    """Say which kind of model it is where the arguments are those of another kind."""
    wrong = [name for name in refuses if getattr(options, name) not in (None, False)]
    missing = [name for name in needs if not getattr(options, name)]
    if not wrong and not missing:
        return
    usage = " ".join({"images": "IMAGES", "attributes": "--attributes NAME ..."}[n] for n in needs)
    raise ValueError(
        f"{options.model} holds a {type(model).__name__}, which {does}: kgen generate "
        f"{options.model} {usage} --output FOLDER. "
        + (f"It takes no {_flags(wrong)}" if wrong else f"Given were no {_flags(missing)}")
    )


def _flags(names: list[str]) -> str:
    return ", ".join(n if n == "images" else f"--{n.replace('_', '-')}" for n in names)

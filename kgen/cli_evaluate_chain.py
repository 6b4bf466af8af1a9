"""`kgen evaluate` of both stages of the attribute GAN: judges that learn from real pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kgen import StackedAttributeGAN
from kgen.attribute_gan import Judges, evaluate_chain
from kgen.cli_pictures import open_pictures, refuse
from kgen.data.attribute_batches import enlarged

OF_PAIRS = ("input_side", "target_resize", "one_hot", "size", "rank_by")


def measure_chain(model: StackedAttributeGAN, options: argparse.Namespace, folder: Path) -> Any:
    """Draw for the attributes of real pictures, and ask judges.

    Args:
        model: both stages.
        options: as `kgen evaluate` takes them. `judges` is the folder of the judges, by default
            `judges/` in the run; where it holds none they are trained on the training pictures.
        folder: for the report.
    """
    refuse(options, "an attribute GAN", *OF_PAIRS)
    if options.split == "all":
        raise ValueError("the judges learn from the training pictures: take --split val or test")
    judges = _judges(model, options)
    chosen = {} if options.metrics is None else {"metrics": options.metrics}
    return evaluate_chain(
        model,
        _pictures(model, options, options.split),
        judges,
        output=folder,
        seed=options.seed,
        name=options.name or Path(options.model).resolve().stem,
        shown=options.shown,
        **chosen,
    )


def _judges(model: StackedAttributeGAN, options: argparse.Namespace) -> Judges:
    place = Path(options.model)
    folder = Path(options.judges or (place if place.is_dir() else place.parent) / "judges")
    if (folder / "judges.json").is_file():
        return Judges.load(folder)
    size = model.image_size
    judges = Judges.train(
        _pictures(model, options, "train"),
        size=size,
        epochs=options.judge_epochs,
        seed=options.seed,
        load_size=enlarged(size),  # objects as large as the stages have learnt them
        verbose=0,
    )
    judges.save(folder)
    return judges


def _pictures(model: StackedAttributeGAN, options: argparse.Namespace, split: str) -> Any:
    """Pictures of a split, divided as the stages know attributes."""
    shape, other = model.stage1.attribute_names, model.stage2.attribute_names
    if shape is None or other is None:
        raise ValueError(
            f"the stages of {options.model} do not know their attributes by name, so that they "
            "cannot be found among those of the pictures: build them with attribute_names=[...]"
        )
    return open_pictures(options, split, model.image_size).divide(shape, other)

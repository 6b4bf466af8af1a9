"""Both stages trained one after the other, into one folder that ends up holding the whole chain."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from kgen.attribute_gan.attribute_to_shape import AttributeToShape
from kgen.attribute_gan.shape_to_image import ShapeToImage
from kgen.attribute_gan.stacked import StackedAttributeGAN
from kgen.attribute_gan.stage import Stage
from kgen.callbacks import StepDecay
from kgen.callbacks.files import replace_file
from kgen.data import AttributeBatches, AttributePictures
from kgen.training import TrainingResult, train
from kgen.training.folder import open_folder
from kgen.training.saved_model import write_saved_model

STAGES = {"shape": 1, "picture": 2}  # folder of a stage -> its number


@dataclass(frozen=True)
class StagesResult:
    """What `train_stages` leaves, in memory and on disk.

    Attributes:
        model: both stages in a row; None as long as one of them was never trained.
        stages: `"shape"`, `"picture"` -> result of `kgen.train`, for the stages of this call.
        directory: the folder; the stages' run folders lie in it.
        files: what lies in it, name -> path: `shape`, `picture`, `model`, `saved_model`.
        notes: what is worth knowing, such as that a stage was continued.
    """

    model: StackedAttributeGAN | None
    stages: dict[str, TrainingResult]
    directory: Path
    files: dict[str, Path]
    notes: tuple[str, ...]


def train_stages(
    pictures: AttributePictures,
    validation: AttributePictures | None = None,
    *,
    shape: AttributeToShape | None = None,
    picture: ShapeToImage | None = None,
    shape_epochs: int = 600,
    picture_epochs: int = 600,
    halve_every: int = 100,
    batch_size: int = 64,
    run_dir: str | os.PathLike | None = None,
    resume: bool = True,
    export: bool = True,
    seed: int = 0,
    workers: int = 2,
    cache: bool = False,
    mismatching: str | None = None,
    name: str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options: Any,
) -> StagesResult:
    """Train stage I, then stage II on real masks, each with `kgen.train`, and chain them.

    The folder holds the stages' run folders `shape/` and `picture/`, and, as soon as both are
    finished, the `StackedAttributeGAN` as `model.keras` and `saved_model/`. A killed training goes
    on when this is called again with the same arguments; a finished stage is not trained again.

    Args:
        pictures: what is learnt.
        validation: evaluated after every epoch; also gives the samples. Default: none.
        shape: stage I, compiled, with `attribute_names=pictures.shape_names`. Default: stage I is
            not trained in this call.
        picture: stage II, compiled, with `attribute_names=pictures.other_names`. Default: likewise.
        shape_epochs, picture_epochs: of each stage, in all. Default 600.
        halve_every: epochs after which the learning rate is halved. Default 100; 0 for never.
        batch_size: pictures in a batch. Default 64.
        run_dir: the folder. Default: a new `runs/attribute-gan-NAME-DATE`.
        resume: go on with what `run_dir` holds; False makes it an error if a stage was begun there.
        export: write `saved_model/`, if TensorFlow is installed. Default True.
        seed: of the order, the jitter and the mirroring of the pictures.
        workers: threads that read.
        cache: keep resized pictures in memory, see `AttributeBatches`. Default False.
        mismatching: wrong attributes from the training data, likewise. Default: the stages roll the
            batch, as in validation.
        name: of the data set, for the name of a new folder.
        callbacks: further Keras callbacks, for both stages.
        options: further arguments of `kgen.train`, for both: `samples`, `save_every`, `verbose`,
            ...

    Returns:
        The result, with `.model`, `.stages`, `.directory`, `.files` and `.notes`.

    Raises:
        ValueError: no stage; stages that do not fit each other or the pictures; see `kgen.train`.
        FileExistsError: `run_dir` holds something else.

    Example:

    >>> import tempfile
    >>> from kgen.data.toy import toy_birds
    >>> birds = toy_birds(count=4, size=32)
    >>> shape = AttributeToShape.from_preset(
    ...     "stackgan", image_size=32, base_filters=2, attribute_names=birds.shape_names)
    >>> shape.compile()
    >>> result = train_stages(birds, shape=shape, shape_epochs=1, batch_size=4, verbose=0,
    ...                       run_dir=tempfile.mkdtemp())
    >>> sorted(result.files), result.model is None  # stage II is to follow
    (['shape'], True)
    """
    models: dict[str, Any] = {"shape": shape, "picture": picture}
    _check(models, pictures)
    directory = _open(run_dir, name)
    schedule = [StepDecay(halve_every)] if halve_every else []
    options |= {"callbacks": [*schedule, *callbacks], "resume": resume}
    options["export"] = False  # the chain's SavedModel holds both stages
    epochs = {"shape": shape_epochs, "picture": picture_epochs}
    reading: dict[str, Any] = {
        "batch_size": batch_size, "seed": seed, "workers": workers, "cache": cache,
    }  # fmt: skip
    results = {}
    for stage, model in models.items():
        if model is not None:
            data = _batches(pictures, stage, model, True, mismatching=mismatching, **reading)
            held_out = _batches(validation, stage, model, False, **reading)
            place = directory / stage
            results[stage] = train(model, data, held_out, epochs[stage], place, **options)
    chain = _chain(directory, models)
    notes = [f"{stage}: {note}" for stage, result in results.items() for note in result.notes]
    notes += [] if chain is None else _write(chain, directory, export)
    return StagesResult(chain, results, directory, _files(directory), tuple(notes))


def _files(directory: Path) -> dict[str, Path]:
    files = {stage: directory / stage for stage in STAGES}
    files |= {"model": directory / "model.keras", "saved_model": directory / "saved_model"}
    return {name: path for name, path in files.items() if path.exists()}


def _check(models: dict[str, Stage | None], pictures: AttributePictures) -> None:
    """Whatever would fail after hours of training fails now."""
    if models["shape"] is models["picture"] is None:
        raise ValueError("train_stages needs a stage to train: give shape=, picture=, or both")
    names = {"shape": pictures.shape_names, "picture": pictures.other_names}
    for stage, model in models.items():
        if model is not None and tuple(model.attribute_names or ()) != names[stage]:
            own = "shape_names" if stage == "shape" else "other_names"
            raise ValueError(
                f"the {stage} stage must know its attributes by the names that the pictures have: "
                f"build it with attribute_names=pictures.{own} ({len(names[stage])} names); it has "
                f"{len(model.attribute_names or ()) or 'none'}"
            )
    if None not in models.values():
        StackedAttributeGAN(*models.values())  # type: ignore[arg-type]  # of one size?


def _open(run_dir: str | os.PathLike | None, name: str | None) -> Path:
    if run_dir is None:
        title = "-".join(filter(None, ("attribute-gan", name)))
        return open_folder(None, title, resume=False)[0].directory
    directory = Path(run_dir)
    directory.mkdir(parents=True, exist_ok=True)
    foreign = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    if foreign and not any((directory / stage / "run.json").exists() for stage in STAGES):
        raise FileExistsError(
            f"{directory}: holds no stage of an attribute GAN (shape/ or picture/) and is not "
            f"empty ({', '.join(foreign[:5])}). Pass a new or an empty folder as run_dir."
        )
    return directory


def _batches(
    pictures: AttributePictures | None, stage: str, model: Stage, training: bool, **reading: Any
) -> AttributeBatches | None:
    if pictures is None:
        return None
    size = model._mask_shape()[:2]
    return AttributeBatches(pictures, STAGES[stage], size=size, training=training, **reading)


def _chain(directory: Path, models: dict[str, Any]) -> StackedAttributeGAN | None:
    """Both stages, those of this call as they are; None while the folder lacks one."""
    for stage in STAGES:
        saved = directory / stage / "model.keras"
        if not saved.exists():
            return None
        if models[stage] is None:
            models = {**models, stage: keras.models.load_model(saved)}
    return StackedAttributeGAN(models["shape"], models["picture"])


def _write(chain: StackedAttributeGAN, directory: Path, export: bool) -> list[str]:
    """Write what is missing or older than its stages; returns notes."""
    stages = [(directory / stage / "model.keras").stat().st_mtime_ns for stage in STAGES]

    def is_current(path: Path) -> bool:
        return path.exists() and path.stat().st_mtime_ns >= max(stages)

    model, saved_model = directory / "model.keras", directory / "saved_model"
    if not is_current(model):
        replace_file(model, chain.save)
    if not export or is_current(saved_model / "export.json"):
        return []
    _, note = write_saved_model(chain, saved_model)
    return [note] if note else []

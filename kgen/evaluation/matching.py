"""Which generated picture belongs to which real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kgen.data.folders import partner_faults
from kgen.data.images import Mode
from kgen.evaluation.examples import Example, Examples, as_bytes, grouped, paired, shape_of
from kgen.evaluation.sources import (
    Generated,
    Stored,
    Truth,
    is_reference,
    open_fakes,
    open_truth,
)

SHOWN = 10  # faults in an error


def open_examples(
    model: Any,
    data: Any,
    pairs_needed: bool = True,
    batch_size: int = 1,
    mode: Mode = "stored",
) -> Examples:
    """Bring model and data, in any of their forms, into one stream.

    Args:
        model, data: see `kgen.evaluate`.
        pairs_needed: whether some metric compares each picture with its truth.
        batch_size: pictures that a model generates at a time.
        mode: channels to read from folders, see `kgen.data.read_image`.

    Raises:
        ValueError, FileNotFoundError: forms that do not fit each other, files without partner.

    Example:

    >>> black, grey = np.zeros((2, 8, 8, 3), "uint8"), np.full((2, 8, 8, 3), 99, "uint8")
    >>> examples = open_examples(grey, black)
    >>> [(example.name, int(example.fake.max())) for example in examples.items]
    [('image 0', 99), ('image 1', 99)]
    """
    fakes = open_fakes(model, mode)
    if is_reference(data):
        if pairs_needed:
            raise ValueError(
                f"{data}: statistics of a set can be compared with a set only (fid_...); "
                "pictures are needed for the metrics that compare each one with its truth."
            )
        return _against_reference(fakes, Path(data))
    truth = open_truth(data, model, mode)
    if isinstance(fakes, Generated):
        return _generated_examples(fakes, truth, batch_size)
    return _stored_examples(fakes, truth, pairs_needed)


def _generated_examples(model: Generated, truth: Truth, batch_size: int) -> Examples:
    """Examples whose pictures a model makes from the sources."""

    def stream() -> Iterator[Example]:
        for group in grouped(truth.items, batch_size, key=lambda item: shape_of(item[2])):
            sources = [source for _, _, source, _ in group if source is not None]
            if not sources:
                raise ValueError(
                    "a model needs sources to generate from, and the data are single pictures. "
                    "Give pairs: kgen.data.side_by_side(...), two_folders(...), arrays(...)."
                )
            fakes = model.generate(np.stack(sources))
            if len(fakes) != len(group):
                raise ValueError(f"the model made {len(fakes)} pictures of {len(group)} sources")
            for (name, place, source, real), fake in zip(group, fakes, strict=True):
                yield paired(name, place, source, real, f"what the model made of {place}", fake)

    description = {"model": model.description, "data": truth.description}
    return Examples(stream(), truth.count, description=description)


def _stored_examples(fakes: Stored, truth: Truth, pairs_needed: bool) -> Examples:
    """Examples of pictures that are there already, matched by name, or by number in arrays."""
    description = {"model": fakes.description, "data": truth.description}
    faults, number = _partners(fakes, truth)
    if not faults:
        items = (_match(item, fakes, number) for item in enumerate(truth.items))
        return Examples(items, len(fakes.places), description=description)
    if pairs_needed:
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        shown = "\n  ".join(faults[:SHOWN])
        raise ValueError(
            f"{len(faults)} pictures cannot be compared one with one:\n  {shown}{more}\n"
            "Every generated picture needs its real one, of the same name (endings may differ). "
            "Sets that are not paired take metrics of whole sets: metrics=['fid_inception2015']."
        )
    return Examples(_one_by_one(fakes, truth), None, paired=False, description=description)


def _partners(fakes: Stored, truth: Truth) -> tuple[list[str], dict[Any, int]]:
    """What hinders pairing, and: name (or number) of the real picture -> number of its fake."""
    if fakes.names is None or truth.names is None:
        if truth.count in (None, len(fakes.places)):
            return [], {index: index for index in range(len(fakes.places))}
        return [f"{len(fakes.places)} generated and {truth.count} real pictures"], {}
    stems = [{name: [Path(name)] for name in names} for names in (fakes.names, truth.names)]
    folders = [Path("the generated pictures"), Path("the real pictures")]
    faults = [f"{path}: {what}" for path, what in partner_faults(folders, stems)]
    return faults, {name: index for index, name in enumerate(fakes.names)}


def _match(item: tuple[int, tuple], fakes: Stored, number: dict[Any, int]) -> Example:
    index, (name, place, source, real) = item
    partner = number.get(name, number.get(index))
    if partner is None:
        raise ValueError(f"{place}: there are only {len(fakes.places)} generated pictures")
    return paired(name, place, source, real, fakes.places[partner], fakes.read(partner))


def _against_reference(fakes: Generated | Stored, reference: Path) -> Examples:
    """Examples without real pictures, whose statistics are in a file."""
    if isinstance(fakes, Generated):
        raise ValueError(
            f"{reference}: holds no sources to generate from. Generate the pictures first (`kgen "
            "generate`), then compare their folder with it."
        )
    if not reference.is_file():
        raise FileNotFoundError(f"{reference}: there is no such file of statistics.")
    described = {"model": fakes.description, "data": {"name": reference.stem}}
    return Examples(_one_by_one(fakes, None), len(fakes.places), False, reference, described)


def _one_by_one(fakes: Stored, truth: Truth | None) -> Iterator[Example]:
    """All real pictures, then all generated ones."""
    for name, place, _, real in truth.items if truth else ():
        yield Example(name, place, None, as_bytes(real, place), None)
    for index, place in enumerate(fakes.places):
        name = fakes.names[index] if fakes.names else place
        yield Example(name, place, None, None, as_bytes(fakes.read(index), place))

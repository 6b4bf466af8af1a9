"""Writes toy birds as files in the layout of CUB-200-2011."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from .bird_pictures import BIRD_COUNTS, species_name
from .birds.knobs import make_knobs
from .birds.scene import PARTS, check_size
from .birds.traits import ATTRIBUTES, certainties, make_traits, vector
from .cache import build_once
from .generate import SPLITS, draw_birds
from .write import Progress, cache_folder, checked_settings


def write_birds(
    folder: str | Path | None = None,
    size: int = 64,
    counts: tuple[int, int, int] = (1600, 200, 200),
    seed: int = 0,
    image_format: str = "png",
    limit: int | None = None,
    processes: int = 2,
    *,
    progress: Progress | None = None,
    **knobs: float | str | None,
) -> Path:
    """Draws toy birds into CUB_200_2011/, segmentations/ and attributes.txt.

    `train_test_split.txt` counts the birds of train and val as training. File names end in the
    bird's index: those of val begin at 10,000,000, those of test at 20,000,000. A folder that
    already holds these very birds is checked and used again.

    Args:
        folder: where the layout shall lie; default a folder of the cache in $KGEN_HOME (~/.kgen),
            whose name tells version, seed, size and whatever differs from the defaults.
        size: side of a picture in pixels, 16 to 1024, default 64.
        counts: birds in train, val and test.
        seed: any integer; another seed gives other birds and species.
        image_format: "png" (exact) or "jpg" (as the archive).
        limit: at most so many birds per split; default no limit.
        processes: how many processes draw at once, default 2.
        progress: called with the numbers of finished and of all birds, after each bird.
        **knobs: see `kgen.data.toy.birds.Knobs`.

    Returns:
        The folder, for `kgen.data.cub(folder, split, by="official")`.

    Raises:
        ValueError, TypeError: for an argument or knob that there is not.
        FileExistsError: the folder given holds something else.

    Example:
        >>> import tempfile
        >>> folder = write_birds(Path(tempfile.mkdtemp()) / "birds", size=32, counts=(2, 0, 1))
        >>> sorted(path.name for path in folder.iterdir())
        ['CUB_200_2011', 'attributes.txt', 'done.json', 'segmentations']
    """
    check_size(size)
    make_knobs(**knobs)
    settings = checked_settings("birds", size, counts, seed, image_format, limit, knobs)
    place = Path(folder).expanduser() if folder is not None else cache_folder(settings, BIRD_COUNTS)

    def build(unfinished: Path) -> None:
        _write(unfinished, settings, processes, progress)

    return build_once(place, settings, build, is_cache=folder is None)


def _write(folder: Path, settings: dict, processes: int, progress: Progress | None) -> None:
    from kgen.data.cub200.write import write_cub

    seed, chosen = settings["seed"], make_knobs(**settings["knobs"])
    indices = [
        SPLITS[split] + n for split, count in settings["counts"].items() for n in range(count)
    ]
    traits = {index: make_traits(seed, index, chosen) for index in indices}
    indices.sort(key=lambda index: (traits[index].species, index))  # images.txt is by class
    birds = [traits[index] for index in indices]
    parts: list[dict[str, tuple[float, float]]] = []
    with closing(_draw(indices, settings, processes, progress, parts)) as pictures:
        write_cub(
            folder,
            pictures,
            names=[
                f"Toy_Species_{bird.species + 1:02}_{index:08}.{settings['image_format']}"
                for bird, index in zip(birds, indices, strict=True)
            ],
            classes=[bird.species for bird in birds],
            class_names=[species_name(number) for number in range(chosen.species)],
            attributes=np.stack([vector(bird) for bird in birds]),
            attribute_names=ATTRIBUTES,
            certainty=np.stack([certainties(bird) for bird in birds]),
            train=[index < SPLITS["test"] for index in indices],
            parts=parts,
        )


def _draw(
    indices: Sequence[int],
    settings: dict,
    processes: int,
    progress: Progress | None,
    parts: list[dict[str, tuple[float, float]]],
) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """Yields image and mask of each bird, and appends where its parts are to `parts`."""
    drawing = draw_birds(
        indices, settings["size"], settings["seed"], processes, **settings["knobs"]
    )
    with closing(drawing) as birds:
        for done, (image, mask, labels) in enumerate(birds, start=1):
            parts.append(_places(labels))
            yield image, mask
            if progress is not None:
                progress(done, len(indices))


def _places(labels: np.ndarray) -> dict[str, tuple[float, float]]:
    """The middles of the visible parts, under the names of CUB-200-2011: {name: (x, y)}."""
    middles = {}
    for number, part in enumerate(PARTS):
        rows, columns = np.nonzero(labels == number)
        if number and len(rows):
            middles[part] = float(columns.mean()), float(rows.mean())
    found = {}
    for part, name in (("bill", "beak"), ("body", "belly"), ("tail", "tail"), ("crest", "crown")):
        if part in middles:
            found[name] = middles[part]
    # a bird that looks to the right of the picture shows its right side
    right = middles.get("bill", (1.0,))[0] > middles.get("body", (0.0,))[0]
    for part, name in (("wing", "wing"), ("legs", "leg")):
        if part in middles:
            found[f"{'right' if right else 'left'} {name}"] = middles[part]
    return found

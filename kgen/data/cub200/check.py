"""Finds everything that is wrong with a folder in the layout of CUB-200-2011 at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kgen.data.check import Problem
from kgen.data.crops import clip_window, object_window
from kgen.data.cub200.files import NAME, CubFiles, read_cub
from kgen.data.cub200.labels import read_class_labels, read_image_labels
from kgen.data.cub200.pictures import missing_mask, read_mask
from kgen.data.images import ImageFileError, read_image


def is_cub(folder: str | Path) -> bool:
    """Whether a folder looks like CUB-200-2011: it, or CUB_200_2011 in it, holds images.txt.

    Example:
        >>> is_cub("/nowhere")
        False
    """
    return any((Path(folder) / place / "images.txt").is_file() for place in ("", NAME))


def check_cub(
    folder: str | Path, *, masks: str | Path | None = None, workers: int = 2
) -> list[Problem]:
    """Reads all tables, images and masks and lists what is wrong with them.

    Found: missing and broken files, tables that disagree, masks of another size than their image,
    empty masks, bounding boxes outside of the image.

    Args:
        folder, masks: as for `kgen.data.cub`.
        workers: threads that read.

    Returns:
        The problems; an empty list if there is none.

    Raises:
        FileNotFoundError: no such folder, or none of this layout.

    Example:
        >>> import tempfile
        >>> from kgen.data.toy import write_birds
        >>> folder = write_birds(Path(tempfile.mkdtemp()) / "birds", size=32, counts=(3, 0, 0))
        >>> mask = next((folder / "segmentations").rglob("*.png"))
        >>> mask.unlink()
        >>> [Path(problem.path).name == mask.name for problem in check_cub(folder)]
        [True]
    """
    if not is_cub(folder):
        read_cub(folder)  # says what was looked for
    try:
        files = read_cub(folder, masks)
    except (ValueError, FileNotFoundError) as error:
        return [_table_problem(error)]
    problems = []
    for read in (lambda: read_image_labels(files, cache=False), lambda: read_class_labels(files)):
        try:
            read()
        except (ValueError, FileNotFoundError) as error:
            problems.append(_table_problem(error))
    with ThreadPoolExecutor(workers) as threads:
        for found in threads.map(lambda row: _look(files, row), range(len(files.names))):
            problems += found
    return problems


def _table_problem(error: Exception) -> Problem:
    path, _, what = str(error).partition(": ")
    return Problem(path, what.rstrip("."), "Extract the archive again")


def _look(files: CubFiles, row: int) -> list[Problem]:
    problems, sizes = [], []
    path, mask_path = files.image_path(row), files.mask_path(row)
    try:
        sizes.append(read_image(path, "rgb").shape[:2])
    except FileNotFoundError:
        problems.append(Problem(str(path), "this image is missing", "Extract the archive again"))
    except ImageFileError as error:
        problems.append(Problem(error.path, error.what, error.repair))
    try:
        mask = read_mask(mask_path)
        sizes.append(mask.shape)
        if not mask.any():
            problems.append(Problem(str(mask_path), "the mask is empty", "Replace it"))
    except FileNotFoundError:
        what = missing_mask(mask_path).partition(": ")[2].rstrip(".")
        problems.append(Problem(str(mask_path), *what.split(". ", 1)))
    except ImageFileError as error:
        problems.append(Problem(error.path, error.what, error.repair))
    if len(set(sizes)) > 1:
        what = f"its size {sizes[1]} differs from its image's {sizes[0]} (height, width)"
        problems.append(Problem(str(mask_path), what, "Replace it by one of the image's size"))
    return problems + (_box_problems(files, row, sizes[0]) if sizes else [])


def _box_problems(files: CubFiles, row: int, size: tuple[int, ...]) -> list[Problem]:
    try:
        clip_window(object_window(files.boxes[row]), size[0], size[1], files.boxes[row])
    except ValueError as error:
        what = str(error).rstrip(".?")
        return [Problem(str(files.image_path(row)), what, "Correct bounding_boxes.txt")]
    return []

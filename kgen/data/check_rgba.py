"""Finds everything that is wrong with a folder of pictures with transparency and its table."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kgen.data.attribute_table import IGNORED, Table, read_attribute_table
from kgen.data.check import Problem
from kgen.data.images import ImageFileError
from kgen.data.rgba import read_rgba


def check_rgba(
    folder: str | Path,
    table: Table,
    *,
    words: str | None = None,
    min_count: int = 10,
    ignore: Sequence[str] = IGNORED,
    file_column: str = "file",
    workers: int = 2,
) -> list[Problem]:
    """Reads every file that `rgba_folder` would read and lists what is wrong with them.

    Found: missing and broken files, files without transparency, files that are transparent
    everywhere.

    Args:
        folder, table, words, min_count, ignore, file_column: as for `kgen.data.rgba_folder`.
        workers: threads that read.

    Returns:
        The problems; an empty list if there is none.

    Raises:
        FileNotFoundError: no such folder or table.
        ValueError: a table that cannot be read as these arguments say.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.png").write_bytes(b"no picture")
        >>> table = {"a.png": "red", "b.png": "red"}
        >>> [Path(problem.path).name for problem in check_rgba(folder, table, min_count=1)]
        ['a.png', 'b.png']
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder.")
    files = read_attribute_table(
        table, words=words, min_count=min_count, ignore=ignore, file_column=file_column
    ).files
    with ThreadPoolExecutor(workers) as threads:
        found = threads.map(_look, [Path(folder) / file for file in files])
        return [problem for problem in found if problem is not None]


def _look(path: Path) -> Problem | None:
    if not path.is_file():
        what, repair = "this file of the table is missing", "Put it there, or remove its line"
        return Problem(str(path), what, repair)
    try:
        read_rgba(path)
    except ImageFileError as error:
        return Problem(error.path, error.what, error.repair)
    return None

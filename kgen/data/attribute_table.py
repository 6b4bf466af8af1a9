"""Tables of attributes that users have: columns of 0 and 1, text whose words count, or a dict."""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgen.data.attribute_names import near_matches

IGNORED = ("a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with")
Table = str | Path | Mapping[str, Sequence[str] | str]


class AttributeTable(NamedTuple):
    """Files with their attributes: N names of files, vectors (N, n) uint8, n names."""

    files: tuple[str, ...]
    vectors: np.ndarray
    names: tuple[str, ...]


def read_attribute_table(
    table: Table,
    *,
    words: str | None = None,
    min_count: int = 10,
    ignore: Sequence[str] = IGNORED,
    file_column: str = "file",
) -> AttributeTable:
    """Reads a table of attributes; see `kgen.data.rgba_folder` for the arguments.

    Example:
        >>> table = {"a.png": "Grinning Face", "b.png": "Face with Tears", "c.png": "Open Hand"}
        >>> read_attribute_table(table, min_count=2)  # doctest: +NORMALIZE_WHITESPACE
        AttributeTable(files=('a.png', 'b.png'),
                       vectors=array([[1], [1]], dtype=uint8), names=('face',))
    """
    if isinstance(table, Mapping):
        texts = {
            file: value if isinstance(value, str) else tuple(value) for file, value in table.items()
        }
        return _from_words(texts, min_count, ignore, "The table")
    rows = _rows(Path(table), file_column)
    if words is None:
        return _from_columns(rows, file_column, Path(table))
    if words not in rows[0]:
        columns = list(rows[0])
        raise ValueError(f"{table}: it has no column {words!r}.{near_matches(words, columns)}")
    return _from_words({row[file_column]: row[words] for row in rows}, min_count, ignore, table)


def _rows(path: Path, file_column: str) -> list[dict[str, str]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such table of attributes.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        rows = list(reader)
    if file_column not in columns:
        raise ValueError(
            f"{path}: it has no column {file_column!r} of file names; its columns are "
            f"{', '.join(columns) or 'none'}. Name it as file_column=."
        )
    if not rows:
        raise ValueError(f"{path}: it has no rows.")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise ValueError(f"{path}, line {number}: it must have {len(columns)} fields.")
    return rows


def _from_columns(rows: list[dict[str, str]], file_column: str, path: Path) -> AttributeTable:
    names = [name for name in rows[0] if name != file_column]
    values = {"0": 0, "1": 1}
    for number, row in enumerate(rows, start=2):
        wrong = next((name for name in names if row[name].strip() not in values), None)
        if wrong is not None:
            raise ValueError(
                f"{path}, line {number}: the column {wrong!r} holds {row[wrong]!r}, but attributes "
                f"are 0 or 1. If it is text whose words are attributes, pass words={wrong!r}; "
                "remove columns that are no attributes."
            )
    if not names:
        raise ValueError(f"{path}: it has no column besides {file_column!r}, so no attributes.")
    vectors = [[values[row[name].strip()] for name in names] for row in rows]
    files = tuple(row[file_column] for row in rows)
    return AttributeTable(files, np.array(vectors, np.uint8), tuple(names))


def _from_words(
    texts: Mapping[str, str | tuple[str, ...]],
    min_count: int,
    ignore: Sequence[str],
    title: str | Path,
) -> AttributeTable:
    present = {
        file: set(_words(text)) - set(ignore) if isinstance(text, str) else set(text)
        for file, text in texts.items()
    }
    counts = Counter(word for found in present.values() for word in found)
    names = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w))
    if not names:
        often = ", ".join(f"{word} ({count})" for word, count in counts.most_common(5)) or "none"
        raise ValueError(
            f"{title}: no attribute belongs to min_count={min_count} pictures or more; the most "
            f"frequent are {often}. Lower min_count."
        )
    files = tuple(file for file, found in present.items() if found & set(names))
    vectors = [[int(name in present[file]) for name in names] for file in files]
    return AttributeTable(files, np.array(vectors, np.uint8), tuple(names))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())

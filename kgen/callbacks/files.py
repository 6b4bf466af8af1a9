"""Writing files so that a crash at any moment leaves the old one or the new one, never a half."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def replace_file(path: str | os.PathLike, write: Callable[[Path], Any]) -> Path:
    """Let `write` fill a temporary file beside `path`, then put it in place in one go.

    Args:
        path: the file to write; missing folders are made.
        write: called with the temporary path, whose name ends like that of `path`.

    Returns:
        The path that was written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".writing-{path.name}")
    write(temporary)
    flush(temporary)
    os.replace(temporary, path)
    return path


def write_json(path: str | os.PathLike, content: Any) -> Path:
    """Write JSON in one go; not-a-number becomes null, which every reader of JSON accepts."""
    text = json.dumps(plain(content), indent=2, allow_nan=False) + "\n"
    return replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def flush(path: Path) -> None:
    """Make sure that a file survives a power cut, not only a killed process."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def plain(content: Any) -> Any:
    """Turn values into what JSON holds: not-a-number becomes None, anything unknown its text."""
    if isinstance(content, dict):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(value) for value in content]
    if isinstance(content, (bool, str, int)) or content is None:
        return content
    if hasattr(content, "__float__"):
        number = float(content)
        return number if number - number == 0.0 else None
    return str(content)

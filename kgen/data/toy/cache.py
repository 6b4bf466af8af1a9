"""A folder that is either whole or not there, and is checked before it is used again.

The content is written into a temporary folder beside its place and renamed when all of it is
written; `done.json` in it holds the settings, the number of files and the hashes of three of them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

DONE = "done.json"
logger = logging.getLogger(__name__)


def settings_hash(settings: dict) -> str:
    """Eight hexadecimal digits for a dict of plain values."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def build_once(folder: Path, settings: dict, build: Callable[[Path], None], is_cache: bool) -> Path:
    """Returns `folder` if it holds this very content, else builds it.

    Args:
        folder: where the content shall lie.
        settings: plain values that decide the content.
        build: writes the content into the empty folder that it receives.
        is_cache: the folder is kgen's own: a broken one is replaced. Otherwise it is the user's and
            is never touched.

    Raises:
        FileExistsError: the user's folder holds something else, or is broken.
    """
    found = fault(folder, settings)
    if found is None:
        return folder
    if folder.exists() and any(folder.iterdir()):
        if not is_cache:
            raise FileExistsError(
                f"{folder}: {found}. Nothing was written: choose another folder or delete this one."
            )
        logger.warning("%s: %s; drawing it again.", folder, found)
    unfinished = folder.parent / f".{folder.name}-{uuid.uuid4().hex[:8]}"
    unfinished.mkdir(parents=True)
    try:
        build(unfinished)
        write_done(unfinished, settings)
        _put_in_place(unfinished, folder, settings)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _put_in_place(unfinished: Path, folder: Path, settings: dict) -> None:
    if folder.exists():
        if fault(folder, settings) is None:  # another process was faster
            return
        old = unfinished.with_name(unfinished.name + "-old")
        os.replace(folder, old)
        shutil.rmtree(old)
    try:
        os.replace(unfinished, folder)
    except OSError:
        if fault(folder, settings) is not None:
            raise


def write_done(folder: Path, settings: dict) -> None:
    """Writes done.json: settings, number of files, SHA-256 of the first, middle and last file."""
    files = _files(folder)
    probes = {files[at]: _sha256(folder / files[at]) for at in (0, len(files) // 2, -1)}
    done = {"settings": settings, "files": len(files), "probes": probes}
    (folder / DONE).write_text(json.dumps(done, indent=1), encoding="utf-8")


def fault(folder: Path, settings: dict) -> str | None:
    """Why the folder cannot be used as it is; None if it can."""
    try:
        done = json.loads((folder / DONE).read_text(encoding="utf-8"))
        expected = (done["settings"], done["files"], done["probes"].items())
    except FileNotFoundError:
        return f"it holds no {DONE}, so it was not written by kgen"
    except (ValueError, KeyError, AttributeError):
        return f"its {DONE} cannot be read"
    if expected[0] != settings:
        return f"it holds other data ({json.dumps(expected[0])})"
    files = _files(folder)
    if len(files) != expected[1]:
        return f"it holds {len(files)} files, not {expected[1]}"
    changed = [
        name for name, sha256 in expected[2]
        if not (folder / name).is_file() or _sha256(folder / name) != sha256
    ]  # fmt: skip
    return f"these files have changed: {', '.join(changed)}" if changed else None


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != DONE)
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""Extraction of archives that nobody vouches for.

Every member is looked at before the first one is written: a path or link that leads out of the
folder, or a device, makes the whole archive be refused, with the member's name. Then tarfile's own
"data" filter applies on top.
"""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError)


def extract(archive: Path, folder: Path, name: str) -> Path:
    """Extracts a tar (any compression) or zip into a new folder; returns the data's root in it.

    Args:
        archive: the file.
        folder: where to; is created.
        name: of the data set: if the archive holds one folder only, that is the root; so it is if
            there is a folder of this name.

    Raises:
        ValueError: unsafe members, neither tar nor zip, truncated.

    Example:
        >>> import tempfile
        >>> here = Path(tempfile.mkdtemp())
        >>> with zipfile.ZipFile(here / "set.zip", "w") as file:
        ...     file.writestr("../escape.txt", "")
        >>> extract(here / "set.zip", here / "out", "set")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: ...set.zip: its member '../escape.txt' would be written outside of its folder...
    """
    folder.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _extract_zip(archive, folder)
        elif tarfile.is_tarfile(archive):
            _extract_tar(archive, folder)
        else:
            raise ValueError(
                f"{archive}: it is neither a tar nor a zip archive (a server's error page?). "
                "Download it again."
            )
    except BROKEN as error:
        raise ValueError(
            f"{archive}: it cannot be extracted ({error}). Download it again."
        ) from error
    return _root(folder, name)


def _extract_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        for member in members:
            if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                raise _refusal(archive, member.name, "is a device or pipe")
        for path, link in _tar_paths(members):
            _refuse_escape(archive, path, link)
        tar.extractall(folder, members, filter="data")


def _tar_paths(members: list[tarfile.TarInfo]) -> Iterator[tuple[str, str | None]]:
    for member in members:
        if member.islnk():  # hard links are relative to the archive's root
            yield member.linkname, None
        yield member.name, member.linkname if member.issym() else None


def _extract_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            _refuse_escape(archive, member.filename, None)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _refusal(
                    archive, member.filename, "is a link, which zip files of data need not"
                )
        broken = file.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"{broken} has a wrong checksum")
        file.extractall(folder)


def _refuse_escape(archive: Path, path: str, link: str | None) -> None:
    """Refuses absolute paths, paths with `..`, and links that lead out of the folder."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if _is_absolute(path) or ".." in parts:
        raise _refusal(archive, path, "would be written outside of its folder")
    if link is None:
        return
    depth = len([part for part in parts if part != "."]) - 1  # folders above the link
    for part in PurePosixPath(link).parts:
        depth += -1 if part == ".." else part != "."
        if depth < 0 or _is_absolute(link):
            raise _refusal(archive, path, f"is a link to {link!r}, which is outside of its folder")


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or bool(PureWindowsPath(path).drive)


def _refusal(archive: Path, member: str, what: str) -> ValueError:
    return ValueError(
        f"{archive}: its member {member!r} {what}. Nothing was extracted: do not use this archive."
    )


def _root(folder: Path, name: str) -> Path:
    children = [child for child in folder.iterdir() if child.name not in ("__MACOSX", ".DS_Store")]
    if (folder / name).is_dir():
        return folder / name
    folders = [child for child in children if child.is_dir()]
    return folders[0] if len(folders) == len(children) == 1 else folder

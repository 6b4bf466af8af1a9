"""Getting the published archives of pairs, without trusting the network or the archive.

The published sets lie on one old server without a checksum, links to it break, and archives can
name paths outside of their folder. So: several mirrors, a checksum where one is known, every member
looked at before extraction, and one rename at the end, so that a folder that exists is whole.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import keras

from kgen.data.extract import extract

NAMES = ("cityscapes", "edges2handbags", "edges2shoes", "facades", "maps", "night2day")
MIRRORS = (  # of Isola et al.; the second is the address in their own script
    "https://efrosgans.eecs.berkeley.edu/pix2pix/datasets/{name}.tar.gz",
    "http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/{name}.tar.gz",
)
# Checksums that a publisher states. None does for these archives, so none can be verified unless
# the caller passes one; what was received is recorded in download.json beside the pairs.
KNOWN_SHA256: dict[str, str] = {}
RECORD = "download.json"
logger = logging.getLogger("kgen")


def data_home() -> Path:
    """The folder of downloaded and drawn data: $KGEN_HOME, or else ~/.kgen."""
    return Path(os.environ.get("KGEN_HOME") or Path.home() / ".kgen")


def download_pairs(
    name: str,
    directory: str | Path | None = None,
    *,
    mirrors: Sequence[str] | None = None,
    archive: str | Path | None = None,
    sha256: str | None = None,
    timeout: float = 30.0,
    verbose: bool = True,
) -> Path:
    """Downloads and extracts a published set of pairs once; returns its folder for `side_by_side`.

    Nothing partial is left: the archive is received under a temporary name, verified, extracted
    into a temporary folder, and renamed to DIRECTORY/NAME when all is there. The address, the
    SHA-256 of what was received and whether it was verified are written to `download.json` in the
    folder.

    Args:
        name: "maps", "facades", "cityscapes", "edges2shoes", "edges2handbags", "night2day"; or any
            name, if `mirrors` or `archive` are given.
        directory: where the folder NAME shall lie; default `$KGEN_HOME/datasets`
            (~/.kgen/datasets).
        mirrors: addresses (http, https, file) that are tried in turn; `{name}` is filled in.
        archive: a .tar.gz, .tgz, .tar or .zip that lies here already, taken instead of a download.
        sha256: what the archive must have; without it a warning says that it is unverified.
        timeout: seconds to wait for an answer of the server.
        verbose: whether to show Keras' progress bar.

    Raises:
        ValueError: unknown name, wrong checksum, unsafe or broken archive.
        ConnectionError: no mirror answered; says how to place the archive by hand.

    Example:
        >>> import io, tarfile
        >>> here = Path(tempfile.mkdtemp())
        >>> with tarfile.open(here / "tiny.tar.gz", "w:gz") as tar:
        ...     tar.addfile(tarfile.TarInfo("tiny/train/1.jpg"), io.BytesIO())
        >>> folder = download_pairs("tiny", here / "data", archive=here / "tiny.tar.gz")
        >>> sorted(path.name for path in folder.iterdir())
        ['download.json', 'train']
    """
    if name not in NAMES and mirrors is None and archive is None:
        raise ValueError(
            f"Unknown set {name!r}; published are {', '.join(NAMES)}. For another one pass "
            "mirrors=('https://.../{name}.tar.gz',) or archive='path/of/it.tar.gz'."
        )
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"A set's name is one folder name, received {name!r}.")
    directory = Path(directory) if directory is not None else data_home() / "datasets"
    folder = directory / name
    if folder.is_dir():
        return folder
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=directory) as temporary:
        if archive is None:
            addresses = [address.replace("{name}", name) for address in mirrors or MIRRORS]
            received = Path(temporary) / "archive"
            advice = (
                f"download_pairs({name!r}, archive='path/of/{name}.tar.gz'), or extract it by hand "
                f"to {directory / name}. kgen.data.write_maps() draws a set of toy maps without "
                "any download."
            )
            address = fetch_first(name, addresses, received, advice, timeout, verbose)
        else:
            received, address = local_archive(archive), Path(archive).resolve().as_uri()
        found = verify(name, received, address, sha256 or KNOWN_SHA256.get(name))
        root = extract(received, Path(temporary) / "extracted", name)
        (root / RECORD).write_text(json.dumps(found, indent=2) + "\n")
        place(root, folder)
    return folder


def local_archive(archive: str | Path) -> Path:
    """The path of an archive that lies here already."""
    if not Path(archive).is_file():
        raise FileNotFoundError(f"{archive}: there is no such archive.")
    return Path(archive)


def fetch_first(
    name: str, addresses: Sequence[str], path: Path, advice: str, timeout: float, verbose: bool
) -> str:
    """Receives the archive from the first address that gives it whole, and returns that address.

    Raises:
        ConnectionError: none did; `advice` ends the message with what to do without network.
    """
    failures = []
    for address in addresses:
        try:
            _fetch(address, path, timeout, verbose)
            return address
        except (OSError, ValueError) as error:  # URLError, timeouts, resets, malformed addresses
            failures.append(f"  {address}: {error}")
    raise ConnectionError(
        f"{name}: no mirror gave the archive:\n"
        + "\n".join(failures)
        + f"\nWithout network: get the archive on another machine and pass its path, {advice}"
    )


def _fetch(address: str, path: Path, timeout: float, verbose: bool) -> None:
    if not address.startswith(("http://", "https://", "file://")):
        raise ValueError("an address begins with http://, https:// or file://")
    request = urllib.request.Request(address, headers={"User-Agent": "kgen"})
    with urllib.request.urlopen(request, timeout=timeout) as response, path.open("wb") as file:
        length = int(response.headers.get("Content-Length") or 0)
        bar = keras.utils.Progbar(length or None, unit_name="byte") if verbose else None
        received = 0
        while block := response.read(1 << 20):
            file.write(block)
            received += len(block)
            if bar:
                bar.update(received, finalize=False)
    if length and received != length:
        raise OSError(f"the connection ended after {received} of {length} bytes")


def verify(name: str, archive: Path, address: str, sha256: str | None) -> dict[str, object]:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise ValueError(
            f"{address}: its SHA-256 is {digest}, but {sha256} was expected: the archive is broken "
            "or another one. Nothing was extracted. Download it again or try another mirror."
        )
    if sha256 is None:
        logger.warning(
            "%s is unverified: no publisher states its checksum. Its SHA-256 is %s; pass it as "
            "sha256= to have later downloads compared with it.",
            name,
            digest,
        )
    return {
        "name": name,
        "address": address,
        "sha256": digest,
        "verified": sha256 is not None,
        "bytes": archive.stat().st_size,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def place(root: Path, folder: Path) -> None:
    """Renames a finished folder to its place, unless another process was faster."""
    try:
        os.rename(root, folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, and its folder is whole
            raise
        shutil.rmtree(root, ignore_errors=True)

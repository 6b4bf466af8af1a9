"""Gets the two archives of CUB-200-2011, verified, into one folder."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kgen.data.download import RECORD, data_home, fetch_first, local_archive, place, verify
from kgen.data.extract import extract

IMAGES, MASKS = "CUB_200_2011.tgz", "segmentations.tgz"
# of the California Institute of Technology: 1,150,585,339 and 39,272,883 bytes
MIRRORS = {
    IMAGES: ("https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz?download=1",),
    MASKS: ("https://data.caltech.edu/records/w9d68-gec53/files/segmentations.tgz?download=1",),
}
SHA256 = {
    IMAGES: "0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
    MASKS: "dc77f6cffea0cbe2e41d4201115c8f29a6320ecb04fffd2444f51b8066e4b84f",
}
ADVICE = (
    "download_cub(archives={{'CUB_200_2011.tgz': ..., 'segmentations.tgz': ...}}), or extract both "
    "by hand to {folder}. kgen.data.write_birds() draws toy birds without any download."
)


def download_cub(
    directory: str | Path | None = None,
    *,
    archives: Mapping[str, str | Path] | None = None,
    mirrors: Mapping[str, Sequence[str]] = MIRRORS,
    sha256: Mapping[str, str] = SHA256,
    timeout: float = 30.0,
    verbose: bool = True,
) -> Path:
    """Downloads and extracts CUB-200-2011 and its segmentations once; returns the folder.

    1.2 GB are received. Nothing partial is left: the folder is renamed to its name when both
    archives are verified and extracted into it. `download.json` in it records what was received.

    Args:
        directory: where the folder `cub` shall lie; default `$KGEN_HOME/datasets`.
        archives: {file name: path} of archives that lie here already; others are downloaded.
        mirrors: addresses of each archive, which are tried in turn.
        sha256: what each archive must have.
        timeout: seconds to wait for an answer of the server.
        verbose: whether to show Keras' progress bar.

    Raises:
        ValueError: an unknown file name, a wrong checksum, an unsafe or broken archive.
        ConnectionError: no server answered; says how to place the archives by hand.

    Example:
        >>> download_cub(archives={"birds.zip": "birds.zip"})
        Traceback (most recent call last):
        ValueError: The archives are CUB_200_2011.tgz and segmentations.tgz; received birds.zip.
    """
    here = {} if archives is None else dict(archives)
    unknown = sorted(set(here) - {IMAGES, MASKS})
    if unknown:
        raise ValueError(f"The archives are {IMAGES} and {MASKS}; received {', '.join(unknown)}.")
    directory = Path(directory) if directory is not None else data_home() / "datasets"
    folder = directory / "cub"
    if folder.is_dir():
        return folder
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cub-", dir=directory) as temporary:
        root = Path(temporary) / "cub"
        root.mkdir()
        records = []
        for name in (MASKS, IMAGES):  # the small one first: what fails, fails early
            received = Path(temporary) / name
            if name in here:
                received = local_archive(here[name])
                address = received.resolve().as_uri()
            else:
                advice = ADVICE.format(folder=folder)
                address = fetch_first(name, mirrors[name], received, advice, timeout, verbose)
            records.append(verify(name, received, address, sha256.get(name)))
            extracted = Path(temporary) / f"extracted-{name}"
            extract(received, extracted, name)
            for child in extracted.iterdir():  # attributes.txt lies beside CUB_200_2011
                os.replace(child, root / child.name)
        (root / RECORD).write_text(json.dumps(records, indent=2) + "\n")
        place(root, folder)
    return folder

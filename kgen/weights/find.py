"""Where the weights of published networks lie, or how to get them.

kgen ships no trained trunks: their files are large and their licences their owners'. Each is looked
for on this machine, then downloaded to it with a checksum; where neither works, the error says
which file is missing, how large it is, and where to put it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras

TIMEOUT = 30.0  # seconds that a server may be silent
TORCHVISION = "https://download.pytorch.org/models/"
PYTORCH_FID = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
KERAS_APPLICATIONS = "https://storage.googleapis.com/tensorflow/keras-applications/"


class WeightsNotFoundError(FileNotFoundError):
    """Weights that are neither on this machine nor to be downloaded; says what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """A published file of weights.

    Args:
        file: its name. `-XXXXXXXX` at its end are the first digits of its SHA-256.
        address: of the folder that it is published in.
        megabytes: its size, MiB.
        what: what is in it.
        older: names under which the same weights were published before.
        md5: checksum, where the name has none.
    """

    file: str
    address: str
    megabytes: float
    what: str
    older: tuple[str, ...] = ()
    md5: str | None = None


WEIGHTS = {
    "vgg16": WeightsFile(
        "vgg16-397923af.pth", TORCHVISION, 527.8, "torchvision's VGG16 (ImageNet)"
    ),
    "alexnet": WeightsFile(
        "alexnet-owt-7be5be79.pth",
        TORCHVISION,
        233.1,
        "torchvision's AlexNet (ImageNet)",
        older=("alexnet-owt-4df8aa71.pth",),
    ),
    "squeezenet1_1": WeightsFile(
        "squeezenet1_1-b8a52dc0.pth",
        TORCHVISION,
        4.7,
        "torchvision's SqueezeNet 1.1 (ImageNet)",
        older=("squeezenet1_1-f364aa15.pth",),
    ),
    "inception2015": WeightsFile(
        "pt_inception-2015-12-05-6726825d.pth",
        PYTORCH_FID,
        91.2,
        "the Inception of 2015 that FID is defined with, as pytorch-fid publishes it",
    ),
    "keras_vgg16": WeightsFile(
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        KERAS_APPLICATIONS + "vgg16/",
        56.2,
        "keras.applications' VGG16 without its classifier",
        md5="6d6bbae143d832006294945121d1f1fc",
    ),
    "keras_inception": WeightsFile(
        "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
        KERAS_APPLICATIONS + "inception_v3/",
        91.7,
        "keras.applications' InceptionV3",
        md5="9a0d58056eeedaa3f26cb7ebd46da564",
    ),
}


def find_weights(name: str, path: str | Path | None = None, download: bool = True) -> Path:
    """The file with the weights of a published network.

    Looked for in this order: `path`; what the environment variable `KGEN_WEIGHTS` names (a folder,
    or the file itself); PyTorch's cache (`$TORCH_HOME/hub/checkpoints`); Keras' cache, to which it
    is downloaded (`$KERAS_HOME/kgen`; `models` for Keras' own). A file with a published name must
    have the published checksum. In the folder it may also be called `NAME.pth` (`NAME.h5`): then it
    is taken as it is, as `path` is.

    Args:
        name: "vgg16", "alexnet", "squeezenet1_1", "inception2015", "keras_vgg16" or
            "keras_inception".
        path: a file to be taken instead. Default: none.
        download: whether to download it where it is not found. Default True.

    Raises:
        WeightsNotFoundError: (a FileNotFoundError) not here and not to be had; says which file, its
            size, and where to put it.
        ValueError: unknown name, or a file whose checksum is wrong.

    Example:

    >>> import os, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "vgg16.pth").touch()
    >>> os.environ["KGEN_WEIGHTS"] = str(folder)
    >>> find_weights("vgg16").name
    'vgg16.pth'
    >>> del os.environ["KGEN_WEIGHTS"]
    """
    if name not in WEIGHTS:
        raise ValueError(f"unknown weights {name!r}; there are {', '.join(WEIGHTS)}")
    if path is not None:
        if not Path(path).is_file():
            raise WeightsNotFoundError(f"{path}: there is no such weights file.")
        return Path(path)
    weights = WEIGHTS[name]
    found = _in_chosen_place(name, weights) or _in_torch_cache(weights)
    if found is not None:
        return found
    if not download:
        raise WeightsNotFoundError(_advice(name, weights, "it is not on this machine"))
    return _download(name, weights)


def _in_chosen_place(name: str, weights: WeightsFile) -> Path | None:
    chosen = os.environ.get("KGEN_WEIGHTS")
    if not chosen:
        return None
    place = Path(chosen).expanduser()
    if not place.exists():
        raise WeightsNotFoundError(
            f"KGEN_WEIGHTS names {chosen}, which is neither a folder nor a file."
        )
    folder = place.parent if place.is_file() else place
    for file in (weights.file, *weights.older, name + Path(weights.file).suffix):
        if (folder / file).is_file() and (place.is_dir() or place.name == file):
            return _verified(folder / file, weights)
    return None


def _in_torch_cache(weights: WeightsFile) -> Path | None:
    home = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch").expanduser()
    for file in (weights.file, *weights.older):
        path = home / "hub" / "checkpoints" / file
        if path.is_file() and _fault(path, weights) is None:
            return path
    return None


def _download(name: str, weights: WeightsFile) -> Path:
    address = weights.address + weights.file
    fault: str | None = ""
    for again in (False, True):  # a download that was cut off leaves half a file behind
        try:
            with _impatient():
                path = keras.utils.get_file(
                    weights.file,
                    address,
                    cache_subdir="models" if weights.md5 else "kgen",
                    force_download=again,
                )
        except Exception as error:  # Keras raises a plain Exception
            reason = f"it could not be downloaded from {address} ({error})"
            raise WeightsNotFoundError(_advice(name, weights, reason)) from error
        fault = _fault(Path(path), weights)
        if fault is None:
            return Path(path)
    Path(path).unlink(missing_ok=True)
    raise ValueError(f"{address}: {fault}. It was deleted; try again later.")


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give up where a server never answers: Keras' download has no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _verified(path: Path, weights: WeightsFile) -> Path:
    if fault := _fault(path, weights):
        raise ValueError(f"{path}: {fault}. Delete it, or download it again from {weights.address}")
    return path


def _fault(path: Path, weights: WeightsFile) -> str | None:
    """What is wrong with a file that bears a published name."""
    if path.name not in (weights.file, *weights.older):
        return None
    digits = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    kind, expected = ("sha256", digits.group(1)) if digits else ("md5", weights.md5 or "")
    with path.open("rb") as file:
        received = hashlib.file_digest(file, kind).hexdigest()
    if received.startswith(expected):
        return None
    return (
        f"its {kind} is {received}, but {expected}{'...' if digits else ''} was published: the "
        "file is broken or another one"
    )


def _advice(name: str, weights: WeightsFile, reason: str) -> str:
    chosen = os.environ.get("KGEN_WEIGHTS")
    return (
        f"{weights.file} ({weights.megabytes:g} MB, {weights.what}) is needed, and {reason}. "
        f"Get it from {weights.address}{weights.file} and put it into "
        + (f"{chosen}, which KGEN_WEIGHTS names" if chosen else "a folder that KGEN_WEIGHTS names")
        + ". For tests and teaching, 'stand_in' needs no weights."
    )

"""Reading the files that `torch.save` writes, without PyTorch and without running their code.

Published weights are PyTorch state files, and such a file is a pickle: a program. Here only the few
names that tensors are made of are known, and everything else is an error, so a file from anywhere
can be opened. Both forms are read: the zip archive of PyTorch 1.6 and later, and the older one in
which torchvision's VGG16 is still published. Only the tensors asked for are read from the disk.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C  # the first thing in a file of the older form
STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
}
# what can go wrong inside of a broken file, whatever the place
BROKEN = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
    RecursionError,
    NotImplementedError,
)


def read_state(path: str | Path, prefix: str | tuple[str, ...] = "") -> dict[str, np.ndarray]:
    """Reads the tensors of a PyTorch file (.pth, .pt), by name.

    A file that holds several state dicts, as checkpoints of training do, gives their names joined
    by dots (`generator.conv1.weight`). What is no tensor is left out.

    Args:
        path: the file.
        prefix: read only names that begin like this, `"features."` say, or like one of these.
            Default: all.

    Returns:
        name -> array in PyTorch's layout, dtype as stored (bfloat16 becomes float32), in the
        file's order.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no PyTorch file, a broken one, one that holds more than tensors in containers
            (a whole pickled model), or no tensor of this prefix.

    Example:

    >>> from kgen.weights import LPIPS_HEADS, read_state
    >>> {name: array.shape for name, array in read_state(LPIPS_HEADS / "alex.pth", "lin4").items()}
    {'lin4.model.1.weight': (1, 256, 1, 1)}
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such weights file.")
    try:
        named = dict(_flatten(_load(path)))
        state = {name: t.array() for name, t in named.items() if name.startswith(prefix)}
    except BROKEN as error:
        raise ValueError(
            f"{path}: cannot be read as a PyTorch state file ({_reason(error)}). Download it again,"
            " or open it with PyTorch and write it with torch.save(model.state_dict(), path)."
        ) from error
    if not state:
        found = ", ".join(list(named)[:4]) or "none"
        raise ValueError(
            f"{path}: holds no tensor whose name begins with {prefix!r}; tensors in it: {found}."
        )
    return state


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _load(path: Path) -> Any:
    if zipfile.is_zipfile(path):
        return _load_zip(path)
    return _load_old(path)


# ------------------------------------------------------------------------------ storages, tensors


@dataclass(frozen=True)
class _Storage:
    """A run of numbers in the file."""

    kind: str
    count: int
    read: Callable[[], bytes]

    def numbers(self, order: str) -> np.ndarray:
        """All of it as a flat array; `order` is `<` or `>`."""
        stored = np.dtype(order + ("u2" if self.kind == "bfloat16" else self.kind))
        data = self.read()
        if len(data) != self.count * stored.itemsize:
            raise ValueError(f"{self.count} numbers announced, {len(data)} bytes there")
        flat = np.frombuffer(data, stored).astype(stored.newbyteorder("="))
        if self.kind == "bfloat16":  # the upper half of a float32
            return (flat.astype("u4") << 16).view("f4")
        return flat


@dataclass(frozen=True)
class _Tensor:
    """A window into a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    order: str = "<"

    def array(self) -> np.ndarray:
        """The values, copied, after the window was compared with the storage."""
        flat = self.storage.numbers(self.order)
        if min((self.offset, *self.shape, *self.strides)) < 0:
            raise ValueError("a tensor of negative size")
        if 0 in self.shape:
            return np.zeros(self.shape, flat.dtype)
        steps = [(n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True)]
        if self.offset + sum(steps) >= len(flat):
            raise ValueError("a tensor that is larger than its storage")
        bytes_ = [stride * flat.itemsize for stride in self.strides]
        window = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, bytes_)
        return np.ascontiguousarray(window).reshape(self.shape)


def _flatten(value: Any, name: str = "") -> Iterator[tuple[str, _Tensor]]:
    """All tensors in a nest of containers, with names joined by dots."""
    if isinstance(value, _Tensor):
        yield name, value
    elif hasattr(value, "content"):  # a shell
        yield from _flatten(value.content, name)
    elif isinstance(value, (Mapping, list, tuple)):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, part in items:
            yield from _flatten(part, f"{name}.{key}" if name else str(key))


# ------------------------------------------------------------------------------ the pickle


class _Unpickler(pickle.Unpickler):
    """Knows tensors and their containers, and refuses every other name."""

    def __init__(self, file: IO[bytes], storage_of: Callable | None = None, order: str = "<"):
        super().__init__(file, encoding="utf-8")
        self._storage_of = storage_of
        self._known = _known_names(order)

    def find_class(self, module: str, name: str) -> Any:
        known = self._known.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(
                f"it holds a {module}.{name}, which is no tensor; files with code are not opened"
            )
        return known

    def persistent_load(self, identity: Any) -> Any:
        if self._storage_of is None or identity[0] != "storage":
            raise pickle.UnpicklingError("a storage where none belongs")
        return self._storage_of(*identity[1:])


def _known_names(order: str) -> dict[tuple[str, str], Any]:
    """New objects for each file, so that nothing a file does to them outlives it."""

    def tensor(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_: Any) -> _Tensor:
        return _Tensor(storage, offset, tuple(shape), tuple(strides), order)

    def parameter(data: Any, *_: Any) -> Any:
        return data

    class Shell:
        """A Parameter or Tensor of PyTorch before 0.4, filled after it was made."""

        content: Any = None

        def __new__(cls, data: Any = None, *_: Any) -> Any:
            shell = super().__new__(cls)
            shell.content = data
            return shell

        def __setstate__(self, state: tuple) -> None:
            if len(state) == 4:
                self.content = tensor(*state)
            elif len(state) == 5:
                self.content = state[0]

    return {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "Size"): tuple,
        ("torch", "device"): lambda *parts: ":".join(map(str, parts)),
        ("torch._utils", "_rebuild_tensor"): tensor,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch._utils", "_rebuild_parameter"): parameter,
        ("torch._utils", "_rebuild_parameter_with_state"): parameter,
        ("torch.nn.parameter", "Parameter"): Shell,
        ("torch.autograd.variable", "Variable"): Shell,
        ("torch", "Tensor"): Shell,
        **{("torch", name.replace("Storage", "Tensor")): Shell for name in STORAGES},
        **{("torch", name): kind for name, kind in STORAGES.items()},
    }


# ------------------------------------------------------------------------------ the two forms


def _load_zip(path: Path) -> Any:
    """An archive: NAME/data.pkl, and one member NAME/data/KEY for each storage."""
    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
        root = next(
            (name[: -len("data.pkl")] for name in members if name.endswith("/data.pkl")), ""
        )
        if f"{root}constants.pkl" in members:
            raise pickle.UnpicklingError("it is a TorchScript program, not a state file")
        byteorder = f"{root}byteorder"
        big = byteorder in members and archive.read(byteorder).strip() == b"big"

        def storage_of(kind: str, key: str, _: str, count: int) -> _Storage:
            member = f"{root}data/{key}"
            if member not in members:
                raise EOFError(f"storage {key} is missing")
            return _Storage(kind, count, partial(_read_member, path, member))

        with archive.open(f"{root}data.pkl") as file:
            return _Unpickler(file, storage_of, ">" if big else "<").load()


def _read_member(path: Path, member: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(member)


def _load_old(path: Path) -> Any:
    """Five pickles (magic number, version, machine, object, keys), then the storages."""
    places: dict[str, tuple[int, int]] = {}  # where each storage lies, and how many numbers it has
    sizes: dict[str, int] = {}

    def read(key: str, start: int, count: int) -> bytes:
        place, stored = places[key]
        if start + count > stored:
            raise EOFError(f"storage {key} is smaller than its view")
        with path.open("rb") as file:
            file.seek(place + start * sizes[key])
            return file.read(count * sizes[key])

    def storage_of(kind: str, key: str, _: str, count: int, view: Any = None) -> _Storage:
        sizes[key] = np.dtype("u2" if kind == "bfloat16" else kind).itemsize
        start, count = (view[1], view[2]) if view else (0, count)
        return _Storage(kind, count, partial(read, key, start, count))

    with path.open("rb") as file:
        if _Unpickler(file).load() != MAGIC:
            raise pickle.UnpicklingError("it does not begin as PyTorch's files do")
        _Unpickler(file).load()
        order = "<" if _Unpickler(file).load().get("little_endian", True) else ">"
        content = _Unpickler(file, storage_of, order).load()
        for key in _Unpickler(file).load():
            (count,) = struct.unpack(f"{order}q", file.read(8))
            places[key] = (file.tell(), count)
            file.seek(count * sizes[key], 1)
    return content

"""Where the goldens lie, and one entry of a manifest with the arrays it speaks of.

Goldens are numbers that the reference implementations gave. A set is a folder with a
`manifest.json` and `.npz` files; nothing here or in the tests knows a file by its name.
"""

from __future__ import annotations

import json
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


def set_folder(name: str) -> Path:
    """The folder of a set of goldens (`p2p`, `xview`, ...).

    KGEN_GOLDENS, a folder of sets; else `../shared/goldens`; else the small files kept here. A set
    that one place lacks is taken from the next.
    """
    places = [REPOSITORY.parent / "shared" / "goldens", HERE / "data"]
    if chosen := os.environ.get("KGEN_GOLDENS"):
        if not Path(chosen).is_dir():
            raise FileNotFoundError(f"KGEN_GOLDENS names {chosen}, which is no folder")
        places.insert(0, Path(chosen))
    return next(p / name for p in places if (p / name / "manifest.json").is_file())


def read_set(name: str) -> list[Golden]:
    """All entries of a set's manifest."""
    folder = set_folder(name)
    manifest = json.loads((folder / "manifest.json").read_text())
    entries = manifest["entries"] if "entries" in manifest else manifest["files"]
    if isinstance(entries, dict):
        entries = [{"file": f"{key}.npz", **entry} for key, entry in entries.items()]
    if "default" in (common := manifest.get("tolerance", {})):
        both = dict.fromkeys(("atol", "rtol"), float(common["default"]))
        entries = [{"tolerance": both, **entry} for entry in entries]
    return [Golden(folder, entry) for entry in entries]


class Golden:
    """One entry of a manifest: what it says, its arrays, and which of them were read."""

    def __init__(self, folder: Path, entry: dict) -> None:
        self.path = folder / entry["file"]
        self.entry = entry
        self.what = entry["what"] if "what" in entry else entry["note"]
        self.names = list(entry["arrays"])
        self._read: set[str] = set()

    @property
    def id(self) -> str:
        return self.path.stem

    @cached_property
    def _arrays(self) -> Any:
        return np.load(self.path)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> np.ndarray:
        self._read.add(name)
        return self._arrays[name]

    def unread(self) -> list[str]:
        """Names of the arrays that nobody asked for."""
        return [name for name in self._arrays.files if name not in self._read]

    def matching(self, pattern: str) -> list[re.Match]:
        """Matches of the names of arrays with a pattern, in the file's order."""
        return [match for name in self.names if (match := re.fullmatch(pattern, name))]

    def number(self, pattern: str, default: float) -> float:
        """A number that only the entry's description has."""
        match = re.search(pattern, self.what)
        return float(match.group(1)) if match else default

    def recipe(self, key: str) -> np.ndarray:
        """The array that a recipe of the entry makes."""
        return make(self.entry[key])

    def image(self, name: str = "x") -> np.ndarray:
        """The stored image, or what its recipe makes where none is stored; NCHW -> NHWC."""
        return nhwc(self[name] if name in self else self.recipe(f"{name}_recipe"))

    def state_dict(self, prefix: str, recipe: str) -> dict[str, np.ndarray]:
        """Weights by name: the stored ones, or what the recipe makes where none are stored."""
        made = {part["name"]: make(part) for part in self.entry.get(recipe, [])}
        stored = {m.group(1): self[m.group(0)] for m in self.matching(f"{prefix}/(.*)")}
        for name in made.keys() & stored.keys():
            np.testing.assert_array_equal(made[name], stored[name])
        return stored or made

    def tolerance(self, *keys: str) -> dict[str, float]:
        """atol and rtol that the manifest allows: of the first key it has, else of the entry."""
        given = self.entry.get("tolerance", self.entry.get("tol"))
        if isinstance(given, str):
            pairs = re.findall(r"([ar]tol) ([\d.e+-]+)", given)
            return {"atol": 0.0, "rtol": 0.0} | {kind: float(value) for kind, value in pairs}
        given = next((given[key] for key in keys if key in given), given)
        if given.get("exact"):
            return {"atol": 0.0, "rtol": 0.0}
        found = {kind: float(given.get(kind) or 0.0) for kind in ("atol", "rtol")}
        assert any(found.values()), f"{self.id}: the manifest has no tolerance for {keys}"
        return found

    def check(self, name: str, value: Any, *tolerance: str) -> None:
        """Compare with an array, within the tolerance of these keys of the manifest."""
        self.compare(name, value, self[name], **self.tolerance(*tolerance))

    def compare(self, name: str, value: Any, expected: Any, atol: float, rtol: float) -> None:
        """Compare with anything, the entry's name in the error."""
        np.testing.assert_allclose(
            np.asarray(value), expected, rtol, atol, err_msg=f"{self.path}: {name}"
        )


def make(recipe: dict) -> np.ndarray:
    """value(seed, shape, lo, hi): the same numbers on every platform; or a constant array."""
    if "const" in recipe:
        return np.full(recipe["shape"], recipe["const"], "float32")
    low, high = recipe["lo"], recipe["hi"]
    draws = np.random.RandomState(recipe["seed"]).random_sample(recipe["shape"])
    return (draws * (high - low) + low).astype("float32")


def nhwc(images: np.ndarray) -> np.ndarray:
    """Channels first -> channels last."""
    return np.ascontiguousarray(np.transpose(images, (0, 2, 3, 1)))


def nchw(images: Any) -> np.ndarray:
    """Channels last -> channels first."""
    return np.transpose(np.asarray(images), (0, 3, 1, 2))

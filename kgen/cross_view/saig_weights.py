"""Released weights of SAIG, PyTorch files, into Keras branches."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.cross_view.retrieval import RetrievalModel
from kgen.cross_view.retrieval_guards import VIEWS, check_view
from kgen.cross_view.saig_network import STRIDE
from kgen.data.resizing import as_size
from kgen.weights import load_torch_state, read_state

MODULES = {"ground": "model_grd.", "aerial": "model_sat."}  # of a file with both branches
POSITIONS = "pos_embed"
CLASSIFIER = "head."  # of a file pretrained on ImageNet
Size = int | tuple[int, int]


def load_saig_checkpoint(
    model: RetrievalModel | keras.Model,
    path: str | Path,
    view: str | None = None,
    trained_size: Size | Mapping[str, Size] | None = None,
) -> RetrievalModel | keras.Model:
    """Sets the weights of a `RetrievalModel`, or of one branch of `saig`, from a PyTorch file.

    Files with both branches (`model_grd.`, `model_sat.`) and files with one backbone, pretrained on
    ImageNet, are read; of the latter every branch takes all but the classifier. Where the number
    of tokens differs, position embeddings are resized as PyTorch does it.

    Args:
        model: built as the file's network was: variant, pooling.
        path: a PyTorch state file (.pth, .pt); PyTorch is not needed.
        view: "ground" or "aerial": what a single branch takes of a file with both.
        trained_size: (H, W) of the pictures that the file's network was made for, or such a size
            for each view. Needed only where that cannot be told from the number of tokens:
            default is a square (224x224 pictures), or the model's own size where the number of
            tokens is the same.

    Returns:
        the model.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no PyTorch file, or one of another network. Then no weight is set.

    Example:

    >>> from kgen.cross_view import load_saig_checkpoint, saig
    >>> load_saig_checkpoint(saig((128, 512)), "nowhere/saig_s.pth")
    Traceback (most recent call last):
    FileNotFoundError: nowhere/saig_s.pth: there is no such weights file.
    """
    return load_saig_state(model, read_state(path), view, trained_size, str(path))


def load_saig_state(
    model: RetrievalModel | keras.Model,
    state: Mapping[str, np.ndarray],
    view: str | None = None,
    trained_size: Size | Mapping[str, Size] | None = None,
    source: str = "the state",
) -> RetrievalModel | keras.Model:
    """As `load_saig_checkpoint`, from PyTorch's name -> array.

    Example:

    >>> from kgen.cross_view import saig
    >>> from kgen.cross_view.saig_weights import load_saig_state
    >>> load_saig_state(saig(32, depth=1), {"conv1.weight": 0})
    Traceback (most recent call last):
    ValueError: the state: has no pos_embed, so it is not of SAIG; it has conv1.weight, ...
    """
    if view is not None:
        check_view(view)
    sizes = (
        trained_size if isinstance(trained_size, Mapping) else dict.fromkeys(VIEWS, trained_size)
    )
    branches: dict[Any, keras.Model] = {view: model}
    if isinstance(model, RetrievalModel):
        branches = {v: getattr(model, v) for v in VIEWS}
    before = [(branch, branch.get_weights()) for branch in branches.values()]
    try:
        for name, branch in branches.items():
            own, whole = _branch_state(state, name, source)
            _load_branch(branch, own, whole, sizes.get(name or VIEWS[0]), source)
    except Exception:
        for branch, weights in before:  # one of two branches would be worse than none
            branch.set_weights(weights)
        raise
    return model


def _branch_state(
    state: Mapping[str, np.ndarray], view: str | None, source: str
) -> tuple[dict[str, np.ndarray], bool]:
    """A branch's own names -> arrays, without what stands before them; whether it has a pooling."""
    roots = [name.removesuffix(POSITIONS) for name in state if f".{name}".endswith(f".{POSITIONS}")]
    if not roots:
        raise ValueError(
            f"{source}: has no {POSITIONS}, so it is not of SAIG; it has "
            f"{', '.join(list(state)[:4])}, ..."
        )
    paired = [root for root in roots if any(module in root for module in MODULES.values())]
    if paired:
        if view is None:
            raise ValueError(
                f"{source}: holds both branches; say view='ground' or view='aerial', or load it "
                "into a RetrievalModel"
            )
        roots = [root for root in paired if MODULES[view] in root]
    if len(roots) != 1:
        raise ValueError(
            f"{source}: holds {len(roots)} networks that would do ({', '.join(roots) or 'none'}); "
            "one is needed. Keep one of them: torch.save({'state_dict': ...}, path)."
        )
    places = [roots[0], roots[0].removesuffix("backbone.")]
    own = {
        name.removeprefix(places[0]).removeprefix(places[1]): value
        for name, value in state.items()
        if name.startswith(places[1])
    }
    return own, bool(paired)


def _load_branch(
    branch: keras.Model,
    state: dict[str, np.ndarray],
    whole: bool,
    trained_size: Size | None,
    source: str,
) -> None:
    """Sets one branch; without its pooling where the file is of ImageNet (not `whole`)."""
    names = [layer.name for layer in branch.layers]
    if POSITIONS not in names or "norm" not in names:
        raise ValueError(
            f"{branch.name} is no branch made by saig(): released weights fit no other network"
        )
    target = branch if whole else keras.Model(branch.inputs, branch.get_layer("norm").output)
    known = {layer.name.replace("-", ".") for layer in target.layers if layer.weights}
    left = [
        name
        for name in state
        if name != POSITIONS
        and name.rpartition(".")[0] not in known
        and not (name.startswith(CLASSIFIER) and not whole)
    ]
    if left:
        raise ValueError(
            f"{source}: holds {', '.join(left[:4])}, ..., which {branch.name} has no place for. "
            "Build it with the file's depth (variant 'S' or 'D') and pooling."
        )
    positions = _positions(branch, np.asarray(state[POSITIONS]), trained_size, source)
    load_torch_state(target, state, source)
    branch.get_layer(POSITIONS).positions.assign(positions)


def _positions(
    branch: keras.Model, stored: np.ndarray, trained_size: Size | None, source: str
) -> np.ndarray:
    """The stored position embeddings for the branch's grid of tokens."""
    height, width = branch.input_shape[1:3]
    grid = height // STRIDE, width // STRIDE
    own = tuple(branch.get_layer(POSITIONS).positions.shape)
    if stored.ndim != 3 or stored.shape[::2] != own[::2] or not np.isfinite(stored).all():
        raise ValueError(
            f"{source}: {POSITIONS} has the shape {stored.shape}, or holds values that are not "
            f"finite; {branch.name} needs (1, N, {own[2]})"
        )
    count = stored.shape[1]
    if trained_size is not None:
        h, w = as_size(trained_size)
        before = h // STRIDE, w // STRIDE
    else:
        before = grid if count == own[1] else (isqrt(count), isqrt(count))
    if before[0] * before[1] != count:
        raise ValueError(
            f"{source}: has {count} tokens, which a grid of {before[0]}x{before[1]} does not have: "
            "say trained_size=(H, W), the pictures' size that it was trained with"
        )
    return resize_positions(stored, before, grid)


def resize_positions(
    positions: np.ndarray, before: tuple[int, int], after: tuple[int, int]
) -> np.ndarray:
    """Bicubic resizing as PyTorch's: a = -0.75, half-pixel centres, no antialiasing.

    Done in numpy, once, because bicubic resizing differs between the backends.

    Args:
        positions: (1, h w, E), rows first.
        before: (h, w).
        after: (H, W).

    Returns:
        (1, H W, E) float32.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view.saig_weights import resize_positions
    >>> resize_positions(np.ones((1, 4, 3)), (2, 2), (2, 4)).shape
    (1, 8, 3)
    """
    grid = np.asarray(positions, np.float64).reshape(*before, -1)
    rows, columns = (_cubic(old, new) for old, new in zip(before, after, strict=True))
    resized = np.einsum("ij,kl,jlc->ikc", rows, columns, grid, optimize=True)
    return resized.reshape(1, after[0] * after[1], -1).astype(np.float32)


def _cubic(old: int, new: int) -> np.ndarray:
    """(new, old): how much of each old place is in each new one (Keys, 1981, equation 4)."""
    if old == new:
        return np.eye(new)
    centre = (np.arange(new) + 0.5) * old / new - 0.5
    weights, a = np.zeros((new, old)), -0.75
    for offset in range(-1, 3):
        place = np.floor(centre) + offset
        d = np.abs(centre - place)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        inside = place.clip(0, old - 1).astype(int)  # beyond the border its own value goes on
        np.add.at(weights, (np.arange(new), inside), np.where(d <= 1, near, far))
    return weights

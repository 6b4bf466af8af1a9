"""Embeddings that never change, computed once before training instead of in every step."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.callbacks.files import replace_file
from kgen.cross_view.identity import embed
from kgen.data.cross_view.batches import CrossViewBatches
from kgen.data.cross_view.views import CrossViewPairs
from kgen.data.resizing import as_size

logger = logging.getLogger(__name__)


def cached_embeddings(
    model: Any,
    pairs: CrossViewPairs,
    source_size: int | tuple[int, int] | None = None,
    resize: str = "area",
    batch_size: int = 32,
    workers: int = 2,
    path: str | Path | None = None,
) -> dict[str, np.ndarray]:
    """What the frozen retrieval network makes of all pairs, for `CrossViewBatches(extra=...)`.

    Embeddings of sources and real targets depend on the data alone: computed once, they save the
    reading of source images and three passes of the network in every step. Training is the same.

    Args:
        model: a `CrossViewGenerator` with a `source_embedder`.
        pairs: as they will be trained on.
        source_size: height and width of source images. Default: what the network takes.
        resize: method, as the batches of the training have it. Default "area".
        batch_size: pairs at a time. Default 32.
        workers: threads that read. Default 2.
        path: an .npz file that keeps them. Where it holds the embeddings of these very pairs, sizes
            and weights they are read from it; else it is written. Default: none.

    Returns:
        float32 arrays in the order of the pairs: `source_embedding` (N, E), as the generator takes
        it; and with an identity loss `target_embedding` and `coarse_embedding` (N, F).

    Raises:
        ValueError: a model without frozen network, or embeddings that are not finite; and for
            pairs that cannot be read, as `CrossViewBatches`.

    Example:

    >>> import keras, numpy as np
    >>> from kgen.cross_view import CrossViewGenerator, cached_embeddings
    >>> from kgen.data.cross_view import CrossViewBatches, view_arrays
    >>> views = {view: keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    ...          for view in ("aerial", "ground")}
    >>> model = CrossViewGenerator.from_preset("tiny", embedder=views)
    >>> pairs = view_arrays(*np.zeros((2, 5, 16, 16, 3), "uint8"))
    >>> cached = cached_embeddings(model, pairs)
    >>> {name: array.shape for name, array in cached.items()}["source_embedding"]
    (5, 768)
    >>> batches = CrossViewBatches(pairs, 2, ground_size=(128, 256), extra=cached,
    ...                            views=("ground",))
    >>> sorted(batches[0])
    ['coarse_embedding', 'ground', 'location', 'source_embedding', 'target_embedding']
    """
    size = _source_size(model, source_size)
    batches = CrossViewBatches(
        pairs,
        batch_size,
        training=False,
        resize=resize,
        workers=workers,
        **{f"{model.source}_size": size, f"{model.target}_size": model.target_size},
    )
    network = _network(model, size)
    fingerprint = _fingerprint(model, batches)
    kept = None if path is None else _read(Path(path), fingerprint)
    if kept is not None:
        return kept
    parts = list(_embedded(network, batches, (model.source, model.target)))
    made = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    _check_finite(made, pairs)
    if path is not None:
        _write(Path(path), made, fingerprint)
    return made


def _source_size(model: Any, size: int | tuple[int, int] | None) -> tuple[int, int]:
    if getattr(model, "encoder", None) is not None:
        raise ValueError(
            "the encoder of this model is trained along, so its embeddings change with every step "
            "and cannot be cached: train on the images"
        )
    found = model.source_size if size is None else as_size(size)
    if None in found:
        raise ValueError(
            f"the network of the {model.source} view takes images of any size: say which with "
            "source_size=(height, width)"
        )
    return found


def _network(model: Any, source_size: tuple[int, int]) -> keras.Model:
    """Images of a batch -> all embeddings that a training step asks for."""
    source = keras.Input((*source_size, 3), name="source")
    inputs = [source]
    outputs = {"source_embedding": embed(model.source_embedder, source, model.embedding_norm)}
    if model.identity_weight:
        target = keras.Input((*model.target_size, 3), name="target")
        inputs.append(target)
        outputs["target_embedding"] = embed(model.target_embedder, target)
        outputs["coarse_embedding"] = embed(model.target_embedder, model.coarse_of(target))
    return keras.Model(inputs, outputs, name="embeddings")


def _embedded(
    network: keras.Model, batches: CrossViewBatches, views: tuple[str, str]
) -> Iterator[dict[str, np.ndarray]]:
    for index in range(len(batches)):
        batch = batches[index]
        yield network.predict_on_batch([batch[v] for v in views[: len(network.inputs)]])


def _check_finite(embeddings: dict[str, np.ndarray], pairs: CrossViewPairs) -> None:
    for name, array in embeddings.items():
        finite = np.isfinite(array).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"{int((~finite).sum())} of {len(finite)} rows of {name} hold NaN or infinity, the "
                f"first of {pairs.name(int(finite.argmin()))}: the retrieval network has diverged. "
                "Train it again with a lower learning rate, or take an earlier checkpoint."
            )


# ---------------------------------------------------------------------- the file


def _fingerprint(model: Any, batches: CrossViewBatches) -> str:
    """Of all that decides the embeddings: weights, sizes, resizer, names of pairs, some images."""
    pairs, count = batches.pairs, len(batches.pairs)
    sizes = (batches.aerial_size, batches.ground_size, model.generator.outputs[1].shape[1:3])
    settings = (model.source, model.embedding_norm, bool(model.identity_weight), batches.resize)
    found = hashlib.sha256(repr((settings, sizes, count)).encode())
    for network in (model.source_embedder, model.target_embedder):
        for variable in network.variables if network is not None else ():
            found.update(np.ascontiguousarray(keras.ops.convert_to_numpy(variable.value)).data)
    for index in range(count):
        found.update(f"{pairs.name(index)}\n".encode())
    for index in sorted({0, count // 2, count - 1}):
        for image in batches.sample(index, epoch=0).values():
            found.update(np.ascontiguousarray(image).data)
    return found.hexdigest()


def _read(path: Path, fingerprint: str) -> dict[str, np.ndarray] | None:
    """What the file keeps, unless it is of other weights, sizes or pairs."""
    if not path.is_file():
        return None
    try:
        with np.load(path) as stored:
            kept = dict(stored)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: it holds no embeddings ({error}); delete it") from error
    if str(kept.pop("fingerprint", "")) == fingerprint:
        return kept
    logger.warning(
        "%s holds embeddings of another network, of other pairs or sizes: computed anew.", path
    )
    return None


def _write(path: Path, embeddings: dict[str, np.ndarray], fingerprint: str) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, fingerprint=np.array(fingerprint), **embeddings)  # type: ignore[arg-type]

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, write)

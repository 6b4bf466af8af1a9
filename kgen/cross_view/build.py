"""The networks of a named recipe, built to fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kgen.cross_view.discriminators import cross_view_discriminator
from kgen.cross_view.encoder import source_encoder
from kgen.cross_view.generator import cross_view_generator
from kgen.cross_view.presets import PRESETS
from kgen.data.cross_view.views import VIEWS, View
from kgen.data.resizing import as_size


def build_networks(
    preset: str, embedder: Any, source: View, seed: int, own: dict, overrides: dict
) -> tuple[dict[str, Any], dict]:
    """Networks by the names of `CrossViewGenerator`'s arguments, and the preset's other arguments.

    Args:
        preset: a name in `PRESETS`.
        embedder: as in `CrossViewGenerator.from_preset`.
        source: the source view.
        seed: of all initial weights.
        own: arguments of the model that the user gave; those of ablation (i) are added.
        overrides: arguments of the networks.

    Raises:
        ValueError: unknown preset, an embedder that is none.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}; got {preset!r}")
    recipe, overrides = PRESETS[preset], dict(overrides)
    d_options = {**recipe["discriminator"], **overrides.pop("discriminator_options", {})}
    size = as_size(overrides.pop("source_size", 256))
    encoder_filters = overrides.pop("encoder_filters", 64)
    options = {"seed": seed, **recipe["generator"], **overrides}
    networks: dict[str, Any] = {}
    if embedder == "pix2pix":
        networks["encoder"] = source_encoder(
            size, options["embedding_size"], encoder_filters, seed + 3000
        )
        own.setdefault("identity_weight", 0.0)  # there is no R to ask
    elif embedder is not None:
        views = branches(embedder)
        networks["source_embedder"] = views[source]
        networks["target_embedder"] = views[VIEWS[1 - VIEWS.index(source)]]
        if "embedding_size" not in overrides:
            options["embedding_size"] = views[source].output_shape[-1]
    generator = networks["generator"] = cross_view_generator(**options)
    judging = {"embedding_size": options["embedding_size"], **d_options}
    networks["discriminator"] = cross_view_discriminator(
        generator.outputs[0].shape[1:3], seed=seed + 1000, **judging
    )
    if own.get("coarse_weight", 1.0):
        networks["coarse_discriminator"] = cross_view_discriminator(
            generator.outputs[1].shape[1:3],
            coarse=True,
            seed=seed + 2000,
            name="coarse_discriminator",
            **judging,
        )
    return networks, recipe["model"]


def branches(embedder: Any) -> dict[str, keras.Model]:
    """The networks of both views: of a dictionary, or of what has them as attributes.

    Raises:
        ValueError: something else, or models whose shapes are not known.
    """
    is_mapping = isinstance(embedder, Mapping)
    found: dict[str, Any] = {
        view: embedder.get(view) if is_mapping else getattr(embedder, view, None) for view in VIEWS
    }
    if not all(isinstance(model, keras.Model) for model in found.values()):
        raise ValueError(
            "embedder must be a RetrievalModel, a dictionary with a Keras model (images -> "
            f"vectors) for 'aerial' and 'ground', 'pix2pix', or None; got {type(embedder).__name__}"
        )
    for view, model in found.items():
        if len(getattr(model, "output_shape", ())) != 2:
            raise ValueError(
                f"the embedder of the {view} view must give one vector for each image, (B, E)"
            )
    return found

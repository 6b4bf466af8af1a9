"""The weight maps of a generator as outputs of a network."""

from __future__ import annotations

import keras

from kgen.cross_view.modulation import AttentionalModulation


def weight_maps_network(generator: keras.Model) -> keras.Model:
    """A network with the generator's inputs, whose outputs are its weight maps by name.

    Each is M of equation 4 (figure 6 of the paper), float32 (B, h, w, 1) in [0, 1].

    Raises:
        ValueError: no modulation of the generator has a weight map.
    """
    inputs = [keras.Input(t.shape[1:], name=t.name) for t in generator.inputs]
    given = {t.name: t for t in inputs}
    structure, texture = (generator.get_layer(name) for name in ("structure", "texture"))
    given["features"] = structure(given["embedding"])[0]
    if "z" in given:
        given["style"] = generator.get_layer("mapping")(given["z"])
    maps = {}
    for part in (structure, texture):
        found = _maps_of(part)
        if found:
            inner = keras.Model(part.inputs, found, name=f"{part.name}_maps")
            maps.update(inner([given[t.name] for t in part.inputs]))
    if not maps:
        raise ValueError(
            "this generator has no weight maps: it was built with attention=False or "
            "retrieval_fusion=False"
        )
    return keras.Model(inputs, maps, name="weight_maps")


def _maps_of(part: keras.Model) -> dict:
    return {
        layer.name: layer.weight_map(layer.input[0])
        for layer in part.layers
        if isinstance(layer, AttentionalModulation) and layer.attention
    }

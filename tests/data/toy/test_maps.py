import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import kgen.data.toy as toy
from kgen.data.toy.maps import LABELS, make_pair
from kgen.data.toy.maps.cartography import COLOUR, PALETTE

MANIFEST = json.loads(Path(toy.__file__).with_name("toy_manifest.json").read_text())["maps"]


@pytest.mark.parametrize("index", range(4))
def test_arrays_are_those_of_the_manifest(index):
    arrays = make_pair(MANIFEST["seed"], index, MANIFEST["size"])
    found = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    assert MANIFEST["version"] == toy.TOY_VERSION
    assert found == MANIFEST["sha256"][index], "a change of a picture must bump TOY_VERSION"


def test_shapes_and_every_class_appears():
    towns = [make_pair(0, index, 48) for index in range(12)]
    for aerial, street_map, labels in towns:
        assert aerial.shape == street_map.shape == (48, 48, 3)
        assert labels.shape == (48, 48)
        assert aerial.dtype == street_map.dtype == labels.dtype == np.uint8
    assert set(np.unique([town[2] for town in towns])) == set(range(len(LABELS)))


def test_map_and_labels_agree():
    towns = [make_pair(1, index, 64) for index in range(8)]
    street_map, labels = (
        np.stack([town[1] for town in towns]),
        np.stack([town[2] for town in towns]),
    )
    water = (street_map == PALETTE[COLOUR["water"]]).all(-1) & (labels != LABELS.index("tree"))
    assert water.sum() > 500
    assert (labels[water] == LABELS.index("water")).mean() > 0.9
    land = (street_map == PALETTE[COLOUR["land"]]).all(-1)
    street = np.isin(labels, [LABELS.index("road"), LABELS.index("car")])
    assert (street & land).sum() < 0.01 * street.sum()


def test_towns_differ_by_index_and_seed_only():
    first = make_pair(1, 5, 32)
    for again, town in [(True, (1, 5)), (False, (1, 6)), (False, (2, 5))]:
        assert again == np.array_equal(first[0], make_pair(*town, 32)[0])


def test_a_larger_size_shows_the_same_town_when_the_field_of_view_is_kept():
    small, large = (make_pair(4, 2, size, fov=140.0)[1].astype(float) for size in (32, 128))
    averaged = large.reshape(32, 4, 32, 4, 3).mean((1, 3))
    assert np.abs(averaged - small).mean() < 3


def share(name, **knobs):
    return np.mean([make_pair(0, i, 32, **knobs)[2] == LABELS.index(name) for i in range(16)])


def test_knobs_turn_what_their_names_say():
    assert share("tree", tree_density=0.0) == 0 < share("tree") < share("tree", tree_density=3.0)
    assert share("building", urban=1.0) > 1.1 * share("building", urban=0.0)
    aerial, street_map, _ = make_pair(0, 3, 32)
    changed = {
        "difficulty": make_pair(0, 3, 32, difficulty=3.0),
        "shadow": make_pair(0, 3, 32, shadow=0.0),
        "season": make_pair(0, 3, 32, season="autumn"),
    }
    for name, town in changed.items():
        assert not np.array_equal(town[0], aerial), name
        np.testing.assert_array_equal(town[1], street_map)
    assert changed["shadow"][0].mean() > aerial.mean() + 3
    assert not np.array_equal(make_pair(0, 3, 32, organic=40.0)[1], street_map)


def test_autumn_reddens_the_trees():
    colours = {}
    for season in ("summer", "autumn"):
        aerial, _, labels = make_pair(0, 2, 64, season=season)
        colours[season] = aerial[labels == LABELS.index("tree")].mean(0)
    assert colours["autumn"][0] > colours["summer"][0] + 10


def test_extreme_knobs_are_drawn():
    for knobs in [{"fov": 1000.0, "organic": 60.0}, {"fov": 40.0}]:
        for index in range(3):
            _, street_map, labels = make_pair(9, index, 32, **knobs)
            assert len(np.unique(street_map.reshape(-1, 3), axis=0)) > 1, knobs
            assert len(np.unique(labels)) > 1, knobs


@pytest.mark.parametrize(
    ("knobs", "error", "message"),
    [
        ({"difficulty": -1.0}, ValueError, "difficulty must be a number from 0 to 4; received -1"),
        ({"fov": 5}, ValueError, "fov must be a number from 40 to 1000 or None"),
        ({"season": "winter"}, ValueError, "one of \\('summer', 'autumn'\\) or None"),
        ({"shadow": None}, ValueError, "shadow must be a number from 0 to 1; received None"),
        ({"trees": 2.0}, TypeError, "Unknown knob trees .* tree_density"),
        ({"size": 8}, ValueError, "16 to 1024 pixels; received 8"),
        ({"size": 64.0}, ValueError, "whole number"),
    ],
)
def test_wrong_knobs_are_explained(knobs, error, message):
    with pytest.raises(error, match=message):
        make_pair(0, 0, **knobs)

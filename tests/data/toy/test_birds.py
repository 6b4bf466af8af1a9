import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import kgen.data.toy as toy
from kgen.data.toy import generate, toy_birds
from kgen.data.toy.birds import ATTRIBUTES, GROUPS, PARTS, SHAPE_GROUPS, make_bird
from kgen.data.toy.birds.knobs import Knobs
from kgen.data.toy.birds.traits import make_prototype, make_traits

MANIFEST = json.loads(Path(toy.__file__).with_name("toy_manifest.json").read_text())["birds"]


@pytest.mark.parametrize("index", range(4))
def test_arrays_are_those_of_the_manifest(index):
    bird = make_bird(MANIFEST["seed"], index, MANIFEST["size"])
    found = hashlib.sha256(b"".join(array.tobytes() for array in bird[:5])).hexdigest()
    assert MANIFEST["version"] == toy.TOY_VERSION
    assert found == MANIFEST["sha256"][index], "a change of a picture must bump TOY_VERSION"


def test_shapes_types_and_attributes():
    bird = make_bird(0, 3, 48)
    assert bird.image.shape == (48, 48, 3)
    assert bird.mask.shape == bird.parts.shape == (48, 48)
    assert all(array.dtype == np.uint8 for array in bird[:5])
    assert len(ATTRIBUTES) == bird.attributes.size == bird.certainties.size == 68
    groups = np.split(bird.attributes, np.cumsum([len(values) for values in GROUPS.values()])[:-1])
    assert len(groups) == 13
    assert [group.sum() for group in groups] == [1] * 13
    assert {0, 255} < set(bird.mask.ravel())  # soft edges, as the real masks have
    inside = bird.parts > 0
    assert (inside == (bird.mask > 127)).mean() > 0.97


def test_every_part_is_drawn():
    parts = [make_bird(0, index, 32).parts for index in range(8)]
    assert set(np.unique(parts)) == set(range(len(PARTS)))


def first_values(names):
    return {group: GROUPS[group][0] for group in names}


@pytest.mark.parametrize("group", [group for group in GROUPS if group not in SHAPE_GROUPS])
def test_colours_and_patterns_never_change_the_mask(group):
    birds = [make_bird(1, 5, 32, {group: value}) for value in GROUPS[group]]
    for bird in birds[1:]:
        np.testing.assert_array_equal(bird.mask, birds[0].mask)
        np.testing.assert_array_equal(bird.parts, birds[0].parts)
        assert (bird.image != birds[0].image).any()


@pytest.mark.parametrize("group", SHAPE_GROUPS)
def test_every_shape_attribute_shows_in_the_mask(group):
    """At 64 pixels, for each pair of values and a fixed pose, enough pixels differ to be seen."""
    for index in range(4):
        masks = [make_bird(1, index, 64, {group: value}).mask > 127 for value in GROUPS[group]]
        for number, mask in enumerate(masks):
            for other in masks[:number]:
                assert (mask != other).sum() >= 12, (group, index)


def test_the_colour_asked_for_is_the_colour_drawn():
    plain = {"background": "plain", "colour_noise": 0.0}
    means = {}
    for colour in ("red", "green", "blue"):
        parts = {f"has_{part}_color": colour for part in ("primary", "wing", "belly", "crown")}
        bird = make_bird(0, 2, 64, parts | {"has_breast_pattern": "solid"}, **plain)
        body = np.isin(bird.parts, (PARTS.index("body"), PARTS.index("wing")))
        means[colour] = bird.image[body].mean(axis=0)
    assert [means[colour].argmax() for colour in ("red", "green", "blue")] == [0, 1, 2]


def test_birds_differ_by_index_and_seed_only():
    first = make_bird(1, 5, 32)
    for again, bird in [(True, (1, 5)), (False, (1, 6)), (False, (2, 5))]:
        assert again == np.array_equal(first.image, make_bird(*bird, 32).image)


def test_a_larger_size_shows_the_same_bird():
    small, large = (make_bird(4, 2, size).mask.astype(float) for size in (32, 128))
    assert np.abs(large.reshape(32, 4, 32, 4).mean((1, 3)) - small).mean() < 3


def test_pose_0_is_canonical():
    same = {"has_wing_shape": "pointed", **first_values(GROUPS)}
    masks = [make_bird(0, index, 32, same, pose=0.0).mask > 127 for index in range(6)]
    agreement = [np.sum(masks[0] & m) / np.sum(masks[0] | m) for m in masks[1:]]
    free = [make_bird(0, index, 32, same).mask > 127 for index in range(6)]
    freedom = [np.sum(free[0] & m) / np.sum(free[0] | m) for m in free[1:]]
    assert min(agreement) > 0.8 > min(freedom)


def test_other_knobs_turn_what_their_names_say():
    bird = make_bird(0, 1, 32)
    calm = make_bird(0, 1, 32, colour_noise=0.0)
    np.testing.assert_array_equal(calm.mask, bird.mask)
    assert (calm.image != bird.image).any()
    backgrounds = [make_bird(0, 1, 32, background=name) for name in ("sky", "water", "plain")]
    for other in backgrounds:
        np.testing.assert_array_equal(other.mask, bird.mask)
        inside = bird.mask == 255
        np.testing.assert_array_equal(other.image[inside], bird.image[inside])
    assert len({other.image.tobytes() for other in backgrounds}) == 3


def traits(count, **knobs):
    return [make_traits(0, index, Knobs(**knobs)) for index in range(count)]


def test_species_and_variation():
    few, many = traits(200, variation=0.1), traits(200, variation=1.0)
    changed = [
        np.mean([bird.values[g] != bird.prototype[g] for bird in birds for g in GROUPS])
        for birds in (few, many, traits(40, variation=0.0))
    ]
    assert 0.04 < changed[0] < 0.1  # drawn anew in a tenth, sometimes with the same value
    assert changed[1] > 0.6
    assert changed[2] == 0
    assert {bird.species for bird in few} == set(range(20))
    bird = make_bird(0, 0, 16, variation=1.0)
    sure = dict(zip(ATTRIBUTES, bird.certainties, strict=True))
    one = make_traits(0, 0, Knobs(variation=1.0))
    assert sure["has_size::slim"] == (
        4 if one.values["has_size"] == one.prototype["has_size"] else 3
    )


def test_values_are_equally_frequent_among_species():
    prototypes = [make_prototype(3, species, 20) for species in range(20)]
    for group in (*SHAPE_GROUPS, "has_primary_color"):
        counts = np.bincount([p[group] for p in prototypes], minlength=len(GROUPS[group]))
        assert counts.max() - counts.min() <= 1, group


def test_zero_shot_holds_species_out():
    birds = {s: toy_birds(s, size=16, count=30, zero_shot=True) for s in ("train", "val", "test")}
    seen = set(birds["train"].classes)
    assert seen <= set(range(15))
    assert set(birds["val"].classes) | set(birds["test"].classes) <= set(range(15, 20))


def test_toy_birds_is_a_source_of_pictures():
    birds = toy_birds("val", size=32, count=3, seed=2)
    bird = make_bird(2, 10_000_001, 32)
    assert len(birds) == 3
    np.testing.assert_array_equal(birds[1].image, bird.image)
    np.testing.assert_array_equal(birds[1].mask, np.where(bird.mask > 127, 255, 0))
    np.testing.assert_array_equal(birds[1].attributes, bird.attributes)
    np.testing.assert_array_equal(birds.parts[1], bird.parts)
    assert birds.name(1) == "toy birds, seed 2, val 1"
    assert birds.class_names[birds.classes[1]].endswith(f"Toy_species_{bird.species + 1:02}")
    assert len(birds.shape_names) == 18
    assert len(birds.other_names) == 50


def test_workers_draw_the_same_birds(monkeypatch):
    alone = toy_birds(size=16, count=3, pose=0.5, processes=1)
    monkeypatch.setattr(generate, "SMALL_JOB", 0)
    apart = toy_birds(size=16, count=3, pose=0.5)
    for name in ("images", "masks", "parts", "attributes"):
        np.testing.assert_array_equal(getattr(apart, name), getattr(alone, name))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pose": 2}, ValueError, "pose must be a number from 0 to 1; received 2"),
        ({"background": "moon"}, ValueError, "background must be one of .*'plain'.*'moon'"),
        ({"species": 0}, ValueError, "species must be a whole number from 1 to 999"),
        ({"species": 1, "zero_shot": True}, ValueError, "needs 2 species"),
        ({"colours": 2.0}, TypeError, "Unknown knob colours .* colour_noise"),
        ({"size": 8}, ValueError, "16 to 1024 pixels; received 8"),
        ({"attributes": {"has_bill": "cone"}}, ValueError, "no group 'has_bill'.*has_bill_shape"),
        ({"attributes": {"has_size": "fat"}}, ValueError, "slim, medium, stout; received 'fat'"),
    ],
)
def test_wrong_knobs_are_explained(arguments, error, message):
    with pytest.raises(error, match=message):
        make_bird(0, 0, **arguments)

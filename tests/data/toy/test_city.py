import hashlib
import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import kgen.data.toy as toy
from kgen.data import toy_city
from kgen.data.cross_view import CrossViewPairs
from kgen.data.cross_view.polar import polar_transform
from kgen.data.toy import draw_city, generate, neighbour
from kgen.data.toy.city import COARSE, LABELS, make_scene
from kgen.data.toy.city.knobs import Knobs
from kgen.data.toy.city.scene import NO_DEPTH
from kgen.data.toy.city.world import BUILDING, make_world

MANIFEST = json.loads(Path(toy.__file__).with_name("toy_manifest.json").read_text())["city"]
SKY, ROAD, SIDEWALK, GRASS, HOUSE, TREE, CAR = range(7)
GROUND = (ROAD, SIDEWALK, GRASS)
SMALL = {"ground_size": (32, 64), "aerial_size": (32, 32)}


@lru_cache
def scene(index, **knobs):
    return make_scene(3, index, (64, 128), (128, 128), **knobs)


def project(view, mirrored=False):
    """Rows and columns of the aerial image under the panorama's pixels."""
    width = view.depth.shape[1]
    turns = 2 * np.pi * (np.arange(width) + 0.5) / width
    pixels = view.depth / 100 * view.aerial.shape[1] / 84
    middle = (view.aerial.shape[0] - 1) / 2
    row = middle + pixels * np.cos(turns)
    column = middle - pixels * np.sin(-turns if mirrored else turns)
    return tuple(np.rint(at).clip(0, view.aerial.shape[0] - 1).astype(int) for at in (row, column))


def agreement(view, **options):
    seen = view.aerial_labels[project(view, **options)]
    both = np.isin(view.ground_labels, GROUND) & np.isin(seen, GROUND) & (view.depth < 3800)
    return (seen == view.ground_labels)[both].mean(), both.mean()


@pytest.mark.parametrize("index", range(4))
def test_arrays_are_those_of_the_manifest(index):
    arrays = make_scene(MANIFEST["seed"], index, *MANIFEST["size"])[:5]
    found = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    assert MANIFEST["version"] == toy.TOY_VERSION
    assert found == MANIFEST["sha256"][index], "a change of a picture must bump TOY_VERSION"


def test_forms_and_every_class_appears():
    for view in (scene(index) for index in range(6)):
        assert view.aerial.shape == (128, 128, 3)
        assert view.ground.shape == (64, 128, 3)
        assert view.depth.shape == view.ground_labels.shape == (64, 128)
        assert view.depth.dtype == np.uint16
        np.testing.assert_array_equal(view.depth == NO_DEPTH, view.ground_labels == SKY)
        assert (view.depth[-1] < 400).all()  # 38 degrees below the horizon from 2.6 m
    labels = [scene(index).ground_labels for index in range(6)]
    assert set(np.unique(labels)) == set(range(len(LABELS)))
    assert set(np.unique([scene(index).aerial_labels for index in range(6)])) == set(range(1, 7))


def test_panorama_and_aerial_view_show_the_same_ground():
    found = np.array([agreement(scene(index)) for index in range(12)])
    assert found[:, 0].mean() >= 0.95
    assert found[:, 0].min() >= 0.9
    assert found[:, 1].mean() > 0.25  # and that is no small part of the picture
    mirrored = np.mean([agreement(scene(index), mirrored=True)[0] for index in range(12)])
    assert mirrored < 0.7, "the test could not tell which way the panorama turns"


def test_the_polar_view_turns_as_the_panorama_does():
    """Column by column, along the ray: the nearest sidewalk is as far in both."""
    kept = {1: [], -1: []}
    for index in range(12):
        view = scene(index)
        polar = polar_transform((view.aerial_labels == ROAD).astype("uint8") * 200, (84, 128)) > 100
        metres = 42 / 84 * np.arange(83, -1, -1)[:, None]
        above = np.where(polar, np.inf, metres).min(axis=0)  # where the road ends, seen from above
        seen = np.isin(view.ground_labels, (SIDEWALK, GRASS)) & (view.depth < 3000)
        ground = np.where(seen, view.depth / 100, np.inf).min(axis=0)
        for way in kept:
            turned = above if way > 0 else np.roll(above[::-1], 1)
            near = np.isfinite(ground) & np.isfinite(turned) & (ground < 15)
            kept[way].append(np.abs(ground[near] - turned[near]).mean())
    assert np.mean(kept[1]) < 1.2
    assert np.mean(kept[-1]) > 3 * np.mean(kept[1])


@pytest.mark.parametrize(("part", "north", "east"), [(0, -1, 0), (1, 0, -1), (2, 1, 0), (3, 0, 1)])
def test_south_is_in_column_0_west_at_a_quarter_north_in_the_middle(part, north, east):
    """The first building along a compass direction is as far away in the panorama's column."""
    bare = {"tree_density": 0.0, "cars": 0.0, "clutter": 0.0}
    along, errors = np.arange(1.0, 30.0, 0.5), []
    for index in range(24):
        world = make_world(3, index, Knobs(**bare))
        u, v = world.frame.city(north * along, east * along)
        cells = world.frame.cell(u + world.frame.camera[0], v + world.frame.camera[1])
        found = np.flatnonzero(world.kind.ravel()[cells] == BUILDING)
        if len(found):
            view = scene(index, **bare)
            columns = [part * 32 - 1, part * 32]  # the direction lies between these two
            walls = view.ground_labels[:, columns] == HOUSE
            nearest = view.depth[:, columns][walls].min(initial=NO_DEPTH) / 100
            errors.append(abs(nearest - along[found[0]]))
    assert len(errors) >= 5
    assert np.median(errors) < 0.8


def test_heading_rolls_image_labels_and_depth_together():
    south, north = scene(5, difficulty=0.0), scene(5, difficulty=0.0, heading_at_column0=0.0)
    for one, other in zip(south[1:5], north[1:5], strict=True):
        if one.shape[:2] == (64, 128):
            rolled = np.roll(other, 64, axis=1)
            same = (one == rolled).reshape(64, 128, -1).all(axis=2)
            assert same.mean() > 0.99
    np.testing.assert_array_equal(south.aerial, north.aerial)


def test_scenes_differ_by_index_and_seed_only():
    first = make_scene(1, 5, **SMALL)
    for again, place in [(True, (1, 5)), (False, (1, 6)), (False, (2, 5))]:
        assert again == np.array_equal(first.ground, make_scene(*place, **SMALL).ground)


def test_workers_draw_the_same_scenes(monkeypatch):
    monkeypatch.setattr(generate, "SMALL_JOB", 0)
    indices = [3, 10_000_000, 1]
    apart = list(draw_city(indices, (32, 64), (16, 32), seed=5, processes=2, urban=0.5))
    for index, arrays in zip(indices, apart, strict=True):
        expected = make_scene(5, index, (32, 64), (16, 32), urban=0.5)[:5]
        for found, array in zip(arrays, expected, strict=True):
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, array)


def share(label, views="ground_labels", **knobs):
    return np.mean([getattr(scene(index, **knobs), views) == label for index in range(10)])


def test_knobs_turn_what_their_names_say():
    assert share(TREE, tree_density=0.0) == 0 < share(TREE) < share(TREE, tree_density=3.0)
    assert share(CAR, cars=0.0) == 0 < share(CAR) < share(CAR, cars=3.0)
    assert share(HOUSE, urban=1.0) > 1.15 * share(HOUSE, urban=0.0)
    assert share(HOUSE, clutter=0.0) < share(HOUSE, clutter=3.0)
    plain, clear, hazy = (scene(4, difficulty=hard) for hard in (1.0, 0.0, 4.0))
    np.testing.assert_array_equal(clear.ground_labels, hazy.ground_labels)
    errors = [
        np.abs(view.aerial.astype(int) - clear.aerial.astype(int)).mean() for view in (plain, hazy)
    ]
    assert 0 < errors[0] < errors[1]


@pytest.mark.parametrize("view", ["aerial", "ground"])
def test_autumn_reddens_the_trees(view):
    red = {}
    for season in ("summer", "autumn"):
        views = [scene(index, season=season) for index in range(6)]
        trees = [getattr(each, view)[getattr(each, f"{view}_labels") == TREE] for each in views]
        red[season] = np.concatenate(trees)[:, 0].mean()
    assert red["autumn"] > red["summer"] + 15


def colours(**knobs):
    worlds = [make_world(3, index, Knobs(**knobs)).buildings for index in range(8)]
    return (np.concatenate([getattr(w, part) for w in worlds]) for part in ("wall", "roof"))


def test_facade_from_roof_couples_the_colours():
    known = {}
    for knob in (0.0, 0.5, 1.0):
        walls, roofs = colours(facade_from_roof=knob)
        groups = {}
        for wall, roof in zip(walls.tolist(), roofs.tolist(), strict=True):
            groups.setdefault(tuple(roof), []).append(tuple(wall))
        # share of the buildings that wear the commonest wall of their roof
        commonest = [max(group.count(wall) for wall in set(group)) for group in groups.values()]
        known[knob] = sum(commonest) / len(walls)
    assert known[0.0] < 0.1 < 0.4 < known[0.5] < 0.65
    assert known[1.0] == 1.0


def test_camera_offset_moves_the_aerial_view_only():
    here, there = scene(6), scene(6, camera_offset=20.0)
    np.testing.assert_array_equal(here.ground, there.ground)
    assert here.offset == (0.0, 0.0)
    north, east = (round(part * 128 / 84) for part in there.offset)
    assert abs(np.hypot(*there.offset) - 20) < 1e-9
    rows, columns = (np.arange(35, 93) + shift for shift in (north, -east))
    moved = there.aerial_labels[rows][:, columns]
    assert (moved == here.aerial_labels[35:93, 35:93]).mean() > 0.85


def test_neighbours_share_the_world():
    here, there = neighbour(3, 8, 0, (64, 128)), neighbour(3, 8, 10, (64, 128))
    np.testing.assert_array_equal(here.ground, make_scene(3, 8, (64, 128)).ground)
    frame = make_world(3, 8, Knobs()).frame
    along = frame.north[1] * 10, frame.east[1] * 10  # 10 m along v, as north and east
    down, right = (round(part * 128 / 84) for part in (-along[0], along[1]))
    before = here.aerial_labels[30 + down : 98 + down, 30 + right : 98 + right]
    after = there.aerial_labels[30:98, 30:98]
    assert (before == after).mean() > 0.85
    assert (here.aerial_labels == there.aerial_labels).mean() < 0.8
    assert agreement(there)[0] > 0.9
    assert not np.array_equal(here.ground, there.ground)


def test_toy_city_is_a_source_of_cross_view_pairs():
    pairs = toy_city("val", 3, seed=2, **SMALL)
    expected = make_scene(2, 10_000_001, **SMALL)
    assert isinstance(pairs, CrossViewPairs)
    assert len(pairs) == 3
    assert pairs.name(1) == "toy city, seed 2, val 1"
    np.testing.assert_array_equal(pairs[1].aerial, expected.aerial)
    np.testing.assert_array_equal(pairs[1].ground, expected.ground)
    np.testing.assert_array_equal(pairs.ground_labels[1], expected.ground_labels)
    np.testing.assert_array_equal(pairs.aerial_labels[1], expected.aerial_labels)
    np.testing.assert_array_equal(pairs.scene(1).depth, expected.depth)
    moved = neighbour(2, 10_000_001, 7, **SMALL)
    np.testing.assert_array_equal(pairs.neighbour(1, 7).ground, moved.ground)


def test_splits_share_no_scene():
    views = [toy_city(split, 3, **SMALL).ground for split in ("train", "val", "test")]
    assert len({view.tobytes() for split in views for view in split}) == 9


def test_coarse_classes_merge_the_seven():
    assert COARSE.tolist() == [0, 1, 1, 3, 2, 3, 1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"ground_size": 64}, ValueError, r"ground_size must be \(height, width\).*received 64"),
        ({"aerial_size": (8, 8)}, ValueError, "each 16 to 2048; received"),
        ({"aerial_size": (64, 32)}, ValueError, "not be higher than wide"),
        ({"urban": 2.0}, ValueError, "urban must be a number from 0 to 1 or None; received 2"),
        ({"cars": None}, ValueError, "cars must be a number from 0 to 3; received None"),
        ({"dx": 2.5}, ValueError, "dx must be a whole number from -60 to 60; received 2.5"),
        ({"season": "winter"}, ValueError, r"one of \('summer', 'autumn'\) or None"),
        ({"trees": 1.0}, TypeError, "Unknown knob trees .* tree_density"),
        ({"split": "validation"}, ValueError, "received 'validation'"),
        ({"count": 0}, ValueError, "count of 1 or more"),
    ],
)
def test_wrong_arguments_are_explained(arguments, error, message):
    with pytest.raises(error, match=message):
        toy_city(**{"count": 1, **arguments})

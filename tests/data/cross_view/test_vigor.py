"""VIGOR and the centred pairs made of it."""

import shutil

import numpy as np
import pytest

from kgen.data.cross_view import (
    covers,
    find_unusable,
    stitch,
    vigor,
    vigor_gen,
    write_exclude,
)
from kgen.metrics import vigor_hit_rate
from tests.data.cross_view.layouts import (
    SPOTS,
    flat,
    label_line,
    panorama_name,
    save,
    tile_name,
    world,
    write_vigor,
)

CITIES = ["NewYork", "Seattle"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return write_vigor(tmp_path_factory.mktemp("stored") / "VIGOR")


@pytest.fixture
def folder(stored, tmp_path):
    return shutil.copytree(stored, tmp_path / "VIGOR")


def test_vigor_reads_both_layouts(stored, tmp_path):
    other = write_vigor(tmp_path / "VIGOR", by_view=True)
    first, second = vigor(stored, cities=CITIES), vigor(other.parent, "test", cities=CITIES)
    assert len(first) == len(second) == 4
    assert first.missing == second.missing == []
    for index in range(4):
        np.testing.assert_array_equal(first[index].aerial, second[index].aerial)
        np.testing.assert_array_equal(first[index].ground, second[index].ground)
    assert second.ground_path(3) == other / "ground/Seattle" / panorama_name("Seattle", 0)


def test_the_panorama_lies_where_the_labels_say(stored):
    pairs = vigor(stored, cities=CITIES)
    for index, (city, spot) in enumerate((c, s) for c in CITIES for s in SPOTS[c]):
        row, column = np.rint(pairs.positions[index]).astype(int)
        np.testing.assert_array_equal(pairs[index].aerial[row, column], world(city)[spot])


def test_labels_are_rows_of_the_gallery(stored):
    pairs = vigor(stored, cities=CITIES)
    assert len(pairs.aerials) == 18
    assert pairs.labels.shape == (4, 4)
    assert [pairs.location(i) for i in range(4)] == pairs.labels[:, 0].tolist()
    assert pairs.location(0) == pairs.location(1) != pairs.location(3)
    np.testing.assert_array_equal(pairs.aerials[pairs.labels[2, 0]], pairs[2].aerial)
    line = label_line("Seattle", 0).split()
    found = [pairs.gallery.path(row).name for row in pairs.subset([3]).labels[0]]
    assert found == line[1::3]
    np.testing.assert_array_equal(pairs.subset([3]).offsets[0].ravel()[:2], np.float32(line[2:4]))
    gallery = np.eye(18)
    assert vigor_hit_rate(gallery[pairs.labels[:, 1]], gallery, pairs.labels) == 1.0


def test_areas_cities_and_kinds_of_labels(stored, tmp_path):
    assert len(vigor(stored, "train", area="cross")) == 4
    original = vigor(stored, cities=["NewYork"], labels="original")
    assert original.offsets[0, 0, 0] % 1 == 0.5  # the other file
    with pytest.raises(ValueError, match=r"cross.*'SanFrancisco' or 'Chicago'; received 'NewYork'"):
        vigor(stored, "test", cities=["NewYork"], area="cross")
    with pytest.raises(FileNotFoundError, match=r"SanFrancisco.*list is missing"):
        vigor(stored)
    with pytest.raises(ValueError, match="'train' or 'test'"):
        vigor(stored, "val")
    without = write_vigor(tmp_path / "VIGOR", corrected=False)
    with pytest.raises(FileNotFoundError, match=r"__corrected.txt.*SliceMatch.*labels='original'"):
        vigor(without, cities=CITIES)
    with pytest.raises(FileNotFoundError, match=r"holds no VIGOR.*Jeff-Zilence"):
        vigor(tmp_path / "elsewhere")


@pytest.mark.parametrize("change", ["drop", "word", "nan", "comma"])
def test_a_malformed_line_is_named(folder, change):
    path = folder / "splits__corrected/NewYork/same_area_balanced_train__corrected.txt"
    fields = path.read_text().splitlines()[1].split()
    broken = {
        "drop": fields[:-1],
        "word": [*fields[:5], "north", *fields[6:]],
        "nan": [*fields[:3], "nan", *fields[4:]],
        "comma": [",".join(fields)],
    }[change]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], " ".join(broken), lines[2]]))
    with pytest.raises(ValueError, match=r"train__corrected.txt, line 2: a line has 13 fields"):
        vigor(folder, cities=CITIES)


def test_missing_files_are_left_out_and_named(folder):
    semi = folder / "NewYork/satellite" / label_line("NewYork", 0).split()[4]
    semi.unlink()
    panorama = folder / "NewYork/panorama" / panorama_name("NewYork", 1)
    panorama.unlink()
    pairs = vigor(folder, cities=["NewYork"])
    assert {folder / name for name in pairs.missing} == {semi, panorama}
    assert len(pairs.aerials) == 8
    assert len(pairs) == 2
    row = pairs.labels[0]
    assert row[1] == row[0]  # what a missing neighbour is given as
    assert len(set(pairs.labels[1])) == 4
    centred = vigor_gen(folder, cities=["NewYork"])
    assert centred.uncovered == [str(pairs.ground_path(0))]
    assert centred.ground_path(0) == pairs.ground_path(1)
    (folder / "NewYork/satellite" / label_line("NewYork", 2).split()[1]).unlink()
    with pytest.raises(FileNotFoundError, match="no pair has both"):
        vigor(folder, cities=["NewYork"])


def test_without_a_list_of_tiles_the_folder_is_the_gallery(folder):
    (folder / "splits/NewYork/satellite_list.txt").unlink()
    assert len(vigor(folder, cities=["NewYork"]).aerials) == 9


def test_stitched_images_are_the_world_around_the_panorama(stored):
    pairs = vigor_gen(stored, cities=CITIES)
    assert (len(pairs), pairs.uncovered, pairs.excluded) == (4, [], [])
    for index, (city, (row, column)) in enumerate((c, s) for c in CITIES for s in SPOTS[c]):
        around = world(city)[row - 300 : row + 300, column - 300 : column + 300]
        np.testing.assert_array_equal(pairs[index].aerial, around)
    assert pairs.location(0) == pairs.location(1)
    last = pairs.subset([2, 0])
    assert last.labels.tolist() == [[0], [1]]
    np.testing.assert_array_equal(last.aerials[1], pairs[0].aerial)


def test_crops_of_the_positive_tile_and_none(stored):
    crops = vigor_gen(stored, cities=["NewYork"], center="crop", reach=100)
    row, column = SPOTS["NewYork"][2]
    around = world("NewYork")[row - 100 : row + 100, column - 100 : column + 100]
    np.testing.assert_array_equal(crops[2].aerial, around)
    assert vigor_gen(stored, cities=["NewYork"], center="crop")[0].aerial.shape == (274, 274, 3)
    tiles = vigor_gen(stored, cities=["NewYork"], center="none")
    np.testing.assert_array_equal(tiles[0].aerial, vigor(stored, cities=["NewYork"])[0].aerial)
    assert tiles.labels.shape == (3, 4)
    with pytest.raises(ValueError, match="no pair is left"):
        vigor_gen(stored, cities=["NewYork"], center="crop", reach=400)
    with pytest.raises(ValueError, match="reach is 1 to 640"):
        vigor_gen(stored, center="none", reach=5)


def test_the_exclude_list_leaves_out(folder, tmp_path):
    path = write_exclude(tmp_path / "exclude.txt", {"NewYork_1": "indoor"})
    path.write_text(f"# by hand\n\n{path.read_text()}a/{panorama_name('Seattle', 0)}")
    pairs = vigor_gen(folder, cities=CITIES, exclude=path)
    assert [pairs.ground_path(i).name for i in range(len(pairs))] == [
        panorama_name("NewYork", 0),
        panorama_name("NewYork", 2),
    ]
    assert [name.rpartition("/")[2] for name in pairs.excluded] == [
        panorama_name("NewYork", 1),
        panorama_name("Seattle", 0),
    ]
    with pytest.raises(FileNotFoundError, match="one panorama's id"):
        vigor_gen(folder, exclude=tmp_path / "no.txt")


def test_a_tile_of_another_size_is_refused(folder):
    name = label_line("NewYork", 0).split()[1]
    save(folder / "NewYork/satellite" / name, flat(3, 64, 64))
    with pytest.raises(ValueError, match=rf"{name}: a tile of VIGOR has 640x640"):
        vigor_gen(folder, cities=["NewYork"])[0]


def test_unusable_panoramas_are_found(folder):
    panoramas = folder / "NewYork/panorama"
    water = np.random.default_rng(1).integers(0, 256, (256, 512, 3), "uint8")
    water[64:] = 90
    save(panoramas / panorama_name("NewYork", 0), water)
    (panoramas / panorama_name("NewYork", 2)).write_bytes(b"no picture")
    first = panorama_name("NewYork", 1)
    again = first.replace("NewYork_1", "again")
    shutil.copy(panoramas / first, panoramas / again)
    path = folder / "splits__corrected/NewYork/same_area_balanced_train__corrected.txt"
    path.write_text(f"{path.read_text()}\n{label_line('NewYork', 1).replace(first, again)}")
    found = find_unusable(vigor(folder, cities=["NewYork"]))
    assert list(found) == ["NewYork_0", "NewYork_2", "again"]
    assert "7" in found["NewYork_0"].partition("%")[0]  # three quarters
    assert "cannot be read" in found["NewYork_2"]
    assert found["again"] == "its coordinates are those of NewYork_1"
    (folder / "NewYork/satellite" / label_line("NewYork", 1).split()[7]).unlink()
    found = find_unusable(vigor(folder, cities=["NewYork"]), constant=0.9)
    assert found["NewYork_1"] == "one of its tiles is missing"
    with pytest.raises(ValueError, match="share"):
        find_unusable(vigor(folder, cities=["NewYork"]), constant=60)


@pytest.mark.parametrize("seed", range(6))
def test_four_crops_of_any_world_give_its_crop(seed):
    rng = np.random.default_rng(seed)
    side, reach = 64, int(rng.integers(5, 30))
    ground = rng.integers(0, 256, (300, 300, 3), "uint8")
    spot = rng.integers(120, 180, 2)
    centres = spot + np.array([[a, b] for a in (-14, 16) for b in (-15, 12)])
    centres += rng.integers(-4, 5, centres.shape)
    tiles = [ground[r - 32 : r + 32, c - 32 : c + 32] for r, c in centres]
    offsets = np.stack([spot[0] - centres[:, 0], centres[:, 1] - spot[1]], axis=1)
    image, covered = stitch(tiles, offsets, reach)
    around = ground[spot[0] - reach : spot[0] + reach, spot[1] - reach : spot[1] + reach]
    np.testing.assert_array_equal(image[covered], around[covered])
    assert not image[~covered].any()
    whole = covers(offsets[None], np.ones((1, 4), bool), reach, side)
    assert whole.tolist() == [bool(covered.all())]


def test_coverage_equals_what_stitching_finds():
    rng = np.random.default_rng(5)
    offsets = rng.integers(-50, 51, (200, 4, 2)).astype("float32")
    there = rng.random((200, 4)) < 0.9
    there[:, 0] = True
    tile, found = flat(9, 64, 64), covers(offsets, there, 20, side=64)
    for row, (own, known) in enumerate(zip(offsets, there, strict=True)):
        covered = stitch([tile] * int(known.sum()), own[known], 20)[1]
        assert covered.all() == found[row]
    assert 20 < found.sum() < 180


def test_tile_names_are_unique():
    assert len({tile_name(r, c) for r in (340, 660) for c in (340, 660)}) == 4

"""Toy birds on disk in the layout of CUB-200-2011; what checks find; the two archives."""

import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from kgen.data import check_cub, cub, download_cub, toy_birds, write_birds
from kgen.data.cub200 import is_cub
from kgen.data.cub200.download import IMAGES, MASKS
from kgen.data.toy.birds import make_bird
from tests.data.cub200.archive import CLASSES, HEIGHT, WIDTH

SMALL = {"size": 32, "counts": (7, 2, 3), "seed": 4, "species": 4}


@pytest.fixture(scope="module")
def birds_folder(tmp_path_factory):
    return write_birds(tmp_path_factory.mktemp("toy") / "birds", **SMALL)


def index_of(name):
    return int(name[-12:-4])


def test_the_real_loader_reads_what_was_drawn(birds_folder):
    birds = cub(birds_folder, "all", crop=None)
    assert len(birds) == 12
    assert birds.class_names == tuple(f"{n:03}.Toy_species_{n:02}" for n in range(1, 5))
    assert (np.diff(birds.classes) >= 0).all()
    for row, picture in enumerate(birds):
        drawn = make_bird(4, index_of(picture.name), 32, species=4)
        np.testing.assert_array_equal(picture.image, drawn.image)
        np.testing.assert_array_equal(picture.mask, np.where(drawn.mask > 127, 255, 0))
        np.testing.assert_array_equal(picture.attributes, drawn.attributes)
        np.testing.assert_array_equal(birds.labels.certainty[row], drawn.certainties)
        assert birds.classes[row] == drawn.species
        x, y, w, h = birds.boxes[row]
        assert picture.mask[int(y) : int(y + h), int(x) : int(x + w)].sum() == picture.mask.sum()
    in_memory = toy_birds(size=32, count=1)
    assert birds.shape_names == in_memory.shape_names
    assert birds.other_names == in_memory.other_names


def test_train_and_val_are_for_training(birds_folder):
    train = [index_of(name) for name in cub(birds_folder, "train", by="official").names]
    test = [index_of(name) for name in cub(birds_folder, "test", by="official").names]
    assert sorted(train) == [*range(7), 10_000_000, 10_000_001]
    assert sorted(test) == [20_000_000, 20_000_001, 20_000_002]


def test_classes_have_the_shares_of_their_images(birds_folder):
    images, shares = (cub(birds_folder, "all", level=level) for level in ("image", "class"))
    first = images.classes == images.classes[0]
    np.testing.assert_allclose(shares.attributes[0], images.attributes[first].mean(0), atol=1e-6)


def test_parts_are_on_the_bird(birds_folder):
    rows = (birds_folder / "CUB_200_2011/parts/part_locs.txt").read_text().splitlines()
    assert len(rows) == 12 * 15
    birds = cub(birds_folder, "all", crop=None)
    seen = 0
    for image, part, x, y, visible in (map(float, row.split()) for row in rows):
        assert (visible == 0) == (x == y == 0)
        if visible and part == 2:  # the middle of the beak lies on the bird
            seen += birds.mask(int(image) - 1)[round(y), round(x)] == 255
    assert seen >= 11


def test_jpeg_is_near_the_arrays(tmp_path):
    folder = write_birds(tmp_path / "birds", size=64, counts=(3, 0, 0), image_format="jpg")
    for picture in cub(folder, "all", crop=None):
        assert picture.name.endswith(".jpg")
        drawn = make_bird(0, index_of(picture.name), 64).image
        assert 0 < np.abs(np.subtract(picture.image, drawn, dtype=float)).mean() < 4


def test_the_cache_is_named_and_used_again(home):
    folder = write_birds(size=16, counts=(2, 0, 0))
    assert folder.parent == home / "toy"
    assert folder.name.startswith("birds-v1-s0-16-")
    stamp = (folder / "attributes.txt").stat().st_mtime_ns
    assert write_birds(size=16, counts=(2, 0, 0)) == folder
    assert (folder / "attributes.txt").stat().st_mtime_ns == stamp
    assert write_birds(size=16, counts=(2, 0, 0), pose=0.5) != folder
    calls = []
    write_birds(size=16, limit=1, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_nothing_is_wrong_with_them(birds_folder, archive):
    assert check_cub(birds_folder) == []
    assert check_cub(archive) == []
    assert is_cub(archive)
    assert is_cub(archive / "CUB_200_2011")
    assert not is_cub(archive / "segmentations")


def test_all_problems_are_listed_at_once(archive):
    images, masks = archive / "CUB_200_2011/images", archive / "segmentations"
    (images / CLASSES[0] / "Bird_0001.jpg").write_bytes(b"no picture")
    (images / CLASSES[0] / "Bird_0002.jpg").unlink()
    (masks / CLASSES[1] / "Bird_0007.png").unlink()
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(masks / CLASSES[1] / "Bird_2275.png")
    Image.fromarray(np.ones((5, 5), np.uint8) * 255).save(masks / CLASSES[2] / "Bird_9364.png")
    labels = archive / "CUB_200_2011/attributes/image_attribute_labels.txt"
    labels.write_text("1 1 x 1 0\n")
    found = "\n".join(map(str, check_cub(archive)))
    for pattern in (
        "Bird_0001.jpg: cannot be read",
        "Bird_0002.jpg: this image is missing",
        "Bird_0007.png: this segmentation is missing",
        "Bird_2275.png: the mask is empty",
        "Bird_9364.png: its size (5, 5) differs from its image's (40, 60)",
        "row 1: four whole numbers",
    ):
        assert pattern in found
    assert len(check_cub(archive)) == 6
    (archive / "CUB_200_2011/classes.txt").unlink()
    (problem,) = check_cub(archive)
    assert problem.path.endswith("classes.txt")
    with pytest.raises(FileNotFoundError, match="holds images"):
        check_cub(archive / "segmentations")


@pytest.fixture
def archives(archive, tmp_path):
    paths = {IMAGES: tmp_path / "a.tgz", MASKS: tmp_path / "b.tgz"}
    with tarfile.open(paths[IMAGES], "w:gz") as tar:
        for name in ("attributes.txt", "CUB_200_2011"):
            tar.add(archive / name, name)
    with tarfile.open(paths[MASKS], "w:gz") as tar:
        tar.add(archive / "segmentations", "segmentations")
    return paths


def test_both_archives_come_into_one_folder(archives, tmp_path, caplog):
    folder = download_cub(tmp_path / "data", archives=archives, sha256={})
    assert folder == tmp_path / "data" / "cub"
    assert "unverified" in caplog.text
    assert len(cub(folder, "all")) == 6
    records = json.loads((folder / "download.json").read_text())
    assert {record["name"] for record in records} == {IMAGES, MASKS}
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["cub"]
    assert download_cub(tmp_path / "data") == folder


def test_mirrors_are_tried(archives, tmp_path):
    mirrors = {name: (f"{tmp_path.as_uri()}/no", path.as_uri()) for name, path in archives.items()}
    folder = download_cub(tmp_path / "data", mirrors=mirrors, sha256={}, verbose=False)
    assert len(cub(folder, "test")) > 0


def test_other_archives_are_refused_and_leave_nothing(archives, tmp_path):
    with pytest.raises(ValueError, match=r"dc77f6cffea0cbe2e41d4201115c8f29.* was expected"):
        download_cub(tmp_path / "data", archives=archives)
    assert list((tmp_path / "data").iterdir()) == []
    nowhere = {name: [f"{tmp_path.as_uri()}/no"] for name in archives}
    with pytest.raises(ConnectionError, match=r"download_cub.*write_birds"):
        download_cub(tmp_path / "data", mirrors=nowhere, verbose=False)

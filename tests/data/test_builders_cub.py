import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kgen.data
from kgen.data import cub, write_birds
from kgen.data.builders import prepare_cub, prepare_side_by_side, read_attributes, tfds_attributes
from kgen.data.images import ImageFileError
from kgen.data.toy import write_maps

pytest.importorskip("tensorflow_datasets", reason='needs pip install "kgen[tfds]"')
pytest.importorskip("array_record", reason='needs pip install "kgen[tfds]"')


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    place = tmp_path_factory.mktemp("tfds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGEN_HOME", str(place / "home"))
        folder = write_birds(place / "birds", size=32, counts=(9, 0, 3), image_format="jpg")
        return folder, prepare_cub(folder, data_dir=place)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("arguments", [{}, {"level": "class", "crop": None}, {"certainty": 4}])
def test_pictures_are_those_of_the_files(prepared, split, arguments):
    folder, builder = prepared
    files = cub(folder, split, by="official", cache=False, **arguments)
    pictures = tfds_attributes(builder, split, **arguments)
    assert len(pictures) == len(files)
    assert pictures.attribute_names == files.attribute_names
    assert pictures.shape_names == files.shape_names
    assert pictures.class_names == files.class_names
    np.testing.assert_array_equal(pictures.classes, files.classes)
    np.testing.assert_array_equal(pictures.attributes, files.attributes)
    for read, expected in zip(pictures, files, strict=True):
        np.testing.assert_array_equal(read.image, expected.image)
        np.testing.assert_array_equal(read.mask, expected.mask)


def test_it_is_array_record_and_reads_from_its_folder(prepared):
    _, builder = prepared
    assert builder.info.file_format.value == "array_record"
    pictures = tfds_attributes(builder.data_dir, "train[6:]")
    assert len(pictures) == 3
    np.testing.assert_array_equal(pictures[0].mask, tfds_attributes(builder, "train")[6].mask)
    assert "001.Toy_species_01/" in tfds_attributes(builder).subset([0]).name(0)
    batch = kgen.data.AttributeBatches(pictures, size=16, batch_size=2, mismatching="class")[0]
    assert batch["shape_attributes_wrong"].shape == (2, 18)


def test_sets_without_attributes_are_refused(prepared, tmp_path):
    folder = write_maps(tmp_path / "maps", size=16, counts=(2, 0, 0))
    maps = prepare_side_by_side(folder, input_side="left", data_dir=tmp_path)
    with pytest.raises(ValueError, match=r"source, target, name; .*need image, .*prepare_cub"):
        tfds_attributes(maps)
    with pytest.raises(ValueError, match="level is 'image' or 'class'"):
        tfds_attributes(prepared[1], level="bird")


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("KGEN_HOME", str(tmp_path / "home"))
    return write_birds(tmp_path / "birds", size=16, counts=(2, 0, 0))


def test_a_changed_folder_is_built_again_and_bad_files_are_named(small, tmp_path):
    first = prepare_cub(small, data_dir=tmp_path)
    assert prepare_cub(small, data_dir=tmp_path).data_dir == first.data_dir
    assert list(first.info.splits) == ["train"]
    image = next((small / "CUB_200_2011/images").rglob("*.png"))
    image.write_bytes(b"no picture")
    with pytest.raises(ImageFileError, match=image.name):
        prepare_cub(small, data_dir=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"holds images\.txt"):
        prepare_cub(tmp_path / "nowhere", data_dir=tmp_path)


def test_without_tensorflow_datasets_the_error_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    for call in (lambda: tfds_attributes(tmp_path), lambda: prepare_cub(tmp_path)):
        with pytest.raises(ImportError, match=r'pip install "kgen\[tfds\]"'):
            call()


def test_builds_and_reads_without_tensorflow(small, tmp_path):
    script = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *a: None if name == 'tensorflow' else find(name, *a)\n"
        "from kgen.data.builders import prepare_cub, tfds_attributes\n"
        f"builder = prepare_cub({str(small)!r}, data_dir={str(tmp_path)!r})\n"
        "print('sum', int(tfds_attributes(builder, crop=None)[1].image.sum()))\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(read_attributes.__file__).parents[3],
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    expected = int(cub(small, "all", crop=None)[1].image.sum(dtype=int))
    assert done.stdout == f"sum {expected}\n", done.stderr
    assert done.returncode == 0, done.stderr

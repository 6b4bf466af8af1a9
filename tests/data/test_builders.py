import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import kgen.data
from kgen.data.builders import prepare_side_by_side, read, tfds_pairs
from kgen.data.images import ImageFileError
from kgen.data.toy import toy_maps, write_maps

pytest.importorskip("tensorflow_datasets", reason='needs pip install "kgen[tfds]"')
pytest.importorskip("array_record", reason='needs pip install "kgen[tfds]"')


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    place = tmp_path_factory.mktemp("tfds")
    folder = write_maps(place / "maps", size=32, counts=(11, 2, 0), image_format="jpg")
    return folder, prepare_side_by_side(folder, input_side="left", data_dir=place)


@pytest.mark.parametrize("split", ["train", "val"])
def test_pairs_are_those_of_the_files_in_their_order(prepared, split):
    folder, builder = prepared
    files = kgen.data.side_by_side(folder, split, input_side="left")
    pairs = tfds_pairs(builder, split)
    names = [example["name"].decode() for example in builder.as_data_source(split)]
    assert names == [f"{split}/{number}.jpg" for number in range(1, len(files) + 1)]
    assert len(pairs) == len(files)
    for read_back, expected in zip(pairs, files, strict=True):
        np.testing.assert_array_equal(read_back[0], expected[0])
        np.testing.assert_array_equal(read_back[1], expected[1])


def test_it_is_array_record_and_reads_from_its_folder(prepared):
    _, builder = prepared
    assert builder.info.file_format.value == "array_record"
    pairs = tfds_pairs(builder.data_dir, "train[9:]")
    assert len(pairs) == 2
    np.testing.assert_array_equal(pairs[0][1], tfds_pairs(builder, "train")[9][1])
    assert pairs.name(1).startswith("side_by_side/maps-left-")


def test_batches_take_them(prepared):
    source, target = kgen.data.Batches(tfds_pairs(prepared[1]), batch_size=2, size=32)[0]
    assert np.shape(source) == np.shape(target) == (2, 32, 32, 3)
    assert -1 <= np.min(source) < np.max(source) <= 1


def test_sides_shapes_and_flat_folders(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (height, 12), np.uint8) for height in (5, 9)]
    for number, array in enumerate(arrays):
        save(tmp_path / "grey" / f"{number}.png", array)
    builder = prepare_side_by_side(tmp_path / "grey", input_side="right", data_dir=tmp_path / "d")
    pairs = tfds_pairs(builder, "train")
    for pair, array in zip(pairs, arrays, strict=True):
        np.testing.assert_array_equal(pair[0][..., 0], array[:, 6:])
        np.testing.assert_array_equal(pair[1][..., 0], array[:, :6])


def test_a_changed_folder_is_built_again(tmp_path):
    folder = write_maps(tmp_path / "maps", size=16, counts=(2, 0, 0))
    arguments = {"input_side": "left", "data_dir": tmp_path / "d"}
    first = prepare_side_by_side(folder, **arguments)
    assert prepare_side_by_side(folder, **arguments).data_dir == first.data_dir
    save(folder / "train/3.png", np.full((16, 32, 3), 7, np.uint8))
    pairs = tfds_pairs(prepare_side_by_side(folder, **arguments))
    assert len(pairs) == 3
    assert pairs[2][0].max() == 7


def test_bad_files_are_named(tmp_path):
    save(tmp_path / "a/1.png", np.zeros((4, 8, 3), np.uint8))
    save(tmp_path / "a/2.png", np.zeros((4, 8), np.uint8))
    with pytest.raises(
        ImageFileError, match=r'2\.png: .* first pair has \[3, 3\].*source_mode="rgb"'
    ):
        prepare_side_by_side(tmp_path / "a", input_side="left", data_dir=tmp_path / "d")
    prepare_side_by_side(
        tmp_path / "a",
        input_side="left",
        data_dir=tmp_path / "d",
        source_mode="rgb",
        target_mode="rgb",
    )
    (tmp_path / "a/2.png").write_bytes(b"no image")
    with pytest.raises(ImageFileError, match=r"2\.png"):
        prepare_side_by_side(tmp_path / "a", input_side="left", data_dir=tmp_path / "e")
    save(tmp_path / "b/1.png", np.zeros((4, 8), np.uint16))
    with pytest.raises(ImageFileError, match=r"1\.png: .*keeps uint8.*uint16.*side_by_side"):
        prepare_side_by_side(tmp_path / "b", input_side="left", data_dir=tmp_path / "d")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        prepare_side_by_side(tmp_path / "nowhere", input_side="left", data_dir=tmp_path / "d")


@pytest.mark.parametrize("name", ["cycle_gan/maps", "cycle_gan/facades:3.0.0", "cycle_gan"])
def test_sets_that_lost_their_pairs_are_refused(name):
    with pytest.raises(ValueError, match=r"lost and cannot be recovered.*download_pairs\('[mf]a"):
        tfds_pairs(name, "trainA")
    config = SimpleNamespace(name="maps")
    builder = SimpleNamespace(name="cycle_gan", builder_config=config, as_data_source=None)
    with pytest.raises(ValueError, match="cycle_gan/maps cannot be used as pairs"):
        tfds_pairs(builder, "trainA")


def test_wrong_features_and_splits_are_explained(prepared):
    _, builder = prepared
    with pytest.raises(ValueError, match=r"has the features source, target, name; .*'image'"):
        tfds_pairs(builder, source="image")
    with pytest.raises(ValueError, match="has no split 'test'; it has train, val"):
        tfds_pairs(builder, "test[:5]")


def test_other_features_may_be_the_pair(prepared):
    pairs = tfds_pairs(prepared[1], "val", source="target", target="source")
    np.testing.assert_array_equal(pairs[0][0], tfds_pairs(prepared[1], "val")[0][1])


def test_without_tensorflow_datasets_the_error_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    for call in (
        lambda: tfds_pairs(tmp_path),
        lambda: prepare_side_by_side(tmp_path, input_side="left"),
    ):
        with pytest.raises(ImportError, match=r'pip install "kgen\[tfds\]"'):
            call()


def test_builds_and_reads_without_tensorflow(tmp_path):
    write_maps(tmp_path / "maps", size=16, counts=(2, 0, 0), processes=1)
    script = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *a: None if name == 'tensorflow' else find(name, *a)\n"
        "from kgen.data.builders import prepare_side_by_side, tfds_pairs\n"
        f"place = {str(tmp_path)!r}\n"
        "builder = prepare_side_by_side(place + '/maps', input_side='left', data_dir=place)\n"
        "print('sum', int(tfds_pairs(builder)[1][0].sum()))\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(read.__file__).parents[3],
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    expected = int(toy_maps(size=16, count=2)[1][0].sum(dtype=int))
    assert done.stdout == f"sum {expected}\n", done.stderr
    assert done.returncode == 0, done.stderr

"""Image files translated by a model: depth, sizes, halves and names."""

import keras
import numpy as np
import pytest

from kgen.data import read_image
from kgen.data.writing import write_image
from kgen.generation import generate_files


def negative(shape=(None, None, 3)):
    """A model whose output is known: the negative of what it gets."""
    return keras.Sequential([keras.Input(shape), keras.layers.Rescaling(-1.0)])


@pytest.fixture(scope="module")
def model():
    return negative()


def noise(shape, dtype=np.uint8, seed=0):
    values = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape)
    return values.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_results_have_the_depth_and_size_of_the_files(model, dtype, tmp_path):
    image = noise((6, 10, 3), dtype)
    write_image(tmp_path / "in" / "a", image)
    [path] = generate_files(model, [tmp_path / "in"], tmp_path / "out")
    assert path == tmp_path / "out" / "a.png"
    result = read_image(path)
    assert result.dtype == dtype
    assert np.abs(np.iinfo(dtype).max - image - result.astype(int)).max() <= 1


def test_a_model_of_fixed_size_gets_resized_pictures(tmp_path):
    path = write_image(tmp_path / "grey", np.full((20, 30, 1), 100, np.uint8))
    [result] = generate_files(negative((8, 8, 3)), [path], tmp_path / "out")
    np.testing.assert_array_equal(read_image(result), np.full((8, 8, 3), 155))


@pytest.mark.parametrize("side", ["left", "right"])
def test_half_of_a_pair(model, side, tmp_path):
    pair = noise((4, 12, 3))
    path = write_image(tmp_path / "pair", pair)
    [result] = generate_files(model, [path], tmp_path / "out", input_side=side, side_by_side=True)
    halves = {"left": pair[:, :6], "right": pair[:, 6:]}
    np.testing.assert_array_equal(read_image(result), 255 - halves.pop(side))
    strip = read_image(tmp_path / "out" / "side_by_side" / "pair.png")
    assert strip.shape == (4, 18, 3)
    np.testing.assert_array_equal(strip[:, 12:], next(iter(halves.values())))


def test_class_numbers_become_channels(tmp_path):
    labels = np.array([[0, 1], [2, 1]], np.uint8)
    path = write_image(tmp_path / "labels", labels)
    [result] = generate_files(negative((None, None, 3)), [path], tmp_path / "out", classes=3)
    np.testing.assert_array_equal(read_image(result).argmin(axis=-1), labels)


def test_folders_come_in_natural_order_and_files_too(model, tmp_path):
    for name in ("10", "9"):
        write_image(tmp_path / "in" / name, noise((4, 4, 3)))
    other = write_image(tmp_path / "other", noise((4, 4, 3)))
    written = generate_files(model, [tmp_path / "in", other], tmp_path / "out")
    assert [path.stem for path in written] == ["9", "10", "other"]


def test_mistakes_name_the_file(model, tmp_path):
    first = write_image(tmp_path / "a" / "same", noise((4, 5, 3)))
    second = write_image(tmp_path / "b" / "same", noise((4, 4, 3)))
    with pytest.raises(ValueError, match=r"would be written to one file same\.png"):
        generate_files(model, [first, second], tmp_path / "out")
    with pytest.raises(ValueError, match=r"a.same\.png: its width of 5 pixels is odd"):
        generate_files(model, [first], tmp_path / "out", input_side="left")
    with pytest.raises(FileNotFoundError, match="missing"):
        generate_files(model, [tmp_path / "missing.png"], tmp_path / "out")
    assert not (tmp_path / "out").exists()

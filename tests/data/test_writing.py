"""Images written and read again, in every depth and channel count."""

import numpy as np
import pytest
from PIL import Image

from kgen.data import read_image
from kgen.data.writing import write_image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_keeps_every_bit(dtype, channels, tmp_path):
    random = np.random.default_rng(channels)
    image = random.integers(0, np.iinfo(dtype).max + 1, (5, 7, channels)).astype(dtype)
    path = write_image(tmp_path / "new folder" / "image.tif", image)
    assert path == tmp_path / "new folder" / "image.png"
    read = read_image(path)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, image)
    assert [file.name for file in path.parent.iterdir()] == ["image.png"]


def test_other_programs_read_the_png(tmp_path):
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    with Image.open(write_image(tmp_path / "image", image)) as opened:
        opened.verify()  # checksums of all chunks
    with Image.open(tmp_path / "image.png") as opened:
        np.testing.assert_array_equal(np.asarray(opened), image)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 7), np.uint8), np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4, 1)],
)
def test_what_png_cannot_hold_becomes_npy(image, tmp_path):
    path = write_image(tmp_path / "image.png", image)
    assert path.suffix == ".npy"
    np.testing.assert_array_equal(read_image(path), image)


def test_names_with_dots_are_kept(tmp_path):
    for name in ("scan.v2.tif", "scan.v2"):
        path = write_image(tmp_path / name, np.zeros((2, 2, 3), np.uint8))
        assert path.name == "scan.v2.png"


def test_nothing_is_lost_when_writing_fails(tmp_path):
    path = write_image(tmp_path / "image", np.zeros((2, 2, 3), np.uint8))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="int32"):
        write_image(path, np.zeros((2, 2, 3), np.int32))
    assert path.read_bytes() == before

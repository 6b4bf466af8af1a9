"""What metrics take, and what they refuse before it becomes a number."""

import keras
import numpy as np
import pytest
from PIL import Image

from kgen.metrics import psnr
from kgen.metrics.images import as_numpy, limits, named_images, progress, unit_images


def pictures(count: int = 3, shape: tuple = (8, 10, 3), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), "uint8")


def write(folder, images, suffix=".png"):
    folder.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i}{suffix}")
    return folder


def test_dtypes_and_ranges_are_one_scale():
    stored = pictures()
    other = pictures(seed=1)
    expected = psnr(stored, other)
    for scale, value_range in ((255.0, (0, 1)), (1.0, (0, 255))):
        a, b = stored.astype("float32") / scale, other.astype("float32") / scale
        np.testing.assert_allclose(psnr(a, b, value_range), expected, rtol=1e-5)
    a, b = (x.astype("float64") / 127.5 - 1 for x in (stored, other))
    np.testing.assert_allclose(psnr(a, b, (-1, 1)), expected, rtol=1e-9)
    wide = [x.astype("uint16") * np.uint16(257) for x in (stored, other)]
    np.testing.assert_allclose(psnr(*wide), expected, rtol=1e-9)


def test_tensors_lists_and_generators():
    stored, other = pictures(), pictures(seed=1)
    expected = psnr(stored, other)
    tensors = [keras.ops.convert_to_tensor(x) for x in (stored, other)]
    np.testing.assert_array_equal(psnr(*tensors), expected)
    np.testing.assert_array_equal(psnr(list(stored), (x for x in other)), expected)
    batches = [stored[:2], stored[2:]], [other[:1], other[1:]]
    np.testing.assert_array_equal(psnr(*batches), expected)


def test_half_precision_of_networks():
    half = keras.ops.cast(pictures(1) / 127.5 - 1, "bfloat16")
    assert as_numpy(half).dtype == np.float32
    assert np.isfinite(psnr(half, -half, (-1, 1))).all()


def test_folders_are_paired_by_name(tmp_path):
    stored, other = pictures(11), pictures(11, seed=1)
    folders = write(tmp_path / "real", stored), write(tmp_path / "fake", other)
    found = psnr(*folders)
    np.testing.assert_array_equal(found, psnr(stored, other))  # 10 follows 9
    assert [name for name, _ in named_images(str(folders[0]))][10].endswith("10.png")
    paths = sorted(folders[0].iterdir())
    assert [name for name, _ in named_images(paths)] == [str(path) for path in paths]


def test_missing_partners_are_named(tmp_path):
    real = write(tmp_path / "real", pictures(3))
    fake = write(tmp_path / "fake", pictures(2))
    with pytest.raises(ValueError, match=r"real/2\.png.*no partner"):
        psnr(real, fake)
    with pytest.raises(ValueError, match="a folder is compared with a folder"):
        psnr(real, pictures(3))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        psnr(tmp_path / "nowhere", fake)


def test_sizes_that_differ_are_named(tmp_path):
    real = write(tmp_path / "real", pictures(2))
    fake = write(tmp_path / "fake", pictures(2, (8, 8, 3)))
    with pytest.raises(ValueError, match=r"0\.png is \(8, 10, 3\).*0\.png is \(8, 8, 3\)"):
        psnr(real, fake)
    with pytest.raises(ValueError, match=r"one shape.*\(2, 8, 10, 3\) and \(2, 8, 8, 3\)"):
        psnr(pictures(2), pictures(2, (8, 8, 3)))
    with pytest.raises(ValueError, match="one of the sets ends after"):
        psnr(list(pictures(2)), list(pictures(3)))


@pytest.mark.parametrize(
    ("images", "value_range", "message"),
    [
        (np.zeros((1, 4, 4, 3)), None, "float images need their range"),
        (np.full((1, 4, 4, 3), 0, "uint8"), (-1, 1), "uint8 images range over 0..255"),
        (np.full((1, 4, 4, 3), 7, "int64"), None, "got int64"),
        (np.full((1, 4, 4, 3), 1.5), (-1, 1), r"stated range \(-1, 1\); got 1.5"),
        (np.full((1, 4, 4, 3), -0.5), (0, 1), "stated range"),
        (np.full((1, 4, 4, 3), 0.7), (0, 255), r"all values lie in \[-1, 1\]"),
        (np.full((1, 4, 4, 3), np.nan), (-1, 1), r"real\[0\].*NaN"),
        (np.full((1, 4, 4, 3), np.inf), (-1, 1), "infinity"),
        (np.zeros((4, 4, 3), "uint8"), None, r"images are \(N, H, W, C\)"),
        (np.zeros((0, 4, 4, 3), "uint8"), None, "both sets are empty"),
        (np.zeros((1, 4, 4, 3)), (1, -1), "low < high"),
    ],
)
def test_refused(images, value_range, message):
    with pytest.raises(ValueError, match=message):
        psnr(images, images, value_range)


def test_the_broken_file_is_named(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    np.save(folder / "broken.npy", np.full((4, 4, 3), np.nan, "float32"))
    with pytest.raises(ValueError, match=r"broken\.npy.*NaN"):
        psnr(folder, folder, (-1, 1))


def test_black_pictures_have_any_range():
    black = np.zeros((1, 4, 4, 3))
    assert psnr(black, black, (0, 255)).tolist() == [np.inf]


def test_values_may_exceed_the_range_by_rounding_only():
    (unit,) = unit_images(np.full((2, 2, 1), 1.0001), value_range=(-1, 1), names=["x"])
    assert 1.0 < unit.max() < 1.001
    assert limits("bfloat16", (0, 1)) == (0.0, 1.0)


def test_progress_shows_and_changes_nothing(capsys):
    assert list(progress(range(3), verbose=1, total=3)) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().out
    assert psnr(pictures(), pictures(seed=1), verbose=1).tolist() == (
        psnr(pictures(), pictures(seed=1)).tolist()
    )
    assert list(progress(range(2), verbose=0)) == [0, 1]

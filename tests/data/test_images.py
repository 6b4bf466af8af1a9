"""Reading whole files of every depth and channel count, and scaling."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kgen.data.images import as_stored, read_image, to_float, to_uint8
from kgen.data.writing import write_image

rng = np.random.default_rng(0)


def pixels(*shape, dtype="uint8"):
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_stored_channels_and_depth_are_kept(tmp_path, channels, dtype):
    image = pixels(9, 7, channels, dtype=dtype)
    read = read_image(write_image(tmp_path / "image", image))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, image)


def test_sixteen_bit_grey_by_pillow(tmp_path):
    image = pixels(5, 6, dtype="uint16")
    for name in ("a.png", "a.tif"):
        Image.fromarray(image).save(tmp_path / name)
        np.testing.assert_array_equal(read_image(tmp_path / name)[..., 0], image)


def deep_png(image: np.ndarray) -> bytes:
    """A 16-bit colour PNG whose rows use the format's five filters in turn."""
    height, width, channels = image.shape
    rows = image.astype(">u2").view("uint8").reshape(height, -1).astype(int)
    step = 2 * channels
    left = np.pad(rows, ((0, 0), (step, 0)))[:, :-step]
    up = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(left, ((1, 0), (0, 0)))[:-1]
    guess = left + up - corner
    errors = [np.abs(guess - near) for near in (left, up, corner)]
    paeth = np.choose(np.argmin(errors, axis=0), [left, up, corner])
    predictions = [0 * rows, left, up, (left + up) // 2, paeth]
    lines = b"".join(
        bytes([y % 5]) + ((rows[y] - predictions[y % 5][y]) % 256).astype("uint8").tobytes()
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_png_with_every_row_filter(tmp_path, channels):
    image = pixels(12, 8, channels, dtype="uint16")
    (tmp_path / "a.png").write_bytes(deep_png(image))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)


@pytest.mark.parametrize(
    ("shape", "dtype", "options"),
    [
        ((8, 9, 3), "uint16", {"photometric": "rgb"}),
        ((8, 9, 6), "uint8", {"photometric": "minisblack", "planarconfig": "contig"}),
        ((8, 9, 5), "uint16", {"photometric": "minisblack", "planarconfig": "contig"}),
    ],
)
def test_many_channel_tiff(tmp_path, shape, dtype, options):
    tifffile = pytest.importorskip("tifffile")
    image = pixels(*shape, dtype=dtype)
    tifffile.imwrite(tmp_path / "a.tif", image, **options)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), image)


def test_planar_tiff_and_stack_of_pages_have_channels_last(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    image = pixels(6, 8, 9)
    planar = {"photometric": "minisblack", "planarconfig": "separate"}
    tifffile.imwrite(tmp_path / "planar.tif", image, **planar)
    tifffile.imwrite(tmp_path / "pages.tif", image, photometric="minisblack")
    for name in ("planar.tif", "pages.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name), image.transpose(1, 2, 0))


def test_float_tiff_and_stacks_of_numbers(tmp_path):
    heights = rng.random((4, 5)).astype("float32")
    Image.fromarray(heights).save(tmp_path / "a.tif")
    np.save(tmp_path / "b.npy", heights.astype("float64"))
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 0], heights)
    assert read_image(tmp_path / "b.npy").dtype == np.float32


def test_palette_gives_colours_or_class_numbers(tmp_path):
    ids = np.array([[0, 1], [2, 1]], "uint8")
    image = Image.frombytes("P", (2, 2), ids.tobytes())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png")[0, 1].tolist() == [255, 0, 0]
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", "ids")[..., 0], ids)


def test_transparency_is_laid_over_white(tmp_path):
    image = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], "uint8")
    Image.fromarray(image).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (1, 2, 4)
    assert read_image(tmp_path / "a.png", "rgb").tolist() == [[[255, 255, 255], [10, 20, 30]]]
    assert read_image(tmp_path / "a.png", "grey")[0, 0, 0] == 255


def test_grey_is_pillows_luma_and_rgb_of_grey_is_repeated(tmp_path):
    image = pixels(6, 7, 3)
    Image.fromarray(image).save(tmp_path / "a.png")
    expected = np.asarray(Image.fromarray(image).convert("L")).astype(int)
    assert np.abs(read_image(tmp_path / "a.png", "grey")[..., 0] - expected).max() <= 1
    Image.fromarray(image[..., 0]).save(tmp_path / "b.png")
    repeated = read_image(tmp_path / "b.png", "rgba")
    assert repeated.shape == (6, 7, 4)
    assert (repeated[..., :3] == image[..., :1]).all()
    assert (repeated[..., 3] == 255).all()


def test_one_bit_and_cmyk(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "bit.png")
    assert read_image(tmp_path / "bit.png").tolist() == [[[255], [0]]]
    assert read_image(tmp_path / "bit.png", "ids").tolist() == [[[1], [0]]]
    Image.fromarray(pixels(8, 8, 3)).convert("CMYK").save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg.*CMYK.*mode='rgb'"):
        read_image(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg", "rgb").shape == (8, 8, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5])
def test_truncated_files_are_named(tmp_path, kind, kept):
    stream = io.BytesIO()
    Image.fromarray(pixels(64, 64, 3)).save(stream, kind)
    path = tmp_path / f"broken.{kind.lower()}"
    path.write_bytes(stream.getvalue()[: int(len(stream.getvalue()) * kept)])
    with pytest.raises(ValueError, match=rf"broken\.{kind.lower()}: cannot be read"):
        read_image(path)


def test_truncated_numbers_and_animations_are_named(tmp_path):
    np.save(tmp_path / "a.npy", pixels(8, 8))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:100])
    frames = [Image.fromarray(pixels(8, 8, 3)) for _ in range(2)]
    frames[0].save(tmp_path / "b.webp", save_all=True, append_images=frames[1:])
    np.save(tmp_path / "c.npy", pixels(8, 8).astype("int64"))
    for name, what in (("a.npy", ""), ("b.webp", "2 frames"), ("c.npy", "int64")):
        with pytest.raises(ValueError, match=rf"{name}.*{what}"):
            read_image(tmp_path / name)


def test_missing_file_and_unknown_mode(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ValueError, match="stored, grey, rgb, rgba, ids"):
        read_image(tmp_path / "none.png", "colour")


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_to_float_covers_the_range(dtype):
    top = np.iinfo(dtype).max
    values = to_float(np.array([0, top], dtype))
    assert values.dtype == np.float32
    assert values.tolist() == [-1.0, 1.0]


def test_to_uint8_inverts_to_float():
    every = np.arange(256, dtype="uint8")
    np.testing.assert_array_equal(to_uint8(to_float(every)), every)
    assert to_uint8(np.array([0, 65535], "uint16")).tolist() == [0, 255]


@pytest.mark.parametrize("wrong", [[0.0, 255.0], [np.nan, 0.0]])
def test_floats_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must lie in \[-1, 1\]"):
        to_float(np.array([wrong], "float32"))


def test_as_stored_refuses_what_is_no_image():
    with pytest.raises(ValueError, match="int32"):
        as_stored(np.zeros((2, 2), "int32"))
    with pytest.raises(ValueError, match=r"\(2, 2, 2, 2\)"):
        as_stored(np.zeros((2, 2, 2, 2), "uint8"))

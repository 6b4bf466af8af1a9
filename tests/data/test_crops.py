import numpy as np
import pytest

from kgen.data.crops import (
    Window,
    check_crop,
    cut_object,
    mask_box,
    object_window,
    stackgan_window,
)


def test_a_square_about_the_middle_of_the_box() -> None:
    window = stackgan_window(height=400, width=600, box=(200, 150, 100, 40))
    assert window == Window(left=175, top=95, right=325, bottom=245)


def test_the_window_ends_where_the_image_ends() -> None:
    window = stackgan_window(height=100, width=200, box=(10, 5, 180, 60))
    assert window == Window(left=0, top=0, right=200, bottom=100)


def test_numbers_are_cut_off_to_whole_pixels() -> None:
    exact = stackgan_window(500, 500, (101, 100, 61, 50))
    assert exact == Window(left=131 - 45, top=125 - 45, right=131 + 45, bottom=125 + 45)
    assert stackgan_window(500, 500, (101.9, 100.0, 61.9, 50.0)) == exact


def test_the_box_fills_two_thirds_of_its_longer_side_at_least() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        width, height = (int(side) for side in rng.integers(60, 500, 2))
        w, h = int(rng.integers(20, width)), int(rng.integers(20, height))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        window = stackgan_window(height, width, (x, y, w, h))
        assert 0 <= window.left <= x
        assert x + w <= window.right <= width
        assert 0 <= window.top <= y
        assert y + h <= window.bottom <= height
        side = max(window.right - window.left, window.bottom - window.top)
        assert max(w, h) / side >= 2 / 3


def test_boxes_that_cannot_be_are_explained() -> None:
    with pytest.raises(ValueError, match="four numbers"):
        stackgan_window(100, 100, (1, 2, 3))
    with pytest.raises(ValueError, match="leaves no pixel of an image of 100x50"):
        stackgan_window(100, 50, (200, 10, 20, 20))


def random_boxes(count=200):
    rng = np.random.default_rng(1)
    for _ in range(count):
        width, height = (int(side) for side in rng.integers(60, 500, 2))
        w, h = int(rng.integers(20, width)), int(rng.integers(20, height))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        yield (height, width), (x, y, w, h)


def test_side_lets_the_box_fill_three_quarters_of_the_side() -> None:
    for _, (x, y, w, h) in random_boxes():
        window = object_window((x, y, w, h), "side")
        assert window.right - window.left == window.bottom - window.top
        assert 0.75 <= max(w, h) / (window.right - window.left) < 0.9
        assert window.left <= x
        assert x + w <= window.right + 1  # the middle is cut off to a whole pixel
        assert window.top <= y
        assert y + h <= window.bottom + 1


def test_area_lets_the_box_fill_three_quarters_of_the_area() -> None:
    for _, (x, y, w, h) in random_boxes():
        window = object_window((x, y, w, h), "area")
        width, height = window.right - window.left, window.bottom - window.top
        assert 0.75 <= w * h / (width * height) < 1
        assert abs(width / height / (w / h) - 1) < 0.15


@pytest.mark.parametrize("crop", [None, "side", "stackgan", "area"])
def test_padding_makes_squares_and_keeps_the_box(crop) -> None:
    for (height, width), (x, y, w, h) in random_boxes(40):
        mask = np.zeros((height, width), np.uint8)
        mask[y : y + h, x : x + w] = 255
        cut = cut_object(mask, (x, y, w, h), crop, "pad", fill=0)
        assert cut.shape[0] == cut.shape[1]
        kept = np.count_nonzero(cut) / np.count_nonzero(mask)
        assert 0.9 < kept <= 1  # a pixel at the border may go
        squeezed = cut_object(mask, (x, y, w, h), crop, "squeeze")
        assert np.count_nonzero(squeezed) == np.count_nonzero(cut)
        image = cut_object(np.repeat(mask[..., None], 3, 2), (x, y, w, h), crop, "pad")
        assert image.shape == (*cut.shape, 3)


def test_padding_puts_the_object_in_the_middle() -> None:
    image = np.arange(20, dtype=np.uint8).repeat(20).reshape(20, 20)  # row numbers
    cut = cut_object(image, (5, 0, 6, 6), "side", "pad")
    assert cut[:, 0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6]  # one row is missing above
    assert cut_object(image, (5, 0, 6, 6), "side", "pad", fill=9)[0].tolist() == [9] * 8


def test_whole_images_become_squares_too() -> None:
    cut = cut_object(np.full((4, 7), 5, np.uint8), None, None, "pad", fill=0)
    assert cut.shape == (7, 7)
    assert np.flatnonzero(cut.any(axis=1)).tolist() == [1, 2, 3, 4]


def test_masks_have_boxes() -> None:
    mask = np.zeros((9, 8), bool)
    mask[2:5, 3:8] = True
    assert mask_box(mask) == (3, 2, 5, 3)
    with pytest.raises(ValueError, match="the mask is empty"):
        mask_box(mask & False)


def test_unknown_crops_are_refused() -> None:
    with pytest.raises(ValueError, match="'side', 'stackgan', 'area' or None; received 'bird'"):
        check_crop("bird", "pad")
    with pytest.raises(ValueError, match="'pad' or 'squeeze'; received 'stretch'"):
        cut_object(np.zeros((4, 4)), (0, 0, 2, 2), fit="stretch")
    with pytest.raises(ValueError, match="leaves no pixel"):
        cut_object(np.zeros((4, 4)), (40, 0, 2, 2))

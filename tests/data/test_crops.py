import numpy as np
import pytest

from kgen.data.crops import Window, stackgan_window


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

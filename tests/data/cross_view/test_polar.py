"""The polar transform: directions, borders, types."""

import numpy as np
import pytest

from kgen.data.cross_view import polar_transform


def test_columns_look_south_west_north_east():
    aerial = np.zeros((65, 65), "uint8")
    aerial[48:, 28:36], aerial[28:36, :16] = 10, 20
    aerial[:16, 28:36], aerial[28:36, 48:] = 30, 40
    polar = polar_transform(aerial, (32, 128))
    assert [int(polar[4, column]) for column in (0, 32, 64, 96)] == [10, 20, 30, 40]


def test_the_last_row_is_the_centre_and_the_first_the_border():
    aerial = np.arange(36, dtype="float32").reshape(6, 6)
    polar = polar_transform(aerial, (3, 4))
    np.testing.assert_allclose(polar[2], aerial[3, 3])
    np.testing.assert_allclose(polar[0], [aerial[5, 3], aerial[3, 1], aerial[1, 3], aerial[3, 5]])


def test_beyond_the_border_is_black():
    white = np.full((9, 9, 3), 200, "uint8")
    polar = polar_transform(white, (90, 36))  # its first rows lie within a pixel of the border
    assert polar[-1].min() == 200
    assert 0 < polar[0, 0, 0] < 200  # south: half a pixel is missing at 8.95
    assert polar_transform(white.astype("uint16"), (4, 8)).dtype == "uint16"


def test_it_refuses_what_is_not_square():
    with pytest.raises(ValueError, match=r"\(8, 9, 3\)"):
        polar_transform(np.zeros((8, 9, 3), "uint8"), 8)

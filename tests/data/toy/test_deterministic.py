import ast
from pathlib import Path

import numpy as np
import pytest

import kgen.data.toy as toy
from kgen.data.toy import deterministic

FORBIDDEN = {
    "exp", "log", "power", "sin", "cos", "tan", "arctan2", "hypot", "cbrt", "dot", "matmul",
    "einsum", "tensordot", "sum", "mean", "std", "random", "convolve",
}  # fmt: skip


def test_hash_is_the_same_for_ints_and_arrays_and_never_changes():
    assert int(deterministic.hash64(1, 2, 3)) == 0x1052D88236E4C8E6
    grid = deterministic.hash64(1, np.arange(5)[:, None], np.arange(4))
    assert grid.shape == (5, 4)
    assert grid[2, 3] == deterministic.hash64(1, 2, 3)
    assert deterministic.hash64(-1) == deterministic.hash64(np.array(-1))


def test_uniform_fills_the_interval_evenly():
    values = deterministic.uniform(5, np.arange(20000))
    assert 0 <= values.min() < 0.001
    assert 0.999 < values.max() < 1
    assert np.abs(np.histogram(values, 10, (0, 1))[0] - 2000).max() < 200


def test_sine_is_a_sine():
    turns = np.linspace(-3, 3, 10001)
    assert np.abs(deterministic.sin_turns(turns) - np.sin(2 * np.pi * turns)).max() < 1e-11
    assert np.abs(deterministic.cos_turns(turns) - np.cos(2 * np.pi * turns)).max() < 1e-11


def test_noise_on_a_grid_has_the_bits_of_noise_at_points():
    x, y = np.linspace(-7.3, 9.1, 37)[None, :], np.linspace(2.5, 4.4, 23)[:, None]
    points = [axis.copy() for axis in np.broadcast_arrays(x, y)]
    fast, slow = deterministic.value_noise(x, y, 99), deterministic.value_noise(*points, 99)
    np.testing.assert_array_equal(fast, slow)
    assert 0 <= fast.min() < fast.max() <= 1


def test_box_average_rounds_half_up():
    image = np.array([[[0, 7], [1, 7]], [[0, 7], [1, 8]]], np.uint8)
    assert deterministic.box_average(image, 2).tolist() == [[[1, 7]]]


@pytest.mark.parametrize("path", sorted(Path(toy.__file__).parent.glob("[mb]*s/*.py")), ids=str)
def test_drawing_uses_no_function_that_may_differ_between_machines(path):
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if
             isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]  # fmt: skip
    assert not {call.attr for call in calls} & FORBIDDEN
    assert not any(isinstance(node, ast.MatMult) for node in ast.walk(ast.parse(path.read_text())))

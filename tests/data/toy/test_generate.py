import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kgen.data.toy import draw_towns, generate, toy_maps
from kgen.data.toy.maps import make_pair


@pytest.fixture
def workers_always(monkeypatch):
    monkeypatch.setattr(generate, "SMALL_JOB", 0)


@pytest.mark.usefixtures("workers_always")
def test_workers_draw_the_same_towns_in_the_same_order():
    indices = np.array([4, 10_000_000, 2, 7, 1])
    apart = list(draw_towns(indices, 32, seed=5, processes=2, season="autumn"))
    assert len(apart) == 5
    for index, town in zip(indices, apart, strict=True):
        for found, expected in zip(town, make_pair(5, index, 32, season="autumn"), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.usefixtures("workers_always")
def test_workers_end_when_the_reader_stops(monkeypatch):
    started = []

    class Watched(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(generate.subprocess, "Popen", Watched)
    towns = draw_towns(range(100_000), 32, processes=2)
    next(towns)
    towns.close()
    assert [worker.poll() is not None for worker in started] == [True, True]


@pytest.mark.usefixtures("workers_always")
def test_a_dead_worker_is_reported(monkeypatch, tmp_path):
    (tmp_path / "worker.py").write_text("raise SystemExit('out of paint')")
    monkeypatch.setattr(generate, "__file__", str(tmp_path / "generate.py"))
    with pytest.raises(RuntimeError, match=r"processes=1 draws without helpers.*out of paint"):
        list(draw_towns(range(4), 32))


def test_workers_load_no_keras(tmp_path):
    (tmp_path / "keras.py").write_text("raise SystemExit('keras was imported')")
    job = b'{"seed": 0, "size": 16, "indices": [0], "knobs": {}, '
    job += b'"module": "maps.scene", "function": "make_pair"}'
    worker = Path(generate.__file__).with_name("worker.py")
    done = subprocess.run(
        [sys.executable, str(worker)],
        input=job,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout == b"".join(array.tobytes() for array in make_pair(0, 0, 16))


def test_a_script_without_main_guard_may_use_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from kgen.data.toy import generate, toy_maps\n"
        "generate.SMALL_JOB = 0\n"
        "print(len(toy_maps('val', size=16, count=3)), 'drawn')\n"
    )
    root = Path(generate.__file__).parents[3]
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.stdout == "3 drawn\n", done.stderr


def test_toy_maps_is_a_source_of_pairs():
    pairs = toy_maps("val", size=32, count=3, seed=2)
    aerial, street_map, labels = make_pair(2, 10_000_001, 32)
    assert len(pairs) == 3
    np.testing.assert_array_equal(pairs[1][0], aerial)
    np.testing.assert_array_equal(pairs[1][1], street_map)
    np.testing.assert_array_equal(pairs.labels[1], labels)
    assert pairs.name(1) == "toy maps, seed 2, val 1"
    swapped = toy_maps("val", size=32, count=3, seed=2, swap=True)
    np.testing.assert_array_equal(swapped[1][0], street_map)
    np.testing.assert_array_equal(swapped[1][1], aerial)


def test_splits_share_no_town():
    towns = [toy_maps(split, size=16, count=4).source for split in ("train", "val", "test")]
    assert len({town.tobytes() for towns in towns for town in towns}) == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "validation"}, "one of \\('train', 'val', 'test'\\); received 'validation'"),
        ({"count": 0}, "count of 1 or more"),
        ({"count": -1}, "received -1"),
        ({"count": 2, "processes": 0}, "processes must be a whole number from 1; received 0"),
    ],
)
def test_wrong_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        toy_maps(**arguments)

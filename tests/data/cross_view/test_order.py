"""Orders in which no batch holds a place twice."""

import numpy as np
import pytest

from kgen.data.cross_view.order import spread_locations


def spread(places, size, drop, seed=0):
    order = spread_locations(np.asarray(places), size, drop, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(places)))
    return order


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_no_place_twice_where_it_can_be_avoided(drop, seed):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 40, 97)  # up to 6 of a place, 12 batches
    order = spread(places, 8, drop, seed)
    found = [places[order[i : i + 8]] for i in range(0, 96 if drop else 97, 8)]
    assert all(len(np.unique(batch)) == len(batch) for batch in found)


def test_the_hardest_case_that_can_be_done():
    places = np.array([0] * 4 + [1] * 4 + [2] * 3)
    places = places[spread(places, 3, False)]
    assert [len(set(places[i : i + 3])) for i in range(0, 11, 3)] == [3, 3, 3, 2]


def test_what_cannot_be_avoided_is_spread_evenly():
    places = np.array([0] * 6 + [1, 2, 3])
    order = spread(places, 3, True)
    assert [int((places[order[i : i + 3]] == 0).sum()) for i in (0, 3, 6)] == [2, 2, 2]


def test_fewer_pairs_than_a_batch():
    assert len(spread([0, 0, 1], 8, False)) == 3


def test_every_pair_is_dropped_as_often_as_another():
    places = [0, 0, 1, 1, 2, 3, 4]
    dropped = np.zeros(7)
    for seed in range(1500):
        dropped[spread(places, 3, True, seed)[6]] += 1
    assert abs(dropped / 1500 - 1 / 7).max() < 0.04  # 4 standard deviations


def test_partners_change_with_the_seed():
    together = {
        frozenset(batch.tolist())
        for seed in range(20)
        for batch in spread(np.arange(12) // 2, 3, True, seed).reshape(4, 3)
    }
    assert len(together) > 40

"""Reading ahead never serves what was not asked for."""

import threading
import time

import pytest

from kgen.data.read_ahead import ReadAhead


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_items_come_in_order_whatever_their_time(workers):
    def make(epoch, index):
        time.sleep(0.002 * (index % 3 == 0))
        return epoch, index

    ahead = ReadAhead(make, workers)
    for epoch in range(3):
        assert [ahead.get(epoch, i, 10) for i in range(10)] == [(epoch, i) for i in range(10)]


def test_each_item_is_made_once_and_ahead_of_time():
    made, ready = [], threading.Event()

    def make(epoch, index):
        made.append(index)
        if index == 2:
            ready.set()
        return index

    ahead = ReadAhead(make, 2)
    ahead.get(0, 0, 8)
    assert ready.wait(5)  # nobody asked for item 2
    for index in range(1, 8):
        ahead.get(0, index, 8)
    assert sorted(made) == list(range(8))


def test_a_change_of_epoch_drops_what_was_read_ahead():
    ahead = ReadAhead(lambda epoch, index: (epoch, index), 2)
    assert ahead.get(0, 0, 10) == (0, 0)
    assert ahead.get(5, 1, 10) == (5, 1)
    assert ahead.get(5, 2, 10) == (5, 2)
    assert ahead.get(0, 1, 10) == (0, 1)


def test_reading_here_and_there_reads_nothing_else():
    made = []
    ahead = ReadAhead(lambda epoch, index: made.append(index), 2)
    for index in (7, 3, 9):
        ahead.get(0, index, 10)
    assert made == [7, 3, 9]


def test_errors_are_raised_where_their_item_is_asked_for():
    def make(epoch, index):
        if index == 1:
            raise ValueError("file 1 is broken")
        return index

    ahead = ReadAhead(make, 2)
    assert ahead.get(0, 0, 3) == 0
    with pytest.raises(ValueError, match="file 1 is broken"):
        ahead.get(0, 1, 3)
    assert ahead.get(0, 2, 3) == 2

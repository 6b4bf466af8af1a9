"""Fixtures of the tests of CUB-200-2011: a tiny archive, and a home of its own for each test."""

import pytest

from tests.data.cub200.archive import write_archive


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def archive(tmp_path):
    return write_archive(tmp_path / "birds")

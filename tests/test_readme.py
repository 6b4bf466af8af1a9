"""The README's code runs as it stands there, on fewer pictures."""

import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest

README = Path(__file__).resolve().parent.parent / "README.md"

pytestmark = pytest.mark.skipif(
    keras.config.backend() != "torch", reason="runs once, on the backend that compiles nothing"
)


def run(heading: str, folder: Path, monkeypatch) -> dict:
    """Execute the first block of code below a heading; the names that it leaves."""
    section = README.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    code = re.search(r"```python\n(.*?)```", section, flags=re.DOTALL)[1]
    assert "count=200" in code
    monkeypatch.chdir(folder)
    names: dict = {}
    shortened = code.replace("count=200", "count=16").replace("epochs=2", "epochs=1")
    exec(compile(shortened, str(README), "exec"), names)
    return names


@pytest.mark.slow
def test_ten_lines(tmp_path, monkeypatch):
    names = run("Ten lines", tmp_path, monkeypatch)
    assert names["street_maps"].shape == (1, 64, 64, 3)
    assert names["street_maps"].dtype == np.uint8
    assert sorted(os.listdir(tmp_path)) == ["towns", "towns.keras"]


@pytest.mark.slow
def test_attributes_to_birds(tmp_path, monkeypatch):
    names = run("Attributes to birds", tmp_path, monkeypatch)
    assert names["images"].shape == (4, 64, 64, 3)
    assert set(np.unique(names["masks"])) <= {0, 255}


@pytest.mark.slow
def test_from_above_to_the_street(tmp_path, monkeypatch):
    names = run("From above to the street, and back", tmp_path, monkeypatch)
    panoramas = names["panoramas"]
    assert panoramas.shape == (3, 128, 256, 3)
    assert panoramas.dtype == np.uint8
    assert (panoramas[0] != panoramas[1]).any()

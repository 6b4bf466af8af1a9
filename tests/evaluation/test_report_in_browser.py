"""The report in a real browser: nothing is logged, nothing is asked for, every picture is there."""

import numpy as np
import pytest

import kgen
from tests.browser import Browser, find_chromium

BAD_PAGE = """<!doctype html><title>a bad page</title>
<img src="https://kgen.example/picture.png" alt="far away">
<script>console.error("an error of the page"); undefined.property</script>
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    find_chromium()
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def test_reports_need_nothing_else_and_log_nothing(browser, tmp_path):
    random = np.random.default_rng(0)
    source, real = random.integers(0, 256, (2, 9, 24, 32, 3), "uint8")
    runs = [
        kgen.evaluate(
            lambda x, seed=seed: np.clip(x + 0.1 * seed, -1, 1),
            (source, real),
            output=tmp_path / str(seed),
            name=f'a "name" with <marks> & {seed}',
            verbose=0,
        )
        for seed in (1, 2)
    ]
    comparison = kgen.compare(runs, tmp_path / "both")
    for path in (runs[0].files["report"], comparison.files["report"]):
        told = browser.open(path)
        assert told == {"errors": [], "requests": [], "broken": []}, path
    content = runs[0].files["report"].read_text("utf-8")
    assert content.count("data:image/png;base64,") == 9 * 4 + 2  # pictures, and two spectra


def test_the_browser_notices_a_bad_page(browser, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text(BAD_PAGE)
    told = browser.open(path)
    assert told["requests"] == ["https://kgen.example/picture.png"]
    assert any("an error of the page" in error for error in told["errors"])
    assert any("Uncaught" in error for error in told["errors"])
    assert told["broken"] == ["far away"]

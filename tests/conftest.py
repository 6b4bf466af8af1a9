"""What every test needs: quiet frameworks, few threads, seeds, and where the data lie."""

import gc
import os
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # busy waiting makes steps ten times slower
os.environ.setdefault("MPLBACKEND", "agg")

import keras
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

if keras.config.backend() == "torch":
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def names_of_tool(name: str) -> dict:
    """What a program in tools/ defines, without running it."""
    loader = SourceFileLoader(name, str(REPOSITORY / "tools" / name))
    names: dict = {"__name__": name, "__file__": loader.path}
    exec(loader.get_code(name), names)
    return names


@pytest.fixture(autouse=True)
def _fresh_state():
    """Equal random numbers for every test, whatever ran before it."""
    keras.utils.set_random_seed(0)
    yield
    keras.utils.clear_session(free_memory=False)  # a full collection takes a second by the end


@pytest.fixture(autouse=True, scope="session")
def _rare_collections():
    """Tracing makes millions of objects that live; looking through them costs a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@pytest.fixture(autouse=True, scope="module")
def _free_memory():
    """A collection takes a second by the end: longer than most modules, which leave little."""
    started = time.monotonic()
    yield
    if time.monotonic() - started > 10.0:
        gc.collect()


@pytest.fixture(scope="session")
def kgen_data() -> Path:
    """The folder of small real images: KGEN_DATA, else ../shared/data; skips without it."""
    folder = Path(os.environ.get("KGEN_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images at {folder}: set KGEN_DATA to run this test")
    return folder

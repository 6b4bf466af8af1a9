"""The public names of kgen.data, and what importing it costs."""

import subprocess
import sys

import pytest

import kgen.data

HEAVY = ("tensorflow_datasets", "keras_cv", "skimage", "tifffile", "matplotlib", "kgen.data.toy")


def test_importing_it_loads_nothing_heavy():
    code = (  # Keras itself loads matplotlib where it is installed
        "import sys, keras; before = set(sys.modules); import kgen.data; "
        f"print([n for n in {HEAVY} if n in sys.modules and n not in before])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_every_public_name_is_there():
    optional = {"tfds_pairs": "tensorflow_datasets"}
    for name in kgen.data.__all__:
        if name in optional:
            pytest.importorskip(optional[name])
        assert getattr(kgen.data, name) is not None


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'maps'"):
        kgen.data.maps  # noqa: B018

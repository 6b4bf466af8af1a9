"""kgen where TensorFlow is not installed; skipped elsewhere, run by `tools/test`."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kgen

if importlib.util.find_spec("tensorflow") is not None:
    # KGEN_WITHOUT_TENSORFLOW is set where these tests must not be skipped.
    assert not os.environ.get("KGEN_WITHOUT_TENSORFLOW"), "TensorFlow is installed"
    pytest.skip("TensorFlow is installed here", allow_module_level=True)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")


@pytest.fixture
def model():
    model = kgen.Pix2Pix.from_preset("paper", image_shape=(32, 32, 3), base_filters=4, n_layers=1)
    model.compile()
    return model


def test_a_step_trains_every_player(model, pictures):
    before = [np.array(v) for v in model.get_weights()]
    trained = {v.path for v in model.trainable_variables}
    model.fit(pictures, -pictures, batch_size=1, epochs=1, verbose=0)
    assert model.step == 4
    for variable, old in zip(model.weights, before, strict=True):
        if variable.path in trained:
            assert np.any(keras.ops.convert_to_numpy(variable) != old), variable.path


def test_save_load_and_generate(model, pictures, tmp_path):
    model.fit(pictures, -pictures, batch_size=1, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(pictures, verbose=0), model.predict(pictures, verbose=0)
    )


def test_train_leaves_a_run_folder_without_saved_model(model, tmp_path):
    data = kgen.data.Batches(kgen.data.toy.toy_maps(size=32, count=2), size=32)
    result = kgen.train(model, data, epochs=1, run_dir=tmp_path / "run", verbose=0)
    assert (tmp_path / "run" / "model.keras").exists()
    assert "saved_model" not in result.files
    assert any("TensorFlow" in note for note in result.notes)


def test_export_says_what_is_missing(model, tmp_path):
    with pytest.raises(ImportError, match=r"kgen\[tensorflow\]"):
        kgen.export(model, tmp_path / "saved_model")


def test_a_default_backend_that_is_missing_is_named(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", "import kgen"],
        env={**environment, "KERAS_HOME": str(tmp_path)},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert "set to run on tensorflow, which is not installed" in said
    assert re.search("Set KERAS_BACKEND=(jax|torch) before Python starts", said)

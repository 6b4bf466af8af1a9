"""Export: what the SavedModel computes, what survives a failure, and what the errors say."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kgen
from kgen.export import export
from kgen.export_check import default_tolerance
from kgen.networks import unet

BACKEND = keras.config.backend()
REPOSITORY = Path(__file__).resolve().parent.parent
HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
needs_tensorflow = pytest.mark.skipif(not HAS_TENSORFLOW, reason="TensorFlow writes SavedModels")
elsewhere = pytest.mark.skipif(
    BACKEND == "tensorflow", reason="only the other backends export in a second process"
)
# JAX and PyTorch hand the same files to the same second process: what only it does is tested once.
not_again = pytest.mark.skipif(
    BACKEND == "jax", reason="the work of the second process, which is the same for PyTorch"
)

USE = """
import sys
import numpy as np
import tensorflow as tf
path, arrays, out = sys.argv[1:]
images = np.load(arrays)
model = tf.saved_model.load(path)
serving = model.signatures["serving_default"](source=tf.constant(images / np.float32(127.5) - 1))
assert "kgen" not in sys.modules
np.savez(out, float32=serving["output_0"], uint8=model.serve_uint8(images))
"""


def in_plain_tensorflow(code: str, *arguments) -> str:
    """Run code in a process that knows neither kgen nor this repository."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def small_pix2pix(**options) -> kgen.Pix2Pix:
    size = {"image_shape": (None, None, 3), "depth": 5, "base_filters": 2}
    return kgen.Pix2Pix.from_preset("paper", **{**size, **options})


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model, its report and the folder it was exported to."""
    if not HAS_TENSORFLOW:
        pytest.skip("TensorFlow writes SavedModels")
    model = small_pix2pix()
    path = tmp_path_factory.mktemp("with spaces") / "runs" / "saved_model"
    sample = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
    return model, export(model, path, sample=sample), path


def fingerprint(path: Path) -> dict:
    """Every file below a folder, with its time and size."""
    files = [file for file in path.rglob("*") if file.is_file()]
    return {str(f.relative_to(path)): (f.stat().st_mtime_ns, f.stat().st_size) for f in files}


def test_kgen_export_is_the_function():
    importlib.import_module("kgen.export")
    assert callable(kgen.export)


@needs_tensorflow
def test_plain_tensorflow_computes_the_same_from_any_size(exported, tmp_path):
    model, _, path = exported
    images = np.random.default_rng(1).integers(0, 256, (3, 32, 64, 3), dtype="uint8")
    np.save(tmp_path / "images.npy", images)
    in_plain_tensorflow(USE, path, tmp_path / "images.npy", tmp_path / "outputs.npz")
    outputs = np.load(tmp_path / "outputs.npz")
    expected = model.predict(images / np.float32(127.5) - 1, verbose=0)
    np.testing.assert_allclose(outputs["float32"], expected, atol=2e-5)
    grey = np.abs(outputs["uint8"].astype(int) - model.generate(images).astype(int))
    assert outputs["uint8"].dtype == np.uint8
    assert grey.max() <= 1
    assert grey.mean() < 0.01


@needs_tensorflow
def test_report_says_what_was_compared(exported):
    _, report, path = exported
    signatures = {"serve", "serving_default", "serve_uint8"}
    assert set(report["max_difference"]) == set(report["signatures"]) == signatures
    assert report["max_difference"]["serve"] < 2e-5
    assert report["max_difference"]["serve_uint8"] <= 1
    assert report["compared_shapes"] == [[1, 32, 32, 3], [2, 32, 32, 3], [1, 32, 64, 3]]
    taken = report["signatures"]["serve_uint8"]
    assert taken["inputs"] == {"source": {"shape": [None, None, None, 3], "dtype": "uint8"}}
    assert taken["outputs"]["output_0"]["dtype"] == "uint8"
    assert report["backend"] == BACKEND
    assert report["versions"]["kgen"] == kgen.__version__
    written = json.loads((path / "export.json").read_text(encoding="utf-8"))
    assert written == report
    files = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert report["bytes"] == files - (path / "export.json").stat().st_size


@needs_tensorflow
def test_a_failed_export_leaves_the_old_one_and_nothing_else(exported, monkeypatch):
    model, _, path = exported
    before = fingerprint(path)
    sample = np.zeros((1, 32, 32, 3), "float32")
    wrong = {}, {"serve/batch of 1": [model.predict(sample, verbose=0) + 1]}
    for process in ("_in_this_process", "_in_second_process"):
        monkeypatch.setattr(sys.modules["kgen.export"], process, lambda *_: wrong)
    with pytest.raises(
        RuntimeError, match=r"differs from the original by 1 in .*allowed are 0\.0001"
    ):
        export(model, path, sample=sample, uint8=False)
    assert fingerprint(path) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@needs_tensorflow
@not_again
def test_an_export_of_fixed_batch_replaces_an_older_one(tmp_path):
    path = tmp_path / "saved_model"
    path.mkdir()
    (path / "saved_model.pb").write_text("an old one", encoding="utf-8")
    (path / "left_over").write_text("of an old one", encoding="utf-8")
    source = keras.Input((8, 8, 1))
    network = keras.Model(source, keras.layers.Conv2D(2, 3, padding="same")(source))
    report = export(network, path, dynamic_batch=False, uint8=False)
    assert (path / "saved_model.pb").stat().st_size > 100
    assert not (path / "left_over").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["saved_model"]
    assert set(report["signatures"]) == {"serve", "serving_default"}
    (output,) = report["signatures"]["serve"]["outputs"].values()
    assert output == {"shape": [1, 8, 8, 2], "dtype": "float32"}
    assert report["compared_shapes"] == [[1, 8, 8, 1], [1, 8, 8, 1]]


CUSTOM = """
import keras


@keras.saving.register_keras_serializable("test_export")
class Tinted(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3)

    def build(self, shapes):
        self.dense.build(shapes["code"])

    def call(self, inputs):
        tint = self.dense(inputs["code"])[:, None, None]
        return {"tinted": keras.ops.tanh(inputs["image"] + tint), "tint": tint[:, 0, 0]}
"""


@needs_tensorflow
@not_again
def test_custom_subclass_with_several_inputs_and_outputs(tmp_path, monkeypatch):
    (tmp_path / "own_models.py").write_text(CUSTOM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    model = importlib.import_module("own_models").Tinted()
    with pytest.raises(ValueError, match="does not declare its input"):
        export(model, tmp_path / "saved_model")
    noise = np.random.default_rng(0)
    sample = {"code": noise.normal(size=(2, 4)), "image": noise.uniform(-1, 1, (2, 8, 8, 3))}
    sample = {name: array.astype("float32") for name, array in sample.items()}
    model(sample)
    report = export(model, tmp_path / "saved_model", sample=sample)
    outputs = report["signatures"]["serve_uint8"]["outputs"]
    assert outputs["tinted"] == {"shape": [None, 8, 8, 3], "dtype": "uint8"}
    assert outputs["tint"] == {"shape": [None, 3], "dtype": "float32"}
    assert report["max_difference"]["serve"] < 1e-5


@needs_tensorflow
@elsewhere
@not_again
def test_what_the_second_process_says_is_one_line(tmp_path):
    @keras.saving.register_keras_serializable("test_export")
    class Local(keras.layers.Layer):
        __module__ = "json"  # where the second process will not find it

        def call(self, images):
            return images

    source = keras.Input((8, 8, 3))
    with pytest.raises(RuntimeError) as caught:
        export(keras.Model(source, Local()(source)), tmp_path / "saved_model")
    first = str(caught.value).splitlines()[0]
    assert "could not export Functional" in first
    assert "Local" in first
    assert "Traceback" not in str(caught.value)
    assert "Nothing was replaced" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@needs_tensorflow
@elsewhere
def test_classes_that_no_other_process_finds_are_refused(tmp_path):
    class Unregistered(keras.layers.Layer):
        def call(self, images):
            return images

    @keras.saving.register_keras_serializable("test_export")
    class Scripted(Unregistered):
        __module__ = "__main__"

    source = keras.Input((8, 8, 3))
    network = keras.Model(source, Scripted()(Unregistered()(source)))
    with pytest.raises(ValueError, match=r"Scripted, Unregistered: a custom class .* cannot find"):
        export(network, tmp_path / "saved_model")
    assert list(tmp_path.iterdir()) == []


def test_half_precision_gets_a_wider_tolerance():
    source = keras.Input((8, 8, 3))
    half = keras.layers.Conv2D(3, 1, dtype="mixed_bfloat16")(source)
    assert default_tolerance(keras.Model(source, half)) == 0.05
    nested = keras.Sequential([keras.Input((8, 8, 3)), keras.Model(source, half)])
    assert default_tolerance(nested) == 0.05
    assert default_tolerance(unet((32, 32, 3), base_filters=1)) == 1e-4


@needs_tensorflow
def test_random_models_are_refused(tmp_path):
    model = small_pix2pix(inference_mode="paper")
    sample = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
    with pytest.raises(ValueError, match=r'random.*inference_mode="paper" keeps.*"instance"'):
        export(model, tmp_path / "saved_model", sample=sample)


@needs_tensorflow
def test_foreign_folders_and_files_are_refused(tmp_path):
    network = unet((32, 32, 3), base_filters=1)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.jpg").write_bytes(b"irreplaceable")
    with pytest.raises(FileExistsError, match="is no SavedModel"):
        export(network, tmp_path / "holiday")
    with pytest.raises(FileExistsError, match="is a file"):
        export(network, tmp_path / "holiday" / "beach.jpg")
    with pytest.raises(ValueError, match="must name the folder"):
        export(network, "/")
    assert (tmp_path / "holiday" / "beach.jpg").read_bytes() == b"irreplaceable"


@needs_tensorflow
@pytest.mark.parametrize("shape", [(2, 32, 32, 4), (2, 32, 32), (0, 32, 32, 3), (2, 16, 32, 3)])
def test_wrong_samples_are_refused(shape, tmp_path):
    network = unet((32, 32, 3), base_filters=1)
    with pytest.raises(ValueError, match=r"\(None, 32, 32, 3\); got"):
        export(network, tmp_path / "saved_model", sample=np.zeros(shape))


@pytest.mark.parametrize(
    ("missing", "repair"), [("tensorflow", r"kgen\[tensorflow\]"), ("tf2onnx", r"kgen\[onnx\]")]
)
def test_missing_packages_name_their_extra(missing, repair, tmp_path, monkeypatch):
    def find(name, package=None):
        return None if name == missing else object()

    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(ImportError, match=repair):
        export(unet((32, 32, 3), base_filters=1), tmp_path / "saved_model", onnx=True)


@needs_tensorflow
@not_again
def test_onnx_agrees(tmp_path):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    model = small_pix2pix()
    sample = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    report = export(model, tmp_path / "saved_model", sample=sample, uint8=False, onnx=True)
    assert report["max_difference"]["onnx"] < 1e-4
    session = onnxruntime.InferenceSession(str(tmp_path / "saved_model" / "model.onnx"))
    wide = np.concatenate([sample, sample], axis=2)
    (generated,) = session.run(None, {session.get_inputs()[0].name: wide})
    np.testing.assert_allclose(generated, model.predict(wide, verbose=0), atol=1e-4)

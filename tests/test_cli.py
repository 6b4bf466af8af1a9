"""The command `kgen`, run in this process on tiny data, on the backend of the tests."""

import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

import kgen
from kgen.cli import main
from kgen.cli_arguments import EXAMPLES, parse
from kgen.cli_train_arguments import EXAMPLES as TRAIN_EXAMPLES
from kgen.data import read_image
from kgen.data.writing import write_image

SMALL = ["--size", "32", "--base-filters", "4", "--n-layers", "1", "--workers", "0"]


@pytest.fixture(scope="module")
def side_by_side_folder(tmp_path_factory):
    """Noise on the left, its negative on the right: 6 training and 2 validation pairs."""
    folder = tmp_path_factory.mktemp("pairs in a folder")
    random = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 2)):
        for index in range(count):
            source = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            pair = np.concatenate([source, 255 - source], axis=1)
            write_image(folder / split / str(index), pair)
    return folder


@pytest.fixture(scope="module")
def two_folders(tmp_path_factory):
    """Eight 16-bit grey sources and colour targets, matched by name, without splits."""
    folder = tmp_path_factory.mktemp("folders")
    random = np.random.default_rng(1)
    for index in range(8):
        source = random.integers(0, 65536, (32, 32, 1), dtype=np.uint16)
        write_image(folder / "deep" / f"image{index}", source)
        target = np.repeat(source >> 8, 3, axis=-1).astype(np.uint8)
        write_image(folder / "colour" / f"image{index}", target)
    return folder / "deep", folder / "colour"


def train_arguments(folder, run_dir, *more):
    data = ["--data", str(folder), "--input-side", "left"]
    return ["train", *data, *SMALL, "--no-export", "--run-dir", str(run_dir), *more]


@pytest.fixture(scope="module")
def run_dir(side_by_side_folder, tmp_path_factory):
    """A run of one epoch, which several tests look at."""
    run_dir = tmp_path_factory.mktemp("runs") / "first"
    assert main(train_arguments(side_by_side_folder, run_dir, "--epochs", "1")) == 0
    return run_dir


def history(run_dir):
    return (run_dir / "history.csv").read_text().splitlines()


def test_train_leaves_a_run_folder(run_dir):
    for name in ("model.keras", "run.json", "loss_curves.png", "before_after.png"):
        assert (run_dir / name).stat().st_size > 0, name
    assert len(history(run_dir)) == 2  # header and one epoch
    model = keras.models.load_model(run_dir / "model.keras")
    assert model.step == 6
    assert model.generator.output_shape == (None, 32, 32, 3)


def test_arguments_reach_model_data_and_optimizers(two_folders, tmp_path):
    arguments = ["train", "--data", *map(str, two_folders), *SMALL, "--no-export"]
    arguments += ["--validation", "0.25", "--batch-size", "2", "--gan-mode", "lsgan"]
    arguments += [
        "--learning-rate",
        "1e-3",
        "--l1-weight",
        "10",
        "--run-dir",
        str(tmp_path / "run"),
    ]
    assert main([*arguments, "--epochs", "1"]) == 0
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert model.gan_mode == "lsgan"
    assert model.l1_weight == 10
    assert model.generator.input_shape == (None, 32, 32, 1)
    assert model.step == 3  # 8 pairs, 2 of them for validation, batches of 2
    rates = [float(o.learning_rate) for o in model.optimizer.optimizers]
    assert rates == pytest.approx([1e-3, 1e-3])


def test_a_run_is_continued_only_when_asked(run_dir, side_by_side_folder, tmp_path, capsys):
    shutil.copytree(run_dir, tmp_path / "run")
    longer = train_arguments(side_by_side_folder, tmp_path / "run", "--epochs", "2")
    before = (tmp_path / "run" / "model.keras").read_bytes()
    assert main(longer) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert (tmp_path / "run" / "model.keras").read_bytes() == before
    assert main([*longer, "--resume"]) == 0
    assert len(history(tmp_path / "run")) == 3


def test_toy_maps_need_no_files(tmp_path, capsys):
    arguments = ["train", "--data", "toy-maps", "--count", "4", *SMALL, "--no-export"]
    assert main([*arguments, "--epochs", "1", "--run-dir", str(tmp_path / "run")]) == 0
    assert str(tmp_path / "run") in capsys.readouterr().out
    assert len(history(tmp_path / "run")) == 2


def test_evaluate_prints_and_writes_what_kgen_evaluate_finds(
    run_dir, side_by_side_folder, tmp_path, capsys
):
    shutil.copytree(run_dir, tmp_path / "run")
    data = ["--data", str(side_by_side_folder), "--input-side", "left", "--workers", "0"]
    metrics = ["--metrics", "ssim", "psnr", "memorisation"]
    assert main(["evaluate", str(tmp_path / "run"), *data, *metrics]) == 0
    printed = json.loads(capsys.readouterr().out)
    model = keras.models.load_model(run_dir / "model.keras")
    training, pairs = (
        kgen.data.side_by_side(side_by_side_folder, split, input_side="left")
        for split in ("train", "val")
    )
    expected = kgen.evaluate(model, pairs, metrics[1:], training_data=training, verbose=0)
    assert list(printed) == ["ssim", "psnr", "memorisation"]
    assert printed == pytest.approx(expected.values, rel=1e-5)
    folder = tmp_path / "run" / "evaluation" / "val"
    record = json.loads((folder / "metrics.json").read_text())
    assert record["metrics"]["psnr"]["value"] == printed["psnr"]
    assert (folder / "per_image.csv").read_text().startswith("name,ssim,psnr,memorisation")
    assert "data:image/png" in (folder / "report.html").read_text()


def test_evaluate_compares_folders_and_evaluations(side_by_side_folder, tmp_path, capsys):
    random = np.random.default_rng(3)
    real = random.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    for index in range(3):
        for name, share in (("real", 1.0), ("first", 0.9), ("second", 0.5)):
            picture = (real[index] * share).astype(np.uint8)
            write_image(tmp_path / name / str(index), picture)
    for name in ("first", "second"):
        assert main(["evaluate", str(tmp_path / name), "--data", str(tmp_path / "real")]) == 0
    printed = json.loads(capsys.readouterr().out.split("}\n")[0] + "}")
    assert set(printed) == {"psnr", "ssim", "rmse", "log_spectral_distance"}
    runs = [str(tmp_path / name) for name in ("first", "second")]
    assert main(["evaluate", "--compare", *runs, "--output", str(tmp_path / "both")]) == 0
    table = json.loads(capsys.readouterr().out)
    names = list(table["psnr"])
    assert table["psnr"][names[0]] == pytest.approx(printed["psnr"])
    assert table["psnr"][names[0]] > table["psnr"][names[1]]
    assert (tmp_path / "both" / "comparison.html").stat().st_size > 1000
    assert json.loads((tmp_path / "both" / "comparison.json").read_text())["table"] == table


def test_generate_writes_what_the_model_generates(run_dir, side_by_side_folder, tmp_path, capsys):
    arguments = ["generate", str(run_dir / "model.keras"), str(side_by_side_folder / "val")]
    arguments += ["--input-side", "left", "--output", str(tmp_path / "out"), "--side-by-side"]
    assert main(arguments) == 0
    assert "2 images" in capsys.readouterr().out
    model = keras.models.load_model(run_dir / "model.keras")
    pair = read_image(side_by_side_folder / "val" / "0.png")
    expected = model.generate(pair[None, :, :32])[0]
    written = read_image(tmp_path / "out" / "0.png")
    assert written.dtype == np.uint8
    assert np.abs(written.astype(int) - expected).max() <= 1
    strip = read_image(tmp_path / "out" / "side_by_side" / "0.png")
    np.testing.assert_array_equal(strip, np.concatenate([pair[:, :32], written, pair[:, 32:]], 1))


def test_another_kind_of_model_is_named(run_dir, tmp_path, capsys):
    folder, output = str(run_dir), ["--output", str(tmp_path)]
    for wrong, message in (
        (["--attributes", "red"], "It takes no --attributes"),
        (["pictures", "--count", "3"], "It takes no --count"),
        ([], "Given were no images"),
    ):
        assert main(["generate", folder, *wrong, *output]) == 2
        error = capsys.readouterr().err
        assert "holds a Pix2Pix, which translates images" in error
        assert message in error


def test_export_writes_a_saved_model(run_dir, tmp_path, capsys):
    pytest.importorskip("tensorflow")
    assert main(["export", str(run_dir), str(tmp_path / "saved")]) == 0
    assert (tmp_path / "saved" / "saved_model.pb").exists()
    report = json.loads(capsys.readouterr().out)
    assert report["max_difference"]["serve"] < 1e-4


def test_check_data_lists_every_bad_file(tmp_path, capsys):
    good = np.zeros((16, 32, 3), np.uint8)
    for index in range(3):
        write_image(tmp_path / "train" / str(index), good)
    assert main(["check-data", str(tmp_path)]) == 0
    assert "in order" in capsys.readouterr().out
    whole = (tmp_path / "train" / "0.png").read_bytes()
    (tmp_path / "train" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "train" / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert main(["check-data", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "broken.png" in printed
    assert "cut.png" in printed


def test_make_data_writes_what_train_reads(tmp_path, capsys):
    arguments = ["make-data", "toy-maps", "--size", "32", "--counts", "2", "1", "1"]
    assert main([*arguments, "--output", str(tmp_path / "maps")]) == 0
    assert str(tmp_path / "maps") in capsys.readouterr().out
    pairs = kgen.data.side_by_side(tmp_path / "maps", "train", input_side="left")
    assert len(pairs) == 2
    assert pairs[0][0].shape == (32, 32, 3)


def test_make_data_and_check_data_know_birds(tmp_path, capsys):
    folder = tmp_path / "birds"
    arguments = ["make-data", "toy-birds", "--size", "32", "--counts", "3", "0", "1"]
    assert main([*arguments, "--output", str(folder)]) == 0
    assert f"kgen.data.cub('{folder}', by='official')" in capsys.readouterr().out
    assert len(kgen.data.cub(folder, by="official", cache=False)) == 3
    assert main(["check-data", str(folder)]) == 0
    assert "All pictures are in order." in capsys.readouterr().out
    next((folder / "segmentations").rglob("*.png")).unlink()
    assert main(["check-data", str(folder)]) == 1
    assert "this segmentation is missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--data", "nowhere", "--input-side", "left"], "nowhere"),
        (["train", "--data", "a", "b", "c"], "one folder or two"),
        (["train", "--data", "toy-maps", "--size", "32x64"], "square"),
        (["train", "--data", "toy-maps", "--size", "huge"], "huge"),
        (["train", "--data", "toy-maps", "--shape-epochs", "1"], "--shape-epochs"),
        (["train", "attribute-gan", "--data", "toy-birds", "--epochs", "1"], "--epochs"),
        (["train", "atribute-gan"], "invalid choice: 'atribute-gan'"),
        (["train", "attribute-gan", "--data", "tests"], "--data tests TABLE.csv"),
        (["train", "attribute-gan", "--data", "toy-birds", "--words", "a"], "--words: of no use"),
        (["check-data", "tests", "--words", "a"], "how --table is read"),
        (["evaluate", "no.keras", "--data", "toy-maps"], "no.keras"),
        (["evaluate"], "--data"),
        (["evaluate", "tests", "--data", "toy-maps", "--count", "9"], "no image files"),
        (["evaluate", "--compare", "tests", "tools"], "no metrics.json"),
        (["generate", "no.keras", "x.png"], "--output"),
        (["export", "no.keras", "out"], "no such model"),
        (["dance"], "dance"),
        ([], "COMMAND"),
    ],
)
def test_mistakes_get_one_message_and_code_2(arguments, message, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_folder_without_input_side_is_refused(side_by_side_folder, capsys):
    assert main(["train", "--data", str(side_by_side_folder)]) == 2
    assert "--input-side" in capsys.readouterr().err


def test_debug_shows_the_traceback(capsys):
    assert main(["export", "no.keras", "out", "--debug"]) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "no such model" in error


def test_another_backend_is_refused_once_keras_runs(capsys):
    other = next(name for name in ("jax", "torch") if name != keras.backend.backend())
    assert main(["check-data", ".", "--backend", other]) == 2
    assert f"KERAS_BACKEND={other}" in capsys.readouterr().err


def test_backend_argument_restarts_on_that_backend(tmp_path):
    """As a program: `--backend` of the environment's own choice, and a wrong choice in it."""
    backend = keras.backend.backend()
    other = "torch" if backend == "jax" else "jax"
    code = (
        "import sys, os; from kgen.cli import main; import kgen.cli;"
        "os.execv = lambda path, argv: sys.exit(os.environ['KERAS_BACKEND'] + ' ' + argv[2]);"
        "main()"
    )
    pytest.importorskip(other)
    done = subprocess.run(
        [sys.executable, "-c", code, "check-data", str(tmp_path), "--backend", other],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip().splitlines()[-1] == f"{other} kgen"


@pytest.mark.parametrize(
    ("command", "examples"),
    [*EXAMPLES.items(), *((f"train {name}", text) for name, text in TRAIN_EXAMPLES.items())],
)
def test_help_shows_examples_that_can_be_parsed(command, examples, capsys):
    command, *system = command.split()
    assert main([command, *system, "--help"]) == 0
    assert examples in capsys.readouterr().out
    lines = [line.split("#")[0].split() for line in examples.strip().splitlines()]
    for words in lines:
        assert words[:2] == ["kgen", command]
        options = parse(words[1:])
        assert options.command == command
        assert not system or [options.system] == system


def test_images_may_follow_the_options():
    options = parse("generate model.keras --input-side left a.png b.png --output out".split())
    assert options.images == ["a.png", "b.png"]
    options = parse("generate model.keras --attributes a b --attributes --output out".split())
    assert (options.images, options.attributes) == (None, [["a", "b"], []])


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == kgen.__version__

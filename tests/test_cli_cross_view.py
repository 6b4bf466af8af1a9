"""The command `kgen` for the cross-view system: train, generate, evaluate, export."""

import json
import sys

import keras
import numpy as np
import pytest

import kgen
from kgen import cli_evaluate, cli_generate, cli_models
from kgen.callbacks.run_record import read_record
from kgen.cli import main
from kgen.cli_arguments import parse
from kgen.cli_train_views import prepare_cross_view, prepare_retrieval
from kgen.cli_views import open_views, reading_of, semi_positives
from kgen.cross_view import ABLATIONS, RetrievalModel
from kgen.cross_view.sizes import SIZES
from kgen.data import read_image, to_uint8
from kgen.data.toy import write_city
from kgen.data.writing import write_image
from kgen.training import saved_model
from tests.data.cross_view.layouts import write_cvact, write_vigor

# What is tested here is no backend's own: once is enough, where no step has to be compiled long.
one_backend = pytest.mark.skipif(
    keras.config.backend() != "torch", reason="runs on one backend only"
)
BRANCHES = "--preset tiny --ground-size 32x64 --aerial-size 32 --batch-size 4 --workers 0".split()
SMALL = (
    "--preset tiny --width 8 --hidden 8 --facade-widths 8 4 4 --local-channels 4 --style-size 8 "
    "--disc-filters 2 --encoder-filters 2 --perceptual-weight 0 --batch-size 4 --workers 0"
).split()


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Eight places to learn from and four others, in the layout of CVUSA."""
    folder = tmp_path_factory.mktemp("data") / "city"
    return str(write_city(folder, (32, 64), (32, 32), counts=(8, 4, 0), processes=1))


def train(system: str, *arguments) -> int:
    return main(["train", system, *map(str, arguments), "--no-export"])


def retrieval_arguments(city, run_dir) -> list:
    epochs = ["--epochs", "2", "--samples", "4", "--learning-rate", "2e-3"]
    return ["--data", city, *BRANCHES, *epochs, "--run-dir", run_dir]


@pytest.fixture(scope="module")
def retrieval_run(city, tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "retrieval"
    assert train("retrieval", *retrieval_arguments(city, run_dir)) == 0
    return run_dir


def view_arguments(city, retrieval_run, run_dir, *more) -> list:
    data = ["--data", city, "--embedder", retrieval_run, *SMALL, "--target-size", "128x256"]
    return [*data, "--epochs", "1", "--samples", "2", "--run-dir", run_dir, *more]


@pytest.fixture(scope="module")
def view_run(city, retrieval_run, tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "streets"
    more = ["--embeddings", run_dir.parent / "embeddings", "--count", "4"]
    more += ["--validation-count", "2"]
    assert train("cross-view", *view_arguments(city, retrieval_run, run_dir, *more)) == 0
    return run_dir


@pytest.fixture(scope="module")
def generator(view_run):
    return keras.models.load_model(view_run / "model.keras")


# ---------------------------------------------------------------------- retrieval


@one_backend
def test_a_retrieval_run_explains_itself_and_keeps_its_best_epoch(retrieval_run):
    for name in ("model.keras", "best.keras", "before_after.png", "samples/epoch_0002.png"):
        assert (retrieval_run / name).stat().st_size > 0, name
    record = read_record(retrieval_run / "run.json")
    settings = record["settings"]
    assert settings["steps"]["loss"] == "triplet"
    assert settings["steps"]["asam"] is None  # which does not begin from random weights
    optimizer = settings["optimizers"]["retrieval"]
    assert optimizer["learning_rate"]["config"] == {"rate": 2e-3, "steps": 4, "warm_up": 0}
    assert optimizer["weight_decay"] == 0.03
    lines = (retrieval_run / "history.csv").read_text().splitlines()
    column = lines[0].split(",").index("val_r1")
    values = [float(line.split(",")[column]) for line in lines[1:]]
    epoch = values.index(max(values)) + 1
    assert record["best"] == {"name": "val_r1", "value": max(values), "epoch": epoch}


@one_backend
def test_a_retrieval_run_goes_on_with_the_same_settings_only(city, retrieval_run, capsys):
    before = {path: path.read_bytes() for path in retrieval_run.rglob("*") if path.is_file()}
    again = [*retrieval_arguments(city, retrieval_run), "--resume"]
    assert train("retrieval", *again) == 0
    assert "is finished with 2 epochs" in capsys.readouterr().out
    assert train("retrieval", *again, "--loss", "infonce") == 2
    assert "settings.steps.loss: 'triplet' in run.json, 'infonce' now" in capsys.readouterr().err
    assert {
        path: path.read_bytes() for path in retrieval_run.rglob("*") if path.is_file()
    } == before


@one_backend
def test_evaluate_says_how_often_the_place_is_found(city, retrieval_run, tmp_path, capsys):
    arguments = ["evaluate", str(retrieval_run), "--data", city, "--workers", "0"]
    assert main([*arguments, "--output", str(tmp_path / "report")]) == 0
    found = json.loads(capsys.readouterr().out)
    best = read_record(retrieval_run / "run.json")["best"]["value"]
    assert found["r1"] == pytest.approx(best)  # of the best epoch, on the same pairs
    assert set(found) == {"r1", "r5", "r10", "r1_percent"}
    report = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert report["metrics"]["r1"]["better"] == "higher"
    assert report["metrics"]["r1"]["n"] == 4
    for wrong, message in (
        (["--split", "all"], "take train, val or test"),
        (["--judge", "runs/judge"], "--judge: of no use for a retrieval network"),
        (["--input-side", "left"], "--input-side: of no use for cross-view models"),
    ):
        assert main([*arguments, *wrong]) == 2
        assert message in capsys.readouterr().err


@one_backend
def test_export_takes_one_branch(retrieval_run, tmp_path, capsys, monkeypatch):
    taken = []
    monkeypatch.setattr(kgen, "export", lambda model, *a, **k: taken.append(model) or {"path": a})
    command = ["export", str(retrieval_run), str(tmp_path / "saved")]
    assert main(command) == 2
    assert "give --view ground or aerial" in capsys.readouterr().err
    assert main([*command, "--view", "aerial"]) == 0
    [branch] = taken
    assert (branch.name, branch.input_shape) == ("aerial", (None, 32, 32, 3))


# ---------------------------------------------------------------------- the generator


@one_backend
def test_the_generator_is_trained_from_cached_embeddings(view_run, generator, retrieval_run):
    record = read_record(view_run / "run.json")
    assert record["data"]["training"]["views"] == ["ground"]
    assert record["data"]["validation"]["count"] == 2
    assert record["details"]["embedder"] == str(retrieval_run)
    assert record["best"]["name"] == "val_g_l1"
    with np.load(view_run.parent / "embeddings" / "train.npz") as kept:
        assert kept["source_embedding"].shape == (4, 64)
        assert set(kept) > {"target_embedding", "coarse_embedding"}
    assert (int(generator.step), generator.target_size) == (1, (128, 256))
    best = keras.models.load_model(retrieval_run / "best.keras")
    for own, other in zip(generator.source_embedder.weights, best.aerial.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (own, other)))
    with np.load(view_run / "samples" / "before_training.npz") as shown:
        assert shown["source"].shape == (2, 32, 32, 3)  # though training reads no sources


@one_backend
def test_generate_draws_the_other_view_of_photos(generator, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli_generate, "load_model", lambda path: generator)
    photo = np.random.default_rng(0).integers(0, 256, (50, 40, 3), "uint8")
    write_image(tmp_path / "in" / "roofs", photo)
    write_image(tmp_path / "in" / "yard", 255 - photo)
    command = ["generate", "run", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    extras = ["--coarse", "--weight-maps", "--side-by-side"]
    assert main([*command, "--count", "2", "--seed", "5", *extras]) == 0
    assert "4 images" in capsys.readouterr().out
    pictures, coarse = generator.generate([photo], n=2, seed=5, coarse=True)
    for number in (1, 2):
        for folder, made in ((".", pictures), ("coarse", coarse)):
            path = tmp_path / "out" / folder / f"roofs_000{number}.png"
            np.testing.assert_array_equal(read_image(path), made[number - 1])
    maps = sorted(path.name for path in (tmp_path / "out" / "weight_maps").glob("yard_*"))
    assert len(maps) == len(generator.weight_maps([photo]))
    assert read_image(tmp_path / "out/side_by_side/yard.png").shape[1] == round(128 / 1.25) + 512
    for wrong, message in (
        (["--attributes", "red"], "which draws the ground view of aerial images"),
        (["--input-side", "left"], "takes no --input-side"),
        ([str(tmp_path / "in" / "yard.png")], "have one name, yard"),
    ):
        order = [*command[:3], *wrong, *command[3:]] if wrong[0][0] != "-" else [*command, *wrong]
        assert main(order) == 2
        assert message in capsys.readouterr().err


@one_backend
def test_evaluate_asks_a_judge(city, retrieval_run, generator, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli_evaluate, "load_model", lambda path: generator)
    output = ["--output", str(tmp_path), "--count", "2"]
    arguments = ["evaluate", "runs/streets/model.keras", "--data", city, *output]
    networks = ["--metrics", "lpips_stand_in", "fid_stand_in"]
    assert main([*arguments, "--judge", str(retrieval_run), *networks]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"ssim", "psnr", "lpips_stand_in", "fid_stand_in", "r1", "real_r1"} <= set(found)
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    assert [metrics[name]["better"] for name in ("ssim", "rmse")] == ["higher", "lower"]
    for wrong, message in (
        (networks, "give --judge RUN"),
        (["--judge", str(retrieval_run), "--metrics", "psnr"], "any lpips_NAME and one"),
    ):
        assert main([*arguments, *wrong]) == 2
        assert message in capsys.readouterr().err


@one_backend
def test_export_takes_images_to_pictures(generator, tmp_path, capsys, monkeypatch):
    """Whether a SavedModel agrees with it is tested with the generator."""
    taken = []
    monkeypatch.setattr(kgen, "export", lambda model, *a, **k: taken.append(model) or {"path": a})
    monkeypatch.setattr(cli_models, "load_model", lambda path: generator)
    command = ["export", "run", str(tmp_path / "saved")]
    assert main([*command, "--view", "ground"]) == 2
    assert "--view belongs to retrieval networks" in capsys.readouterr().err
    assert main(command) == 0
    network = taken[0].inference_model  # with a branch that has the name of its view
    assert [tensor.name for tensor in network.inputs] == ["aerial", "z_local", "z"]
    images, local, z = taken[0].export_sample()
    noise = {"z_local": local.reshape(2, *generator._input("z_local").shape[1:]), "z": z}
    expected = generator.from_embeddings(generator.embed_images(images), noise)
    found = to_uint8(keras.ops.convert_to_numpy(network([images, local, z])))
    assert np.abs(found.astype(int) - expected).max() <= 1


@one_backend
def test_what_the_generator_cannot_be_made_of(city, retrieval_run, tmp_path, capsys):
    data = ["--data", city, "--run-dir", tmp_path / "run"]
    assert train("cross-view", *data) == 2
    assert "kgen train retrieval" in capsys.readouterr().err
    polar = tmp_path / "polar"
    (polar).mkdir()
    (polar / "run.json").write_text(json.dumps({"data": {"training": {"polar": True}}}))
    assert train("cross-view", *data, "--embedder", polar) == 2
    assert "polar aerial images" in capsys.readouterr().err
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    assert train("cross-view", *data, "--embedder", tmp_path / "other.keras") == 2
    assert "holds a Sequential" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


# ---------------------------------------------------------------------- arguments and data


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "retrieval.keras"
    model = RetrievalModel.from_preset("tiny", (32, 64), 32)
    model.compile()
    model.save(path)
    return path


def prepared(system: str, *arguments):
    prepare = {"retrieval": prepare_retrieval, "cross-view": prepare_cross_view}[system]
    return prepare(parse(["train", system, *map(str, arguments)]))


@one_backend
def test_retrieval_arguments_arrive(city):
    branches = ["--data", city, *BRANCHES[:2], *BRANCHES[6:]]
    small = ["--ground-size", "32x64", "--polar", "--loss", "infonce", "--asam", "samsung"]
    found = prepared("retrieval", *branches, *small, "--pooling", "smd", "--schedule", "constant")
    assert found.data.aerial_size == found.data.ground_size == (32, 64)
    assert (found.data.roll, found.validation_data.roll) == (True, False)
    assert found.model.aerial.output_shape == (None, 512)
    assert found.model.run_settings["loss"] == "infonce"
    assert found.model.run_settings["asam"] == "samsung"
    assert float(found.model.optimizer.of("retrieval").learning_rate) == pytest.approx(1e-3)
    assert found.epochs == 200
    assert not prepared("retrieval", *branches).data.roll
    turned = prepared("retrieval", *branches, "--quarter-turns")
    assert (turned.data.roll, turned.validation_data.roll) == (True, False)


@one_backend
@pytest.mark.parametrize("row", ["i", "vi"])
def test_ablations_arrive(city, embedder, row):
    given = ["--data", city, *SMALL, "--target-size", "128x256", "--ablation", row]
    more = ["--source-size", "128"] if row == "i" else ["--embedder", embedder]
    found = prepared("cross-view", *given, *more)
    assert (found.model.encoder is not None) == (row == "i")
    assert (found.model.coarse_discriminator is None) == (row == "vi")
    names = {"aerial"} if row == "i" else {"source_embedding", "target_embedding"}
    assert set(found.data[0]) >= names | {"ground"}
    assert set(ABLATIONS) == {"i", "ii", "iii", "iv", "v", "vi"}


@one_backend
def test_the_other_direction_is_a_matter_of_one_word(city, embedder):
    given = ["--data", city, "--source", "ground", "--embedder", embedder, *SMALL]
    found = prepared("cross-view", *given, "--diversity-weight", "0", "--count", "4")
    assert (found.model.target, found.model.target_size) == ("aerial", (256, 256))
    assert found.model.diversity_weight == 0
    assert set(found.data.views) == {"aerial"}
    assert found.samples["ground"].shape == (4, 32, 64, 3)


@one_backend
def test_the_toy_city_has_weights_and_rates_of_its_own(city, embedder):
    small = [*SMALL[:2], "--width", "8", "--facade-widths", *"844", "--count", "4"]
    given = ["--data", "toy-city", "--embedder", embedder, *small, "--workers", "0"]
    cvusa = ["--data", city, *given[2:], "--batch-size", "4"]
    found, usual = prepared("cross-view", *given), SIZES["toy-city"].generator
    assert {name: getattr(found.model, name) for name in usual if name != "hidden"} == {
        name: value for name, value in usual.items() if name != "hidden"
    }
    rates = [float(optimizer.learning_rate) for optimizer in found.model.optimizer.optimizers]
    assert rates == pytest.approx([1e-3, 1e-3])
    other = prepared("cross-view", *given, "--augment", "color", "--l1-weight", "3").model
    assert (other.augment, other.l1_weight) == ("color", 3.0)
    assert prepared("cross-view", *cvusa).model.augment == "color,cutout"


def test_sizes_are_those_of_the_paper():
    a2g = {name: (s.targets["ground"], s.batch_size) for name, s in SIZES.items()}
    assert a2g["cvusa"] == ((128, 512), 32)
    assert a2g["cvact"] == a2g["vigor"] == ((256, 512), 24)
    assert {s.targets["aerial"] for s in SIZES.values()} == {(256, 256)}
    own = [SIZES[name].generator for name in ("cvusa", "cvact", "vigor")]
    assert own == [{}, {}, {"diversity_weight": 1.0}]
    assert SIZES["vigor"].seen == {"ground": (320, 640), "aerial": (320, 320)}
    for sizes in SIZES.values():
        for height, width in sizes.targets.values():
            assert not height % 128 | width % 128


def opened(split: str, *arguments, centred=False, **sizes):
    options = parse(["train", "retrieval", *map(str, arguments)])
    return open_views(options, split, centred=centred, **sizes)


def test_toy_cities_are_drawn():
    drawn = {"ground_size": (32, 64), "aerial_size": (32, 32)}
    given = ["--data", "toy-city", "--count", "9", "--seed", "3"]
    training, validation = (opened(split, *given, **drawn) for split in ("train", "val"))
    assert (len(training), len(validation)) == (9, 2)
    assert validation[0].ground.shape == (32, 64, 3)
    with pytest.raises(ValueError, match="--panorama: of no use for the toy city"):
        opened("train", *given, "--panorama", "middle")


def test_published_sets_are_recognised(city, tmp_path):
    act = ["--data", write_cvact(tmp_path / "act")]
    assert opened("train", *act)[0].ground.shape == (32, 64, 3)
    assert opened("val", *act, "--panorama", "middle")[0].ground.shape == (16, 64, 3)
    assert len(opened("train", *act, "--count", "1")) == 1
    vigor = ["--data", write_vigor(tmp_path / "vigor"), "--cities", "NewYork"]
    tiles, centred = opened("train", *vigor), opened("train", *vigor, centred=True)
    assert tiles[0].aerial.shape == (640, 640, 3)
    assert centred[0].aerial.shape == (600, 600, 3)
    assert semi_positives(tiles)["labels"].shape == (len(tiles), 4)
    assert semi_positives(centred) == {}
    assert opened("train", *vigor, "--center", "crop")[0].aerial.shape == (274, 274, 3)
    with pytest.raises(ValueError, match="--center: of no use for CVUSA"):
        opened("train", "--data", city, "--center", "crop")
    with pytest.raises(ValueError, match=r"give `toy-city`.*kgen check-data"):
        opened("train", "--data", tmp_path / "nothing")


def test_how_a_run_read_its_views(tmp_path):
    usual = {"resize": "area", "polar": False, "middle": False}
    assert reading_of(str(tmp_path / "model.keras")) == usual
    training = {"resize": "bilinear", "polar": True, "pairs": {"crop": "middle"}}
    (tmp_path / "run.json").write_text(json.dumps({"data": {"training": training}}))
    for place in (tmp_path, tmp_path / "best.keras"):
        assert reading_of(str(place)) == {"resize": "bilinear", "polar": True, "middle": True}


@one_backend
def test_a_retrieval_model_exports_its_branches(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_model, "has_tensorflow", lambda: True)
    module = sys.modules["kgen.export"]  # its name in kgen is that of the function
    monkeypatch.setattr(module, "export", lambda part, path: {"seconds": part.name + path.name})
    model = RetrievalModel.from_preset("tiny", (32, 64), 32)
    report, note = saved_model.write_saved_model(model, tmp_path)
    written = {"ground": "groundground", "aerial": "aerialaerial"}
    assert {view: report[view]["seconds"] for view in report} == written
    assert note is None

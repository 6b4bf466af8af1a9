"""The command `kgen` for the stacked attribute GAN: train, generate, export, check-data."""

import json
import types

import keras
import numpy as np
import pytest

import kgen
from kgen import cli_evaluate, cli_evaluate_chain, cli_generate
from kgen.callbacks.run_record import read_record
from kgen.cli import main
from kgen.cli_arguments import parse
from kgen.cli_pictures import open_pictures
from kgen.data import read_image
from kgen.data.writing import write_image

# of TensorFlow, see _not_compiled
pytestmark = pytest.mark.filterwarnings("ignore:Even though the .tf.config.experimental_run_fun")
# What is tested here is no backend's own: once is enough, where no step has to be compiled long.
one_backend = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="runs on one backend only"
)
SMALL = "--size 32 --base-filters 2 --batch-size 4 --workers 0 --samples 2 --halve-every 1".split()
# with one discriminator each
PRESETS = ["--shape-preset", "stackgan", "--picture-preset", "dong"]


@pytest.fixture(autouse=True, scope="module")
def _not_compiled():
    """Two steps of small networks are over before TensorFlow has traced the first."""
    if keras.config.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def rgba(tmp_path_factory):
    """Twelve discs with transparency, small red and large blue ones, and their table."""
    folder = tmp_path_factory.mktemp("rgba")
    lines = ["picture,small,red"]
    for number in range(12):
        inside = np.hypot(*np.mgrid[-19.5:20, -19.5:20]) < 8 + number % 2 * 6 + number / 6
        picture = np.zeros((40, 40, 4), np.uint8)
        picture[..., 2 * (number % 2)] = 200
        picture[..., 3] = inside * 255
        write_image(folder / "discs" / f"{number}.png", picture)
        lines.append(f"{number}.png,{1 - number % 2},{1 - number % 2}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder


def table(rgba) -> list[str]:
    return [str(rgba / "discs"), str(rgba / "table.csv")]


def train(*arguments) -> int:
    return main(["train", "attribute-gan", *SMALL, *PRESETS, *map(str, arguments)])


BIRDS = "--data toy-birds --count 8 --learning-rate 1e-3 --ema-decay 0.9 --seed 3".split()
BIRDS += ["--mismatching", "group"]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """An epoch of each stage."""
    run_dir = tmp_path_factory.mktemp("runs") / "birds"
    epochs = ["--shape-epochs", "1", "--picture-epochs", "1", "--l1-weight", "10"]
    assert train(*BIRDS, *epochs, "--run-dir", run_dir) == 0
    return run_dir


@pytest.fixture(scope="module")
def chain(run_dir):
    return keras.models.load_model(run_dir / "model.keras")


@one_backend
@pytest.mark.slow
def test_both_stages_are_trained_and_chained(run_dir, chain):
    for stage in ("shape", "picture"):
        for name in ("model.keras", "loss_curves.png", "samples/epoch_0001.png"):
            assert (run_dir / stage / name).stat().st_size > 0, name
        settings = read_record(run_dir / stage / "run.json")["settings"]
        assert settings["schedules"] == [{"class": "StepDecay", "every": 1, "factor": 0.5}]
        assert settings["optimizers"]["g"]["learning_rate"] == pytest.approx(1e-3)
    assert isinstance(chain, kgen.StackedAttributeGAN)
    assert (int(chain.stage1.step), int(chain.stage2.step)) == (2, 2)
    assert (chain.stage1.gan_mode, chain.stage2.synthesis) == ("vanilla", "half_rolled")
    assert (chain.stage2.l1_weight, chain.stage1.ema_decay) == (10.0, 0.9)
    assert len(chain.attribute_names) == 68
    report = json.loads((run_dir / "saved_model" / "export.json").read_text())
    signature = report["signatures"]["serving_default"]
    assert set(signature["inputs"]) == {"attributes", "noise"}
    assert set(signature["outputs"]) == {"mask", "image"}


@one_backend
@pytest.mark.slow
def test_a_finished_stage_is_not_trained_again(run_dir, capsys):
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    again = [*BIRDS, "--stage", "shape", "--shape-epochs", "1", "--run-dir", run_dir]
    assert train(*again) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert train(*again, "--resume") == 0
    assert "shape is finished with 1 epochs" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()} == before


@one_backend
@pytest.mark.slow
def test_generate_draws_what_the_chain_draws(chain, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli_generate, "load_model", lambda path: chain)
    sets = [["has_bill_shape::cone", "crested"], [chain.attribute_names[0]]]
    arguments = ["generate", "runs/birds", "--output", str(tmp_path), "--count", "2", "--seed", "5"]
    named = [word for names in sets for word in ("--attributes", *names)]
    assert main([*arguments, *named]) == 0
    assert "4 images" in capsys.readouterr().out
    images, masks = chain.generate(sets, n=2, seed=5)
    for index, name in enumerate(["set1_0001", "set1_0002", "set2_0001", "set2_0002"]):
        np.testing.assert_array_equal(read_image(tmp_path / f"images/{name}.png"), images[index])
        np.testing.assert_array_equal(read_image(tmp_path / f"masks/{name}.png"), masks[index])
    content = json.loads((tmp_path / "attributes.json").read_text())
    assert (content["sets"]["set1"], content["seed"]) == (sets[0], 5)
    for wrong, message in (
        (["--attributes", "crestd"], "Did you mean 'crested'"),
        (["pictures"], "runs/birds holds a StackedAttributeGAN, which draws from attributes"),
        (["--attributes", "crested", "--side-by-side"], "takes no --side-by-side"),
    ):
        assert main(["generate", "runs/birds", *wrong, "--output", str(tmp_path / "no")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@one_backend
@pytest.mark.slow
def test_a_stage_alone_draws_or_paints(run_dir, chain, tmp_path, monkeypatch):
    stages = {"shape": chain.stage1, "picture": chain.stage2}
    monkeypatch.setattr(cli_generate, "load_model", stages.get)
    drawn, painted = str(tmp_path / "drawn"), str(tmp_path / "painted")
    crested = ["--attributes", "crested", "--count", "3", "--soft-mask", "--output", drawn]
    assert main(["generate", "shape", *crested]) == 0
    assert not (tmp_path / "drawn" / "images").exists()
    grey = read_image(tmp_path / "drawn" / "masks" / "set1_0003.png")
    assert not {0, 255} & {*grey.flat}  # after two steps it is unsure everywhere
    colour = chain.stage2.attribute_names[0]
    paint = ["--attributes", colour, "--attributes", "--output", painted]
    assert main(["generate", "picture", f"{drawn}/masks", *paint]) == 0
    names = sorted(path.name for path in (tmp_path / "painted" / "images").iterdir())
    assert names == [f"set{s}_set1_000{number}.png" for s in (1, 2) for number in (1, 2, 3)]
    masks = np.stack([read_image(f"{drawn}/masks/set1_000{n}.png") for n in (1, 2, 3)]) > 127
    found = read_image(tmp_path / "painted" / "images" / "set1_set1_0002.png")
    np.testing.assert_array_equal(found, chain.stage2.generate(masks, [colour])[1])


@one_backend
@pytest.mark.slow
def test_evaluate_asks_judges_and_keeps_them(run_dir, chain, tmp_path, capsys, monkeypatch):
    """What is learnt, drawn and compared is tested with `evaluate_chain`; here, who gets what."""
    learnt, judged = [], []

    class Judges:
        def save(self, folder):
            folder.mkdir()
            (folder / "judges.json").write_text("{}")

        @classmethod
        def train(cls, pictures, **options):
            learnt.append((pictures, options))
            return cls()

        @classmethod
        def load(cls, folder):
            return f"loaded from {folder.name}"

    def evaluate_chain(model, pictures, judges, **options):
        judged.append((pictures, judges, options))
        return types.SimpleNamespace(
            values={"shapes_seen": 0.5}, notes=[], files={"report": "report.html"}
        )

    monkeypatch.setattr(cli_evaluate_chain, "Judges", Judges)
    monkeypatch.setattr(cli_evaluate_chain, "evaluate_chain", evaluate_chain)
    monkeypatch.setattr(cli_evaluate, "load_model", lambda path: chain)
    judges = ["--judges", str(tmp_path / "judges"), "--judge-epochs", "2"]
    arguments = ["evaluate", str(run_dir), "--data", "toy-birds", "--count", "40", "--seed", "3"]
    arguments += [*judges, "--metrics", "kid_keras"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == {"shapes_seen": 0.5}
    assert main(arguments) == 0
    [(training, options)] = learnt  # and kept
    assert (len(training), options["size"], options["epochs"]) == (40, 32, 2)
    assert list(training.shape_names) == chain.stage1.attribute_names
    assert [len(pictures) for pictures, _, _ in judged] == [4, 4]
    assert not {*training.names} & {*judged[0][0].names}
    assert judged[1][1] == "loaded from judges"
    assert judged[0][2]["metrics"] == ["kid_keras"]
    assert judged[0][2]["output"] == run_dir / "evaluation" / "val"

    capsys.readouterr()
    for wrong, message in (
        (["--split", "all"], "--split val or test"),
        (["--input-side", "left"], "--input-side: of no use for an attribute GAN"),
    ):
        assert main([*arguments, *wrong]) == 2
        assert message in capsys.readouterr().err
    monkeypatch.setattr(cli_evaluate, "load_model", lambda path: chain.stage1)
    assert main(arguments) == 2
    assert "holds one stage of an attribute GAN" in capsys.readouterr().err


@one_backend
@pytest.mark.slow
def test_pictures_with_a_table_are_learnt(rgba, tmp_path):
    data = ["--data", *table(rgba), "--file-column", "picture", "--validation", "0"]
    data += ["--run-dir", tmp_path, "--stage", "shape", "--shape-epochs", "1"]
    assert train(*data) == 0
    stage = keras.models.load_model(tmp_path / "shape" / "model.keras")
    assert stage.attribute_names == ["small", "red"]
    assert int(stage.step) == 3  # 12 pictures
    assert not (tmp_path / "model.keras").exists()


# ---------------------------------------------------------------------- which pictures


def opened(split: str, *arguments):
    options = parse(["train", "attribute-gan", *map(str, arguments)])
    return open_pictures(options, split, size=32)


def test_toy_birds_are_drawn():
    data = ["--data", "toy-birds", "--count", "12"]
    training, validation = opened("train", *data), opened("val", *data)
    assert (len(training), len(validation)) == (12, 1)
    assert len(training.shape_names) == 18
    chosen = opened("train", *data, "--shape-groups", "has_crest", "has_size")
    assert all(name.startswith(("has_crest", "has_size")) for name in chosen.shape_names)


def test_a_table_is_read_and_split(rgba):
    data = ["--data", *table(rgba), "--file-column", "picture", "--validation", "0.25"]
    training, validation = opened("train", *data), opened("val", *data)
    assert (len(training), len(validation)) == (9, 3)
    assert not {*training.names} & {*validation.names}
    assert training.shape_names == training.other_names == ("small", "red")
    some = opened("train", *data, "--shape-groups", "small", "--count", "4", "--crop", "side")
    assert (some.shape_names, some.other_names, len(some)) == (("small",), ("red",), 3)
    assert some[0].image.shape != training[0].image.shape
    with pytest.raises(ValueError, match="--level: of no use for pictures with a table"):
        opened("train", *data, "--level", "class")


def test_the_layout_of_cub_is_read(tmp_path):
    folder = kgen.data.write_birds(tmp_path / "birds", size=32, counts=(8, 0, 2), processes=1)
    data = ["--data", folder, "--split-by", "official", "--validation", "0.25"]
    counts = [len(opened(split, *data)) for split in ("train", "val", "test")]
    assert counts == [6, 2, 2]
    assert len(opened("train", *data, "--count", "3")) == 3
    shares = opened("train", *data, "--level", "class", "--crop", "none")
    assert not np.isin(shares.attributes, (0, 1)).all()
    assert shares[0].image.shape == (32, 32, 3)
    with pytest.raises(ValueError, match="--words, --min-count: of no use for a folder in the lay"):
        opened("train", *data, "--words", "a", "--min-count", "2")


def test_check_data_reads_a_table(rgba, tmp_path, capsys):
    folder, csv = table(rgba)
    arguments = ["check-data", folder, "--table", csv, "--file-column", "picture"]
    assert main(arguments) == 0
    assert "All pictures are in order." in capsys.readouterr().out
    broken = tmp_path / "discs"
    write_image(broken / "0.png", np.zeros((8, 8, 4), np.uint8))
    write_image(broken / "1.png", np.zeros((8, 8, 3), np.uint8))
    (broken / "2.png").write_bytes(b"no picture")
    assert main(["check-data", str(broken), *arguments[2:]]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "12 problems"
    for number, what in enumerate(("transparent everywhere", "no transparency", "2.png")):
        assert what in lines[number]
    assert "this file of the table is missing" in lines[3]
    assert main(["check-data", folder, folder, *arguments[2:]]) == 2
    assert "--table belongs to one folder" in capsys.readouterr().err

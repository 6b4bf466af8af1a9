"""kgen.evaluate: the numbers are those of the metrics, for every form of model and data."""

import keras
import numpy as np
import pytest

import kgen
from kgen import metrics
from kgen.data import Batches, arrays, to_uint8
from kgen.data.writing import write_image

RANDOM = np.random.default_rng(0)
SOURCE, REAL = RANDOM.integers(0, 256, (2, 7, 16, 20, 3), "uint8")
FAKE = (REAL * 0.8).astype("uint8")
PAIRWISE = ["psnr", "ssim", "rmse", "sharp_diff"]


def by_name(folder, images, first=0):
    for index, image in enumerate(images, start=first):
        write_image(folder / f"town_{index}", image)
    return folder


def darker(source):
    """A model: [-1, 1] -> [-1, 1]."""
    return source * 0.5 - 0.5


def quietly(*arguments, **options):
    return kgen.evaluate(*arguments, **{"verbose": 0, **options})


def test_numbers_are_those_of_the_metrics():
    result = quietly(FAKE, REAL, PAIRWISE)
    for name in PAIRWISE:
        expected = getattr(metrics, name)(REAL, FAKE)
        np.testing.assert_array_equal(result.per_image[name], expected)
        assert result[name] == expected.mean()
        entry = result.metrics[name]
        assert entry["n"] == 7
        assert entry["variant"]
        assert entry["seconds"] >= 0
        assert entry["standard_deviation"] == pytest.approx(expected.std())
    assert result.names == [f"image {index}" for index in range(7)]


def test_every_ssim_is_its_own_variant():
    names = ["ssim", "ssim_skimage", "ssim_luma", "ssim_s2sp", "ssim_reflect"]
    result = quietly(FAKE, REAL, names)
    variants = ["gaussian", "skimage", "luma", "s2sp", "reflect"]
    for name, variant in zip(names, variants, strict=True):
        assert result[name] == metrics.ssim(REAL, FAKE, variant=variant).mean()
    assert len({entry["variant"] for entry in result.metrics.values()}) == 5


def test_all_forms_of_the_same_pictures_give_the_same_numbers(tmp_path):
    """A model on pairs, on batches and on arrays; the folder and the array of its pictures."""
    fakes = to_uint8(darker(kgen.data.to_float(SOURCE)))
    pairs = arrays(SOURCE, REAL)
    folders = [by_name(tmp_path / name, part) for name, part in (("fake", fakes), ("real", REAL))]
    batches = Batches(pairs, batch_size=3, size=(16, 20), training=False, workers=0)
    plain = [(SOURCE[i : i + 4], REAL[i : i + 4]) for i in (0, 4)]
    found = [
        quietly(darker, pairs, PAIRWISE),
        quietly(darker, (SOURCE, REAL), PAIRWISE, batch_size=4),
        quietly(darker, batches, PAIRWISE),
        quietly(lambda source: darker(source / 127.5 - 1.0), iter(to_floats(plain)), PAIRWISE),
        quietly(*folders, PAIRWISE),
        quietly(fakes, REAL, PAIRWISE),
        quietly(folders[0], kgen.data.two_folders(folders[1], folders[1]), PAIRWISE),
    ]
    for result in found[1:]:
        assert result.values == found[0].values
    assert found[4].names == [f"town_{index}" for index in range(7)]


def to_floats(batches):
    """Sources that are float already are given to the model as they are."""
    return ((source.astype("float32"), real) for source, real in batches)


def test_a_keras_model_gets_pairs_in_its_size_and_is_left_as_it_was(tmp_path):
    noisy = kgen.layers.Dropout(0.5, at_inference=True, seed=1)  # moves a random state
    layers = [keras.Input((12, 14, 3)), noisy, keras.layers.Conv2D(3, 3, padding="same")]
    model = keras.Sequential([*layers, keras.layers.Activation("tanh")], name="noisy")
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.non_trainable_variables]
    result = quietly(model, arrays(SOURCE, REAL), ["psnr"])
    assert result.settings["size"] == [12, 14]
    assert result.name == result.settings["model"]["name"] == "noisy"
    after = [keras.ops.convert_to_numpy(v) for v in model.non_trainable_variables]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert quietly(model, arrays(SOURCE, REAL), ["psnr"]).values == result.values
    model.save(tmp_path / "model.keras")
    again = quietly(tmp_path / "model.keras", arrays(SOURCE, REAL), ["psnr"])
    assert again.values == pytest.approx(result.values, rel=1e-4)


def test_functions_and_keras_metrics_beside_names():
    def largest(real, fake):
        """Largest error of a picture."""
        return np.abs(real.astype(int) - fake).max(axis=(1, 2, 3))

    largest.better = "lower"
    result = quietly(FAKE, REAL, [largest, metrics.PSNR(), "rmse"], rank_by="largest")
    assert result["largest"] == largest(REAL, FAKE).mean()
    assert result.metrics["largest"]["variant"] == "Largest error of a picture."
    assert result["psnr"] == pytest.approx(metrics.psnr(REAL, FAKE).mean(), rel=1e-5)
    assert result.metrics["psnr"]["better"] == "higher"
    best = result.pictures["Best"][0]
    assert best.value == result.per_image["largest"].min()
    named = quietly(FAKE, REAL, {"mine": largest})
    assert list(named.values) == ["mine"]


def test_best_and_worst_are_what_the_values_say():
    noise = RANDOM.integers(0, 30, (12, 1, 1, 1)) * RANDOM.integers(0, 2, (12, 16, 16, 3))
    real = RANDOM.integers(0, 200, (12, 16, 16, 3))
    result = quietly((real + noise).astype("uint8"), real.astype("uint8"), ["rmse", "ssim"])
    order = np.argsort(result.per_image["rmse"], kind="stable")
    for title, expected in (("Best", order[:3]), ("Middle", order[4:8]), ("Worst", order[-3:])):
        shown = result.pictures[title]
        assert len(shown) == 3
        assert {item.example.name for item in shown} <= {f"image {i}" for i in expected}
        assert [item.value for item in shown] == sorted(item.value for item in shown)
    assert result.settings["ranked_by"] == "rmse"


def test_a_count_measures_the_first_ones():
    result = quietly(FAKE, REAL, ["rmse"], count=3)
    assert result.metrics["rmse"]["n"] == 3
    assert result["rmse"] == metrics.rmse(REAL[:3], FAKE[:3]).mean()


def test_equal_pictures_are_infinitely_good_and_said_to_be_so(tmp_path):
    result = quietly(REAL, REAL, ["psnr", "ssim"], tmp_path)
    assert result["psnr"] == np.inf
    assert "7 pictures" in result.metrics["psnr"]["note"]
    assert "∞" in result.files["report"].read_text("utf-8")
    assert kgen.evaluation.read_result(tmp_path)["psnr"] == np.inf


def test_progress_is_shown_when_asked_or_long(capsys):
    quietly(FAKE, REAL, ["rmse"], verbose=1)
    assert "7/7" in capsys.readouterr().out
    kgen.evaluate(FAKE, REAL, ["rmse"])  # "auto": short
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------------- never a number


def with_nan(source):
    output = source.copy()
    output[0, 0, 0, 0] = np.nan
    return output


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (with_nan, (SOURCE, REAL), r"what the model made of pair 0: .*not finite"),
        (lambda x: x * 127.5 + 127.5, (SOURCE, REAL), r"pair 0: float pictures lie in \[-1, 1\]"),
        (FAKE[:, :8], REAL, r"image 0: its size .* \(8, 20, 3\).*\(16, 20, 3\)"),
        (FAKE[..., :1], REAL, r"\(16, 20, 1\)"),
        (FAKE[:5], REAL, "5 generated and 7 real"),
        (FAKE.astype("int64"), REAL, "int64"),
        (darker, REAL, "a model needs sources"),
        ("nowhere", REAL, "nowhere"),
        (3, REAL, "received int"),
        (FAKE, 3, "received int"),
        (darker, Batches(arrays(SOURCE, REAL), size=16, workers=0), "training=False"),
        (FAKE, [(SOURCE, REAL, REAL)], "pairs"),
        (FAKE[:0], REAL[:0], "no pictures"),
    ],
)
def test_doubtful_input_is_refused(model, data, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        quietly(model, data, ["rmse"])


@pytest.mark.parametrize(
    ("chosen", "options", "message"),
    [
        (["psnrr"], {}, "no metric 'psnrr'.*psnr, ssim"),
        (["fid_mine"], {}, "no extractor 'mine'"),
        ([], {}, "empty"),
        (["psnr"], {"rank_by": "fid_stand_in"}, "one of psnr"),
        (["memorisation"], {}, "training_data="),
        ({"bad": lambda real, fake: 1.0}, {}, "one value per picture"),
        ({"bad": lambda real, fake: np.full(len(real), np.nan)}, {}, "image 0 to image 6: bad"),
        (["psnr"], {"output": "metrics.json"}, "give a folder"),
        (["psnr"], {"count": 0}, "one or more; got 0"),
    ],
)
def test_wrong_requests_are_explained(chosen, options, message):
    with pytest.raises(ValueError, match=message):
        quietly(FAKE, REAL, chosen, **options)


def test_too_small_pictures_are_named():
    with pytest.raises(ValueError, match=r"image 0 to image 6: .*8x8"):
        quietly(FAKE[:, :8, :8], REAL[:, :8, :8], ["ssim"])


def test_files_without_partner_and_broken_files_are_listed(tmp_path):
    fake, real = by_name(tmp_path / "fake", FAKE), by_name(tmp_path / "real", REAL, first=1)
    with pytest.raises(ValueError, match=r"(?s)2 pictures.*town_0.*town_7.*metrics of whole sets"):
        quietly(fake, real)
    (fake / "town_0.png").unlink()
    (fake / "town_7.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"town_7\.png: cannot be read"):
        quietly(fake, real)


def test_a_model_that_ends_in_a_sigmoid_is_noticed():
    note = quietly(lambda x: np.abs(x), (SOURCE, REAL), ["rmse"]).notes
    assert len(note) == 1
    assert "sigmoid" in note[0]
    assert quietly(darker, (SOURCE, REAL), ["rmse"]).notes == []

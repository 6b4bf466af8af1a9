"""Metrics of whole sets: features extracted once and shared, spectra, copies of training data."""

import keras
import numpy as np
import pytest

import kgen
from kgen import metrics
from kgen.data.writing import write_image
from kgen.evaluation.features import Rows

RANDOM = np.random.default_rng(1)
REAL = RANDOM.integers(0, 256, (40, 12, 12, 3), "uint8")
FAKE = (RANDOM.integers(0, 256, (40, 12, 12, 3)) * 0.7).astype("uint8")


def colours(images):
    """Four numbers for each picture."""
    images = images.astype("float32") / 255.0
    return np.concatenate([images.mean((1, 2)), images.std((1, 2, 3))[:, None]], axis=1)


class Counting:
    """Counts how many pictures an extractor has seen."""

    def __init__(self):
        self.count = 0

    def __call__(self, images):
        self.count += len(images)
        return colours(images)


def quietly(*arguments, **options):
    return kgen.evaluate(*arguments, **{"verbose": 0, **options})


def write_all(folder, images, name="a"):
    for index, image in enumerate(images):
        write_image(folder / f"{name}{index}", image)
    return folder


def test_features_are_extracted_once_and_shared():
    count = Counting()
    extractor = metrics.as_extractor(count, "colours", dimension=4)
    names = ["fid_colours", "kid_colours", "precision_recall_colours"]
    result = quietly(FAKE, REAL, names, extractors=[extractor])
    assert count.count == 80
    real, fake = colours(REAL), colours(FAKE)
    assert result["fid_colours"] == pytest.approx(metrics.frechet_distance(real, fake), rel=1e-6)
    kid = metrics.kernel_distance(real, fake, subset_size=20)
    assert (result["kid_colours"], result.metrics["kid_colours"]["standard_deviation"]) == kid
    assert "subsets of 20" in result.metrics["kid_colours"]["note"]
    precision, recall = metrics.precision_recall(real, fake)
    assert (result["precision_colours"], result["recall_colours"]) == (precision, recall)
    entry = result.metrics["fid_colours"]
    assert (entry["trunk"], entry["n"], entry["n_real"]) == ("colours", 40, 40)
    assert entry["resizer"] == extractor.resizer
    assert entry["extraction_seconds"] > 0


@pytest.mark.parametrize("dimension", [4, 432])
def test_fid_by_moments_and_by_features_is_the_same(dimension):
    """Few features stream their moments, many are kept: `count < dimension`."""

    def pixels(images):
        return images.reshape(len(images), -1)[:, :dimension].astype("float32") / 255.0

    extractor = metrics.as_extractor(pixels, "pixels", dimension=dimension)
    result = quietly(FAKE, REAL, ["fid_pixels"], extractors=[extractor])
    expected = metrics.frechet_distance(pixels(REAL), pixels(FAKE))
    assert result["fid_pixels"] == pytest.approx(expected, rel=1e-6)


def test_the_stand_in_is_named_so(tmp_path):
    names = ["fid_stand_in", "inception_score_stand_in", "lpips_stand_in"]
    result = quietly(FAKE[..., :1], REAL[..., :1], names, tmp_path)  # grey ones too
    for name in names:
        assert "stand-in" in result.metrics[name]["note"]
        assert result.metrics[name]["trunk"] == "stand_in"
    extractor = metrics.load_extractor("stand_in")
    expected = metrics.frechet_distance(extractor(REAL[..., :1]), extractor(FAKE[..., :1]))
    assert result["fid_stand_in"] == pytest.approx(expected, rel=1e-4)
    distances = metrics.lpips(REAL[..., :1], FAKE[..., :1], "stand_in")
    np.testing.assert_allclose(result.per_image["lpips_stand_in"], distances, rtol=1e-4)
    assert "stand-in" in (tmp_path / "report.html").read_text("utf-8")


def test_missing_weights_are_an_error_before_anything_is_generated(monkeypatch, tmp_path):
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path / "nowhere"))  # nothing is downloaded

    def model(source):
        raise AssertionError("generated before the weights were looked for")

    with pytest.raises(FileNotFoundError, match="KGEN_WEIGHTS"):
        quietly(model, (REAL, REAL), ["fid_inception2015"])


def test_sets_need_no_pairs(tmp_path):
    fake = write_all(tmp_path / "fake", FAKE[:30], "fake")
    real = write_all(tmp_path / "real", REAL)
    extractor = metrics.as_extractor(colours, "colours")
    names = ["fid_colours", "log_spectral_distance"]
    result = quietly(fake, real, names, tmp_path / "out", extractors=[extractor])
    expected = metrics.frechet_distance(colours(REAL), colours(FAKE[:30]))
    assert result["fid_colours"] == pytest.approx(expected, rel=1e-6)
    assert result.metrics["fid_colours"]["reference"] == "40 real pictures"
    assert set(result.pictures) == {"Real", "Generated"}
    assert len(result.names) == 30
    assert set(result.files) == {"metrics", "report"}
    with pytest.raises(ValueError, match="cannot be compared one with one"):
        quietly(fake, real, ["fid_colours", "psnr"], extractors=[extractor])


def test_statistics_of_a_reference_set_stand_for_its_pictures(tmp_path):
    path = metrics.Moments.of(colours(REAL)).save(tmp_path / "towns.npz")
    options = {"extractors": [metrics.as_extractor(colours, "colours")]}
    result = quietly(FAKE, path, "fid_colours", **options)
    expected = metrics.frechet_distance(colours(REAL), colours(FAKE))
    assert result["fid_colours"] == pytest.approx(expected, rel=1e-6)
    assert "towns.npz" in result.metrics["fid_colours"]["reference"]
    with pytest.raises(ValueError, match=r"towns\.npz: holds mean and covariance"):
        quietly(FAKE, path, "kid_colours", **options)
    with pytest.raises(ValueError, match=r"towns\.npz"):
        quietly(FAKE, path, ["psnr"])


def test_one_picture_is_no_set():
    extractor = metrics.as_extractor(colours, "colours")
    with pytest.raises(ValueError, match="at least 2 images"):
        quietly(FAKE[:1], REAL[:1], "fid_colours", extractors=[extractor])


def test_spectra_of_batches_are_those_of_the_set():
    result = quietly(FAKE, REAL, ["log_spectral_distance", "spectrum_spikes"])
    with pytest.warns(UserWarning, match="40 images"):
        real, fake = (metrics.mean_power_spectrum(images) for images in (REAL, FAKE))
    np.testing.assert_allclose(result.spectra["real"], real, rtol=1e-10)
    expected = metrics.log_spectral_distance(real, fake)
    assert result["log_spectral_distance"] == pytest.approx(expected, rel=1e-9)
    assert result["spectrum_spikes"] == metrics.spectrum_spikes(fake).count
    assert "fewer than 50" in result.metrics["log_spectral_distance"]["note"]
    two_channels = quietly(FAKE[..., :2], REAL[..., :2], ["log_spectral_distance"])
    assert two_channels["log_spectral_distance"] > 0


def test_spectra_of_two_sizes_are_refused():
    sizes = [np.zeros((side, side, 3), "uint8") for side in (16, 24)]
    pairs = kgen.data.arrays(sizes, sizes)
    with pytest.raises(ValueError, match=r"pair 1: .*one size.*\(24, 24\) after \(16, 16\)"):
        quietly(lambda source: source, pairs)
    assert quietly(lambda source: source, pairs, ["rmse"])["rmse"] == 0  # each has its own size


def test_copies_of_training_pictures_are_found():
    training = RANDOM.integers(0, 256, (20, 12, 12, 3), "uint8")
    fake = training[[3, 11, 5]]
    pairs = kgen.data.arrays(training, training)
    for given in (training, pairs, kgen.data.Batches(pairs, size=12, training=False, workers=0)):
        result = quietly(fake, REAL[:3], ["memorisation"], training_data=given)
        assert result.per_image["memorisation_row"].tolist() == [3, 11, 5]
        assert result["memorisation"] < 1.0
        assert result.metrics["memorisation"]["real_value"] > 20.0


def test_an_inception_score_needs_no_real_pictures():

    inputs = keras.Input((12, 12, 3))
    features = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, [features, keras.layers.Dense(4)(features)])
    extractor = metrics.as_extractor(model, "small")
    result = quietly(FAKE, REAL, ["inception_score_small"], extractors=[extractor])
    expected = metrics.inception_score(extractor.logits(FAKE))
    assert result["inception_score_small"] == pytest.approx(expected.mean, rel=1e-5)
    assert result.metrics["inception_score_small"]["n"] == 40


@pytest.mark.parametrize("count", [None, 6, 9])
def test_rows_are_kept_in_order(count):
    rows, chunks = Rows(count), [np.full((n, 2), n, "float32") for n in (3, 1, 2)]
    for chunk in chunks:
        rows.add(chunk)
    for _ in range(2):
        np.testing.assert_array_equal(rows.all(), np.concatenate(chunks))

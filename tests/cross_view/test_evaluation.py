"""The paper's measures: of perfect pictures, of noise, of a generator, of pix2pix, of what is none.

The judge here compares mean colours, so it needs no training and errs now and then.
"""

import functools

import keras
import numpy as np
import pytest

from kgen import Pix2Pix
from kgen.cross_view import (
    ABLATIONS,
    PUBLISHED,
    PUBLISHED_ABLATIONS,
    PUBLISHED_EMBEDDERS,
    PUBLISHED_PIX2PIX,
    RetrievalModel,
    evaluate_cross_view,
)
from kgen.data.cross_view import CrossViewBatches, middle_half, view_arrays
from kgen.data.images import to_uint8
from kgen.data.resizing import resize
from kgen.metrics import load_extractor, lpips_network
from tests.cross_view.sampler import mean_colour, small_sampler

GROUND, AERIAL = (32, 64), (32, 32)  # what the judge sees
COUNT = 24


def colours(seed: int = 0, size=GROUND, tint: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """Aerial images and panoramas of places that have a colour; panoramas are tinted."""
    random = np.random.default_rng(seed)
    place = random.uniform(-0.7, 0.7, (COUNT, 1, 1, 3))
    aerial = place + random.uniform(-0.2, 0.2, (COUNT, *AERIAL, 3))
    ground = place + random.normal(0, tint, place.shape)
    ground = ground + random.uniform(-0.2, 0.2, (COUNT, *size, 3))
    return to_uint8(aerial.clip(-1, 1)), to_uint8(ground.clip(-1, 1))


@pytest.fixture(scope="module")
def judge():
    return RetrievalModel(mean_colour(GROUND), mean_colour(AERIAL))


@pytest.fixture(scope="module")
def evaluate():
    """`evaluate_cross_view` with stand-ins that are compiled once."""
    networks = {"lpips": (lpips_network("stand_in"),), "features": load_extractor("stand_in")}
    return functools.partial(evaluate_cross_view, **networks)


@pytest.fixture(scope="module")
def perfect(judge):
    aerial, ground = colours()
    names = {"lpips": "stand_in", "features": "stand_in"}
    return evaluate_cross_view(ground, view_arrays(aerial, ground), judge, **names)


def test_real_targets_get_the_best_of_everything(perfect):
    assert perfect["ssim"] == pytest.approx(1, abs=1e-9)
    assert perfect["rmse"] == perfect["lpips_stand_in"] == 0
    assert perfect["psnr"] == perfect["sharpdiff"] == np.inf
    assert perfect["fid_stand_in"] == pytest.approx(0, abs=1e-6)
    assert 1.5 / COUNT < perfect["r1"] == perfect["real_r1"] < 1
    assert perfect["chance_r1"] == 1 / COUNT
    assert not any(name.startswith("diversity") for name in perfect)


def test_recall_is_that_of_the_retrieval_model(evaluate, judge):
    aerial, ground = colours(size=(64, 128))
    aerial[1:6:2] = aerial[:6:2]  # three places with two panoramas
    places = np.arange(COUNT)
    places[1:6:2] = places[:6:2]
    pairs = view_arrays(aerial, ground, places)
    batches = CrossViewBatches(
        pairs, 5, AERIAL, GROUND, training=False, workers=0, drop_remainder=False
    )
    expected = judge.evaluate(batches, verbose=0, return_dict=True)
    assert expected["r1"] < expected["r5"] < expected["r10"]
    sized = np.stack([resize(image, GROUND, "area") for image in ground])
    found = evaluate(sized, pairs, judge, batch_size=7)
    assert {name: found[name] for name in expected} == expected
    assert found["real_r1"] == expected["r1"]  # of the stored panoramas, in the judge's own size
    assert found["chance_r1"] == 1 / (COUNT - 3)


def test_noise_gets_chance_and_what_the_metrics_say(evaluate, judge, perfect):
    aerial, ground = colours()
    random = np.random.default_rng(5)

    def noise(sources):
        return random.integers(0, 256, (len(sources), *GROUND, 3), "uint8")

    pairs = view_arrays(aerial, ground)
    found = evaluate(noise, pairs, judge, target_size=GROUND)
    assert found["r1"] <= 3 / COUNT < found["real_r1"] == perfect["real_r1"]
    assert found["r1"] <= found["r5"] <= found["r10"] < 1
    assert found["ssim"] < 0.1
    assert found["lpips_stand_in"] > 0.01
    assert found["fid_stand_in"] > 1e3 * perfect["fid_stand_in"]
    assert 5 < found["psnr"] < 12
    assert 255 / 10 ** (found["psnr"] / 20) == pytest.approx(found["rmse"], rel=0.05)


def test_halves_are_of_the_sky_and_of_the_ground(evaluate, judge):
    aerial, ground = colours()
    ground = ground // 2
    pictures = ground.copy()
    pictures[:, GROUND[0] // 2 :] += 51
    found = evaluate(pictures, view_arrays(aerial, ground), judge)
    assert found["psnr_sky"] == np.inf
    assert found["ssim_sky"] == pytest.approx(1, abs=1e-9)
    assert found["psnr_ground"] == pytest.approx(20 * np.log10(5))
    assert found["psnr"] == pytest.approx(20 * np.log10(5) + 10 * np.log10(2))
    assert found["ssim_ground"] < 0.9
    other = evaluate(aerial, view_arrays(aerial, ground), judge, "ground")
    assert other["rmse"] == 0
    assert not any(name.endswith(("_sky", "_ground")) for name in other)


def test_the_judge_may_see_a_part_of_panoramas(evaluate):
    aerial, ground = colours(size=(64, 64))
    pictures = ground.copy()
    pictures[:, :16] = pictures[:, 48:] = np.arange(COUNT, dtype="uint8")[:, None, None, None]
    pairs = view_arrays(aerial, ground)
    judge = RetrievalModel(mean_colour((32, 64)), mean_colour(AERIAL))
    found = evaluate(pictures, pairs, judge, seen_part=middle_half)
    assert found["r1"] == found["real_r1"]
    whole = evaluate(pictures, pairs, judge)
    assert whole["r1"] < found["r1"]


def test_a_generator_has_diversity_and_pictures_of_their_own_noise(evaluate, judge, monkeypatch):
    aerial, ground = colours()
    aerial[2:4] = aerial[:2]  # equal sources, in batches of their own
    pairs = view_arrays(aerial, ground).subset(range(4))
    model, seen = small_sampler(), []
    draw = model.from_embeddings

    def watched(*arguments, **options):
        seen.append(draw(*arguments, **options))
        return seen[-1]

    monkeypatch.setattr(model, "from_embeddings", watched)
    found = evaluate(model, pairs, judge, samples=2, batch_size=2)
    assert found["diversity_lpips_stand_in"] > 1e-4
    pictures = np.concatenate(seen)
    assert len(np.unique(pictures.reshape(8, -1), axis=0)) == 8
    # the first of each source count; neither batches nor further samples change a number
    first = evaluate(pictures[[0, 1, 4, 5]], pairs, judge, batch_size=4)
    assert set(found) - set(first) == {"diversity_lpips_stand_in"}
    again = evaluate(model, pairs, judge, samples=0, batch_size=4)
    for name, value in again.items():
        assert found[name] == pytest.approx(value, rel=1e-3, abs=1e-4), name
        assert found[name] == pytest.approx(first[name], rel=1e-5, abs=1e-6), name
    other = evaluate(model, pairs, judge, samples=1, seed=1, batch_size=4)
    assert other["rmse"] != again["rmse"]


def test_the_guide_is_no_judge(evaluate, judge):
    aerial, ground = colours()
    pairs = view_arrays(aerial, ground).subset(range(2))
    with (
        pytest.warns(UserWarning, match="guides the generator"),
        pytest.raises(ValueError, match="unknown extractor"),  # after the guards, so early
    ):
        evaluate(small_sampler(judge.aerial), pairs, judge, features="vgg19")


def test_a_generator_brings_its_own_view_and_size(evaluate, judge):
    model, pairs = small_sampler(), view_arrays(*colours())
    for wrong, options in (
        ("source is 'aerial', not 'ground'", {"source": "ground"}),
        (r"target_size is \(32, 64\), not \(32, 32\)", {"target_size": AERIAL}),
    ):
        with pytest.raises(ValueError, match=wrong):
            evaluate(model, pairs, judge, **options)


def test_pix2pix_goes_the_same_way(evaluate, judge):
    aerial, ground = colours()
    pairs = view_arrays(aerial, ground).subset(range(8))
    model = Pix2Pix.from_preset("paper", (*GROUND, 3), base_filters=2, depth=2, n_layers=1)
    sources = np.stack([pair[0] for pair in pairs.as_pairs("aerial", GROUND)])
    by_hand = evaluate(model.generate(sources), pairs, judge)
    for made in (model, model.generate):
        found = evaluate(made, pairs, judge, target_size=GROUND)
        assert found == pytest.approx(by_hand, rel=1e-5)
    assert found["rmse"] > 1


def test_a_function_gets_sources_as_they_are_stored(evaluate, judge):
    aerial, ground = colours()
    sources = [image[: 20 + i] for i, image in enumerate(aerial)]
    got = []

    def answer(images):
        got.extend(image.shape for image in images)
        return np.zeros((len(images), *GROUND, 3), "uint8") + np.arange(3, dtype="uint8")

    pairs = view_arrays(sources, ground)
    with pytest.raises(ValueError, match="all 24 embeddings are equal"):
        evaluate(answer, pairs, judge)
    assert got == [image.shape for image in sources]


def test_embeddings_that_are_not_finite_are_an_error(evaluate):
    aerial, ground = colours()
    broken = mean_colour(GROUND)
    images = keras.Input((*GROUND, 3))
    broken = keras.Model(images, keras.layers.Rescaling(np.nan)(broken(images)))
    judge = RetrievalModel(broken, mean_colour(AERIAL))
    with pytest.raises(ValueError, match="NaN or infinity"):
        evaluate(ground, view_arrays(aerial, ground), judge)


def test_what_cannot_be_measured_is_refused(evaluate, judge):
    aerial, ground = colours()
    pairs = view_arrays(aerial, ground)

    def refused(match, made=ground, of=pairs, by=judge, **options):
        with pytest.raises(ValueError, match=match):
            evaluate(made, of, by, **options)

    refused("one picture for each of the 24 pairs", ground[:-1])
    refused("must be uint8", ground.astype("float32"))
    refused(r"must be \(8, 32, 32, 3\)", lambda s: ground[: len(s)], target_size=AERIAL)
    refused(r"must be \(8, H, W, 3\)", lambda sources: sources[1:])
    refused("two at least; got 1", of=pairs.subset([0]), made=ground[:1])
    refused("two at least; got ndarray", of=ground)
    refused("trained RetrievalModel; got", by=mean_colour(GROUND))
    refused("'aerial' or 'ground'", source="above")
    refused("unknown LPIPS trunk", lpips=("vgg19",))
    refused("unknown extractor", features="vgg19")


def test_published_figures():
    sets, views = ("cvusa", "cvact", "vigor_gen"), ("aerial", "ground")
    keys = {(name, view) for name in sets for view in views}
    assert set(PUBLISHED) == set(PUBLISHED_PIX2PIX) == keys
    assert set(PUBLISHED_ABLATIONS) == set(ABLATIONS)
    for key, ours in PUBLISHED.items():  # in each figure the method beats pix2pix
        baseline = PUBLISHED_PIX2PIX[key]
        assert all(ours[name] > baseline[name] for name in ("ssim", "psnr", "r1"))
        assert all(ours[name] < baseline[name] for name in ("lpips_alex", "fid_inception2015"))
        assert 0.3 < ours["r1"] < 1
    assert PUBLISHED["cvusa", "aerial"]["r1"] == 0.9625
    assert PUBLISHED_EMBEDDERS["classification"]["r1"] == 0.3045

"""Judges and what they say: scores of groups, ceilings and floors, masks that are obeyed."""

import json

import keras
import numpy as np
import pytest

from kgen import AttributeToShape, ShapeToImage, StackedAttributeGAN
from kgen.attribute_gan import Judges, attribute_classifier, evaluate_chain, segmenter
from kgen.attribute_gan.scores import group_scores, relative_score
from kgen.data import AttributeBatches, attribute_arrays, toy_birds
from kgen.data.inputs_and_targets import InputsAndTargets
from kgen.evaluation.result import read_result
from kgen.metrics import mask_iou, outline_curvature, stray_parts

SIZE = 32


@pytest.fixture(scope="module")
def birds():
    return toy_birds("test", size=SIZE, count=12, variation=1.0)


@pytest.fixture(scope="module")
def chain(birds):
    small = {"image_size": SIZE, "base_filters": 2}
    shape = AttributeToShape.from_preset(attribute_names=birds.shape_names, **small)
    picture = ShapeToImage.from_preset(attribute_names=birds.other_names, **small)
    return StackedAttributeGAN(shape, picture)


def blind_judges(birds) -> Judges:
    return Judges(
        attribute_classifier((SIZE, SIZE, 1), len(birds.shape_names), 1),
        attribute_classifier((SIZE, SIZE, 3), len(birds.other_names), 1),
        segmenter((SIZE, SIZE, 3), 1),
        birds.shape_names,
        birds.other_names,
    )


def all_seeing(birds) -> Judges:
    """Judges that know the real birds by heart, and see in anything else the first of them."""
    batch = AttributeBatches(birds, 2, SIZE, len(birds), training=False)[0]
    images, masks = batch["image"], batch["mask"]

    def nearest(pictures, known):
        gaps = np.abs(np.asarray(pictures)[:, None] - known[None]).mean(axis=(2, 3, 4))
        return gaps.argmin(axis=1)

    judges = blind_judges(birds)
    answers = {
        judges.mask_classifier: (masks, birds.attributes[:, list(birds.shape_columns)] - 0.5),
        judges.picture_classifier: (images, birds.attributes[:, list(birds.other_columns)] - 0.5),
        judges.segmenter: (images, masks),
    }
    judges._ask = lambda network, seen: answers[network][1][nearest(seen, answers[network][0])]
    return judges


def answer_with(monkeypatch, chain, birds, shift=0) -> None:
    """Let a chain answer with real pictures: those asked for, or those `shift` birds before."""
    batch = AttributeBatches(birds, 2, SIZE, len(birds), training=False)[0]
    images, masks = (
        np.roll(np.rint((batch[key] + 1) * 127.5).astype("uint8"), shift, axis=0)
        for key in ("image", "mask")
    )
    monkeypatch.setattr(chain, "generate", lambda *a, **k: (images, masks))
    monkeypatch.setattr(chain.stage2, "generate", lambda *a, **k: images)


def test_a_perfect_chain_reaches_what_real_pictures_reach(birds, chain, monkeypatch, tmp_path):
    answer_with(monkeypatch, chain, birds)
    result = evaluate_chain(chain, birds, all_seeing(birds), metrics=(), output=tmp_path / "report")
    for name, entry in result.metrics.items():
        if "floor" in entry:
            assert entry["value"] == entry["real_value"] == entry["relative"] == 1.0, name
            assert entry["floor"] < 1.0
    assert result["shapes_seen"] == result["others_seen"] == result["painted_seen"] == 1.0
    assert result["round_trip_iou"] == result["shape_adherence"] == 1.0
    assert {f"shape_{g}" for g in birds.select(birds.shape_names).groups} <= set(result.values)
    assert read_result(tmp_path / "report").values == pytest.approx(result.values)
    assert "data:image/png" in (tmp_path / "report" / "report.html").read_text()


def test_pictures_of_other_birds_score_what_chance_scores(birds, chain, monkeypatch):
    """Each bird gets the picture of the one for which the floor is computed: nothing is seen."""
    shift = 1 + len(birds) // 2
    answer_with(monkeypatch, chain, birds, shift)
    result = evaluate_chain(chain, birds, all_seeing(birds), metrics=())
    asked = birds.attributes[:, list(birds.shape_columns)]
    expected = group_scores(np.roll(asked, shift, axis=0) - 0.5, asked, birds.shape_names)
    for group, score in expected.items():
        assert result[f"shape_{group}"] == pytest.approx(score)
        assert result.metrics[f"shape_{group}"]["floor"] == 1.0  # the pictures of those very birds
    assert result["round_trip_iou"] == 1.0  # each picture fits its own mask
    assert result["shape_adherence"] < 1.0  # but not the mask it was to be painted on


def test_an_untrained_chain_is_measured_with_trained_judges(birds, chain, tmp_path):
    judges = Judges.train(birds, SIZE, epochs=1, batch_size=4, base_filters=2, verbose=0)
    result = evaluate_chain(chain, birds, judges)
    assert {"fid_stand_in", "kid_stand_in", "others_seen"} <= set(result.values)
    assert all(0.0 <= result[f"shape_{g}"] <= 1.0 for g in ("has_crest", "has_size"))
    judges.save(tmp_path / "judges")
    again = Judges.load(tmp_path / "judges")
    images = np.stack([picture.image for picture in birds])
    np.testing.assert_allclose(
        again.of_pictures(images), judges.of_pictures(images), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_array_equal(again.find_object(images), judges.find_object(images))
    assert tuple(again.shape_names) == birds.shape_names
    (tmp_path / "judges" / "segmenter.keras").unlink()
    with pytest.raises(FileNotFoundError, match=r"segmenter\.keras: there are no judges"):
        Judges.load(tmp_path / "judges")


def test_judges_learn_what_they_see():
    """Masks of two kinds, pictures of two colours: a few epochs tell them apart."""
    rng = np.random.default_rng(0)
    kinds = np.arange(24) % 2
    masks = np.zeros((24, SIZE, SIZE), "uint8")
    for row, kind in enumerate(kinds):
        y, x = rng.integers(2, 10, 2)
        masks[row, y : y + (18 if kind else 6), x : x + (6 if kind else 18)] = 255
    colours = np.where((np.arange(24) // 2 % 2)[:, None], [220, 30, 30], [30, 30, 220])
    images = np.where(masks[..., None] > 0, colours[:, None, None], 128).astype("uint8")
    table = np.stack([kinds, 1 - kinds, colours[:, 0] > 128, colours[:, 2] > 128], axis=1)
    names = ["shape::tall", "shape::wide", "colour::red", "colour::blue"]
    pictures = attribute_arrays(images, masks, table, names, shape=["shape"])
    judges = Judges.train(
        pictures, SIZE, epochs=30, batch_size=8, base_filters=8, learning_rate=1e-2, verbose=0
    )
    assert group_scores(judges.of_masks(masks[..., None]), table[:, :2], names[:2])["shape"] > 0.9
    assert group_scores(judges.of_pictures(images), table[:, 2:], names[2:])["colour"] > 0.9
    assert mask_iou(masks, judges.find_object(images)).mean() > 0.8


def test_judges_of_other_attributes_or_sizes_are_refused(birds, chain):
    judges = all_seeing(birds)
    with pytest.raises(ValueError, match="other shape_names than these pictures"):
        evaluate_chain(chain, birds.divide(["has_crest"]), judges)
    large = ShapeToImage.from_preset(
        image_size=64, base_filters=1, attribute_names=birds.other_names
    )
    first = AttributeToShape.from_preset(
        image_size=64, base_filters=1, attribute_names=birds.shape_names
    )
    with pytest.raises(ValueError, match=r"pictures of 64x64, the judges look at 32x32"):
        evaluate_chain(StackedAttributeGAN(first, large), birds, judges)
    with pytest.raises(ValueError, match="must be images of shape"):
        blind_judges(birds).of_masks(np.zeros((1, 9, 9, 1)))


def test_scores_of_groups():
    names = ["bill::cone", "bill::dagger", "bill::hooked", "crested"]
    asked = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0], [0.6, 0.4, 0, 0]])
    logits = np.array([[2, 1, 0, 1.0], [9, 0, 0, -1], [0, 1, 2, 1], [0, 1, 0, -2]])
    found = group_scores(logits, asked, names)
    assert found["bill"] == pytest.approx(2 / 3)  # the second asks for no bill
    assert found["crested"] == pytest.approx((1.0 + 2 / 3) / 2)
    assert np.isnan(group_scores(logits[1:2], asked[1:2], names)["bill"])
    assert relative_score(0.6, 0.9, 0.3) == pytest.approx(0.5)
    assert np.isnan(relative_score(0.5, 0.4, 0.4))
    with pytest.raises(ValueError, match=r"must be \(N, 4\)"):
        group_scores(logits[:, :3], asked, names)


def test_masks_and_outlines():
    disc = np.hypot(*np.meshgrid(*[np.arange(32) - 15.5] * 2)) < 10
    ragged = disc.copy()
    ragged[::3] &= np.arange(32) % 2 == 0
    masks = np.stack([disc, ragged])
    np.testing.assert_allclose(mask_iou(masks, masks), 1.0)
    floats = np.where(masks, 1.0, -1.0)[..., None]
    np.testing.assert_allclose(mask_iou(floats, masks.astype("uint8") * 255), 1.0)
    assert mask_iou(masks[:1], masks[1:])[0] == ragged.sum() / disc.sum()
    assert mask_iou(np.zeros((1, 4, 4)), np.zeros((1, 4, 4), bool))[0] == 1.0
    assert stray_parts(masks)[0] == 0
    assert stray_parts(masks)[1] > 5
    smooth, rough = outline_curvature(masks[:1]), outline_curvature(masks[1:])
    assert 0 < smooth.mean() < 0.3  # a disc bends everywhere to one side
    assert rough.std() > 2 * smooth.std()
    with pytest.raises(ValueError, match="must have one shape"):
        mask_iou(masks, masks[:, :16])
    with pytest.raises(ValueError, match=r"must be \(N, H, W\)"):
        stray_parts(disc)


def test_inputs_and_targets_say_what_there_is(birds):
    batches = AttributeBatches(birds, 1, SIZE, 4)
    with pytest.raises(ValueError, match=r"no image; they have mask, shape_attributes"):
        InputsAndTargets(batches, "image", "mask")
    pairs = InputsAndTargets(batches, "mask", "shape_attributes")
    network = keras.Sequential([keras.Input((SIZE, SIZE, 1)), keras.layers.Flatten(),
                                keras.layers.Dense(len(birds.shape_names))])  # fmt: skip
    network.compile("sgd", "mse")
    network.fit(pairs, epochs=2, verbose=0)
    assert batches.epoch == 2  # order and jitter differ from epoch to epoch


def test_names_of_metrics_are_plain_in_the_record(birds, chain, tmp_path):
    judges = all_seeing(birds)
    evaluate_chain(chain, birds, judges, metrics=(), output=tmp_path)
    record = json.loads((tmp_path / "metrics.json").read_text())
    assert record["metrics"]["shape_has_crest"]["label"] == "has_crest, masks"
    assert record["settings"]["pictures"] == 12

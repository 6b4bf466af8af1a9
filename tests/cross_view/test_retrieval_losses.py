"""Losses, scores and sharpness-aware steps, against what a loop or a formula gives."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from kgen.cross_view.retrieval_losses import LOSSES, infonce_loss, semi_triplet_loss, triplet_loss
from kgen.cross_view.retrieval_scores import retrieval_scores
from kgen.cross_view.sharpness import perturbations, sharpness_aware
from tests import checks

LOCATION = np.array([3, 1, 3, 0, 2], "int32")  # the first and the third pair show one place


def unit_rows(seed: int, count: int = 5) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 6))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("float32")


def negatives(i: int) -> list[int]:
    return [j for j in range(5) if LOCATION[j] != LOCATION[i]]


def test_pairs_of_one_place_are_no_negatives():
    ground, aerial = unit_rows(0), unit_rows(1)
    cosine = aerial.astype("f8") @ ground.T
    margins = (
        [[20 * (cosine[j, i] - cosine[i, i]) for j in negatives(i)] for i in range(5)],
        [[20 * (cosine[i, j] - cosine[i, i]) for j in negatives(i)] for i in range(5)],
    )
    rows = [row for direction in margins for row in direction]
    terms = [np.logaddexp(0, margin) for row in rows for margin in row]
    assert len(terms) == 2 * 18  # of 20 in each direction
    assert float(triplet_loss(ground, aerial, LOCATION, exclude_diagonal=True)) == pytest.approx(
        np.mean(terms), rel=1e-5
    )
    assert float(triplet_loss(ground, aerial, LOCATION)) == pytest.approx(
        np.mean(terms) + 5 * np.log(2) / 18, rel=1e-5
    )
    hard = [np.logaddexp(0, margin) for row in rows for margin in sorted(row)[-2:]]
    found = float(semi_triplet_loss(ground, aerial, LOCATION))
    assert found == pytest.approx(np.mean(hard), rel=1e-5)
    each = [np.log1p(sum(np.exp(5 * (m / 20)) for d in margins for m in d[i])) for i in range(5)]
    found = float(infonce_loss(ground, aerial, LOCATION, temperature=0.2))
    assert found == pytest.approx(np.mean(each), rel=1e-5)


@pytest.mark.parametrize("name", list(LOSSES))
def test_without_negatives_losses_are_finite(name):
    ground, aerial = unit_rows(0), unit_rows(1)
    one_place = LOSSES[name](ground, aerial, np.zeros(5, "int32"))
    alone = LOSSES[name](ground[:1], aerial[:1])
    assert np.isfinite([float(one_place), float(alone)]).all()


# ------------------------------------------------------------------------------ scores


def test_a_shared_aerial_picture_is_in_the_gallery_once():
    aerial = np.eye(4)[[0, 0, 1, 2, 3]]
    ground = aerial + 0.01
    ground[4] = [0.9, 0.8, 0.1, 0.5]  # its own, the fourth, is third: after 0 and 1
    scores = retrieval_scores(ground, aerial, np.array([7, 7, 8, 9, 4]))
    assert scores["r1"] == scores["r1_percent"] == 0.8
    assert scores["r5"] == 1.0
    ground[4] = [0.9, 0.0, 0.1, 0.8]
    labels = np.array([[7, -1], [7, 8], [8, 7], [9, 4], [4, 7]])  # the last is semi-positive
    found = retrieval_scores(ground, aerial, labels[:, 0], labels)
    assert (found["r1"], found["hit_rate"]) == (0.8, 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_embeddings_that_are_not_finite(value):
    ground = np.eye(3)
    ground[1, 2] = value
    with pytest.raises(ValueError, match=r"1 of 3 ground embeddings.*row 1: training has diverged"):
        retrieval_scores(ground, np.eye(3))


# ------------------------------------------------------------------------------ sharpness


@pytest.mark.parametrize(
    ("form", "eta", "scales"),
    [
        ("saig", 0.0, (2.0, 3.0)),
        ("samsung", 0.5, (2.5, 1.0)),  # the bias as it is
        ("sam", 0.0, (1.0, 1.0)),
    ],
)
def test_the_way_to_the_worst_place(form, eta, scales):
    kernel, bias = keras.Variable([-2.0], name="kernel"), keras.Variable([3.0], name="bias")
    gradients = [ops.convert_to_tensor([1.0]), ops.convert_to_tensor([-4.0])]
    found = perturbations(gradients, [kernel, bias], form, rho=0.5, eta=eta)
    norm = np.hypot(scales[0] * 1.0, scales[1] * 4.0)
    expected = [scales[0] ** 2 * 0.5 / norm, scales[1] ** 2 * -4.0 * 0.5 / norm]
    np.testing.assert_allclose([float(x[0]) for x in found], expected, rtol=1e-6)


def test_weights_are_put_back_bit_by_bit():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    unused = keras.Variable([1.0])
    variables = [*network.trainable_variables, unused]
    before = checks.values(variables)
    inputs = ops.convert_to_tensor(unit_rows(0)[:, :4])

    def loss():
        return ops.sum(network(inputs) ** 2), {"seen": 1}

    value, extra, gradients = sharpness_aware(loss, variables, "saig", rho=1.0)
    assert checks.largest_difference(before, checks.values(variables)) == 0.0
    at_once = ops.convert_to_numpy(ops.stop_gradient(loss()[0]))
    assert float(value) == pytest.approx(float(at_once), rel=1e-6)
    assert extra == {"seen": 1}
    plain = 2 * np.array(inputs).T @ (np.array(inputs) @ before[0])
    assert abs(np.array(ops.convert_to_numpy(gradients[0])) - plain).max() > 0.1  # not that at w
    unused_gradient = 0.0 if gradients[2] is None else float(gradients[2][0])
    assert unused_gradient == 0.0

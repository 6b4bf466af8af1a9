"""KL of a Gaussian, mode seeking, and criteria that leave images out."""

import numpy as np
import pytest
from keras import ops

from kgen.losses import fake_loss, gaussian_kl, mode_seeking_loss, real_loss


def test_kl_is_the_integral():
    """KL(N(m, s) || N(0, 1)) by a sum over a fine grid."""
    x = np.linspace(-12, 12, 20001)

    def density(m, s):
        return np.exp(-0.5 * ((x - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))

    pairs = [(0.0, 1.0), (1.5, 0.5), (-0.5, 2.0)]
    each = []
    for m, s in pairs:
        p, q = density(m, s), density(0.0, 1.0)
        inside = p > 1e-300
        each.append(np.sum(p[inside] * np.log(p[inside] / q[inside])) * (x[1] - x[0]))
    mean = np.array([[m for m, _ in pairs]], "float32")
    log_variance = np.array([[2 * np.log(s) for _, s in pairs]], "float32")
    assert float(gaussian_kl(mean, log_variance)) == pytest.approx(np.mean(each), rel=1e-4)
    twice = np.repeat(mean, 2, 0), np.repeat(log_variance, 2, 0)
    assert float(gaussian_kl(*twice)) == pytest.approx(np.mean(each), rel=1e-4)


def test_equal_pictures_for_other_noise_cost_most():
    noise = np.random.default_rng(0).normal(size=(2, 4, 8))
    images = np.random.default_rng(1).uniform(-1, 1, (2, 4, 8, 8, 1))
    same = float(mode_seeking_loss(images[0], images[0], noise[0], noise[1]))
    other = float(mode_seeking_loss(images[0], images[1], noise[0], noise[1]))
    assert same == pytest.approx(1e5, rel=1e-3)
    assert other == pytest.approx(
        np.abs(noise[0] - noise[1]).mean() / np.abs(images[0] - images[1]).mean(), rel=1e-3
    )


@pytest.mark.parametrize("loss", [real_loss, fake_loss])
@pytest.mark.parametrize("mode", ["vanilla", "lsgan", "hinge"])
def test_weights_leave_images_out(loss, mode):
    logits = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(4, 3, 3, 1)))
    kept = float(loss(logits[1:3], mode))
    assert float(loss(logits, mode, np.array([0.0, 1.0, 1.0, 0.0]))) == pytest.approx(kept)
    assert float(loss(logits, mode, np.zeros(4))) == 0.0
    assert float(loss(logits, mode, np.ones(4))) == pytest.approx(float(loss(logits, mode)))

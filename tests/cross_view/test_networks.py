"""Generator and discriminators: the paper's numbers of parameters and sizes."""

from __future__ import annotations

from itertools import pairwise

import keras
import pytest

from kgen.cross_view import ABLATIONS, PRESETS, cross_view_discriminator, cross_view_generator
from kgen.cross_view.encoder import source_encoder
from tests.goldens.builders import trainable_count

WHOLE = 25_901_528
TEACHING, TINY = (
    {name: value for name, value in PRESETS[preset]["generator"].items() if name != "target_size"}
    for preset in ("teaching", "tiny")
)


def shapes(tensors: list) -> list[tuple]:
    return [tuple(tensor.shape[1:]) for tensor in tensors]


@pytest.fixture(scope="module", autouse=True)
def weights_that_are_not_drawn():
    """Initial values are of no interest here and take most of the time."""
    with keras.StatelessScope(initialize_variables=False):
        yield


# ---------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("size", "arguments", "count"),
    [
        ((128, 512), {}, WHOLE),
        (256, {}, WHOLE),
        ((256, 512), {}, 26_492_888),
        ((256, 1024), {}, 27_675_608),
        ((128, 256), TEACHING, 1_575_240),
        ((128, 256), TINY, 664_288),
        ((128, 512), ABLATIONS["ii"], 25_851_974),
        ((128, 512), ABLATIONS["iii"], 23_931_608),
        ((128, 512), ABLATIONS["iv"], 16_291_654),
        ((128, 512), ABLATIONS["v"], 25_262_619),
        ((128, 512), {"spectral_norm": False}, WHOLE),
    ],
)
def test_parameters_of_the_generator(size, arguments, count):
    assert trainable_count(cross_view_generator(size, **arguments)) == count


@pytest.mark.parametrize(
    ("size", "arguments", "count"),
    [
        ((128, 512), {}, 2_732_593),
        ((16, 64), {"coarse": True}, 2_571_313),
        ((128, 512), {"spectral_norm": False}, 2_732_593),
        ((128, 256), {"embedding_size": 96, "base_filters": 16}, 288_273),
        ((16, 32), {"embedding_size": 96, "base_filters": 16, "coarse": True}, 270_353),
    ],
)
def test_parameters_of_the_discriminators(size, arguments, count):
    assert trainable_count(cross_view_discriminator(size, **arguments)) == count


def test_parameters_of_the_encoder_of_ablation_i():
    """Seven 4x4 convolutions with bias, 64 to 512 filters, and a dense layer."""
    filters = (3, 64, 128, 256, 512, 512, 512, 512)
    convolutions = sum(16 * a * b + b for a, b in pairwise(filters))
    assert trainable_count(source_encoder((256, 256), 384)) == convolutions + 513 * 384


# ---------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("size", "logits", "coarse_logits"),
    [
        ((128, 512), (2, 8), (1, 4)),
        ((256, 256), (4, 4), (2, 2)),
        ((256, 512), (4, 8), (2, 4)),
        ((256, 1024), (4, 16), (2, 8)),
    ],
)
def test_sizes_of_the_paper(size, logits, coarse_logits):
    height, width = size
    generator = cross_view_generator(size, **TINY)
    coarse = (height // 8, width // 8)
    assert shapes(generator.outputs) == [(*size, 3), (*coarse, 3), (*coarse, 64), (64,)]
    assert shapes(generator.inputs) == [(64,), (*coarse, 16), (64,)]
    for shape, expected in ((size, logits), (coarse, coarse_logits)):
        judge = cross_view_discriminator(shape, 64, 8, coarse=shape == coarse)
        assert shapes(judge.outputs) == [(*expected, 1)]


def test_coarse_pictures_of_a_sixteenth_need_256_rows():
    generator = cross_view_generator((256, 256), **TINY, coarse_at=16)
    assert shapes(generator.outputs)[:3] == [(256, 256, 3), (16, 16, 3), (32, 32, 64)]
    with pytest.raises(ValueError, match="at least 256 rows"):
        cross_view_generator((128, 512), coarse_at=16)
    with pytest.raises(ValueError, match="coarse_at must be 8, or 16"):
        cross_view_generator((256, 256), coarse_at=4)


@pytest.mark.parametrize(
    ("size", "says"),
    [((100, 512), "got 100x512.*to 128x512"), (128, "one pixel"), ((128, 60), "to 128x128")],
)
def test_pictures_that_cannot_be_generated(size, says):
    with pytest.raises(ValueError, match=says):
        cross_view_generator(size)


@pytest.mark.parametrize(("size", "coarse"), [((96, 512), False), ((24, 64), True)])
def test_pictures_that_cannot_be_judged(size, coarse):
    with pytest.raises(ValueError, match=f"multiple.*{size[0]}x{size[1]}"):
        cross_view_discriminator(size, coarse=coarse)

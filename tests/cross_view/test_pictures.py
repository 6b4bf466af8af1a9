"""Figures of a generator: which cells they have, and what is in them."""

import numpy as np
import pytest

from kgen.cross_view.pictures import (
    plot_interpolation,
    plot_local_noise,
    plot_views,
    plot_weight_maps,
)
from kgen.data.cross_view import view_arrays
from kgen.data.resizing import resize
from tests.cross_view.sampler import small_sampler

SIZE = (32, 64)
rng = np.random.default_rng(0)
COLOURS = np.array([[200, 60, 20], [30, 90, 240]]).reshape(2, 1, 1, 3)
AERIAL = (COLOURS + rng.integers(-15, 16, (2, 40, 40, 3))).astype("uint8")
GROUND = rng.integers(0, 256, (2, 64, 128, 3), "uint8")
PAIRS = view_arrays(AERIAL, GROUND)


@pytest.fixture(scope="module")
def model():
    return small_sampler()


def cells(figure) -> list[np.ndarray]:
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def same(shown: np.ndarray, picture: np.ndarray) -> None:
    # in a batch of another size a value at the edge may be rounded to the other side
    np.testing.assert_allclose(shown * 255, picture, atol=1.01)


def test_views_stand_between_the_source_and_the_real_target(model):
    figure = plot_views(model, PAIRS, n=2, seed=3, others={"negative": lambda x: 255 - x})
    assert titles(figure)[:6] == ["Source", "Coarse", "Generated", "", "negative", "Real"]
    shown = cells(figure)
    assert len(shown) == 2 * 6
    pictures, coarse = model.generate(AERIAL, n=2, seed=3, coarse=True)
    assert coarse.shape == (4, 4, 8, 3)
    for row in range(2):
        source, small, first, second, other, real = shown[6 * row : 6 * row + 6]
        same(source[:, 16:48], resize(AERIAL[row], (32, 32), "area"))
        assert np.all(source[:, :16] == 1)  # what a square leaves of a panel
        same(small, np.repeat(np.repeat(coarse[2 * row], 8, axis=0), 8, axis=1))
        same(first, pictures[2 * row])
        same(second, pictures[2 * row + 1])
        same(other, 255 - resize(AERIAL[row], SIZE, "area").astype(int))
        same(real, resize(GROUND[row], SIZE, "area"))
    with pytest.raises(ValueError, match="n must be 1 at least; got 0"):
        plot_views(model, PAIRS, n=0)


def test_local_noise_changes_the_picture_and_the_spread_says_where(model):
    figure = plot_local_noise(model, AERIAL[0], n=3, seed=1)
    shown = cells(figure)
    pictures, spread = np.stack(shown[:3]) * 255, shown[3]
    expected = pictures.std(axis=0).mean(axis=-1)
    assert expected.max() > 1
    np.testing.assert_allclose(spread[..., 0], expected / expected.max(), atol=1e-4)
    assert titles(figure) == [
        *(f"Noise {i}" for i in (1, 2, 3)),
        f"Spread, up to {expected.max():.0f}",
    ]
    # style and embedding are those of the first: only local noise differs
    noise = model.draw_noise(3, 1)
    embeddings = np.repeat(model.embed_images(AERIAL[:1]), 3, axis=0)
    noise["z"][:] = noise["z"][:1]
    same(shown[2], model.from_embeddings(embeddings, noise)[2])
    with pytest.raises(ValueError, match="n must be 2 at least"):
        plot_local_noise(model, AERIAL[0], n=1)


def test_weight_maps_beside_and_over_the_pictures(model, monkeypatch):
    names = ["s3_norm1", "s3_norm2", "t2_norm1"]
    sizes = dict(zip(names, ((8, 16), (16, 32), (32, 64)), strict=True))
    maps = {n: rng.uniform(0, 1, (2, *size, 1)).astype("float32") for n, size in sizes.items()}

    def weight_maps(images, names=None, seed=0):
        assert images is AERIAL
        assert seed == 2
        return {name: maps[name] for name in names or maps}

    monkeypatch.setattr(model, "weight_maps", weight_maps)
    figure = plot_weight_maps(model, AERIAL, names[1:], seed=2)
    assert titles(figure)[:3] == ["Generated", *names[1:]]
    shown = cells(figure)
    assert len(shown) == 2 * 3
    picture = model.generate(AERIAL, seed=2)[1]
    same(shown[3], picture)
    enlarged = resize(maps[names[1]][1, ..., 0], SIZE, "nearest")
    np.testing.assert_allclose(shown[4], np.repeat(enlarged[..., None], 3, axis=-1), atol=1e-6)
    over = cells(plot_weight_maps(model, AERIAL, names[1:], seed=2, over=True))
    same(over[4], enlarged[..., None] * picture)
    # by default the first of each block
    assert titles(plot_weight_maps(model, AERIAL, seed=2))[:3] == ["Generated", names[0], names[2]]


def test_interpolation_goes_from_one_place_to_the_other(model):
    figure = plot_interpolation(model, *AERIAL, steps=3, n=2, seed=4)
    assert titles(figure)[:5] == ["Source", "0%", "50%", "100%", "Source"]
    shown = cells(figure)
    assert len(shown) == 2 * 5
    for row in range(2):
        same(shown[5 * row + 1], model.generate(AERIAL[0], seed=4 + row)[0])
        same(shown[5 * row + 3], model.interpolate(*AERIAL, 3, 4 + row)[-1])
        same(shown[5 * row + 4][:, 16:48], resize(AERIAL[1], (32, 32), "area"))
    assert np.abs(shown[1] - shown[6]).max() > 0.01  # other noise
    assert np.abs(shown[1] - shown[3]).max() > 0.01  # another place

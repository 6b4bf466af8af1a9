"""Figures of a generator: which cells they have, and what is in them."""

import keras
import numpy as np
import pytest

from kgen.cross_view import CrossViewGenerator
from kgen.cross_view.pictures import (
    plot_interpolation,
    plot_local_noise,
    plot_views,
    plot_weight_maps,
)
from kgen.data.cross_view import view_arrays
from kgen.data.resizing import resize

SIZE = (128, 256)
rng = np.random.default_rng(0)
AERIAL = rng.integers(0, 256, (2, 40, 40, 3), "uint8")
GROUND = rng.integers(0, 256, (2, 64, 128, 3), "uint8")
PAIRS = view_arrays(AERIAL, GROUND)


@pytest.fixture(scope="module")
def model():
    """The smallest; its embedder sees mean colours of a few regions."""
    networks = {}
    for view, size in (("aerial", (32, 32)), ("ground", (32, 64))):
        images = keras.Input((*size, 3))
        x = keras.layers.AveragePooling2D((size[0] // 2, size[1] // 2))(images)
        networks[view] = keras.Model(images, keras.layers.Flatten()(x))
    built = CrossViewGenerator.from_preset(
        "tiny", networks, width=8, local_channels=4, style_size=8, facade_widths=(8, 4, 4),
        discriminator_options={"base_filters": 2}, perceptual_weight=0.0,
    )  # fmt: skip
    scales = [v for v in built.generator.trainable_weights if "scale" in v.path]
    for variable in scales:  # as after training: the embedding and the local noise have their say
        variable.assign(keras.ops.ones(variable.shape))
    assert scales
    return built


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
    assert coarse.shape == (4, 16, 32, 3)
    for row in range(2):
        source, small, first, second, other, real = shown[6 * row : 6 * row + 6]
        same(source[:, 64:192], resize(AERIAL[row], (128, 128), "area"))
        assert np.all(source[:, :64] == 1)  # what a square leaves of a panel
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


def test_weight_maps_beside_and_over_the_pictures(model):
    names = ["s3_norm1", "t2_norm1"]
    maps = model.weight_maps(AERIAL, names)
    figure = plot_weight_maps(model, AERIAL, names)
    assert titles(figure)[:3] == ["Generated", *names]
    shown = cells(figure)
    assert len(shown) == 2 * 3
    pictures = model.from_embeddings(model.embed_images(AERIAL))
    same(shown[3], pictures[1])
    enlarged = resize(maps[names[0]][1, ..., 0], SIZE, "nearest")
    np.testing.assert_allclose(shown[4][..., 1], enlarged, atol=1e-5)
    assert np.ptp(enlarged) > 0.01
    over = cells(plot_weight_maps(model, AERIAL, names, over=True))
    np.testing.assert_allclose(over[4] * 255, enlarged[..., None] * pictures[1], atol=1.01)
    blocks = [*(f"s{i}_norm1" for i in range(4)), *(f"t{i}_norm1" for i in range(3))]
    assert titles(plot_weight_maps(model, AERIAL[:1])) == ["Generated", *blocks]
    with pytest.raises(ValueError, match="no weight maps nothing"):
        plot_weight_maps(model, AERIAL, ["nothing"])


def test_interpolation_goes_from_one_place_to_the_other(model):
    figure = plot_interpolation(model, *AERIAL, steps=3, n=2, seed=4)
    assert titles(figure)[:5] == ["Source", "0%", "50%", "100%", "Source"]
    shown = cells(figure)
    assert len(shown) == 2 * 5
    for row in range(2):
        same(shown[5 * row + 1], model.generate(AERIAL[0], seed=4 + row)[0])
        same(shown[5 * row + 3], model.interpolate(*AERIAL, 3, 4 + row)[-1])
        same(shown[5 * row + 4][:, 64:192], resize(AERIAL[1], (128, 128), "area"))
    assert np.abs(shown[1] - shown[6]).max() > 0.01  # other noise
    assert np.abs(shown[1] - shown[3]).max() > 0.01  # another place

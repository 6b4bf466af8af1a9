"""Figures: layout, titles, channel counts, error texts, and that none is left behind."""

import gc

import keras
import numpy as np
import pytest
from matplotlib import pyplot

from kgen import plotting
from kgen.plotting.figure import _figure_class
from kgen.plotting.grids import draw_panels


def images(count: int = 3, height: int = 16, width: int = 16, channels: int = 3) -> np.ndarray:
    shape = (count, height, width, channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_any_channel_count_becomes_rgb(channels: int) -> None:
    shown = plotting.to_display(images(channels=channels))
    assert shown.shape == (3, 16, 16, 3)
    assert shown.min() >= 0.0
    assert shown.max() <= 1.0
    assert shown.std() > 0.1


def test_display_values() -> None:
    grey = np.array([[[-1.0], [0.0], [1.0]]], dtype="float32")
    np.testing.assert_array_equal(plotting.to_display(grey)[0, 0, :, 1], [0.0, 0.5, 1.0])
    stored = np.array([[[0], [65535]]], dtype="uint16")
    np.testing.assert_array_equal(plotting.to_display(stored)[0, 0, :, 0], [0.0, 1.0])
    beyond = np.full((1, 1, 3), 1.2, dtype="float32")
    assert plotting.to_display(beyond).max() == 1.0


def test_chosen_channels() -> None:
    many = images(channels=6)
    shown = plotting.to_display(many, channels=(5, 0, 2))
    np.testing.assert_allclose(shown, (many[..., [5, 0, 2]] + 1) / 2, atol=1e-7)
    with pytest.raises(ValueError, match="three indices below 6"):
        plotting.to_display(many, channels=(0, 1, 6))


def test_label_maps_get_one_colour_per_class() -> None:
    labels = np.random.default_rng(0).integers(0, 5, (1, 8, 8))
    one_hot = (np.eye(5)[labels] * 2 - 1).astype("float32")
    shown = plotting.to_display(one_hot)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == len(np.unique(labels))
    # A generated map is soft; beside an expected one it is shown in the same colours.
    figure = plotting.plot_images(one_hot, one_hot * 0.7, one_hot)
    generated, expected = (axes.images[0].get_array() for axes in figure.axes[1:])
    np.testing.assert_array_equal(generated, expected)


def test_invalid_pixels_are_magenta() -> None:
    broken = np.zeros((1, 4, 4, 3), dtype="float32")
    broken[0, 1, 2] = np.nan
    shown = plotting.to_display(broken)
    np.testing.assert_array_equal(shown[0, 1, 2], [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(shown[0, 0, 0], [0.5, 0.5, 0.5])


def test_backend_tensors_are_welcome() -> None:
    tensor = keras.ops.convert_to_tensor(images())
    np.testing.assert_allclose(plotting.to_display(tensor), (images() + 1) / 2, atol=1e-7)


def test_wrong_ranges_and_shapes_are_explained() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[-1, 1\].*images / 127.5 - 1"):
        plotting.to_display(images() * 127.5 + 127.5)
    with pytest.raises(ValueError, match=r"\(8, 8\).*image\[\.\.\., None\]"):
        plotting.to_display(np.zeros((8, 8)))
    with pytest.raises(ValueError, match="source: 3, target: 2"):
        plotting.plot_pairs(images(3), images(2))
    with pytest.raises(ValueError, match="count must be at least 1"):
        plotting.plot_pairs(images(3), images(3), count=0)


def test_walk_through_plot() -> None:
    figure = plotting.plot_images(images(1), images(1, channels=1), images(1), title="Example")
    assert titles(figure) == ["Source", "Generated", "Expected"]
    assert figure.get_suptitle() == "Example"


def test_overview_has_three_rows() -> None:
    figure = plotting.sample_grid(images(5), images(5), images(5), count=4)
    assert len(figure.axes) == 12
    assert [axes.texts[0].get_text() for axes in figure.axes if axes.texts] == [
        "Source",
        "Generated",
        "Expected",
    ]
    np.testing.assert_allclose(
        figure.axes[5].images[0].get_array(), (images(5)[1] + 1) / 2, atol=1e-6
    )


def test_small_images_are_enlarged_by_whole_numbers_without_smoothing() -> None:
    figure = plotting.plot_images(images(1, 32, 48), images(1, 32, 48), images(1, 32, 48))
    axes = figure.axes[0]
    width, height = axes.get_position().width, axes.get_position().height
    size = figure.get_size_inches() * figure.dpi
    assert (round(width * size[0]), round(height * size[1])) == (4 * 48, 4 * 32)
    assert axes.images[0].get_interpolation() == "nearest"
    large = plotting.plot_pairs(images(1, 8, 1024), images(1, 8, 1024)).axes[0]
    assert large.images[0].get_interpolation() == "antialiased"


def test_before_after_says_by_how_much() -> None:
    expected = images(2)
    figure = plotting.before_after(images(2), expected * 0 - 1, expected, expected)
    assert titles(figure) == ["Source", "Before training", "After training", "Expected"]
    before = 50 * np.abs(-1 - expected).mean()
    assert figure.get_suptitle().startswith(f"Difference to expected: {before:.1f} % before, 0.0 %")


def test_without_sources_their_place_is_left_out() -> None:
    figure = plotting.before_after(None, images(2), images(2), images(2))
    assert titles(figure) == ["Before training", "After training", "Expected"]
    assert len(plotting.sample_grid(None, images(3), images(3)).axes) == 2 * 3


HISTORY = {
    "d_loss": [0.7, 0.6],
    "d_real": [0.7, 0.6],
    "g_loss": [50.0, 40.0],
    "g_adversarial": [0.8, 0.9],
    "g_l1": [0.5, 0.4],
    "g_l1_weighted": [50.0, 40.0],
    "learning_rate": [2e-4, 1e-4],
    "val_g_l1": [0.6, 0.5],
    "val_psnr": [10.0, 11.0],
}


def labels(axes) -> list[str]:
    return [line.get_label() for line in axes.lines]


@pytest.mark.parametrize("label", ["Source", "Drawn mask", "primary color", "everything asked"])
def test_row_labels_have_room(label: str) -> None:
    figure = draw_panels([[np.zeros((32, 32, 3))]], [label])
    figure.draw_without_rendering()
    assert figure.axes[0].texts[0].get_window_extent().x0 >= 0


def test_loss_curves_have_two_panels() -> None:
    figure = plotting.loss_curves({**HISTORY, "eval_rmse": [40.0, 30.0]})
    assert titles(figure) == ["Adversarial losses", "Reconstruction"]
    adversarial, reconstruction = figure.axes
    assert labels(adversarial) == [
        "discriminator",
        "discriminator on real",
        "generator (adversarial)",
    ]
    assert labels(reconstruction) == [
        "L1 distance to expected",
        "L1 distance to expected, validation",
    ]
    train, validation = reconstruction.lines
    assert train.get_color() == validation.get_color()
    assert train.get_linestyle() != validation.get_linestyle()
    np.testing.assert_array_equal(train.get_xdata(), [1, 2])


def test_a_long_legend_leaves_the_panel_its_height() -> None:
    many = {f"{side}d_{n}": [0.1, 0.2] for n in range(11) for side in ("", "val_")}
    panels = [plotting.loss_curves(history).axes[0] for history in (HISTORY, many)]
    heights = []
    for axes in panels:
        axes.figure.draw_without_rendering()
        heights.append(axes.get_window_extent().height)
    assert heights[1] > 0.85 * heights[0]


def test_loss_curves_of_keras_history_and_csv(tmp_path) -> None:
    history = keras.callbacks.History()
    history.history, history.epoch = {"g_l1": [0.5, 0.4]}, [7, 8]
    line = plotting.loss_curves(history).axes[0].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [8, 9])
    path = tmp_path / "history.csv"
    path.write_text("epoch,g_l1,val_g_l1\n1,0.5,\n2,0.4,0.6\n")
    assert plotting.read_history(path)["g_l1"] == [0.5, 0.4]
    train, validation = plotting.loss_curves(path).axes[0].lines
    np.testing.assert_array_equal(train.get_ydata(), [0.5, 0.4])
    np.testing.assert_array_equal(validation.get_ydata(), [np.nan, 0.6])


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "needs a header"), ("epoch,g_l1\n1,high\n", "numbers only"), ("epoch,a\n1\n", "numbers")],
)
def test_broken_history_names_its_file(tmp_path, content: str, words: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"history\.csv.*{words}"):
        plotting.loss_curves(path)


def test_history_without_losses() -> None:
    with pytest.raises(ValueError, match="empty"):
        plotting.loss_curves({})
    with pytest.raises(ValueError, match=r"holds no loss.*val_psnr"):
        plotting.loss_curves({"val_psnr": [1.0]})


def test_notebook_shows_a_figure_once_and_nothing_is_left() -> None:
    figure = plotting.plot_images(images(1), images(1), images(1))
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure._repr_html_() is None
    del figure
    for _ in range(5):
        plotting.plot_images(images(1), images(1), images(1))._repr_png_()
    gc.collect()
    assert not [found for found in gc.get_objects() if type(found) is _figure_class()]


def test_pyplot_knows_no_figure(tmp_path) -> None:
    plotting.save_figure(plotting.plot_images(images(1), images(1), images(1)), tmp_path / "a.png")
    plotting.loss_curves(HISTORY)
    assert pyplot.get_fignums() == []


def test_save_replaces_in_one_go(tmp_path) -> None:
    path = plotting.save_figure(plotting.plot_pairs(images(), images()), tmp_path / "new" / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_figures_are_written_as_their_name_says(tmp_path) -> None:
    figure = plotting.plot_pairs(images(), images())
    starts = {"a.png": b"\x89PNG", "a.jpg": b"\xff\xd8\xff", "a.jpeg": b"\xff\xd8\xff"}
    for name, start in starts.items():
        assert plotting.save_figure(figure, tmp_path / name).read_bytes().startswith(start)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(starts)

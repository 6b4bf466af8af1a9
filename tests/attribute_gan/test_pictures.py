"""Figures, interpolations and the explorer of the stacked attribute GAN."""

import sys
import types

import numpy as np
import pytest

from kgen import StackedAttributeGAN
from kgen.attribute_gan import explorer
from kgen.attribute_gan.explorer import explore, plot_choices
from kgen.attribute_gan.interpolation import interpolate_attributes, interpolate_noise, slerp
from kgen.attribute_gan.pictures import (
    plot_other_attributes,
    plot_other_shapes,
    plot_shapes,
    plot_strip,
)
from tests.attribute_gan.small import MASKS, SHAPES, picture_stage, shape_stage


@pytest.fixture(scope="module")
def birds():
    return StackedAttributeGAN(shape_stage(), picture_stage())


def panels(figure) -> list[np.ndarray]:
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_shapes_from_attributes(birds):
    attributes = [["bill::dagger"], ["bill::hooked", "small"]]
    figure = plot_shapes(birds.stage1, attributes, MASKS[:2], n=3, labels=SHAPES[:2])
    assert len(figure.axes) == 2 * 4
    assert [axes.get_title() for axes in figure.axes[:2]] == ["Real", "Drawn"]
    np.testing.assert_array_equal(panels(figure)[4][..., 0], MASKS[1, ..., 0] > 0)
    drawn = birds.stage1.generate(attributes, n=3)
    np.testing.assert_allclose(panels(figure)[5][..., 0] * 255, drawn[3, ..., 0])
    assert "dagger" in [text.get_text() for axes in figure.axes for text in axes.texts]
    assert len(plot_shapes(birds, [["bill::dagger", "crown::red"]], n=2).axes) == 2


def test_one_shape_with_other_attributes_and_one_set_with_other_shapes(birds):
    sets = {"red": ["crown::red"], "blue": ["crown::blue", "wing::blue"], "none": []}
    figure = plot_other_attributes(birds.stage2, MASKS[:2], sets)
    assert [axes.get_title() for axes in figure.axes[:4]] == ["Shape", "red", "blue", "none"]
    painted = birds.stage2.generate(MASKS[:2], ["crown::blue", "wing::blue"])
    np.testing.assert_allclose(panels(figure)[6] * 255, painted[1], atol=0.01)

    figure = plot_other_shapes(birds.stage2, MASKS, sets)
    assert len(figure.axes) == 4 * 4
    rows = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert rows == ["Shape", "red", "blue", "none"]
    np.testing.assert_allclose(panels(figure)[9] * 255, painted[1], atol=0.01)
    numbers = np.eye(2, 6)
    assert len(plot_other_shapes(birds.stage2, MASKS > 0, numbers).axes) == 4 * 3


def test_noise_goes_from_one_seed_to_another(birds):
    wanted = ["dagger", "crown::red"]
    images, masks = interpolate_noise(birds, wanted, seeds=(3, 4), steps=5)
    assert images.shape == (5, 32, 32, 3)
    for place, seed in ((0, 3), (-1, 4)):
        ends = birds.generate(wanted, seed=seed, noise=None)
        difference = np.abs(images[place].astype(int) - ends[0][0].astype(int))
        assert difference.mean() < 1  # rounding, at the mask's border
    assert len(plot_strip(images, masks).axes) == 10
    with pytest.raises(ValueError, match="at least 2 steps"):
        interpolate_noise(birds, wanted, steps=1)
    with pytest.raises(ValueError, match="one set of attributes; got 2"):
        interpolate_noise(birds, [wanted, wanted])


def test_the_great_circle_keeps_the_length():
    ends = np.random.default_rng(0).standard_normal((2, 100))
    ends /= np.linalg.norm(ends, axis=1, keepdims=True)
    way = slerp(ends[0], ends[1], np.linspace(0, 1, 7))
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(way[[0, -1]], ends, atol=1e-6)
    np.testing.assert_allclose(slerp(ends[0], ends[0], np.array([0.5]))[0], ends[0], rtol=1e-6)


def test_attributes_go_from_one_set_to_another(birds):
    first, last = ["dagger", "crown::red"], ["dagger", "crown::blue"]
    images, masks = interpolate_attributes(birds, first, last, steps=3, seed=2)
    assert images.shape == (3, 32, 32, 3)
    np.testing.assert_array_equal(masks[0], masks[2])  # only other attributes change
    middle = {"dagger": 1.0, "crown::red": 0.5, "crown::blue": 0.5}
    expected = birds.generate([middle] * 3, seed=2, noise=np.repeat(noise_of(birds, 2), 3, 0))
    np.testing.assert_array_equal(images[1], expected[0][1])


def noise_of(birds, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((1, birds.noise_size))


def test_the_explorer_without_widgets_is_a_table(birds, monkeypatch):
    monkeypatch.setattr(explorer.importlib.util, "find_spec", lambda name: None)
    figure = explore(birds, start=["small"])
    groups = 6  # bill, tail, size, crown, wing, striped
    assert len(figure.axes) == groups * 3
    assert figure.axes[0].get_title() == "dagger"
    assert len(plot_choices(birds, groups=["wing"], most=2).axes) == 2
    with pytest.raises(ImportError, match="pip install ipywidgets"):
        explore(birds, interactive=True)
    with pytest.raises(ValueError, match="no group wings; there are bill"):
        explore(birds, groups=["wings"])
    with pytest.raises(ValueError, match="needs the attributes' names"):
        explore(
            StackedAttributeGAN(
                shape_stage(attribute_names=None, n_attributes=5),
                picture_stage(attribute_names=None, n_attributes=6),
            )
        )


class Widget:
    """What the explorer uses of ipywidgets."""

    def __init__(self, *args, **kwargs):
        self.args, self.observers = args, []
        self.__dict__.update(kwargs)

    def observe(self, function, names):
        self.observers.append(function)

    def choose(self, value):
        self.value = value
        for function in self.observers:
            function({"new": value})


def test_the_explorers_menus_draw(birds, monkeypatch):
    fake = types.ModuleType("ipywidgets")
    fake.Dropdown = fake.IntSlider = fake.Image = fake.VBox = Widget
    monkeypatch.setitem(sys.modules, "ipywidgets", fake)
    monkeypatch.setattr(explorer.importlib.util, "find_spec", lambda name: fake)
    box = explore(birds, start=["hooked", "wing::red"], n=2)
    *menus, slider, picture = box.args[0]
    assert [menu.value for menu in menus] == ["hooked", "-", "-", "-", "red", "-"]
    before = picture.value
    assert before.startswith(b"\x89PNG")
    slider.choose(5)
    assert picture.value != before

import keras
import numpy as np
import pytest
from keras import ops

from kgen import backend
from kgen.layers import DiffAugment
from kgen.layers.diff_augment import translation


def images_of(batch: int = 6, height: int = 16, width: int = 24) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (batch, height, width, 3)).astype("float32")


def as_numpy(tensor) -> np.ndarray:
    return np.array(ops.convert_to_numpy(tensor))


def test_images_pass_unchanged_outside_of_training() -> None:
    images = images_of()
    np.testing.assert_array_equal(as_numpy(DiffAugment(seed=0)(images)), images)


def test_each_image_and_each_call_has_its_own_draws() -> None:
    layer = DiffAugment("color", seed=0)
    images = np.repeat(images_of(1), 8, axis=0)
    first, second = (as_numpy(layer(images, training=True)) for _ in range(2))
    assert len({image.tobytes() for image in first}) == 8
    assert not np.any(np.all(first == second, axis=(1, 2, 3)))


def test_draws_follow_the_seed_and_stay_in_range() -> None:
    layer = DiffAugment(seed=3)
    images = images_of(200)
    draws = {name: as_numpy(value) for name, value in layer.draw(images).items()}
    again = DiffAugment(seed=3).draw(images)
    for name, values in draws.items():
        np.testing.assert_array_equal(values, as_numpy(again[name]))
    for name in ("brightness", "saturation", "contrast"):
        assert 0 <= draws[name].min() < 0.05
        assert 0.95 < draws[name].max() < 1
    # an eighth of 16 and 24 pixels; a square of 8x12 centred at any place from 0 to the side
    assert set(draws["shift_rows"]) == set(range(-2, 3))
    assert set(draws["shift_columns"]) == set(range(-3, 4))
    assert set(draws["hole_row"]) == set(range(17))
    assert set(draws["hole_column"]) == set(range(25))


def test_a_hole_of_odd_size_has_its_centre_on_a_pixel() -> None:
    rows = as_numpy(DiffAugment("cutout", seed=0).draw(images_of(200, height=10))["hole_row"])
    assert set(rows) == set(range(10))


def test_translation_moves_rows_and_columns_and_fills_with_zeros() -> None:
    images = images_of(2)
    moved = as_numpy(
        translation(ops.convert_to_tensor(images), np.array([2, 0]), np.array([0, -3]))
    )
    np.testing.assert_array_equal(moved[0, :-2], images[0, 2:])
    assert not moved[0, -2:].any()
    np.testing.assert_array_equal(moved[1, :, 3:], images[1, :, :-3])
    assert not moved[1, :, :3].any()


def test_cutout_blanks_one_rectangle_for_all_channels() -> None:
    blank = as_numpy(DiffAugment("cutout", seed=0)(np.ones((20, 16, 24, 3)), training=True)) == 0
    assert (blank == blank[..., :1]).all()
    for image in blank[..., 0]:
        rows, columns = image.any(axis=1), image.any(axis=0)
        np.testing.assert_array_equal(image, rows[:, None] & columns)
        assert 4 <= rows.sum() <= 8
        assert 6 <= columns.sum() <= 12


def test_gradients_reach_the_images() -> None:
    """Without brightness the augmentation is linear: then <x, d|Ax|^2/dx> = 2 |Ax|^2."""
    images = images_of()
    layer = DiffAugment(seed=1)
    draws = {**layer.draw(images), "brightness": np.full(6, 0.5, "float32")}
    outputs, _, pull = backend.differentiate(
        lambda x: (layer.apply(x, draws), None), [], ops.convert_to_tensor(images)
    )
    slopes = as_numpy(pull(2.0 * outputs)[1])
    squares = float(np.sum(np.square(as_numpy(ops.stop_gradient(outputs)))))
    assert float(np.sum(slopes * images)) == pytest.approx(2.0 * squares, rel=1e-4)
    assert slopes.any(axis=(1, 2, 3)).all()


def test_any_image_size_in_a_compiled_model() -> None:
    class Augmented(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            inputs = keras.Input((None, None, 3))
            self.network = keras.Model(inputs, DiffAugment(seed=0)(inputs))

        def call(self, images):
            return self.network(images, training=True)

    model = Augmented()
    for height, width in ((16, 24), (8, 8)):
        images = images_of(2, height, width)
        outputs = model.predict(images, verbose=0)
        assert outputs.shape == images.shape
        assert not np.allclose(outputs, images)


def test_saved_and_loaded() -> None:
    layer = DiffAugment("translation, cutout", seed=5)
    again = DiffAugment.from_config(layer.get_config())
    images = images_of()
    np.testing.assert_array_equal(
        as_numpy(layer(images, training=True)), as_numpy(again(images, training=True))
    )


@pytest.mark.parametrize("policy", ["", "colour", "color,zoom"])
def test_unknown_policies_are_refused(policy: str) -> None:
    with pytest.raises(ValueError, match="color, translation, cutout"):
        DiffAugment(policy)

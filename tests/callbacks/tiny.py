"""Systems and a data source that are small enough to train in a test."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from kgen import AdversarialModel, Pix2Pix
from kgen.layers import BatchNormalization, Dropout

SIDE = 12  # the smallest that the SSIM of validation, with its window of 11, can take


def tiny_system(inference_mode: str = "instance", **optimizers: object) -> Pix2Pix:
    """A compiled pix2pix on small images, with batch normalization and dropout."""
    source, picture = (keras.Input((SIDE, SIDE, 3)) for _ in range(2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(source)
    x = Dropout(0.5, seed=1)(BatchNormalization()(x))
    generator = keras.Model(source, layers.Conv2D(3, 3, padding="same", activation="tanh")(x))
    x = layers.Concatenate()([source, picture])
    x = layers.LeakyReLU(0.2)(layers.Conv2D(4, 4, 2, padding="same")(x))
    discriminator = keras.Model([source, picture], layers.Conv2D(1, 3, padding="same")(x))
    model = Pix2Pix(generator, discriminator, inference_mode=inference_mode)
    model.compile(**optimizers)
    return model


@keras.saving.register_keras_serializable("kgen_tests")
class Duel(AdversarialModel):
    """Two numbers that chase each other, with a random state; compiles in no time."""

    players = {"d": "hare", "g": "hound"}  # noqa: RUF012

    def __init__(self, hare: keras.Model, hound: keras.Model) -> None:
        super().__init__()
        self.hare, self.hound = hare, hound

    def play(self, batch: tuple, training: bool) -> object:
        return batch[0]

    def gap(self, batch: tuple, training: bool) -> object:
        difference = self.hare(batch[0], training=training) - self.hound(batch[0])
        return keras.ops.mean(difference**2)

    def d_loss(self, batch: tuple, played: object, training: bool) -> tuple:
        return -0.1 * self.gap(batch, training), {}

    def g_loss(self, batch: tuple, played: object, training: bool) -> tuple:
        return self.gap(batch, training), {}


def duel(**optimizers: object) -> Duel:
    """A compiled Duel."""
    hare = [keras.Input((SIDE, SIDE, 3)), layers.Dropout(0.5, seed=1), layers.Dense(1)]
    hound = [keras.Input((SIDE, SIDE, 3)), layers.Dense(1)]
    model = Duel(keras.Sequential(hare), keras.Sequential(hound))
    model.compile(**{"d_optimizer": "adam", "g_optimizer": "adam", **optimizers})
    return model


class TinyData(keras.utils.PyDataset):
    """Batches of two pairs that depend on the epoch and the index only; target = -source."""

    def __init__(self, length: int = 3, seed: int = 0, moving: bool = True) -> None:
        super().__init__()
        self.length, self.seed, self.moving = length, seed, moving
        self.epoch = 0

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, self.epoch if self.moving else 0, index])
        source = rng.uniform(-1, 1, (2, SIDE, SIDE, 3)).astype("float32")
        return source, -source

    def on_epoch_end(self) -> None:
        self.epoch += 1  # Keras calls this once before the first epoch, too


def pairs(count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Fixed examples."""
    source = np.random.default_rng(5).uniform(-1, 1, (count, SIDE, SIDE, 3)).astype("float32")
    return source, -source

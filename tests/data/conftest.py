"""Tests of data build hardly any model, so they do not clear Keras' state (half a second each)."""

import keras
import pytest


@pytest.fixture(autouse=True)
def _fresh_state():
    """Equal random numbers for every test, whatever ran before it."""
    keras.utils.set_random_seed(0)

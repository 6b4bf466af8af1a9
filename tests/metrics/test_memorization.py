"""Copies of training pictures are found, also among many and in folders."""

import numpy as np
import pytest
from PIL import Image

from kgen.metrics import copied_share, memorization, nearest_training_images


def pictures(count: int, seed: int = 0, shape: tuple = (40, 40, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), "uint8")


def test_copies_are_nearer_than_others(monkeypatch):
    monkeypatch.setattr(memorization, "BLOCK", 7)
    training, fresh = pictures(20), pictures(3, seed=1)
    noisy = np.clip(training[[19, 0, 8]] + np.int16(3), 0, 255).astype("uint8")
    found = nearest_training_images(np.concatenate([noisy, fresh]), (x for x in training), size=16)
    assert found.indices[:3].tolist() == [19, 0, 8]
    assert found.distances[:3].max() < 4 < found.distances[3:].min()


def test_distance_without_shrinking():
    training = pictures(4, shape=(8, 8, 1))
    query = training[1:2] // 2
    found = nearest_training_images(query, training, size=8)
    distances = np.sqrt(((training.astype(float) - query) ** 2).mean(axis=(1, 2, 3)))
    assert found.indices[0] == distances.argmin()
    assert found.distances[0] == pytest.approx(distances.min(), rel=1e-4)


def test_folders_and_floats(tmp_path, capsys):
    training = pictures(12)
    for i, image in enumerate(training):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    found = nearest_training_images(training[[11]], tmp_path, verbose=1)
    assert found.indices.tolist() == [11]  # in natural order of names
    assert "12/12" in capsys.readouterr().out
    signed = training.astype("float32") / 127.5 - 1
    assert nearest_training_images(signed[[5]], signed, value_range=(-1, 1)).indices[0] == 5


def test_copied_pixels():
    canvas = pictures(2).astype(int) // 2
    output = canvas.copy()
    output[0, :10] += 2  # still a copy
    output[1, :10, :, 1] += 3  # one channel is enough
    shares = copied_share(output.astype("uint8"), canvas.astype("uint8"))
    np.testing.assert_allclose(shares, [1.0, 0.75])
    assert copied_share(output.astype("uint8"), canvas.astype("uint8"), tolerance=3)[1] == 1.0


def test_refused():
    images = pictures(2)
    with pytest.raises(ValueError, match="no training image"):
        nearest_training_images(images, [])
    with pytest.raises(ValueError, match="no image to look for"):
        nearest_training_images([], images)
    with pytest.raises(ValueError, match="as many channels"):
        nearest_training_images(images, images[..., :1])
    with pytest.raises(ValueError, match="both must have one size"):
        copied_share(list(images), list(images[:, :20]))
    with pytest.raises(ValueError, match="one of the sets ends"):
        copied_share(list(images), list(images[:1]))

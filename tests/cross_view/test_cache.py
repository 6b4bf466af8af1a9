"""Embeddings that are computed once: the same training, and a file that knows what it is of."""

import keras
import numpy as np
import pytest

from kgen.cross_view import CrossViewGenerator, cached_embeddings
from kgen.data.cross_view import CrossViewBatches, view_arrays

# of TensorFlow, see _not_compiled
pytestmark = pytest.mark.filterwarnings("ignore:Even though the .tf.config.experimental_run_fun")
one_backend = pytest.mark.skipif(
    keras.config.backend() != "torch", reason="runs on one backend only"
)
SMALL = {
    "width": 8, "local_channels": 4, "style_size": 8, "facade_widths": (8, 4, 4),
    "discriminator_options": {"base_filters": 2}, "perceptual_weight": 0.0,
}  # fmt: skip
rng = np.random.default_rng(0)
AERIAL = rng.integers(0, 256, (5, 40, 40, 3), "uint8")
GROUND = rng.integers(0, 256, (5, 64, 128, 3), "uint8")
PAIRS = view_arrays(AERIAL, GROUND)


@pytest.fixture(autouse=True, scope="module")
def _not_compiled():
    """Small networks have answered before TensorFlow has traced them."""
    if keras.config.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def embedders() -> dict:
    def network(name, seed, height, width):  # named as the branches of a RetrievalModel
        start = keras.initializers.GlorotUniform(seed=seed)
        images = keras.Input((height, width, 3))
        x = keras.layers.Conv2D(6, 4, 4, activation="relu", kernel_initializer=start)(images)
        x = keras.layers.AveragePooling2D((height // 8, width // 8))(x)
        return keras.Model(images, keras.layers.Flatten()(x), name=name)

    return {"aerial": network("aerial", 1, 32, 32), "ground": network("ground", 2, 32, 64)}


def build(source="aerial", **options):
    options = {"embedder": embedders(), **SMALL, **options}
    return CrossViewGenerator.from_preset("tiny", source=source, **options)


def tensors(batch: dict) -> dict:
    return {name: keras.ops.convert_to_tensor(array) for name, array in batch.items()}


MADE = {"aerial_size": 32, "ground_size": (128, 256), "seed": 1, "workers": 0}


def test_a_step_asks_for_the_same_numbers():
    model = build(embedding_norm="rms")
    cached = cached_embeddings(model, PAIRS, batch_size=2, workers=0)
    names = ("source_embedding", "target_embedding", "coarse_embedding")
    assert {name: array.shape for name, array in cached.items()} == dict.fromkeys(names, (5, 24))
    images = CrossViewBatches(PAIRS, 2, **MADE)[1]
    rows = CrossViewBatches(PAIRS, 2, extra=cached, views=("ground",), **MADE)[1]
    made = {
        "image": rng.uniform(-1, 1, (2, 128, 256, 3)).astype("float32"),
        "coarse": rng.uniform(-1, 1, (2, 16, 32, 3)).astype("float32"),
    }
    for ask in (model.embedding_of, lambda batch: model.identity_distance(batch, made)):
        expected, found = (keras.ops.convert_to_numpy(ask(tensors(b))) for b in (images, rows))
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@one_backend  # compiling takes minutes elsewhere
def test_training_is_the_same():
    start = build(identity_weight=1000.0)

    def trained(batches):
        model = build(identity_weight=1000.0)
        model.set_weights(start.get_weights())
        model.compile()
        logs = [model.train_on_batch(batches[i], return_dict=True) for i in range(2)]
        return model, logs

    cached = cached_embeddings(start, PAIRS)
    plain, logs = trained(CrossViewBatches(PAIRS, 2, **MADE))
    other, found = trained(CrossViewBatches(PAIRS, 2, extra=cached, views=("ground",), **MADE))
    for expected, got in zip(logs, found, strict=True):
        assert got == pytest.approx(expected, abs=1e-5, rel=1e-5)
    for a, b in zip(plain.trainable_variables, other.trainable_variables, strict=True):
        a, b = (keras.ops.convert_to_numpy(v.value) for v in (a, b))
        # Adam's first steps are of the size of the rate wherever a gradient is near 0
        assert np.mean(np.abs(a - b) > 1e-5) < 0.01, b.shape


def test_without_identity_loss_targets_are_not_asked_for():
    cached = cached_embeddings(build("ground", identity_weight=0.0, target_size=256), PAIRS)
    assert cached.keys() == {"source_embedding"}
    images = build("ground").embed_images(list(GROUND))
    np.testing.assert_allclose(cached["source_embedding"], images, rtol=1e-4, atol=1e-5)


def test_the_file_is_read_while_it_is_true(tmp_path, monkeypatch, caplog):
    path, model = tmp_path / "new" / "train.npz", build(identity_weight=0.0)
    made = cached_embeddings(model, PAIRS, path=path)
    asked = []

    def stale():
        return [record for record in caplog.records if record.name == "kgen.cross_view.cache"]

    monkeypatch.setattr(
        "kgen.cross_view.cache._embedded", lambda *a: asked.append(1) or [dict(made)]
    )
    again = cached_embeddings(build(identity_weight=0.0), PAIRS, path=path)
    np.testing.assert_array_equal(again["source_embedding"], made["source_embedding"])
    assert not asked
    assert not stale()
    changed = {
        "resizer": ({"resize": "bilinear"}, PAIRS, model),
        "size": ({"source_size": 40}, PAIRS, model),
        "norm": ({}, PAIRS, build(identity_weight=0.0, embedding_norm="l2")),
        "pairs": ({}, PAIRS.subset(range(4)), model),
        "images": ({}, view_arrays(255 - AERIAL, GROUND), model),
    }
    for number, (name, (options, pairs, asked_model)) in enumerate(changed.items(), 1):
        cached_embeddings(asked_model, pairs, path=path, **options)
        assert len(asked) == len(stale()) == number, name
    weight = model.source_embedder.trainable_variables[0]
    cached_embeddings(model, PAIRS, path=path)
    weight.assign(keras.ops.multiply(weight.value, 1.01))
    before = len(asked)
    cached_embeddings(model, PAIRS, path=path)
    assert len(asked) == before + 1
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"train.npz: it holds no embeddings.*delete it"):
        cached_embeddings(model, PAIRS, path=path)


@one_backend
def test_what_cannot_be_cached(tmp_path):
    model = build(identity_weight=0.0)
    kernel = model.source_embedder.trainable_variables[0]
    kernel.assign(keras.ops.full(kernel.shape, np.nan))
    with pytest.raises(ValueError, match=r"5 of 5 rows.*of pair 0: the retrieval network has dive"):
        cached_embeddings(model, PAIRS, path=tmp_path / "a.npz")
    assert not (tmp_path / "a.npz").exists()
    along = build(embedder="pix2pix", encoder_filters=2)
    with pytest.raises(ValueError, match="trained along"):
        cached_embeddings(along, PAIRS)
    images = keras.Input((None, None, 3))
    anywhere = keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))
    free = build(embedder={"aerial": anywhere, "ground": anywhere})
    with pytest.raises(ValueError, match="source_size="):
        cached_embeddings(free, PAIRS)
    means = cached_embeddings(free, PAIRS, source_size=40)["source_embedding"]
    np.testing.assert_allclose(means, AERIAL.mean((1, 2)) / 127.5 - 1, atol=1e-5)

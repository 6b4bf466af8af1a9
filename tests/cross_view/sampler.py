"""What a `CrossViewGenerator` is outside of training, around a network that compiles at once."""

from __future__ import annotations

import keras

from kgen.cross_view.sampling import CrossViewSampler


def mean_colour(size: tuple[int, int]) -> keras.Model:
    """Images (B, H, W, 3) -> (B, 3)."""
    images = keras.Input((*size, 3))
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))


def small_sampler(embedder: keras.Model | None = None) -> CrossViewSampler:
    """Panoramas of 32x64 and 4x8, of one colour and local noise; from the mean colour."""
    embedding, z = keras.Input((3,), name="embedding"), keras.Input((4,), name="z")
    local = keras.Input((4, 8, 3), name="z_local")
    start = keras.initializers.GlorotUniform(seed=1)
    joined = keras.layers.Concatenate()([embedding, z])
    colour = keras.layers.Dense(3, use_bias=False, kernel_initializer=start)(joined)
    mixed = keras.layers.Reshape((1, 1, 3))(colour) + 0.1 * local
    coarse = keras.layers.Activation("tanh")(mixed)
    network = keras.Model([embedding, local, z], [keras.layers.UpSampling2D(8)(coarse), coarse])
    embedder = embedder or mean_colour((16, 16))
    model = CrossViewSampler(network, embedder, None, "aerial", "none", seed=0)
    model.averaged_generator = None
    return model

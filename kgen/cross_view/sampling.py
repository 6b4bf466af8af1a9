"""What the cross-view generator does outside of training: pictures of a user's own images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kgen.adversarial import AdversarialModel
from kgen.checks import check_images, check_keys
from kgen.cross_view.identity import NORMS, EmbeddingNorm, embed, normalized
from kgen.cross_view.weight_maps import weight_maps_network
from kgen.data.cross_view.views import VIEWS, View, check_view
from kgen.data.images import to_float, to_uint8
from kgen.data.resizing import resize

Noise = dict[str, Any]


class CrossViewSampler(AdversarialModel):
    """The generator with its embedder: images in, pictures out. `CrossViewGenerator` trains it."""

    averaged_generator: keras.Model | None

    def __init__(
        self,
        generator: keras.Model,
        source_embedder: keras.Model | None,
        encoder: keras.Model | None,
        source: View,
        embedding_norm: str,
        seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator, self.source_embedder, self.encoder = generator, source_embedder, encoder
        self.source = check_view(source)
        if embedding_norm not in NORMS:
            raise ValueError(
                f"embedding_norm must be one of {', '.join(NORMS)}; got {embedding_norm!r}"
            )
        self.embedding_norm, self.seed = embedding_norm, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._check_embedder()

    # ------------------------------------------------------------------ what there is

    @property
    def target(self) -> View:
        """The view that is generated."""
        return VIEWS[1 - VIEWS.index(self.source)]

    @property
    def embedding_size(self) -> int:
        """Length of the embedding that the generator takes."""
        return self._input("embedding").shape[-1]

    @property
    def target_size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self.generator.outputs[0].shape[1:3]

    @property
    def source_size(self) -> tuple[int, int]:
        """Height and width that the embedder takes.

        Raises:
            ValueError: there is no embedder.
        """
        return self._source_network().input_shape[1:3]

    def _source_network(self) -> keras.Model:
        network = self.source_embedder if self.encoder is None else self.encoder
        if network is None:
            raise ValueError(
                "this model has no network for source images, so it needs `source_embedding` in "
                "each batch; or build it with source_embedder=..."
            )
        return network

    def _input(self, name: str) -> Any:
        return next((t for t in self.generator.inputs if t.name == name), None)

    # ------------------------------------------------------------------ embedding and noise

    def embedding_of(self, batch: dict, training: bool = False) -> Any:
        """The embeddings of a batch's sources, (B, E): the cached ones where there are some."""
        if self.encoder is not None:
            return self.encoder(batch[self.source], training=training)
        if "source_embedding" in batch:
            return ops.convert_to_tensor(batch["source_embedding"])
        images = ops.convert_to_tensor(batch[self.source])
        return ops.stop_gradient(embed(self._source_network(), images, self.embedding_norm))

    def local_noise(self, embedding: Any, training: bool, again: int = 0) -> Any:
        """z_local ~ N(0, 1), (B, H/8, W/8, channels); outside of training always the same."""
        return self._normal(self._input("z_local"), embedding, training, again)

    def noise_for(self, embedding: Any, training: bool) -> Noise:
        """New noise by the generator's names for it."""
        noise = {"z_local": self.local_noise(embedding, training)}
        if (z := self._input("z")) is not None:
            noise["z"] = self._normal(z, embedding, training, again=2)
        return noise

    def _normal(self, tensor: Any, embedding: Any, training: bool, again: int) -> Any:
        shape = (ops.shape(embedding)[0], *tensor.shape[1:])
        seed = self.seed_generator if training else self.seed + again
        return keras.random.normal(shape, seed=seed)

    def run_generator(
        self, generator: keras.Model, embedding: Any, noise: Noise, training: bool
    ) -> dict[str, Any]:
        """All that the generator gives, by name."""
        given = {"embedding": embedding, **noise}
        outputs = generator([given[t.name] for t in generator.inputs], training=training)
        names = ("image", "coarse", "features", "style")
        return dict(zip(names, outputs, strict=False))

    def call(self, inputs: dict, training: bool = False) -> Any:
        embedding = self.embedding_of(inputs, training)
        noise = {name: inputs[name] for name in ("z", "z_local") if name in inputs}
        if len(noise) < len(self.generator.inputs) - 1:
            noise = {**self.noise_for(embedding, training), **noise}
        generator = self.generator if training else self.inference_generator
        return self.run_generator(generator, embedding, noise, training)["image"]

    @property
    def inference_generator(self) -> keras.Model:
        """The network used outside of training: the averaged generator where there is one."""
        return self.generator if self.averaged_generator is None else self.averaged_generator

    # ------------------------------------------------------------------ pictures

    def draw_noise(self, count: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Noise for `count` pictures, float32, equal on every backend."""
        rng = np.random.default_rng(seed)
        return {
            t.name: rng.standard_normal((count, *t.shape[1:])).astype("float32")
            for t in self.generator.inputs
            if t.name != "embedding"
        }

    def embed_images(self, images: Any, batch_size: int = 16) -> np.ndarray:
        """Embeddings of source images, as the generator takes them.

        Args:
            images: uint8 or float in [-1, 1], (B, H, W, 3), or a list of images of any sizes.
            batch_size: images at a time. Default 16.

        Returns:
            float32 (B, E).
        """
        prepared = self.prepare_sources(images)
        network = self._source_network()
        raw = network.predict(prepared, batch_size=batch_size, verbose=0).astype("float32")
        return np.asarray(ops.convert_to_numpy(normalized(raw, self._norm())))

    def _norm(self) -> str:
        """An encoder that is trained along finds its own scale."""
        return self.embedding_norm if self.encoder is None else "none"

    def prepare_sources(self, images: Any) -> np.ndarray:
        """Source images in the embedder's size, float32 in [-1, 1], resized by area."""
        height, width = self.source_size
        sized = [
            image if None in (height, width) else resize(np.asarray(image), (height, width), "area")
            for image in images
        ]
        array = np.stack([to_float(i) if i.dtype == np.uint8 else i for i in sized])
        check_images("images", array, (None, height, width, 3))
        return array.astype("float32")

    def generate(
        self, images: Any, n: int = 1, seed: int = 0, batch_size: int = 8, coarse: bool = False
    ) -> Any:
        """Draw pictures of the other view.

        Args:
            images: source images, uint8 0..255 or float in [-1, 1], (B, H, W, 3) or (H, W, 3), or a
                list of images of any sizes; a user's own photo will do.
            n: pictures for each image, each of other noise. Default 1.
            seed: of the noise; the same on every backend.
            batch_size: pictures at a time. Default 8.
            coarse: also return the coarse pictures. Default False.

        Returns:
            uint8 (B * n, H, W, 3); the n pictures of the first image come first. With `coarse` a
            pair of arrays.
        """
        if isinstance(images, np.ndarray) and images.ndim == 3:
            images = images[None]
        embeddings = np.repeat(self.embed_images(images, batch_size), n, axis=0)
        return self.from_embeddings(embeddings, seed=seed, batch_size=batch_size, coarse=coarse)

    def from_embeddings(
        self,
        embeddings: np.ndarray,
        noise: Noise | None = None,
        seed: int = 0,
        batch_size: int = 8,
        coarse: bool = False,
    ) -> Any:
        """Pictures of embeddings, (B, E), with the noise given or a seed's: see `generate`."""
        noise = self.draw_noise(len(embeddings), seed) if noise is None else noise
        given = {"embedding": np.asarray(embeddings, "float32"), **noise}
        generator = self.inference_generator
        inputs = [given[t.name] for t in generator.inputs]
        outputs = generator.predict(inputs, batch_size=batch_size, verbose=0)
        pictures, small = (to_uint8(array) for array in outputs[:2])
        return (pictures, small) if coarse else pictures

    def interpolate(self, first: Any, second: Any, steps: int = 7, seed: int = 0) -> np.ndarray:
        """Pictures on the straight way between the embeddings of two images, of the same noise.

        Args:
            first, second: source images (H, W, 3), uint8 or float in [-1, 1].
            steps: pictures, both ends included. Default 7.
            seed: of the noise.

        Returns:
            uint8 (steps, H, W, 3).

        Raises:
            ValueError: fewer than two steps.
        """
        if steps < 2:
            raise ValueError(f"steps counts both ends, so it is 2 at least; got {steps}")
        ends = self.embed_images([first, second])
        share = np.linspace(0.0, 1.0, steps)[:, None]
        noise = {k: np.repeat(v, steps, axis=0) for k, v in self.draw_noise(1, seed).items()}
        return self.from_embeddings((1 - share) * ends[0] + share * ends[1], noise)

    def weight_maps(
        self, images: Any, names: Sequence[str] | None = None, seed: int = 0
    ) -> dict[str, np.ndarray]:
        """Where the embedding modulates the features: M of equation 4, as in figure 6.

        Args:
            images: as in `generate`.
            names: of the modulations, `"t2_norm1"` for example. Default: all, in their order.
            seed: of the noise.

        Returns:
            name -> float32 (B, h, w, 1) in [0, 1].

        Raises:
            ValueError: the generator has no weight maps, or none of such a name.
        """
        embeddings = self.embed_images(images)
        given = {"embedding": embeddings, **self.draw_noise(len(embeddings), seed)}
        network = weight_maps_network(self.inference_generator)
        if unknown := [name for name in names or () if name not in network.output]:
            known = ", ".join(network.output) or "none"
            raise ValueError(f"there are no weight maps {', '.join(unknown)}; there are {known}")
        inputs = [given[t.name] for t in network.inputs]
        maps = network.predict(inputs, batch_size=8, verbose=0)
        return {name: maps[name] for name in names or maps}

    # ------------------------------------------------------------------ drawing and export

    def example(self, batch: dict) -> tuple[dict, np.ndarray | None, np.ndarray]:
        """A picture for each source, of noise of its own."""
        check_keys(batch, (self.target,))
        inputs = {k: batch[k] for k in (self.source, "source_embedding") if k in batch}
        return (
            {**inputs, **self.draw_noise(len(batch[self.target]), self.seed)},
            (batch.get(self.source)),
            batch[self.target],
        )

    @property
    def inference_model(self) -> keras.Model:
        """[source image, z_local as a vector, z] -> picture: what `kgen.export` writes.

        The source is float (B, h, w, 3) in [-1, 1], `z_local` float (B, H/8 * W/8 * channels).
        """
        source = keras.Input((*self.source_size, 3), name=self.source)
        network = self._source_network()
        if network.name == self.source:  # a branch; names are unique in a model
            network = keras.Model(network.inputs, network.outputs[0], name="embedder")
        embedding = EmbeddingNorm(self._norm(), name="embedding")(network(source))
        inputs, given = [source], {"embedding": embedding}
        for tensor in self.generator.inputs:
            if tensor.name != "embedding":
                shape = tuple(tensor.shape[1:])
                flat = keras.Input((int(np.prod(shape)),), name=tensor.name)
                inputs.append(flat)
                given[tensor.name] = layers.Reshape(shape)(flat)
        generator = self.inference_generator
        outputs = generator([given[t.name] for t in generator.inputs])
        return keras.Model(inputs, outputs[0], name="cross_view")

    def export_sample(self) -> list[np.ndarray]:
        """Inputs of `inference_model` on which the exported model is compared."""
        rng = np.random.default_rng(self.seed)
        images = rng.uniform(-1, 1, (2, *self.source_size, 3)).astype("float32")
        noise = self.draw_noise(2, self.seed)
        names = [t.name for t in self.generator.inputs if t.name != "embedding"]
        return [images, *(noise[name].reshape(2, -1) for name in names)]

    # ------------------------------------------------------------------ guards

    def check_batch(self, batch: Any) -> None:
        """Raise a ValueError that says what is wrong with a batch."""
        check_keys(batch, (self.target,))
        check_images(self.target, batch[self.target], (None, *self.target_size, 3))
        if self.encoder is None and "source_embedding" in batch:
            self._check_embeddings(batch["source_embedding"])
        else:
            check_keys(batch, (self.source,))
            height, width = self._source_network().input_shape[1:3]
            if self.encoder is not None:
                check_images(self.source, batch[self.source], (None, height, width, 3))
            else:  # embedders resize
                check_images(self.source, batch[self.source], (None, None, None, 3))

    def _check_embeddings(self, embeddings: np.ndarray) -> None:
        if embeddings.ndim != 2 or embeddings.shape[1] != self.embedding_size:
            raise ValueError(
                f"source_embedding must be of shape (batch, {self.embedding_size}), as the "
                f"generator was built for; got {embeddings.shape}"
            )
        if not np.all(np.isfinite(embeddings)):
            raise ValueError(
                "source_embedding holds values that are not finite: the retrieval network that "
                "made them has diverged. Train it again with a lower learning rate."
            )

    def _check_embedder(self) -> None:
        network = self.source_embedder if self.encoder is None else self.encoder
        if network is not None and network.output_shape[-1] != self.embedding_size:
            raise ValueError(
                f"the generator takes embeddings of {self.embedding_size} numbers; the network of "
                f"the {self.source} view gives {network.output_shape[-1]}. Build the generator "
                f"with embedding_size={network.output_shape[-1]}."
            )

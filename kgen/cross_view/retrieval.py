"""Training two networks to give pictures of one place the same embedding."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kgen import backend
from kgen.adversarial import AdversarialModel
from kgen.cross_view.retrieval_guards import (
    VIEWS,
    check_branches,
    check_enough,
    check_pairs,
    check_view,
    pictures_of,
)
from kgen.cross_view.retrieval_losses import LOSSES, unit
from kgen.cross_view.retrieval_pictures import RetrievalPictures
from kgen.cross_view.retrieval_scores import check_finite, retrieval_scores
from kgen.cross_view.saig_network import SAIG_PRESETS, saig
from kgen.cross_view.sharpness import radius, sharpness_aware

OF_PAIRS = ("location", "labels")  # what a batch may say of its pairs


@keras.saving.register_keras_serializable("kgen")
class RetrievalModel(RetrievalPictures, AdversarialModel):
    """Two branches that share no weights: a ground picture finds the aerial one of its place.

    SAIG (Zhu et al., 2023): soft-margin triplet loss, adaptive sharpness-aware steps. Trained by
    plain `fit` on batches `{"aerial": (B, h, w, 3), "ground": (B, H, W, 3), "location": (B,)}`,
    float32 in [-1, 1] and whole numbers, as `CrossViewBatches` gives them. Pairs of one location
    are no negatives of each other; `location` may be left out.

    `evaluate` and validation report `r1`, `r5`, `r10` and `r1_percent` over the whole set, ground
    pictures as queries, each location's aerial picture in the gallery once; and `hit_rate` where
    batches have `labels` (`extra={"labels": pairs.labels}` with VIGOR), see `retrieval_scores`.
    `fit(validation_data=batches)` with `ModelCheckpoint(monitor="val_r1", mode="max")` keeps the
    best. VIGOR's own figures search all tiles of a city, those without a pair too: pass what
    `embed` makes of them to `kgen.metrics.recall_at` and `vigor_hit_rate`.

    Args:
        ground: any network from pictures (B, H, W, 3) in [-1, 1] to vectors (B, E).
        aerial: likewise, for the other view; another network.

    Raises:
        ValueError: networks that do not give vectors, of equal length; or one network twice.

    Example:

    >>> import numpy as np
    >>> from kgen.cross_view import RetrievalModel
    >>> model = RetrievalModel.from_preset("tiny", ground_size=(32, 64), aerial_size=32, depth=1)
    >>> model.compile(asam=None)  # half the time of a sharpness-aware step
    >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 8, 32, 64, 3)).astype("float32")
    >>> batch = {"ground": noise[0], "aerial": noise[1, :, :, :32]}
    >>> history = model.fit(batch, validation_data=batch, batch_size=8, verbose=0)
    >>> sorted(history.history)
    ['retrieval_loss', 'val_r1', 'val_r10', 'val_r1_percent', 'val_r5']
    >>> model.embed("ground", noise[0]).shape
    (8, 64)
    """

    players: ClassVar = {"retrieval": VIEWS}

    def __init__(self, ground: keras.Model, aerial: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_branches(ground, aerial)
        self.ground, self.aerial = ground, aerial
        self.built = True  # the branches come built
        self._how = SimpleNamespace(loss=None, sharpness=None, clip_norm=None)

    @classmethod
    def from_preset(
        cls,
        preset: str = "saig-s",
        ground_size: int | tuple[int, int] = (128, 512),
        aerial_size: int | tuple[int, int] = (256, 256),
        seed: int = 0,
        **arguments: Any,
    ) -> RetrievalModel:
        """Two branches of SAIG.

        Args:
            preset: "saig-s", "saig-d", "teaching" or "tiny".
            ground_size: (H, W) of panoramas, multiples of 16. Default (128, 512).
            aerial_size: (H, W), likewise. Default (256, 256).
            seed: of the initial weights, which differ between the branches.
            arguments: of `saig`, in place of the preset's.

        Raises:
            ValueError: an unknown preset, and as `saig`.
        """
        if preset not in SAIG_PRESETS:
            raise ValueError(f"preset must be one of {', '.join(SAIG_PRESETS)}; got {preset!r}")
        chosen = {**SAIG_PRESETS[preset], **arguments}
        return cls(
            saig(ground_size, seed=seed, name="ground", **chosen),
            saig(aerial_size, seed=seed + 1000, name="aerial", **chosen),
        )

    def compile(  # type: ignore[override]  # the optimizer first, as in Keras
        self,
        optimizer: Any = None,
        loss: str | Callable = "triplet",
        asam: str | None = "saig",
        rho: float | None = None,
        eta: float | None = None,
        clip_norm: float | None = None,
        loss_arguments: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Choose how it is trained; the defaults are those of SAIG's released code.

        Args:
            optimizer: default AdamW, learning rate 1e-4, weight decay 0.03 on every parameter,
                epsilon 1e-8. Give it `CosineSchedule(1e-4, steps)` to train as published.
            loss: "triplet" (default), "semi-triplet", "infonce", or a function of unit vectors
                (ground, aerial, location) that gives a scalar.
            asam: "saig" (default), "samsung", "sam", see `kgen.cross_view.sharpness`; None: plain
                steps, which take half the time.
            rho: radius of asam. Default: as published, 2, 0.5 or 0.05. The 2 of "saig" was for
                networks pretrained on ImageNet; small ones from scratch may stay where all
                embeddings are equal (a loss of log 2 B/(B - 1)): take 0.5, or asam=None.
            eta: of "samsung". Default 0.01.
            clip_norm: largest norm of the gradient of all weights, for the default optimizer.
                Default None; 1.0 was used for VIGOR.
            loss_arguments: further arguments of the loss, `{"weight": 20.0}` say.
            options: jit_compile, run_eagerly, steps_per_execution, as in `AdversarialModel`.

        Raises:
            ValueError: an unknown loss or asam, a radius that cannot be, or clip_norm with an
                optimizer, which has `global_clipnorm` itself.
        """
        if isinstance(loss, str) and loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)} or a function; got {loss!r}")
        if optimizer is None:
            optimizer = options.pop("retrieval_optimizer", None)  # as the base class calls it
        if clip_norm is not None and optimizer is not None:
            raise ValueError(
                "clip_norm is for the default optimizer; give yours global_clipnorm="
                f"{clip_norm} instead"
            )
        if asam is None and (rho is not None or eta is not None):
            raise ValueError("rho and eta are of asam, which is None")
        self._how.loss, self._how.clip_norm = (loss, loss_arguments or {}), clip_norm
        self._how.sharpness = None if asam is None else (asam, *radius(asam, rho, eta))
        super().compile(retrieval_optimizer=optimizer, **options)
        self._own_arguments = {
            "loss": loss, "asam": asam, "rho": rho, "eta": eta, "loss_arguments": loss_arguments,
        }  # fmt: skip

    def default_optimizer(self, player: str) -> keras.optimizers.Optimizer:
        return keras.optimizers.AdamW(
            1e-4, weight_decay=0.03, epsilon=1e-8, global_clipnorm=self._how.clip_norm
        )

    def get_compile_config(self) -> dict | None:
        config = super().get_compile_config()
        if config is None:
            return None
        own = keras.saving.serialize_keras_object(self._own_arguments)
        config.pop("metrics")  # the scores are the model's own
        return {"optimizer": config.pop("retrieval_optimizer"), **config, **own}

    def compile_from_config(self, config: dict) -> None:
        loss = keras.saving.deserialize_keras_object(config["loss"])
        self.compile(**{**config, "loss": loss})

    # ------------------------------------------------------------------ one step

    def check_batch(self, batch: Any) -> None:
        check_pairs(batch, self.ground, self.aerial)

    def fit(
        self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any
    ) -> keras.callbacks.History:
        check_enough(x, y, args[0] if args else kwargs.get("batch_size"))
        return super().fit(x, y, *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        check_enough(x, y, None)
        return super().train_on_batch(x, y, *args, **kwargs)

    def retrieval_loss(self, batch: Any, played: Any, training: bool) -> tuple[Any, dict]:
        """The loss of a batch, from unit vectors of both branches."""
        loss, arguments = self._how.loss
        ground, aerial = (unit(getattr(self, v)(batch[v], training=training)) for v in VIEWS)
        function = LOSSES[loss] if isinstance(loss, str) else loss
        return function(ground, aerial, batch.get("location"), **arguments), {}

    def _update_player(
        self, player: str, batch: Any, played: Any, moved: list, pull_play: backend.Pull
    ) -> dict:
        if self._how.sharpness is None:
            return super()._update_player(player, batch, played, moved, pull_play)
        if backend.replica_count() > 1:
            raise ValueError(
                "asam moves all weights for a moment, which copies on several devices cannot do "
                "each for itself: compile(asam=None), or train on one device"
            )
        variables, optimizer = self.optimizer.variables_of(player), self.optimizer.of(player)
        form, rho, eta = self._how.sharpness
        _, values, gradients = sharpness_aware(
            lambda: self._loss_of(player, batch, played, training=True),
            variables,
            form,
            rho,
            eta,
            slope=optimizer.scale_loss(ops.ones(())),
        )
        backend.apply_gradients(optimizer, gradients, variables)
        return values

    # ------------------------------------------------------------------ embeddings and scores

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Embeddings of the views in a batch, not normalized; location etc. as they are."""
        views = [view for view in VIEWS if view in inputs]
        embeddings = {v: getattr(self, v)(inputs[v], training=training) for v in views}
        return {
            **{view: ops.cast(vectors, "float32") for view, vectors in embeddings.items()},
            **{name: inputs[name] for name in OF_PAIRS if name in inputs},
        }

    def embed(self, view: str, images: Any, batch_size: int = 32) -> np.ndarray:
        """What a branch makes of pictures, not normalized: what the generator is conditioned on.

        Args:
            view: "ground" or "aerial".
            images: float (N, H, W, 3) in [-1, 1], or batches as `fit` takes them, in fixed order.
            batch_size: with an array. Default 32.

        Returns:
            (N, E) float32.

        Raises:
            ValueError: an unknown view, pictures of another size or range, shuffled batches, or
                embeddings that are not finite.
        """
        check_view(view)
        pictures = pictures_of(view, images, getattr(self, view), batch_size)
        size = batch_size if isinstance(pictures, dict) else None
        vectors = self.predict(pictures, batch_size=size, verbose=0)[view]
        check_finite(view, vectors)
        return vectors

    def descriptors(self, view: str, images: Any, batch_size: int = 32) -> np.ndarray:
        """As `embed`, of length 1: what pictures are compared by."""
        vectors = self.embed(view, images, batch_size)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Retrieval scores over the whole of `x`; arguments as in `keras.Model.evaluate`.

        Raises:
            ValueError: embeddings that are not finite (training has diverged), or all equal.
        """
        if self.compiled:  # scores need no optimizer
            self._check_first(x, y, batch_size)
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(callbacks, model=self)
        else:  # within fit
            verbose = 0
        callbacks.on_test_begin()
        found = self.predict(x, batch_size=batch_size, verbose=verbose, steps=steps)
        scores = retrieval_scores(**found)
        callbacks.on_test_end(scores)
        return scores if return_dict else list(scores.values())

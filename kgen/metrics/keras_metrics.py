"""The pairwise numbers as Keras metrics, for `compile`, `fit` and `evaluate` on every backend.

The same formulas as the plain functions, in float32 on the device, averaged over images. Inside a
compiled step nothing can be raised: an image that is not finite or outside of the stated range
makes the result NaN, so that it cannot be taken for a number.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgen.metrics.images import SLACK, ValueRange, limits
from kgen.metrics.pairwise import psnr_formula, rmse_formula, sharp_diff_formula
from kgen.metrics.similarity import SSIMVariant, ssim_formula, ssim_variant


class PerImageMean(keras.metrics.Mean):
    """The mean over images of a number that each pair of images has; base of the metrics here.

    Args:
        value_range: (low, high) of float images; uint8 implies 0..255. Default (-1, 1), what
            networks give.
        name: in the logs.
        dtype: of the result. Default float32.
    """

    def __init__(
        self, value_range: ValueRange = (-1.0, 1.0), name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.value_range = None if value_range is None else (value_range[0], value_range[1])
        self._direction = "up"

    def measure(self, real: Any, fake: Any) -> Any:
        """(B,): the number of each pair; images are (B, H, W, C) float32 in [0, 1]."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: `y_true` the real images, `y_pred` the generated, (B, H, W, C) both.

        Raises:
            ValueError: shapes that differ, images smaller than a window, floats without a range.
        """
        real, fake = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        _check_shapes(self.name, real.shape, fake.shape)
        real, real_good = self._unit(real, "y_true")
        fake, fake_good = self._unit(fake, "y_pred")
        good = ops.logical_and(real_good, fake_good)
        values = ops.where(good, self.measure(real, fake), float("nan"))
        super().update_state(values, sample_weight)

    def _unit(self, images: Any, name: str) -> tuple[Any, Any]:
        """Images in [0, 1], and which of them are finite and inside of their range: (B,)."""
        dtype = keras.backend.standardize_dtype(images.dtype)
        stated = self.value_range if "float" in dtype else None
        low, high = limits(dtype, stated, f"{self.name}: {name}")
        unit = (ops.cast(images, "float32") - low) / (high - low)
        inside = ops.logical_and(unit >= -SLACK, unit <= 1.0 + SLACK)  # false for NaN
        return unit, ops.all(inside, axis=(1, 2, 3))

    def get_config(self) -> dict:
        config = {"name": self.name, "dtype": self.dtype}
        return {**config, "value_range": self.value_range}

    @classmethod
    def from_config(cls, config: dict) -> PerImageMean:
        if config.get("value_range") is not None:
            config = {**config, "value_range": tuple(config["value_range"])}
        return cls(**config)


def _check_shapes(name: str, real: Any, fake: Any) -> None:
    known = [(a, b) for a, b in zip(real, fake, strict=False) if a is not None and b is not None]
    if len(real) != 4 or len(fake) != 4 or any(a != b for a, b in known):
        raise ValueError(
            f"{name}: real and generated images must have one shape (B, H, W, C); got "
            f"{tuple(real)} and {tuple(fake)}. Resize one of them, or let the network give the "
            "size of its targets."
        )


@keras.saving.register_keras_serializable("kgen")
class PSNR(PerImageMean):
    """Mean over images of the peak signal-to-noise ratio in decibel: `kgen.metrics.psnr`.

    Args:
        value_range: (low, high) of float images. Default (-1, 1).
        name: in the logs. Default "psnr".
        dtype: of the result. Default float32.

    Example:
        >>> import numpy as np
        >>> metric = PSNR()
        >>> metric.update_state(np.zeros((2, 8, 8, 3)), np.full((2, 8, 8, 3), 0.2))
        >>> round(float(metric.result()), 2)
        20.0
    """

    def __init__(
        self, value_range: ValueRange = (-1.0, 1.0), name: str = "psnr", dtype: Any = None
    ) -> None:
        super().__init__(value_range, name, dtype)

    def measure(self, real: Any, fake: Any) -> Any:
        return psnr_formula(ops, real, fake)


@keras.saving.register_keras_serializable("kgen")
class RMSE(PerImageMean):
    """Mean over images of the root mean square error on 0..255: `kgen.metrics.rmse`.

    Args:
        value_range: (low, high) of float images. Default (-1, 1).
        name: in the logs. Default "rmse".
        dtype: of the result. Default float32.

    Example:
        >>> import numpy as np
        >>> metric = RMSE()
        >>> metric.update_state(np.zeros((2, 8, 8, 3)), np.full((2, 8, 8, 3), 0.2))
        >>> round(float(metric.result()), 2)
        25.5
    """

    def __init__(
        self, value_range: ValueRange = (-1.0, 1.0), name: str = "rmse", dtype: Any = None
    ) -> None:
        super().__init__(value_range, name, dtype)
        self._direction = "down"

    def measure(self, real: Any, fake: Any) -> Any:
        return rmse_formula(ops, real, fake)


@keras.saving.register_keras_serializable("kgen")
class SharpDiff(PerImageMean):
    """Mean over images of the sharpness difference in decibel: `kgen.metrics.sharp_diff`.

    Args:
        value_range: (low, high) of float images. Default (-1, 1).
        name: in the logs. Default "sharp_diff".
        dtype: of the result. Default float32.

    Example:
        >>> import numpy as np
        >>> ramp = np.linspace(-1, 1, 8).reshape(1, 8, 1, 1).repeat(8, axis=2)
        >>> metric = SharpDiff()
        >>> metric.update_state(ramp, 0.5 * ramp)
        >>> round(float(metric.result()), 2)
        17.46
    """

    def __init__(
        self, value_range: ValueRange = (-1.0, 1.0), name: str = "sharp_diff", dtype: Any = None
    ) -> None:
        super().__init__(value_range, name, dtype)

    def measure(self, real: Any, fake: Any) -> Any:
        return sharp_diff_formula(ops, real, fake)


@keras.saving.register_keras_serializable("kgen")
class SSIM(PerImageMean):
    """Mean over images of the structural similarity: `kgen.metrics.ssim`, any of its variants.

    Args:
        variant: "gaussian" (default), "skimage", "luma", "s2sp", "reflect", or an `SSIMVariant`.
        value_range: (low, high) of float images. Default (-1, 1).
        name: in the logs. Default "ssim", with the variant behind it if it is another.
        dtype: of the result. Default float32.

    Example:
        >>> import numpy as np
        >>> images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3))
        >>> metric = SSIM("skimage")
        >>> metric.update_state(images, images)
        >>> metric.name, round(float(metric.result()), 3)
        ('ssim_skimage', 1.0)
    """

    def __init__(
        self,
        variant: str | SSIMVariant = "gaussian",
        value_range: ValueRange = (-1.0, 1.0),
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.settings = ssim_variant(variant)
        self.variant = variant
        suffix = "" if variant == "gaussian" else f"_{variant}"
        if isinstance(variant, SSIMVariant):
            suffix = f"_{variant.window}_{variant.size}"
        super().__init__(value_range, name or f"ssim{suffix}", dtype)

    def measure(self, real: Any, fake: Any) -> Any:
        return ssim_formula(ops, real, fake, self.settings)

    def get_config(self) -> dict:
        own = isinstance(self.variant, SSIMVariant)
        return {**super().get_config(), "variant": vars(self.variant) if own else self.variant}

    @classmethod
    def from_config(cls, config: dict) -> PerImageMean:
        if isinstance(config["variant"], dict):
            config = {**config, "variant": SSIMVariant(**config["variant"])}
        return super().from_config(config)

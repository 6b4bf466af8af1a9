"""The U-Net generator of pix2pix, for every legal image size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from kgen.layers import ConcatenateCode, Dropout, ReflectionPadding2D
from kgen.networks.style import Style

MAX_WIDTH = 8  # widths double up to 8 times the base
SMALLEST_DEPTH = 5


def unet(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    output_channels: int = 3,
    base_filters: int = 64,
    depth: int | None = None,
    *,
    normalization: str | None = "batch",
    bottleneck_normalization: bool = False,
    dropout: float = 0.5,
    dropout_levels: str | Sequence[int] = "paper",
    relu_before_concat: bool = False,
    concat_order: str = "skip_first",
    upsample: str = "transpose",
    use_bias: bool | None = None,
    pad_to_multiple: bool = False,
    output_activation: str = "tanh",
    code_size: int = 0,
    name: str = "generator",
    **style: Any,
) -> keras.Model:
    """Build the encoder-decoder with skips that pix2pix translates images with.

    Isola et al., 2017, appendix 6.1.1: C64-C128-C256-C512-C512-C512-C512-C512 down, as many blocks
    up, each 4x4 convolution with stride 2. The deepest level has no batch normalization: at batch
    size 1 it would put out its offset, whatever the picture.

    Input: float (B, H, W, C) in [-1, 1]. Output: float32 (B, H, W, output_channels) in [-1, 1].
    H and W are divisible by 2^depth, or None (any such size).

    Args:
        input_shape: (H, W, C).
        output_channels: channels of the output. Default 3.
        base_filters: width of the first level; the next ones have 2, 4, 8, 8, ... times as many.
            Default 64.
        depth: number of levels n. Default: log2(H) for a square image whose side is a power of two
            (the bottleneck is then 1x1); else the largest n <= 8 such that 2^n divides H and W.
        normalization: `"batch"` (default), `"instance"` or None.
        bottleneck_normalization: normalize the deepest level too (the TensorFlow tutorial). Default
            False.
        dropout: share of values dropped, 0 for none. Default 0.5.
        dropout_levels: which up blocks drop, counted from the innermost = 0: `"paper"` the
            innermost min(3, n - 4); `"torch"` n - 5 blocks from 1 on (the PyTorch implementation
            skips the innermost); or a list of numbers.
        relu_before_concat: apply the ReLU to the upward path only, so that skips keep their
            negative part (the TensorFlow tutorial). Default False: ReLU on the whole.
        concat_order: `"skip_first"` (default, as PyTorch's weights have it) or `"up_first"`.
        upsample: `"transpose"` (default), or `"resize"`: nearest x2, then a 3x3 convolution, which
            leaves no checkerboard.
        use_bias: see `Style`. The first and the last convolution follow the reference: no bias in
            front unless `use_bias` or instance normalization asks for it, always one at the end.
        pad_to_multiple: take any size: mirror the border up to the next legal size and crop the
            output. Default False.
        output_activation: default `"tanh"`.
        code_size: of a second input, float (B, code_size), which joins the image at the bottleneck,
            in front of the first block up. Default 0: there is none.
        name: of the model.
        style: `initializer`, `gamma_stddev`, `epsilon`, `momentum`, `negative_slope`, `seed`: see
            `kgen.networks.style.Style`.

    Raises:
        ValueError: a size that does not fit the depth (the nearest legal sizes are named), or an
            option of unknown value.

    Example:

    >>> from kgen.networks import unet
    >>> unet((256, 256, 3), base_filters=8).count_params()  # 64: 54 million, a moment to draw
    853539
    """
    _check_options(concat_order, upsample)
    height, width, channels = input_shape
    depth = unet_depth(height, width, depth, pad_to_multiple)
    layer = Style(normalization, use_bias, **style)
    widths = [base_filters * min(2**level, MAX_WIDTH) for level in range(depth)]
    dropped = _dropout_levels(dropout_levels, depth) if dropout else ()

    inputs = x = keras.Input((height, width, channels), name="source")
    if pad_to_multiple:
        x, crop = _pad(inputs, 2**depth)
    skips = []
    for level, filters in enumerate(widths[:-1]):
        x = layer.convolution(filters, 4, 2, name=f"down_{level}")(x)
        x = layer.normalize(x, f"down_{level}_norm") if level else x
        x = layer.leaky(x, f"down_{level}_leaky")
        skips.append(x)
    x = layer.convolution(widths[-1], 4, 2, name=f"down_{depth - 1}")(
        x
    )  # (B, H / 2^n, W / 2^n, 8 f)
    x = layer.normalize(x, "bottleneck_norm") if bottleneck_normalization else x
    x = layer.leaky(x, "bottleneck") if relu_before_concat else layers.ReLU(name="bottleneck")(x)
    if code_size:
        code = keras.Input((code_size,), name="code")
        x = ConcatenateCode(name="bottleneck_code")([x, code])
    for level in range(depth - 1, 0, -1):
        x = _up(layer, upsample, x, widths[level - 1], f"up_{level}")
        x = layer.normalize(x, f"up_{level}_norm")
        if depth - 1 - level in dropped:
            x = Dropout(dropout, seed=layer.next_seed(), name=f"up_{level}_dropout")(x)
        x = layers.ReLU(name=f"up_{level}_relu")(x) if relu_before_concat else x
        pair = [skips[level - 1], x] if concat_order == "skip_first" else [x, skips[level - 1]]
        x = layers.Concatenate(name=f"up_{level}_skip")(pair)
        x = x if relu_before_concat else layers.ReLU(name=f"up_{level}_relu")(x)
    x = _up(layer, upsample, x, output_channels, "up_0", bias=True)
    if pad_to_multiple:
        x = crop(x)
    x = layers.Activation(output_activation, dtype="float32", name="generated")(x)
    return keras.Model([inputs, code] if code_size else inputs, x, name=name)


def unet_depth(
    height: int | None, width: int | None, depth: int | None = None, padded: bool = False
) -> int:
    """The number of levels for an image size; an illegal size raises, naming the nearest legal."""
    sides = [side for side in (height, width) if side is not None]
    if depth is None and (len(sides) < 2 or padded):
        depth = 8 if not sides else max(SMALLEST_DEPTH, min(8, min(sides).bit_length() - 1))
    if depth is None:
        square_power = sides[0] == sides[1] and sides[0] & (sides[0] - 1) == 0
        most = sides[0].bit_length() - 1 if square_power else 8
        depth = next((n for n in range(most, 0, -1) if all(s % 2**n == 0 for s in sides)), 0)
        depth = max(depth, SMALLEST_DEPTH)
    if depth < 2:
        raise ValueError(f"a U-Net needs a depth of at least 2; got {depth}")
    multiple = 2**depth
    if not padded and (wrong := [side for side in sides if side % multiple]):
        near = [
            f"{max(multiple, s // multiple * multiple)} or {-(-s // multiple) * multiple}"
            for s in wrong
        ]
        raise ValueError(
            f"a U-Net of depth {depth} halves the image {depth} times: height and width must "
            "be multiples "
            f"of {multiple}; got {height}x{width} (nearest: {'; '.join(near)}). Resize the "
            "images, choose a "
            "smaller depth, or pass pad_to_multiple=True, which mirrors the border and crops "
            "the output."
        )
    return depth


def _check_options(concat_order: str, upsample: str) -> None:
    if concat_order not in ("skip_first", "up_first"):
        raise ValueError(f"concat_order must be 'skip_first' or 'up_first'; got {concat_order!r}")
    if upsample not in ("transpose", "resize"):
        raise ValueError(f"upsample must be 'transpose' or 'resize'; got {upsample!r}")


def _dropout_levels(levels: str | Sequence[int], depth: int) -> Sequence[int]:
    if levels == "paper":
        return range(min(3, depth - 4))
    if levels == "torch":
        return range(1, depth - 4)
    if isinstance(levels, str):
        raise ValueError(
            f"dropout_levels must be 'paper', 'torch' or a list of numbers; got {levels!r}"
        )
    return levels


def _up(
    layer: Style, upsample: str, x: Any, filters: int, name: str, bias: bool | None = None
) -> Any:
    """Double height and width."""
    if upsample == "transpose":
        return layer.transposed(filters, 4, bias=bias, name=name)(x)
    x = layers.UpSampling2D(2, name=f"{name}_nearest")(x)
    x = ReflectionPadding2D(1, name=f"{name}_pad")(x)
    return layer.convolution(filters, 3, padding="valid", bias=bias, name=name)(x)


@keras.saving.register_keras_serializable("kgen")
class PadToMultiple(layers.Layer):
    """Mirror the lower and right border until height and width are multiples of a number."""

    def __init__(self, multiple: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, images: Any) -> Any:
        # by whole mirrored copies, since a border may be wider than a small image
        _, height, width, _ = ops.shape(images)
        rows, columns = (_mirror(side, self.multiple) for side in (height, width))
        return ops.take(ops.take(images, rows, axis=1), columns, axis=2)

    def compute_output_shape(self, shape: tuple) -> tuple:
        sides = [None if s is None else -(-s // self.multiple) * self.multiple for s in shape[1:3]]
        return (shape[0], *sides, shape[3])

    def get_config(self) -> dict:
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable("kgen")
class CropLike(layers.Layer):
    """Crop images to the height and width of others: `CropLike()([images, others])`."""

    def call(self, inputs: list) -> Any:
        images, others = inputs
        _, height, width, _ = ops.shape(others)
        return images[:, :height, :width]

    def compute_output_shape(self, shapes: list) -> tuple:
        (batch, _, _, channels), (_, height, width, _) = shapes
        return (batch, height, width, channels)


def _mirror(side: Any, multiple: int) -> Any:
    """Indices 0, 1, ..., side - 1, side - 2, ... up to the next multiple."""
    total = -(-side // multiple) * multiple
    period = ops.maximum(2 * (side - 1), 1)
    steps = ops.arange(total) % period
    return ops.minimum(steps, period - steps)


def _pad(inputs: Any, multiple: int) -> tuple:
    padded = PadToMultiple(multiple, name="pad")(inputs)
    return padded, lambda x: CropLike(name="crop")([x, inputs])

"""Published networks in PyTorch's functional form, written from their descriptions.

An independent second path for the tests: given a state dict by the published names, what do the
published layouts compute?
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]

VGG16_MODULES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
SQUEEZENET_FIRES = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128)} | {
    9: (256, 48, 192),
    10: (384, 48, 192),
    11: (384, 64, 256),
    12: (512, 64, 256),
}
ALEXNET_SHAPES = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3)} | {
    10: (256, 256, 3)
}


class Draws:
    """Random state dicts of a published layout."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.state: dict[str, Tensor] = {}

    def add(self, name: str, shape: tuple[int, ...], low: float, high: float) -> None:
        values = self.random.random(shape, dtype="float32") * (high - low) + low
        self.state[name] = torch.from_numpy(values)

    def convolution(self, name: str, filters: int, channels: int, size: Any, bias: bool) -> None:
        height, width = (size, size) if isinstance(size, int) else size
        bound = (6.0 / (channels * height * width)) ** 0.5
        self.add(f"{name}.weight", (filters, channels, height, width), -bound, bound)
        if bias:
            self.add(f"{name}.bias", (filters,), -0.1, 0.1)

    def normalization(self, name: str, channels: int) -> None:
        self.add(f"{name}.weight", (channels,), 0.5, 1.5)
        self.add(f"{name}.bias", (channels,), -0.2, 0.2)
        self.add(f"{name}.running_mean", (channels,), -0.2, 0.2)
        self.add(f"{name}.running_var", (channels,), 0.5, 1.5)
        self.state[f"{name}.num_batches_tracked"] = torch.tensor(7)


# ------------------------------------------------------------------------------ VGG16


def vgg16_state(seed: int = 0) -> State:
    draws, channels = Draws(seed), 3
    for modules, width in zip(VGG16_MODULES, (64, 128, 256, 512, 512), strict=True):
        for module in modules:
            draws.convolution(f"features.{module}", width, channels, 3, True)
            channels = width
    draws.add("classifier.0.weight", (4, 8), -1, 1)  # larger in truth, and not read
    return draws.state


def vgg16(state: State, x: Tensor) -> list[Tensor]:
    taps = []
    for i, modules in enumerate(VGG16_MODULES):
        x = F.max_pool2d(x, 2) if i else x
        for module in modules:
            x = F.relu(_conv(state, f"features.{module}", x, padding=1))
        taps.append(x)
    return taps


# ------------------------------------------------------------------------------ AlexNet


def alexnet_state(seed: int = 0) -> State:
    draws = Draws(seed)
    for module, (filters, channels, size) in ALEXNET_SHAPES.items():
        draws.convolution(f"features.{module}", filters, channels, size, True)
    draws.add("classifier.1.weight", (4, 8), -1, 1)
    return draws.state


def alexnet(state: State, x: Tensor) -> list[Tensor]:
    first = F.relu(_conv(state, "features.0", x, stride=4, padding=2))
    second = F.relu(_conv(state, "features.3", F.max_pool2d(first, 3, 2), padding=2))
    third = F.relu(_conv(state, "features.6", F.max_pool2d(second, 3, 2), padding=1))
    fourth = F.relu(_conv(state, "features.8", third, padding=1))
    return [first, second, third, fourth, F.relu(_conv(state, "features.10", fourth, padding=1))]


# ------------------------------------------------------------------------------ SqueezeNet 1.1


def squeezenet_state(seed: int = 0) -> State:
    draws = Draws(seed)
    draws.convolution("features.0", 64, 3, 3, True)
    for module, (channels, inside, half) in SQUEEZENET_FIRES.items():
        draws.convolution(f"features.{module}.squeeze", inside, channels, 1, True)
        draws.convolution(f"features.{module}.expand1x1", half, inside, 1, True)
        draws.convolution(f"features.{module}.expand3x3", half, inside, 3, True)
    draws.convolution("classifier.1", 10, 512, 1, True)
    return draws.state


def squeezenet(state: State, x: Tensor) -> list[Tensor]:
    x = F.relu(_conv(state, "features.0", x, stride=2))
    taps = [x]
    for module in SQUEEZENET_FIRES:
        if module - 1 in (2, 5, 8):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        name = f"features.{module}"
        x = F.relu(_conv(state, f"{name}.squeeze", x))
        one = F.relu(_conv(state, f"{name}.expand1x1", x))
        x = torch.cat([one, F.relu(_conv(state, f"{name}.expand3x3", x, padding=1))], 1)
        if module in (4, 7, 9, 10, 11, 12):
            taps.append(x)
    return taps


def _conv(state: State, name: str, x: Tensor, **options: Any) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state.get(f"{name}.bias"), **options)


# ------------------------------------------------------------------------------ Inception, 2015

_ROW, _COLUMN = (1, 7), (7, 1)


def _branches_a(pooled: int) -> dict[str, tuple]:
    return {
        "branch1x1": (64, 1),
        "branch5x5_1": (48, 1),
        "branch5x5_2": (64, 5),
        "branch3x3dbl_1": (64, 1),
        "branch3x3dbl_2": (96, 3),
        "branch3x3dbl_3": (96, 3),
        "branch_pool": (pooled, 1),
    }


def _branches_c(width: int) -> dict[str, tuple]:
    return {
        "branch1x1": (192, 1),
        "branch7x7_1": (width, 1),
        "branch7x7_2": (width, _ROW),
        "branch7x7_3": (192, _COLUMN),
        "branch7x7dbl_1": (width, 1),
        "branch7x7dbl_2": (width, _COLUMN),
        "branch7x7dbl_3": (width, _ROW),
        "branch7x7dbl_4": (width, _COLUMN),
        "branch7x7dbl_5": (192, _ROW),
        "branch_pool": (192, 1),
    }


_BRANCHES_B = {
    "branch3x3": (384, 3),
    "branch3x3dbl_1": (64, 1),
    "branch3x3dbl_2": (96, 3),
    "branch3x3dbl_3": (96, 3),
}
_BRANCHES_D = {
    "branch3x3_1": (192, 1),
    "branch3x3_2": (320, 3),
    "branch7x7x3_1": (192, 1),
    "branch7x7x3_2": (192, _ROW),
    "branch7x7x3_3": (192, _COLUMN),
    "branch7x7x3_4": (192, 3),
}
_BRANCHES_E = {
    "branch1x1": (320, 1),
    "branch3x3_1": (384, 1),
    "branch3x3_2a": (384, (1, 3)),
    "branch3x3_2b": (384, (3, 1)),
    "branch3x3dbl_1": (448, 1),
    "branch3x3dbl_2": (384, 3),
    "branch3x3dbl_3a": (384, (1, 3)),
    "branch3x3dbl_3b": (384, (3, 1)),
    "branch_pool": (192, 1),
}
INCEPTION_BLOCKS = {
    "Mixed_5b": (192, _branches_a(32)),
    "Mixed_5c": (256, _branches_a(64)),
    "Mixed_5d": (288, _branches_a(64)),
    "Mixed_6a": (288, _BRANCHES_B),
    "Mixed_6b": (768, _branches_c(128)),
    "Mixed_6c": (768, _branches_c(160)),
    "Mixed_6d": (768, _branches_c(160)),
    "Mixed_6e": (768, _branches_c(192)),
    "Mixed_7a": (768, _BRANCHES_D),
    "Mixed_7b": (1280, _BRANCHES_E),
    "Mixed_7c": (2048, _BRANCHES_E),
}
_STEM = {
    "Conv2d_1a_3x3": (32, 3, 3),
    "Conv2d_2a_3x3": (32, 32, 3),
    "Conv2d_2b_3x3": (64, 32, 3),
    "Conv2d_3b_1x1": (80, 64, 1),
    "Conv2d_4a_3x3": (192, 80, 3),
}


def inception_state(seed: int = 0) -> State:
    draws = Draws(seed)
    for name, (filters, channels, size) in _STEM.items():
        _add_unit(draws, name, filters, channels, size)
    for block, (entering, branches) in INCEPTION_BLOCKS.items():
        previous = entering
        for branch, (filters, size) in branches.items():
            begins = branch.endswith("_1") or branch in ("branch1x1", "branch_pool", "branch3x3")
            channels = entering if begins else previous
            _add_unit(draws, f"{block}.{branch}", filters, channels, size)
            # the second half of a fork enters where the first did
            previous = previous if branch.endswith("a") else filters
    draws.add("fc.weight", (1008, 2048), -0.05, 0.05)
    draws.add("fc.bias", (1008,), -0.1, 0.1)
    return draws.state


def _add_unit(draws: Draws, name: str, filters: int, channels: int, size: Any) -> None:
    draws.convolution(f"{name}.conv", filters, channels, size, False)
    draws.normalization(f"{name}.bn", filters)


def inception(state: State, x: Tensor) -> tuple[Tensor, Tensor]:
    """Features and logits of images in [-1, 1]."""

    def unit(name: str, x: Tensor, stride: int = 1, same: bool = True) -> Tensor:
        kernel = state[f"{name}.conv.weight"]
        padding = [side // 2 for side in kernel.shape[2:]] if same else 0
        x = F.conv2d(x, kernel, stride=stride, padding=padding)
        mean, variance = state[f"{name}.bn.running_mean"], state[f"{name}.bn.running_var"]
        scale, offset = state[f"{name}.bn.weight"], state[f"{name}.bn.bias"]
        return F.relu(F.batch_norm(x, mean, variance, scale, offset, eps=1e-3))

    def chain(block: str, branch: str, x: Tensor, count: int) -> Tensor:
        for i in range(1, count + 1):
            x = unit(f"{block}.{branch}_{i}", x)
        return x

    def averaged(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def fork(name: str, x: Tensor) -> list[Tensor]:
        return [unit(f"{name}a", x), unit(f"{name}b", x)]

    x = unit("Conv2d_1a_3x3", x, 2, same=False)
    x = unit("Conv2d_2b_3x3", unit("Conv2d_2a_3x3", x, same=False))
    x = unit("Conv2d_3b_1x1", F.max_pool2d(x, 3, 2))
    x = F.max_pool2d(unit("Conv2d_4a_3x3", x, same=False), 3, 2)
    for block in INCEPTION_BLOCKS:
        kind = block[-2:]
        first = unit(f"{block}.branch1x1", x) if f"{block}.branch1x1.conv.weight" in state else None
        if kind[0] == "5":
            branches = [chain(block, "branch5x5", x, 2), chain(block, "branch3x3dbl", x, 3)]
            branches += [unit(f"{block}.branch_pool", averaged(x))]
        elif kind == "6a":
            double = chain(block, "branch3x3dbl", x, 2)
            branches = [unit(f"{block}.branch3x3", x, 2, same=False)]
            branches += [unit(f"{block}.branch3x3dbl_3", double, 2, same=False)]
            branches += [F.max_pool2d(x, 3, 2)]
        elif kind[0] == "6":
            branches = [chain(block, "branch7x7", x, 3), chain(block, "branch7x7dbl", x, 5)]
            branches += [unit(f"{block}.branch_pool", averaged(x))]
        elif kind == "7a":
            single, triple = chain(block, "branch3x3", x, 1), chain(block, "branch7x7x3", x, 3)
            branches = [unit(f"{block}.branch3x3_2", single, 2, same=False)]
            branches += [unit(f"{block}.branch7x7x3_4", triple, 2, same=False)]
            branches += [F.max_pool2d(x, 3, 2)]
        else:
            pooled = averaged(x) if kind == "7b" else F.max_pool2d(x, 3, 1, 1)
            branches = fork(f"{block}.branch3x3_2", chain(block, "branch3x3", x, 1))
            branches += fork(f"{block}.branch3x3dbl_3", chain(block, "branch3x3dbl", x, 2))
            branches += [unit(f"{block}.branch_pool", pooled)]
        x = torch.cat([*([first] if first is not None else []), *branches], 1)
    features = x.mean((2, 3))
    return features, F.linear(features, state["fc.weight"], state["fc.bias"])

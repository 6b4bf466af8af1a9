"""SAIG against its released code: forward passes, position embeddings, one sharpness-aware step."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import keras
import numpy as np
from keras import ops, tree

from kgen import backend
from kgen.cross_view import RetrievalModel, saig, sharpness
from kgen.cross_view.saig_weights import MODULES, load_saig_state, resize_positions
from tests.goldens.files import Golden, nhwc

SHORT = {"ground": "grd", "aerial": "sat"}
FORWARD = {"atol": 2e-5, "rtol": 0.0}
REAL = {"differentiate": backend.differentiate, "perturbations": sharpness.perturbations}
LARGEST = 4e-5  # of Keras' AdamW, whose epsilon acts earlier than PyTorch's
TAIL = {"weight": "kernel", "bias": "bias", "running_mean": "moving_mean", "pos_embed": "positions"}
NORM_TAIL = TAIL | {"weight": "gamma", "bias": "beta", "running_var": "moving_variance"}


def check_pos_embed(golden: Golden) -> None:
    """From 14x14 tokens to each size that there is."""
    stored = golden["pos_embed_14x14"]
    for match in golden.matching(r"to_(\d+)x(\d+)"):
        size = int(match.group(1)), int(match.group(2))
        golden.check(match.group(0), resize_positions(stored, (14, 14), size))


# ------------------------------------------------------------------------------ the whole size


def check_full(golden: Golden) -> None:
    """A network of millions of weights, which a rule makes: embeddings of two pictures."""
    entry = golden.entry
    state = _weights_by_rule(entry["keys"], entry["weight_seed"])
    pooling = "smd" if any("linear1" in name for name in state) else "gap"
    pictures = _pictures_by_rule(seed=int(entry["input_rule"].split("(")[1].split(")")[0]))
    trained = 0
    for view, images in pictures.items():
        branch = saig(
            images.shape[1:3], depth=entry["depth"], heads=entry["heads"], pooling=pooling
        )
        trained += sum(int(np.prod(v.shape)) for v in branch.trainable_variables)
        load_saig_state(branch, state, view)
        vectors = _run(branch, images)
        short = SHORT[view]
        golden.compare(f"pooled_{short}", vectors, golden[f"pooled_{short}"], **FORWARD)
        golden.check(f"emb_{short}", _unit(vectors))
    assert trained == entry["params"]


def _run(network: keras.Model, images: np.ndarray, training: bool = False) -> Any:
    """Runs it as operations come: the same few again and again, quicker than compiling it all."""
    outputs = network(ops.convert_to_tensor(images), training=training)
    return tree.map_structure(lambda x: np.array(ops.convert_to_numpy(x)), outputs)


def _weights_by_rule(keys: list, seed: int) -> dict[str, np.ndarray]:
    random, state = np.random.RandomState(seed), {}
    for name, shape in keys:
        a = random.standard_normal(int(np.prod(shape))).reshape(shape)
        if name.endswith("weight") and len(shape) == 1:
            a = 1 + 0.1 * a
        elif name.endswith("weight"):
            a = a * np.sqrt(2 / np.prod(shape[1:]) if len(shape) == 4 else 1 / shape[1])
        elif name.endswith("running_var"):
            a = 1 + 0.3 * np.tanh(a)
        else:
            a = a * (0.2 if name.endswith("pos_embed") else 0.1)
        state[name] = a.astype("float32")
    return state


def _pictures_by_rule(seed: int) -> dict[str, np.ndarray]:
    random = np.random.RandomState(seed)
    return {"ground": _waves(random, 2, 128, 512), "aerial": _waves(random, 2, 256, 256)}


def _waves(random: np.random.RandomState, count: int, height: int, width: int) -> np.ndarray:
    frequency = random.uniform(0, 6, (count, 3, 2))[..., None, None]
    phase = random.uniform(0, 6.28, (count, 3))[..., None, None]
    noise = random.uniform(-1, 1, (count, 3, height, width))
    rows, columns = np.mgrid[:height, :width]
    angle = frequency[:, :, 0] * rows / height + frequency[:, :, 1] * columns / width
    return nhwc(0.7 * np.sin(2 * np.pi * angle + phase) + 0.3 * noise).astype("float32")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# ------------------------------------------------------------------------------ a training step


class Traced(RetrievalModel):
    """Reports what passes by in a step beside the loss."""

    def _update(self, data: Any) -> dict:
        found: dict[str, list] = {"loss": [], "gradients": [], "way": []}

        def differentiate(function: Any, variables: list, *tensors: Any) -> tuple:
            outputs, extra, pull = REAL["differentiate"](function, variables, *tensors)
            found["loss"].append(outputs)
            return outputs, extra, lambda slopes: _kept(found["gradients"], pull(slopes))

        def perturbations(*arguments: Any) -> list:
            return _kept(found["way"], REAL["perturbations"](*arguments))

        with (
            patch.object(backend, "differentiate", differentiate),
            patch.object(sharpness, "perturbations", perturbations),
        ):
            return {**super()._update(data), **found}


def _kept(place: list, value: Any) -> Any:
    place.append(value)
    return value


class Step:
    """A small SAIG with the entry's weights and batch."""

    def __init__(self, golden: Golden) -> None:
        self.golden, config = golden, golden.entry["config"]
        self.state = {m.group(1): golden[m.group(0)] for m in golden.matching("w/(.*)")}
        sizes = {"ground": config["g"], "aerial": config["s"]}
        branches = {
            view: saig(
                size,
                pooling=golden.entry["pool"].lower(),
                dim=config["D"],
                depth=config["depth"],
                heads=config["heads"],
                stem_widths=config["wid"],
                name=view,
            )
            for view, size in sizes.items()
        }
        self.model = Traced(**branches)
        self.batch = {view: nhwc(golden[f"x_{SHORT[view]}"]) for view in sizes}
        load_saig_state(self.model, self.state)

    def variable(self, name: str) -> keras.Variable:
        """The variable that PyTorch calls `name`."""
        view = next(view for view, module in MODULES.items() if name.startswith(module))
        module, _, tail = name.removeprefix(MODULES[view]).removeprefix("backbone.").rpartition(".")
        layer = getattr(self.model, view).get_layer((module or tail).replace(".", "-"))
        return getattr(layer, (NORM_TAIL if hasattr(layer, "gamma") else TAIL)[tail])

    def layout(self, value: Any) -> np.ndarray:
        """Keras' layout -> PyTorch's."""
        value = np.array(ops.convert_to_numpy(value))
        return value.transpose({2: (1, 0), 4: (3, 2, 0, 1)}.get(value.ndim, range(value.ndim)))

    def train(self) -> dict[str, Any]:
        """One step; its losses and gradients at both places, and the way between them."""
        # compiled on JAX, where single operations take long; elsewhere as they come
        self.model.compile(run_eagerly=keras.config.backend() != "jax")
        found = self.model.train_on_batch(self.batch, return_dict=True)
        place = {id(v): i for i, v in enumerate(self.model.optimizer.variables_of("retrieval"))}
        names = {name: place[id(self.variable(name))] for name in self.trained}
        halves = [pulled[0] for pulled in found["gradients"]]
        columns = {"grad1": halves[0], "grad2": halves[1], "way": found["way"][0]}
        moved = {
            kind: {name: self.layout(column[i]) for name, i in names.items()}
            for kind, column in columns.items()
        }
        return {"losses": found["loss"][-2:], **moved}

    @property
    def trained(self) -> list[str]:
        """PyTorch's names of what is trained."""
        return [name for name in self.state if "running" not in name and "num_b" not in name]


def check_step(golden: Golden) -> None:
    """Inference, both gradients and the way between them, weights and statistics after a step."""
    step = Step(golden)
    _check_inference(step)
    for view, short in SHORT.items():
        vectors = _unit(_run(getattr(step.model, view), step.batch[view], training=True))
        golden.compare("train_emb", vectors, golden[f"train_emb_{short}"], **FORWARD)
    load_saig_state(step.model, step.state)  # for the statistics have moved
    _check_gradients(step, step.train())
    _check_after(step)


def _check_inference(step: Step) -> None:
    golden, ground = step.golden, step.model.ground
    inner = [ground.get_layer(name).output for name in ("tokens", "norm")]
    network = keras.Model(ground.inputs, [*inner, ground.output])
    stem, tokens, *pooled = _run(network, step.batch["ground"])
    golden.compare("stem", stem, golden["eval_grd_stem_tokens"], **FORWARD)
    golden.compare("tokens", tokens, golden["eval_grd_tokens"], **FORWARD)
    pooled.append(_run(step.model.aerial, step.batch["aerial"]))
    for short, vectors in zip(SHORT.values(), pooled, strict=True):
        golden.compare("pooled", vectors, golden[f"eval_{short}_pooled"], **FORWARD)
        golden.compare("emb", _unit(vectors), golden[f"eval_{short}_emb"], **FORWARD)


def _check_gradients(step: Step, found: dict[str, Any]) -> None:
    golden = step.golden
    for i, loss in enumerate(found["losses"]):
        value = ops.convert_to_numpy(loss)
        golden.compare("loss", value, golden[f"train_loss{i + 1}"], atol=0.0, rtol=1e-5)
    scaled = [step.state[name] * gradient for name, gradient in found["grad1"].items()]
    norm = np.sqrt(sum(np.square(each).sum() for each in scaled))
    golden.compare("norm", norm, golden["grad1_global_norm_adaptive"], atol=0.0, rtol=1e-4)
    for match in golden.matching(r"(grad[12])/(.*)"):
        kind, name = match.groups()
        _compare(step, name, found[kind][name], golden[match.group(0)], atol=2e-6, rtol=2e-3)
    for match in golden.matching(r"perturbed/(.*)"):
        name, expected = match.group(1), golden[match.group(0)]
        limit = 1e-4 * float(abs(expected - step.state[name]).max())
        value = step.state[name] + found["way"][name]
        _compare(step, name, value, expected, atol=limit, rtol=0.0)


def _check_after(step: Step) -> None:
    golden = step.golden
    near, all_ = 0, 0
    for match in golden.matching(r"after/(.*)"):
        name = match.group(1)
        value, expected = step.layout(step.variable(name)), golden[match.group(0)]
        _compare(step, name, value, expected, atol=LARGEST, rtol=0.0)
        sure = _sure(step, name)
        near += int((abs(value - expected)[sure] <= 2e-6).sum())
        all_ += int(sure.sum())
    assert near >= 0.995 * all_, f"{golden.path}: {near} of {all_} weights are where they should be"
    for match in golden.matching(r"bn_after/(.*)"):
        value = step.layout(step.variable(match.group(1)))
        golden.compare(match.group(0), value, golden[match.group(0)], 1e-4, 1e-4)


def _compare(
    step: Step, name: str, value: np.ndarray, expected: np.ndarray, atol: float, rtol: float
) -> None:
    sure = _sure(step, name)
    step.golden.compare(name, value[sure], expected[sure], atol=atol, rtol=rtol)


def _sure(step: Step, name: str) -> np.ndarray:
    """Where the true gradient is not 0; the entry names where it is."""
    sure = np.ones(step.state[name].shape, bool)
    if name.endswith("conv_stem.0.bias"):
        sure[:] = False
    if name.endswith("qkv.bias"):
        third = len(sure) // 3
        sure[third : 2 * third] = False
    return sure

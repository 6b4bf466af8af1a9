"""Whole training steps of pix2pix, D and G with Adam, against the reference's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kgen import Pix2Pix
from kgen.losses import fake_loss, real_loss
from tests.goldens.builders import build_discriminator, build_unet
from tests.goldens.compiled import forward
from tests.goldens.files import Golden, make, nchw, nhwc
from tests.goldens.weights import Weights

LOSSES = ("d_real", "d_fake", "d_loss", "g_adversarial", "g_l1_weighted", "g_loss")
BETAS = (0.5, 0.999)
TORCH_EPSILON = 1e-8
OUTPUT = {"atol": 2e-5, "rtol": 1e-4}  # of a generator's picture, which the manifest leaves open
SAME = 1e-5  # relative: what full steps must reach where the epsilons mean the same
NEAR_EPSILON = 1e-5  # gradients below: the manifest's bound for epsilon 1e-8
ROUNDING = 1e-6  # of a float32 gradient, as a share of the largest of its tensor


class Run:
    """Networks with the entry's weights, trained on the entry's batches."""

    def __init__(self, golden: Golden) -> None:
        self.golden = golden
        inputs = golden.entry["input_recipe"]
        self.batches = [
            (nhwc(make(a)), nhwc(make(b))) for a, b in zip(inputs["A"], inputs["B"], strict=True)
        ]
        self.values = {
            player: golden.state_dict(f"sd{player}", f"recipe{player}") for player in "GD"
        }
        _, height, width, channels = self.batches[0][0].shape
        generator, g_weights = build_unet(self.values["G"], height, width)
        discriminator, d_weights = build_discriminator(self.values["D"], height, width, channels)
        self.weights: dict[str, Weights] = {"G": g_weights, "D": d_weights}
        self.rate = golden.number(r"lr ([\d.e-]+)", 2e-4)
        self.fake, mode = self._first_step(generator, discriminator)
        self.model = Pix2Pix(
            generator,
            discriminator,
            gan_mode=mode,
            l1_weight=golden.number(r"([\d.]+)\*L1", 100.0),
            gradient_penalty_weight=0.0,
        )

    def _first_step(self, generator: Any, discriminator: Any) -> tuple[np.ndarray, str]:
        """The first fake; and the criterion, which only the losses of the first step tell."""
        source, target = self.batches[0]
        fake = forward(generator, source, training=True)
        on_fake = forward(discriminator, [source, fake], training=True)
        on_real = forward(discriminator, [source, target], training=True)
        expected = self.golden[self.golden.matching("losses_.*")[0].group(0)][0, :2]
        modes = [
            mode
            for mode in ("vanilla", "lsgan", "hinge", "wgangp")
            if np.allclose(
                [float(real_loss(on_real, mode)), float(fake_loss(on_fake, mode))],
                expected,
                **self.golden.tolerance("losses_step1"),
            )
        ]
        assert len(modes) == 1, f"{self.golden.id}: D's first losses {expected} fit {modes}"
        return fake, modes[0]

    def start(self, epsilon: float) -> None:
        """Go back to the entry's weights, with new optimizers."""
        for player, weights in self.weights.items():
            weights.load(self.values[player])
        self.model.compile(
            **{
                f"{player}_optimizer": keras.optimizers.Adam(self.rate, *BETAS, epsilon=epsilon)
                for player in "dg"
            }
        )

    def step(self, number: int) -> list[float]:
        """One step; its losses in the order of the reference's columns."""
        self.model.reset_metrics()
        logs = self.model.train_on_batch(*self.batches[number], return_dict=True)
        return [float(logs[name]) for name in LOSSES]

    def gradients(self, player: str) -> dict[str, np.ndarray]:
        """The gradients of the first step, from Adam's first momentum m = (1 - beta1) g."""
        weights, optimizer = self.weights[player], self.model.optimizer.of(player.lower())
        names = {id(variable): name for name, variable in weights.variables.items()}
        variables = self.model.optimizer.variables_of(player.lower())
        return {
            names[id(variable)]: weights.to_reference(momentum) / (1.0 - BETAS[0])
            for variable, momentum in zip(variables, optimizer._momentums, strict=True)
        }


def check_steps(golden: Golden) -> None:
    """Losses of all steps, gradients and state after the first, weights after the last."""
    run = Run(golden)
    golden.compare("fake_B_step1", nchw(run.fake), golden["fake_B_step1"], **OUTPUT)
    for match in golden.matching(r"losses_f32(?:_eps(.+))?"):
        if match.group(1):
            _check_run(run, f"_eps{match.group(1)}", float(match.group(1)), same_epsilon=True)
        else:
            # PyTorch adds epsilon to sqrt(v / (1 - beta2^t)), Keras to sqrt(v): equal for t = 1
            epsilon = TORCH_EPSILON * np.sqrt(1.0 - BETAS[1])
            _check_run(run, "", float(epsilon), same_epsilon=False)


def _check_run(run: Run, suffix: str, epsilon: float, same_epsilon: bool) -> None:
    golden = run.golden
    run.start(epsilon)
    losses = [run.step(0)]
    gradients = {player: run.gradients(player) for player in "GD"}
    _check_gradients(golden, gradients)
    _check_after_first_step(run, gradients, suffix, same_epsilon)
    losses += [run.step(number) for number in range(1, len(run.batches))]
    for match in golden.matching(rf"losses_(?:f32|f64){suffix}"):
        name = match.group(0)
        expected = golden[name]
        golden.compare(name, losses[:1], expected[:1], **golden.tolerance("losses_step1"))
        golden.compare(name, losses[1:], expected[1:], **golden.tolerance("losses_step2_3"))
        if same_epsilon:
            golden.compare(name, losses, expected, atol=0.0, rtol=SAME)
    for match in golden.matching(rf"weight_sum_abs_after(\d+)_(?:f32|f64){suffix}"):
        assert int(match.group(1)) == len(run.batches)
        sums = [
            sum(np.abs(np.float64(run.weights[player][name])).sum() for name in names)
            for player, names in golden.entry["param_order"].items()
        ]
        golden.compare(match.group(0), sums, golden[match.group(0)], atol=0.0, rtol=SAME)


def _check_gradients(golden: Golden, gradients: dict[str, dict[str, np.ndarray]]) -> None:
    relative = golden.tolerance("gradnorm")["rtol"]
    for player, found in gradients.items():
        ordered = [np.float64(found[name]) for name in golden.entry["param_order"][player]]
        assert len(ordered) == len(found)
        norms = [np.sqrt(np.square(g).sum()) for g in ordered]
        golden.check(f"gradnorm_{player}_step1", norms, "gradnorm")
        golden.check(f"gradabsmax_{player}_step1", [abs(g).max() for g in ordered], "gradnorm")
        for match in golden.matching(f"grad{player}/(.*)"):
            expected = golden[match.group(0)]
            golden.compare(
                match.group(0),
                found[match.group(1)],
                expected,
                atol=relative * float(abs(expected).max()),
                rtol=0.0,
            )


def _check_after_first_step(run: Run, gradients: dict, suffix: str, same_epsilon: bool) -> None:
    golden = run.golden
    for match in golden.matching(rf"post([GD])1{suffix}/(.*)"):
        player, name = match.groups()
        value, expected = run.weights[player][name], golden[match.group(0)]
        if name in gradients[player]:
            # Adam's first step is rate * sign(g), as far as epsilon lets it: not where the
            # gradient is epsilon's size, or, without epsilon, of unknown sign
            size = abs(gradients[player][name])
            sure = size > (ROUNDING * size.max() if same_epsilon else NEAR_EPSILON)
            moved = abs(value - run.values[player][name])
            assert moved.max() <= run.rate * 1.001, f"{golden.path}: {match.group(0)}"
            value, expected = value[sure], expected[sure]
        golden.compare(match.group(0), value, expected, **golden.tolerance("post"))

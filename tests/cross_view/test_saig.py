"""SAIG's branches, and the released files that they read."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from kgen.cross_view import SAIG_PRESETS, RetrievalModel, load_saig_checkpoint, saig
from kgen.cross_view.saig_weights import load_saig_state, resize_positions
from kgen.layers import BatchNormalization
from tests import checks
from tests.goldens.builders import trainable_count

TINY = {**SAIG_PRESETS["tiny"], "depth": 1, "dim": 16}


def run(network: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.array(ops.convert_to_numpy(network(ops.convert_to_tensor(images), training=False)))


def pictures(height: int, width: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (2, height, width, 3)).astype("float32")


# ------------------------------------------------------------------------------ the network


@pytest.mark.parametrize(
    ("size", "arguments", "count"),
    [
        (256, {"variant": "S"}, 9_100_800),
        ((128, 512), {"variant": "D"}, 15_614_208),
        (256, {"variant": "S", "pooling": "smd"}, 9_100_800 + 527_624),
        ((128, 256), SAIG_PRESETS["teaching"], 318_912),
    ],
)
def test_parameters_of_the_paper(size, arguments, count):
    with keras.StatelessScope(initialize_variables=False):  # which takes most of the time
        assert trainable_count(saig(size, **arguments)) == count


@pytest.mark.parametrize(("pooling", "length"), [("gap", 16), ("smd", 128), ("gem", 16)])
def test_poolings_and_saving(tmp_path, pooling, length):
    branch = saig((32, 64), pooling=pooling, seed=3, **TINY)
    images = pictures(32, 64)
    vectors = run(branch, images)
    assert vectors.shape == (2, length)
    assert abs(vectors[0] - vectors[1]).max() > 0
    branch.save(tmp_path / "branch.keras")
    np.testing.assert_array_equal(
        run(keras.models.load_model(tmp_path / "branch.keras"), images), vectors
    )
    tokens = keras.Model(branch.inputs, branch.get_layer("norm").output)
    means = {1: run(tokens, images).mean(axis=1)}
    means[3] = np.cbrt((np.maximum(run(tokens, images), 1e-6) ** 3).mean(axis=1))
    if pooling != "smd":
        np.testing.assert_allclose(vectors, means[1 if pooling == "gap" else 3], atol=1e-5)


def test_normalized_vectors_have_length_one():
    branch = saig((32, 64), normalize=True, **TINY)
    np.testing.assert_allclose(np.linalg.norm(run(branch, pictures(32, 64)), axis=1), 1, rtol=1e-5)


def test_equal_seeds_make_equal_networks():
    one, same, other = (checks.values(saig(32, seed=s, **TINY).weights) for s in (1, 1, 2))
    assert checks.largest_difference(one, same) == 0.0
    assert checks.largest_difference(one, other) > 0.0
    model = RetrievalModel.from_preset("tiny", 32, 32, depth=1, dim=16)
    apart = [checks.values(getattr(model, view).weights) for view in ("ground", "aerial")]
    assert checks.largest_difference(*apart) > 0.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"image_size": (100, 512)}, "multiples of 16; got 100x512. Take 96x512."),
        ({"image_size": 8}, "got 8x8. Take 16x16."),
        ({"variant": "L"}, "variant must be one of S, D; got 'L'"),
        ({"pooling": "max"}, "pooling must be one of gap, smd, gem"),
        ({"heads": 5}, "heads must divide dim; got heads=5 and dim=384"),
        ({"stem_widths": (8, 16)}, "channels of 6 convolutions; got 2"),
    ],
)
def test_networks_that_cannot_be(arguments, says):
    with pytest.raises(ValueError, match=says):
        saig(**arguments)


def test_saig_trains_and_both_branches_move():
    model = RetrievalModel.from_preset("tiny", (32, 64), 32, depth=1, dim=16)
    model.compile(keras.optimizers.AdamW(1e-3, epsilon=1e-8), asam=None)
    batch = {"ground": pictures(32, 64), "aerial": pictures(32, 32, 1)}
    before = {v: checks.values(getattr(model, v).variables) for v in batch}
    first = checks.train(model, batch, 1)["retrieval_loss"]
    for view, values in before.items():
        after = checks.values(getattr(model, view).variables)
        assert all(np.any(a != b) for a, b in zip(values, after, strict=True)), view
    assert checks.train(model, batch, 6)["retrieval_loss"] < first


# ------------------------------------------------------------------------------ released files


def torch_state(branch: keras.Model, prefix: str) -> dict[str, np.ndarray]:
    """A branch's weights under the names, and in the layout, of the released code."""
    state = {}
    for layer in branch.layers:
        linear = layer.name.startswith("linear")
        place = prefix.removesuffix("backbone.") if linear else prefix
        if layer.name == "pos_embed":
            state[f"{place}pos_embed"] = layer.positions
        elif layer.weights:
            norm = isinstance(layer, (BatchNormalization, keras.layers.LayerNormalization))
            parts = (
                {"weight": "gamma", "bias": "beta"}
                if norm
                else {"weight": "kernel", "bias": "bias"}
            )
            if isinstance(layer, BatchNormalization):
                parts |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
            for part, attribute in parts.items():
                state[f"{place}{layer.name.replace('-', '.')}.{part}"] = getattr(layer, attribute)
    arrays = {name: np.array(ops.convert_to_numpy(value)) for name, value in state.items()}
    turned = {2: (1, 0), 4: (3, 2, 0, 1)}
    return {name: a.transpose(turned.get(a.ndim, range(a.ndim))) for name, a in arrays.items()}


def both(pooling: str = "gap", seed: int = 5) -> tuple[RetrievalModel, dict[str, np.ndarray]]:
    model = RetrievalModel.from_preset("tiny", (32, 64), 32, seed, pooling=pooling, depth=1, dim=16)
    state = torch_state(model.ground, "model_grd.backbone.")
    return model, state | torch_state(model.aerial, "model_sat.backbone.")


def write(torch, path, state: dict, **others) -> None:
    tensors = {name: torch.tensor(np.ascontiguousarray(a)) for name, a in state.items()}
    torch.save({"state_dict": tensors, **others}, path)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch writes the file")


def test_a_file_of_both_branches(torch, tmp_path):
    model, state = both()
    counts = {"model_grd.backbone.patch_embed.conv_stem.1.num_batches_tracked": np.array(9)}
    write(torch, tmp_path / "saig.pth", state | counts, epoch=3)
    other, _ = both(seed=50)
    load_saig_checkpoint(other, tmp_path / "saig.pth")
    same = [checks.values(m.weights) for m in (model, other)]
    assert checks.largest_difference(*same) == 0.0
    alone = saig(32, **TINY)
    load_saig_checkpoint(alone, tmp_path / "saig.pth", view="aerial")
    same = [checks.values(b.weights) for b in (model.aerial, alone)]
    assert checks.largest_difference(*same) == 0.0
    with pytest.raises(ValueError, match="holds both branches; say view="):
        load_saig_checkpoint(alone, tmp_path / "saig.pth")
    with pytest.raises(FileNotFoundError, match="no such weights file"):
        load_saig_checkpoint(alone, tmp_path / "none.pth")


@pytest.mark.parametrize("pooling", ["gap", "smd"])
def test_a_backbone_of_imagenet_starts_both_branches(pooling):
    trained_one = saig(48, seed=7, **TINY)  # a square of 3x3 tokens, the classifier behind it
    state = torch_state(trained_one, "") | {
        "head.weight": np.ones((10, 16)),
        "head.bias": np.ones(10),
    }
    model, _ = both(pooling)
    load_saig_state(model, state)
    positions = state["pos_embed"]
    for branch, grid in ((model.ground, (2, 4)), (model.aerial, (2, 2))):
        found = ops.convert_to_numpy(branch.get_layer("pos_embed").positions)
        np.testing.assert_allclose(found, resize_positions(positions, (3, 3), grid), atol=1e-6)
        kernel = ops.convert_to_numpy(branch.get_layer("blocks-0-attn-qkv").kernel)
        np.testing.assert_array_equal(kernel.T, state["blocks.0.attn.qkv.weight"])


def test_positions_of_another_size():
    _, state = both()
    wide = RetrievalModel.from_preset("tiny", (32, 96), 32, depth=1, dim=16)
    with pytest.raises(ValueError, match=r"8 tokens.*say trained_size=\(H, W\)"):
        load_saig_state(wide, state)
    load_saig_state(wide, state, trained_size={"ground": (32, 64), "aerial": 32})
    found = ops.convert_to_numpy(wide.ground.get_layer("pos_embed").positions)
    stored = state["model_grd.backbone.pos_embed"]
    np.testing.assert_allclose(found, resize_positions(stored, (2, 4), (2, 6)), atol=1e-6)
    same = ops.convert_to_numpy(wide.aerial.get_layer("pos_embed").positions)
    np.testing.assert_array_equal(same, state["model_sat.backbone.pos_embed"])


def changed(state: dict, **changes: np.ndarray | None) -> dict:
    """The state with some arrays exchanged or, for None, left out; `__` stands for a dot."""
    new = state | {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in new.items() if value is not None}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_sat__backbone__norm__weight": None}, "has no norm.weight"),
        ({"model_sat__backbone__norm__bias": np.full(16, np.nan)}, "not finite"),
        ({"model_sat__backbone__blocks__1__norm1__weight": np.ones(16)}, "no place for.*depth"),
        ({"model_sat__linear1__weight": np.ones((16, 4))}, "no place for.*pooling"),
        ({"model_sat__backbone__pos_embed": np.ones((1, 4, 9))}, r"needs \(1, N, 16\)"),
        ({"model_sat__backbone__pos_embed": None}, "holds 0 networks that would do"),
    ],
)
def test_another_networks_file_sets_nothing(change, says):
    model, state = both()
    before = checks.values(model.weights)
    other = {name: value + 1 for name, value in state.items()}
    with pytest.raises(ValueError, match=says):
        load_saig_state(model, changed(other, **change))
    assert checks.largest_difference(before, checks.values(model.weights)) == 0.0


def test_networks_that_are_not_saig():
    _, state = both()
    plain = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="no branch made by saig"):
        load_saig_state(plain, state, view="ground")
    with pytest.raises(ValueError, match="so it is not of SAIG"):
        load_saig_state(saig(32, **TINY), {"conv1.weight": np.ones(3)})

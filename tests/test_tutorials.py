"""The tutorials run from top to bottom, say what they promise, and equal their notebooks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.conftest import REPOSITORY, names_of_tool

SOURCES = sorted((REPOSITORY / "tutorials").glob("[0-9]*.py"))
LONGEST_CELL = 15  # lines of one idea, blank lines and imports aside

# Runs a source as a script, then answers with the values of some of its expressions.
RUNNER = """
import json, runpy, sys
names = runpy.run_path(sys.argv[1], run_name="__main__")
print("RESULT " + json.dumps({e: eval(e, names) for e in sys.argv[2:]}, default=float))
"""

# The functions of the walk-through (Garg, "Using Pix2Pix ..."), as headings.
WALK_THROUGH = """load_images preprocess_data define_discriminator define_encoder_block
    decoder_block define_generator define_gan generate_real_samples generate_fake_samples
    summarize_performance train plot_images""".split()


def read_cells(source: Path) -> list[tuple[str, str]]:
    return names_of_tool("build_notebooks")["read_cells"](source.read_text("utf-8"))


def source_of(name: str) -> Path:
    return next(source for source in SOURCES if source.stem.startswith(name))


# All cells run, shortened, each tutorial on one backend: what they call is tested on all of them
# elsewhere. KGEN_THOROUGH=1 runs them as readers do on the backend of the tests, and then sees how
# well the networks have learnt and that the backends agree: minutes of work on each.
BACKEND = keras.config.backend()
THOROUGH = os.environ.get("KGEN_THOROUGH") == "1"


def runs_on(backend: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        backend != BACKEND and not THOROUGH,
        reason=f"runs on {backend}; on the others, too, with KGEN_THOROUGH=1",
    )


def execute(name: str, folder: Path, *expressions: str) -> dict:
    """Run a tutorial in `folder`, QUICK or shorter; the values of expressions at its end."""
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    environment = {
        **os.environ,
        "KGEN_QUICK": "1" if THOROUGH else "2",
        "KGEN_BACKENDS": "tensorflow jax torch" if THOROUGH else BACKEND,
        "KGEN_MAPS": "",
        "KERAS_BACKEND": BACKEND,
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(source_of(name)), *expressions],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    return json.loads(done.stdout.split("RESULT ")[-1])


@runs_on("jax")
@pytest.mark.slow
def test_one_step_three_backends(tmp_path):
    found = execute(
        "00",
        tmp_path,
        "moved_by_d",
        "moved_by_g",
        "still",
        "moved",
        "installed",
        "largest_difference",
    )
    for mover, other, distances in (
        ("d", "g", found["moved_by_d"]),
        ("g", "d", found["moved_by_g"]),
    ):
        assert min(distances[mover]) > 0.0
        assert max(distances[other]) == 0.0
    still, moved = found["still"], found["moved"]
    assert moved["seen_by_d"] == pytest.approx(moved["seen_by_g"], rel=1e-6)
    assert moved["d_loss"] == pytest.approx(still["d_loss"], rel=1e-6)
    judged = [logs["g_loss"] - 100 * logs["l1"] for logs in (still, moved)]
    assert judged[0] != pytest.approx(judged[1], rel=1e-3)
    assert BACKEND in found["installed"]
    assert found["largest_difference"] < 1e-5


@runs_on("tensorflow")
@pytest.mark.slow
def test_pix2pix_maps(tmp_path):
    found = execute(
        "01",
        tmp_path,
        "history.history['g_l1']",
        "history.history['learning_rate']",
        "scores",
        "lazy_l1",
        "list(moved.values())",
        "difference",
        "np.abs(again - generated[:4]).max()",
        "len(film)",
    )
    l1, epochs = found["history.history['g_l1']"], 10 if THOROUGH else 2
    assert len(l1) == epochs
    if THOROUGH:
        assert l1[-1] < 0.6 * l1[0]
        assert found["scores"]["g_l1"] < 0.97 * found["lazy_l1"]
    assert l1[-1] < l1[0]
    assert found["history.history['learning_rate']"][-1] == pytest.approx(
        2e-3 / (4 if THOROUGH else 2)
    )
    assert found["np.abs(again - generated[:4]).max()"] == 0.0
    assert found["difference"] < 1e-5  # the walk-through's generator and the preset "seed"
    assert found["len(film)"] == epochs + 1
    check_what_moved(*found["list(moved.values())"])
    check_run_folder(tmp_path / "runs" / "01_pix2pix_maps", epochs)


def check_what_moved(d_steps: dict, g_step: dict, kgen_step: dict) -> None:
    """The walk-through's D trains six vectors, in its own steps and in G's; kgen's trains whole."""
    for change in (d_steps, g_step):
        moving = [path for path, distance in change.items() if distance > 0.0]
        assert len(moving) == 6
        assert all(path.endswith(("gamma", "beta")) for path in moving)
    assert min(kgen_step.values()) > 0.0


def check_run_folder(run: Path, epochs: int) -> None:
    assert len(list((run / "maps" / "train").glob("*.png"))) == 160
    assert len(list((run / "samples").glob("epoch_*.png"))) == epochs
    assert (run / "saved" / f"model_{epochs:04d}.keras").is_file()
    assert (run / "loss_curves.png").stat().st_size > 5000
    assert (run / "model.keras").is_file()
    assert "data:image/png" in (run / "evaluation" / "report.html").read_text("utf-8")
    table = json.loads((run / "comparison" / "comparison.json").read_text("utf-8"))["table"]
    assert set(table["ssim"]) == {"pix2pix", "lazy answer"}
    if (run / "saved_model").exists():
        report = json.loads((run / "saved_model" / "export.json").read_text())
        assert report["max_difference"]["serve"] < 1e-4


@runs_on("torch")
@pytest.mark.slow
def test_attributes_to_birds(tmp_path):
    found = execute(
        "02",
        tmp_path,
        "[[group in SHAPE_GROUPS, pixels] for group, pixels in changed.items()]",
        "[[cloud['kl'], cloud['right']] for cloud in clouds.values()]",
        "history.history['g_kl'] + painting.history['g_kl']",
        "[len(film), list(film[-1].shape), list(drawn.shape), list(asked.shape)]",
        "[own_iou, other_iou]",
        "redness",
        "[differing, difference]",
        "np.ptp(untrained.generate(variants, noise=noise)[1], axis=0).sum()",
        "message",
        "[result.metrics[name]['value'] for name in ('others_seen', 'round_trip_iou')]",
        "signs",
    )
    changed, clouds, kl, shapes, overlap, redness, zeros, unequal, message, seen, signs = (
        found.values()
    )
    assert all((pixels > 0) == is_shape for is_shape, pixels in changed)
    assert len(changed) == 13
    prices, right = zip(*clouds, strict=True)
    assert prices[0] > prices[1] > prices[2] >= 0.0  # the dearer, the nearer to the standard cloud
    assert right[0] > 0.9 > 0.6 > right[2]
    assert min(kl) > 0.0
    count = 128 if THOROUGH else 16
    epochs, last, drawn, asked = shapes
    assert epochs == len(kl) // 2 + 1 or THOROUGH
    assert (last, drawn, asked) == ([6, 32, 32, 1], [count, 32, 32, 1], [count, 68])
    assert zeros == [0, 0]  # no crown changes a mask; nothing changes by saving
    assert unequal == 0  # nor one of random weights, whose masks are surely not all black
    assert 0.05 < signs["never trained"]["share of the masks that is bird"] < 0.95
    assert "'has_bill_shape::dager'" in message
    assert "Did you mean 'has_bill_shape::dagger'" in message
    assert signs["trained"].keys() == signs["never trained"].keys()
    assert any(
        abs(signs["trained"][k] - signs["never trained"][k]) > 1e-3 for k in signs["trained"]
    )
    if THOROUGH:
        assert overlap[0] > overlap[1] + 0.02
        assert redness["red"] > redness["blue"] + 20.0
        assert seen[0] > 0.1
        assert seen[1] > 0.4
    run = tmp_path / "runs" / "02_attributes_to_birds"
    assert (run / "birds.keras").is_file()
    if (run / "saved_model").exists():
        report = json.loads((run / "saved_model" / "export.json").read_text())
        assert report["signatures"]["serve"]["inputs"].keys() == {"attributes", "noise"}
        assert report["max_difference"]["serve"] < 1e-4


@runs_on("torch")
@pytest.mark.slow
def test_cross_view_retrieval(tmp_path):
    found = execute(
        "03",
        tmp_path,
        "moved",
        "alike",
        "by_hand + slopes",
        "climbed",
        "[len(by_step), len(pairs), len(near), model.ground.output_shape[1]]",
        "[recall['trained'], recall['before training'], recall['polar pixels']]",
        "len(refused)",
        "difference",
        "[own[0].aerial.shape[0], len(own)]",
    )
    moved, alike, gradients, climbed, counts, recall, refused, difference, own = found.values()
    assert moved["left"] < 0.7 * min(moved["not"], moved["right"])  # both views turn alike
    assert alike == pytest.approx(1.5 * np.log(2), rel=1e-5)  # B / (B - 1) log 2
    assert gradients[:2] == pytest.approx([4.0, 6.0], rel=1e-5)
    assert gradients[2] > 0 > gradients[3]  # back into the hole; out of it
    assert climbed["0.05"] < min(climbed["0.5"], climbed["2.0"])
    assert counts == ([200, 1600, 5, 512] if THOROUGH else [6, 48, 5, 512])
    assert refused == 5
    assert difference == 0.0
    assert own == [128 if THOROUGH else 32, 4]
    if THOROUGH:
        trained, before, lazy = recall
        assert trained[0] > 0.1
        assert trained[2] > 0.5 > lazy[2] > before[2]
    assert (tmp_path / "runs" / "03_cross_view_retrieval" / "retrieval.keras").is_file()


@runs_on("torch")
@pytest.mark.slow
def test_cross_view_generation(tmp_path):
    found = execute(
        "04",
        tmp_path,
        "[coarse_change, difference, blind.min()]",
        "[local_change, change['map'], change['vector']]",
        "[len(film), len(data), sorted(data[0])]",
        "history.history['g_l1']",
        "results",
        "len(refused)",
        "[list(answers.shape), list(from_above.shape)]",
    )
    exact, noise, (frames, steps, names), l1, results, refused, shapes = found.values()
    assert exact == [0, 0, 1.0]  # local noise leaves the coarse picture alone; saving leaves all
    assert noise[2] < 0.1 * min(noise[:2])  # a vector of noise is removed, a map is seen
    assert frames == len(l1) + 1
    assert steps == (20 if THOROUGH else 1)
    assert names == ["coarse_embedding", "ground", "location", "source_embedding",
                     "target_embedding"]  # fmt: skip
    assert l1[-1] < l1[0]
    assert refused == 4
    assert shapes == [[4, 128, 256, 3], [1, 256, 256, 3]]
    check_measures(results, len(l1))


def check_measures(results: dict, epochs: int) -> None:
    """Real panoramas of other places look real, and a mean of many has the smaller error."""
    assert results["another place"]["fid_stand_in"] == pytest.approx(0.0, abs=1e-3)
    assert results["mean of eight"]["psnr"] > results["another place"]["psnr"]
    if THOROUGH:
        assert epochs == 5
        generator, other = results["generator"], results["another place"]
        assert generator["psnr"] > other["psnr"] + 1.0
        assert generator["r10"] > other["r10"] + 0.1
        assert generator["real_r1"] > generator["r1"]


def test_the_walk_through_is_found_again():
    kinds = read_cells(source_of("01"))
    headings = " ".join(re.findall(r"^## (.*)$", "\n".join(c for _, c in kinds), re.MULTILINE))
    assert [name for name in WALK_THROUGH if name not in headings] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_cells_are_short(source):
    for kind, content in read_cells(source):
        lines = [line for line in content.splitlines() if line.strip()]
        lines = [line for line in lines if not re.match(r"(import|from) ", line)]
        limit = LONGEST_CELL if kind == "code" else 40
        assert len(lines) <= limit, f"{len(lines)} lines in one cell of {source.name}:\n{content}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebook_equals_its_source(source):
    notebook = json.loads(source.with_suffix(".ipynb").read_text("utf-8"))
    built = [cell for cell in notebook["cells"] if cell["id"] != "built"]
    written = [(cell["cell_type"], "".join(cell["source"])) for cell in built]
    assert written == read_cells(source), "run tools/build_notebooks"
    code = [cell for cell in built if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    kinds = {"image/png", "image/jpeg"}
    pictures = [output for output in outputs if kinds & set(output.get("data", {}))]
    assert len(pictures) >= 5
    assert source.with_suffix(".ipynb").stat().st_size < 1_000_000

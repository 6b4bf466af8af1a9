"""Where weights are looked for, and what is said where they are missing."""

import hashlib
from dataclasses import replace
from pathlib import Path

import keras
import pytest

from kgen.weights import WEIGHTS, WeightsNotFoundError, find_weights
from kgen.weights import find as module

CONTENT = b"weights"
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
FILE = f"vgg16-{DIGITS}.pth"


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No weights of the machine's user, no network, and a published file that is small."""
    monkeypatch.delenv("KGEN_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setitem(module.WEIGHTS, "vgg16", replace(WEIGHTS["vgg16"], file=FILE))
    monkeypatch.setattr(keras.utils, "get_file", offline)


def offline(*_, **__):
    raise Exception("URL fetch failure: no route")  # as Keras raises it


def serve(monkeypatch, folder: Path, contents: list[bytes]) -> list[dict]:
    """Let `get_file` give these contents, call by call; returns what it is asked."""
    asked: list[dict] = []

    def get_file(file, address, **options):
        asked.append({"file": file, "address": address, **options})
        (folder / file).write_bytes(contents[len(asked) - 1])
        return str(folder / file)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    return asked


def test_a_folder_or_file_that_kgen_weights_names(monkeypatch, tmp_path):
    (tmp_path / FILE).write_bytes(CONTENT)
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    assert find_weights("vgg16") == tmp_path / FILE
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path / FILE))
    assert find_weights("vgg16") == tmp_path / FILE
    with pytest.raises(WeightsNotFoundError, match="alexnet-owt"):
        find_weights("alexnet")  # the file named is another network's


def test_an_own_name_is_taken_as_it_is(monkeypatch, tmp_path):
    for file in ("vgg16.pth", "keras_vgg16.h5"):
        (tmp_path / file).write_bytes(b"anything")
        monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
        assert find_weights(Path(file).stem) == tmp_path / file


@pytest.mark.parametrize(
    ("name", "file"),
    [("vgg16", FILE), ("keras_vgg16", WEIGHTS["keras_vgg16"].file)],
)
def test_a_wrong_checksum_is_an_error(monkeypatch, tmp_path, name, file):
    (tmp_path / file).write_bytes(b"cut off")
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    with pytest.raises(ValueError, match=rf"{file}: its (sha256|md5) is .* was published"):
        find_weights(name)


def test_a_path_comes_first(tmp_path):
    (tmp_path / "mine.pth").touch()
    assert find_weights("vgg16", tmp_path / "mine.pth") == tmp_path / "mine.pth"
    with pytest.raises(WeightsNotFoundError, match=r"gone\.pth"):
        find_weights("vgg16", tmp_path / "gone.pth")


def test_the_cache_of_pytorch_is_used_where_its_file_is_whole(tmp_path):
    cached = tmp_path / "torch" / "hub" / "checkpoints" / FILE
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert find_weights("vgg16") == cached
    cached.write_bytes(b"cut off")
    with pytest.raises(WeightsNotFoundError):
        find_weights("vgg16")


def test_downloads_are_checked_and_cut_ones_repeated(monkeypatch, tmp_path):
    asked = serve(monkeypatch, tmp_path, [CONTENT[:3], CONTENT])
    assert find_weights("vgg16").read_bytes() == CONTENT
    assert [call["force_download"] for call in asked] == [False, True]
    assert asked[0]["address"] == f"https://download.pytorch.org/models/{FILE}"
    serve(monkeypatch, tmp_path, [b"wrong", b"wrong"])
    with pytest.raises(ValueError, match="It was deleted"):
        find_weights("vgg16")
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("name", list(WEIGHTS))
def test_missing_weights_say_which_how_large_and_where(monkeypatch, tmp_path, name):
    weights = module.WEIGHTS[name]
    with pytest.raises(WeightsNotFoundError) as caught:
        find_weights(name)
    message = str(caught.value)
    for part in (weights.file, f"{weights.megabytes:g} MB", weights.address, "KGEN_WEIGHTS"):
        assert part in message
    assert "no route" in message
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsNotFoundError, match=str(tmp_path)):
        find_weights(name, download=False)


def test_what_cannot_be_meant():
    with pytest.raises(ValueError, match=r"unknown weights 'vgg19'; there are vgg16, alexnet"):
        find_weights("vgg19")


def test_kgen_weights_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("KGEN_WEIGHTS", str(tmp_path / "gone"))
    with pytest.raises(WeightsNotFoundError, match="neither a folder nor a file"):
        find_weights("vgg16")

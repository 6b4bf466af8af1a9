"""State files: written by PyTorch in both forms, read without it."""

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from kgen.weights import LPIPS_HEADS, read_state
from kgen.weights.torch_file import MAGIC

LEGACY = [True, False]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def save(torch, state, path: Path, zipped: bool) -> Path:
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("zipped", LEGACY)
def test_every_dtype_arrives_as_it_was_stored(torch, tmp_path, zipped):
    values = np.array([[0, 1, 2], [3, 100, 7]])
    names = "float64 float32 float16 int64 int32 int16 int8 uint8 bool complex64".split()
    state = {name: torch.tensor(values).to(getattr(torch, name)) for name in names}
    read = read_state(save(torch, state, tmp_path / "a.pth", zipped))
    assert list(read) == names
    for name in names:
        assert read[name].dtype == np.dtype(name)
        np.testing.assert_array_equal(read[name], state[name].numpy())


@pytest.mark.parametrize("zipped", LEGACY)
def test_bfloat16_becomes_float32(torch, tmp_path, zipped):
    tensor = torch.tensor([1.5, -3.25, 1e30, 0.1]).to(torch.bfloat16)
    read = read_state(save(torch, {"w": tensor}, tmp_path / "a.pth", zipped))["w"]
    np.testing.assert_array_equal(read, tensor.to(torch.float32).numpy())
    assert read.dtype == np.float32


@pytest.mark.parametrize("zipped", LEGACY)
def test_views_of_a_shared_storage(torch, tmp_path, zipped):
    whole = torch.arange(24.0).reshape(2, 3, 4)
    state = {
        "whole": whole,
        "turned": whole.permute(2, 0, 1),
        "part": whole[1:, :, 1:3],
        "scalar": whole[1, 2, 3],
        "empty": torch.zeros(0, 5),
        "expanded": torch.ones(1, 1).expand(3, 2),
    }
    read = read_state(save(torch, state, tmp_path / "a.pt", zipped))
    for name, tensor in state.items():
        np.testing.assert_array_equal(read[name], tensor.numpy())
        assert read[name].shape == tuple(tensor.shape)


@pytest.mark.parametrize("zipped", LEGACY)
def test_state_dicts_of_modules_and_checkpoints_of_several(torch, tmp_path, zipped):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    parameters = {"w": torch.nn.Parameter(torch.ones(2))}
    checkpoint = {
        "g": module.state_dict(),
        "d": parameters,
        "epoch": 3,
        "name": "run",
        "lr": [1e-3],
    }
    path = save(torch, checkpoint, tmp_path / "a.pth", zipped)
    read = read_state(path)
    expected = {f"g.{name}": tensor.numpy() for name, tensor in module.state_dict().items()}
    assert list(read) == [*expected, "d.w"]
    for name, value in expected.items():
        np.testing.assert_array_equal(read[name], value)
    assert list(read_state(path, "g.1.")) == [name for name in expected if name[:4] == "g.1."]
    assert list(read_state(path, ("g.0.", "d."))) == ["g.0.weight", "g.0.bias", "d.w"]


@pytest.mark.parametrize("zipped", LEGACY)
def test_no_code_is_run(torch, tmp_path, zipped):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    path = save(torch, {"w": torch.ones(2), "x": Attack()}, tmp_path / "a.pth", zipped)
    with pytest.raises(ValueError, match=r"a\.pth.*mkdir.*files with code are not opened"):
        read_state(path)
    assert not (tmp_path / "made").exists()


def test_a_whole_pickled_model_is_refused_with_the_repair(torch, tmp_path):
    torch.save(torch.nn.Conv2d(3, 4, 3), tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"Conv2d.*torch\.save\(model\.state_dict\(\), path\)"):
        read_state(tmp_path / "model.pt")


@pytest.mark.parametrize("zipped", LEGACY)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_cut_files_are_errors_that_name_them(torch, tmp_path, zipped, share):
    whole = save(torch, {"w": torch.ones(500)}, tmp_path / "a.pth", zipped).read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match=r"cut\.pth: cannot be read as a PyTorch state file"):
        read_state(tmp_path / "cut.pth")


def test_missing_storage_and_torchscript(torch, tmp_path):
    path = save(torch, {"w": torch.ones(5)}, tmp_path / "a.pth", True)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.pth", "w") as new:
        for name in old.namelist():
            if "/data/" not in name:
                new.writestr(name, old.read(name))
    with pytest.raises(ValueError, match="storage 0 is missing"):
        read_state(tmp_path / "b.pth")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/constants.pkl", b"")
    with pytest.raises(ValueError, match="TorchScript"):
        read_state(path)


def test_tensors_larger_than_their_storage_are_refused(torch, tmp_path):
    path = save(torch, {"w": torch.ones(5, 7)}, tmp_path / "a.pth", True)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.pth", "w") as new:
        for name in old.namelist():
            # the size (5, 7) in the pickle becomes (50, 7)
            new.writestr(name, old.read(name).replace(b"K\x05K\x07", b"K\x32K\x07"))
    with pytest.raises(ValueError, match="larger than its storage"):
        read_state(tmp_path / "b.pth")


def test_parameters_of_the_first_pytorch(torch, tmp_path):
    """The form in which torchvision's early files hold their parameters and tensors."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, np.ndarray):
                return ("storage", torch.FloatStorage, str(id(value)), "cpu", value.size, None)
            return None

        def reducer_override(self, value):
            if isinstance(value, Old):
                return value.kind, (), value.state
            return NotImplemented

    class Old:
        def __init__(self, kind, state):
            self.kind, self.state = kind, state

    storage = np.arange(6, dtype="<f4")
    tensor = Old(torch.Tensor, (storage, 1, (2, 2), (2, 1)))
    parameter = Old(torch.nn.Parameter, (tensor, None, OrderedDict(), True, False))
    file = io.BytesIO()
    for value in (MAGIC, 1001, {"little_endian": True}):
        pickle.dump(value, file, 2)
    Pickler(file, 2).dump(OrderedDict(w=parameter, t=tensor))
    pickle.dump([str(id(storage))], file, 2)
    file.write(struct.pack("<q", storage.size) + storage.tobytes())
    (tmp_path / "old.pth").write_bytes(file.getvalue())
    read = read_state(tmp_path / "old.pth")
    assert read["w"].tolist() == read["t"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_other_files_are_refused(tmp_path):
    for name, content in (
        ("text.pth", b"not weights"),
        ("none.pth", b""),
        ("x.pth", b"\x80\x02K\x01."),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}: cannot be read as a PyTorch state file"):
            read_state(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"gone\.pth"):
        read_state(tmp_path / "gone.pth")


def test_a_prefix_that_no_tensor_has():
    with pytest.raises(ValueError, match=r"begins with 'features\.'; tensors in it: lin0"):
        read_state(LPIPS_HEADS / "vgg.pth", "features.")


@pytest.mark.parametrize(
    ("trunk", "channels"),
    [
        ("alex", [64, 192, 384, 256, 256]),
        ("vgg", [64, 128, 256, 512, 512]),
        ("squeeze", [64, 128, 256, 384, 384, 512, 512]),
    ],
)
def test_the_shipped_heads(trunk, channels):
    heads = read_state(LPIPS_HEADS / f"{trunk}.pth")
    assert [head.shape for head in heads.values()] == [(1, count, 1, 1) for count in channels]
    assert all(head.min() >= 0 and head.max() > 0 for head in heads.values())
    assert (LPIPS_HEADS / "LICENSE").read_text().startswith("Copyright (c) 2018, Richard Zhang")

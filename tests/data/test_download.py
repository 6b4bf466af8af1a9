"""Downloads that are whole, verified, or not there at all."""

import functools
import hashlib
import http.server
import io
import json
import logging
import tarfile
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from kgen.data import download_pairs, side_by_side
from kgen.data.download import data_home


def png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((4, 8, 3), "uint8")).save(stream, "PNG")
    return stream.getvalue()


def add(tar, name, content=b"", **fields):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    tar.addfile(member, io.BytesIO(content))


@pytest.fixture
def archive(tmp_path):
    """A small archive in the published layout."""
    path = tmp_path / "from" / "maps.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        for split in ("train", "val"):
            add(tar, f"maps/{split}/1.png", png())
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download_is_verified_recorded_and_read(archive, tmp_path):
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    where = tmp_path / "to"
    folder = download_pairs(
        "maps", where, mirrors=(archive.as_uri(),), sha256=digest, verbose=False
    )
    assert folder == where / "maps"
    assert names(where) == ["maps"]  # no archive, no temporary folder is left
    record = json.loads((folder / "download.json").read_text())
    assert (record["sha256"], record["verified"]) == (digest, True)
    assert len(side_by_side(folder, "train", input_side="left")) == 1


def test_what_cannot_be_verified_is_said_to_be(archive, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "kgen"):
        folder = download_pairs("maps", tmp_path / "to", archive=archive)
    assert "maps is unverified" in caplog.text
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert digest in caplog.text
    assert json.loads((folder / "download.json").read_text())["verified"] is False
    assert archive.exists()


def test_a_folder_that_is_there_is_not_downloaded_again(archive, tmp_path):
    folder = download_pairs("maps", tmp_path / "to", archive=archive)
    archive.unlink()
    assert download_pairs("maps", tmp_path / "to", mirrors=("file:///nowhere",)) == folder


def test_a_wrong_checksum_leaves_nothing(archive, tmp_path):
    with pytest.raises(ValueError, match="Nothing was extracted"):
        download_pairs("maps", tmp_path / "to", archive=archive, sha256="0" * 64)
    assert names(tmp_path / "to") == []


def test_a_truncated_archive_leaves_nothing(archive, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ValueError, match="cannot be extracted"):
        download_pairs("maps", tmp_path / "to", archive=archive)
    archive.write_text("<html>404</html>")
    with pytest.raises(ValueError, match="neither a tar nor a zip"):
        download_pairs("maps", tmp_path / "to", archive=archive)
    assert names(tmp_path / "to") == []


@pytest.fixture
def server(tmp_path):
    """A local web server of tmp_path/from that cuts the file `short.tar.gz` off."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            if self.path.endswith("short.tar.gz"):
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"x" * 10)
            else:
                super().do_GET()

    handler = functools.partial(Handler, directory=str(tmp_path / "from"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_mirrors_are_tried_in_turn(archive, tmp_path, server, capsys):
    mirrors = (f"{server}/none.tar.gz", f"{server}/short.tar.gz", f"{server}/{{name}}.tar.gz")
    folder = download_pairs("maps", tmp_path / "to", mirrors=mirrors)
    assert names(folder) == ["download.json", "train", "val"]
    assert json.loads((folder / "download.json").read_text())["address"] == f"{server}/maps.tar.gz"
    assert names(tmp_path / "to") == ["maps"]


def test_no_mirror_tells_what_to_do(archive, tmp_path, server):
    mirrors = (f"{server}/none.tar.gz", f"{server}/short.tar.gz", "ftp://old/maps.tar.gz")
    with pytest.raises(ConnectionError) as error:
        download_pairs("maps", tmp_path / "to", mirrors=mirrors, verbose=False)
    for part in (*mirrors, "404", "10 of 1000 bytes", "archive='path/of/maps.tar.gz'"):
        assert part in str(error.value)
    assert names(tmp_path / "to") == []


def link(name, target, kind=tarfile.SYMTYPE):
    return functools.partial(add, name=name, type=kind, linkname=target)


@pytest.mark.parametrize(
    "member",
    [
        functools.partial(add, name="../evil.txt"),
        functools.partial(add, name="maps/../../evil.txt"),
        functools.partial(add, name="/tmp/evil.txt"),
        functools.partial(add, name="C:\\evil.txt"),
        link("maps/link", "/etc"),
        link("maps/train/link", "../../../etc"),
        link("maps/hard", "../evil", tarfile.LNKTYPE),
        functools.partial(add, name="maps/pipe", type=tarfile.FIFOTYPE),
    ],
)
def test_members_that_lead_outside_are_refused(tmp_path, member):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add(tar, "maps/train/1.png", png())
        member(tar)
    with pytest.raises(ValueError, match="Nothing was extracted: do not use this archive"):
        download_pairs("maps", tmp_path / "to", archive=tmp_path / "a.tar")
    assert names(tmp_path) == ["a.tar", "to"]
    assert names(tmp_path / "to") == []


def test_links_inside_are_extracted(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add(tar, "maps/train/1.png", png())
        link("maps/val", "train")(tar)
    folder = download_pairs("maps", tmp_path / "to", archive=tmp_path / "a.tar")
    assert len(side_by_side(folder, "val", input_side="left")) == 1


def test_a_zip_with_another_root_and_rubbish(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("my-pairs/train/1.png", png())
        file.writestr("__MACOSX/x", b"")
    folder = download_pairs("mine", tmp_path / "to", archive=tmp_path / "a.zip")
    assert names(folder) == ["download.json", "train"]


@pytest.mark.parametrize("name", ["../evil.txt", "/tmp/evil.txt", "..\\evil.txt"])
def test_zip_members_that_lead_outside_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(name, b"")
    with pytest.raises(ValueError, match="outside of its folder"):
        download_pairs("mine", tmp_path / "to", archive=tmp_path / "a.zip")
    assert names(tmp_path) == ["a.zip", "to"]


def test_zip_links_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        member = zipfile.ZipInfo("mine/link")
        member.external_attr = 0o120777 << 16
        file.writestr(member, "/etc")
    with pytest.raises(ValueError, match="is a link"):
        download_pairs("mine", tmp_path / "to", archive=tmp_path / "a.zip")


def test_names_are_checked_and_the_home_is_chosen(tmp_path, monkeypatch, archive):
    with pytest.raises(ValueError, match="published are cityscapes"):
        download_pairs("map")
    with pytest.raises(ValueError, match="one folder name"):
        download_pairs("../maps", tmp_path, archive=archive)
    with pytest.raises(FileNotFoundError, match="no such archive"):
        download_pairs("maps", tmp_path / "to", archive=tmp_path / "none")
    monkeypatch.setenv("KGEN_HOME", str(tmp_path / "home"))
    assert data_home() == tmp_path / "home"
    assert download_pairs("maps", archive=archive) == tmp_path / "home/datasets/maps"

"""CVUSA and CVACT as they lie on disk."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from kgen.data.cross_view import CrossViewBatches, cvact, cvusa, middle_half
from tests.data.cross_view.layouts import cvact_id, flat, save, write_cvact, write_cvusa


@pytest.fixture
def usa(tmp_path):
    return write_cvusa(tmp_path / "CVUSA")


@pytest.mark.parametrize("inside", [True, False])
def test_cvusa_reads_both_splits(usa, inside):
    train, val = (cvusa(usa if inside else usa.parent, split) for split in ("train", "val"))
    assert (len(train), len(val), train.missing) == (4, 4, [])
    aerial, ground = val[3]  # of the last line, which has no newline
    assert (aerial.shape, ground.shape) == ((30, 30, 3), (8, 44, 3))
    assert (int(aerial[0, 0, 0]), int(ground[0, 0, 0])) == (80, 85)
    assert val.name(3) == (f"{usa}/bingmap/19/0000008.jpg and {usa}/streetview/panos/0000008.jpg")
    assert CrossViewBatches(train, 2, 16, (16, 32))[0]["ground"].shape == (2, 16, 32, 3)


def test_missing_files_are_left_out_and_named(usa):
    (usa / "bingmap/19/0000002.jpg").unlink()
    (usa / "streetview/panos/0000004.jpg").unlink()
    pairs = cvusa(usa)
    assert pairs.missing == ["bingmap/19/0000002.jpg", "streetview/panos/0000004.jpg"]
    assert [int(pair.aerial[0, 0, 0]) for pair in pairs] == [10, 30]


def test_a_view_that_is_not_asked_for_is_not_read(usa):
    pairs = cvusa(usa)
    expected = CrossViewBatches(pairs, 2, 16, (16, 32))[0]["ground"]
    for path in (usa / "bingmap/19").iterdir():
        path.write_bytes(b"no image")
    for source in (pairs, pairs.subset(range(4))):
        made = CrossViewBatches(source, 2, 16, (16, 32), views=("ground",))
        np.testing.assert_array_equal(made[0]["ground"], expected)


def test_a_shared_aerial_image_is_one_location(usa):
    path = usa / "splits/train-19zl.csv"
    path.write_text(path.read_text() + "\nbingmap/19/0000001.jpg,streetview/panos/0000005.jpg\r\n")
    pairs = cvusa(usa)
    assert [pairs.location(i) for i in range(5)] == [0, 1, 2, 3, 0]
    assert len(pairs.aerials) == 4
    np.testing.assert_array_equal(pairs.aerials[pairs.location(4)], pairs[0].aerial)
    last = pairs.subset([4, 2])
    assert (len(last), last.location(0), len(last.aerials)) == (2, 0, 4)
    assert last.name(0).endswith("0000005.jpg")
    with pytest.raises(IndexError, match=r"0\.\.1"):
        last.subset([2])


@pytest.mark.parametrize("line", ["bingmap/19/1.jpg", "bingmap/19/1.jpg,panos", "a b"])
def test_a_malformed_line_is_named(usa, line):
    path = usa / "splits/train-19zl.csv"
    path.write_text(f"{path.read_text()}\n\n{line}\n")
    with pytest.raises(ValueError, match=r"train-19zl.csv, line 6: .*separated by a comma"):
        cvusa(usa)


def test_what_is_expected_is_said(usa, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no CVUSA.*ask its authors"):
        cvusa(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="'train' or 'val'"):
        cvusa(usa, "test")
    (usa / "splits/val-19zl.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"val-19zl.csv: this list is missing.*Expected"):
        cvusa(usa, "val")
    for path in (usa / "bingmap/19").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"no pair.*0000001.jpg, .* and 1 more.*Expected"):
        cvusa(usa)


def test_a_broken_image_is_named(usa):
    (usa / "streetview/panos/0000003.jpg").write_bytes(b"no picture")
    pairs = cvusa(usa)
    with pytest.raises(ValueError, match=r"panos/0000003.jpg: cannot be read"):
        pairs[2]
    save(usa / "bingmap/19/0000001.jpg", flat(7, 4, 4)[..., 0])  # a grey one is no fault
    assert pairs[0].aerial.shape == (4, 4, 3)


@pytest.mark.parametrize("processed", [False, True])
def test_cvact_reads_both_releases(tmp_path, processed):
    folder = write_cvact(tmp_path / "CVACT", processed)
    train, val = cvact(folder), cvact(folder.parent, "val")
    assert [int(pair.aerial[0, 0, 0]) for pair in train] == [0, 20, 40]
    assert [int(pair.aerial[0, 0, 0]) for pair in val] == [10, 30]
    assert cvact_id(3) in val.name(1)
    assert train[0].ground.shape == (32, 64, 3)
    np.testing.assert_array_equal(val.subset([1]).utm, [[6, 7]])


def test_cvact_cuts_the_middle_half(tmp_path):
    folder = write_cvact(tmp_path, processed=True)
    pairs = cvact(folder, crop="middle")
    assert pairs[0].ground[:, 0, 0].tolist() == list(range(8, 24))
    cut = middle_half(np.arange(832)[:, None].repeat(1664, axis=1))
    assert (cut[0, 0], cut[-1, 0]) == (208, 623)
    assert middle_half(cut) is cut
    assert cvact(folder)[0].ground.shape == (32, 64, 3)


def test_cvact_leaves_out_missing_images(tmp_path):
    folder = write_cvact(tmp_path)
    gone = folder / "ANU_data_small/satview_polish" / f"{cvact_id(2)}_satView_polish.jpg"
    gone.unlink()
    pairs = cvact(folder)
    assert len(pairs) == 2
    assert pairs.missing == [f"satview_polish/{gone.name}"]
    np.testing.assert_array_equal(pairs.utm, [[0, 1], [8, 9]])
    with pytest.raises(FileNotFoundError, match=r"no pair has both.*ANU_data_test"):
        cvact(folder, "test")


def test_cvact_refuses_other_files(tmp_path):
    folder = write_cvact(tmp_path / "a")
    mat = folder / "ACT_data.mat"
    with pytest.raises(FileNotFoundError, match=r"no ACT_data.mat.*OriCNN"):
        cvact(folder / "ANU_data_small" / "streetview")
    with pytest.raises(ValueError, match="crop is 'middle'"):
        cvact(folder, crop="half")
    stored = loadmat(mat)
    moved = tmp_path / "b.mat"
    savemat(moved, {key: stored[key] for key in ("panoIds", "utm", "trainSet")})
    assert len(cvact(folder, mat=moved)) == 3
    with pytest.raises(ValueError, match=r"b.mat: it must hold panoIds, utm and valSet.valInd"):
        cvact(folder, "val", mat=moved)
    savemat(moved, {"panoIds": ["a", "b"], "utm": np.zeros((2, 2)), "trainSet": {"trainInd": [0]}})
    with pytest.raises(ValueError, match="from 1"):
        cvact(folder, mat=moved)
    moved.write_bytes(b"no mat")
    with pytest.raises(ValueError, match=r"b.mat"):
        cvact(folder, mat=moved)

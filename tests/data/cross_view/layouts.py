"""Tiny copies of CVUSA, CVACT and VIGOR in their real formats, with the quirks of real copies."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

TILE = 640
CENTRES = (340, 660, 980)  # of tiles, rows and columns in a world of 1320 x 1320 pixels
# rows and columns of panoramas in the world, so that four tiles lie around each
SPOTS = {"NewYork": [(600, 700), (610, 705), (720, 760)], "Seattle": [(720, 560)]}


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **({"compress_level": 1} if path.suffix == ".png" else {}))


def flat(level: int, height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def write_cvusa(folder: Path, count: int = 4) -> Path:
    """Pair n has aerial level 10 n and ground level 10 n + 5; its last line has no newline."""
    for split, first in (("train", 1), ("val", count + 1)):
        lines = []
        for number in range(first, first + count):
            names = [
                f"bingmap/19/{number:07}.jpg",
                f"streetview/panos/{number:07}.jpg",
                f"streetview/annotations/{number:07}.png",
            ]
            save(folder / names[0], flat(10 * number, 30, 30))
            save(folder / names[1], flat(10 * number + 5, 8, 44))
            lines.append(",".join(names))
        path = folder / "splits" / f"{split}-19zl.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines))
    return folder


def cvact_id(number: int) -> str:
    return f"{number:02}aB-_cDeFgHiJkLmNoPqR"


def write_cvact(folder: Path, processed: bool = False, count: int = 6) -> Path:
    """Six ids, train 1, 3, 5, val 2, 4, test 6, whose images are not there."""
    suffix, aerials = (".png", "satview_correct") if processed else (".jpg", "satview_polish")
    images = folder if processed else folder / "ANU_data_small"
    for number in range(count - 1):
        name = cvact_id(number)
        save(images / aerials / f"{name}_satView_polish{suffix}", flat(10 * number, 24, 24))
        rows = np.repeat(np.arange(32, dtype=np.uint8)[:, None, None], 64, axis=1)
        save(images / "streetview" / f"{name}_grdView{suffix}", np.repeat(rows, 3, axis=2))
    savemat(
        folder / "ACT_data.mat",
        {
            "panoIds": [cvact_id(number) for number in range(count)],
            "utm": np.arange(2.0 * count).reshape(count, 2),
            "trainSet": {"trainInd": np.array([[1], [3], [5]], np.uint32)},
            "valSet": {"valInd": np.array([[2], [4]], np.uint32)},
            "valSetAll": {"valInd": np.array([[6]], np.uint32)},
        },
    )
    return folder


def world(city: str) -> np.ndarray:
    """What lies on the ground of a city, (1320, 1320, 3) uint8, in blocks of 4 x 4 pixels."""
    rng = np.random.default_rng(len(city))
    blocks = rng.integers(0, 256, (330, 330, 3), "uint8")
    return blocks.repeat(4, axis=0).repeat(4, axis=1)


def tile_name(row: int, column: int) -> str:
    return f"satellite_{40 - row / 1e6:.6f}_{-73 + column / 1e6:.6f}.png"


def panorama_name(city: str, number: int) -> str:
    row, column = SPOTS[city][number]
    return f"{city}_{number},{40 - row / 1e6:.6f},{-73 + column / 1e6:.6f},.jpg"


def label_line(city: str, number: int) -> str:
    """A panorama and the four tiles whose centres are nearest, the nearest first."""
    row, column = SPOTS[city][number]
    centres = [(r, c) for r in CENTRES for c in CENTRES]
    nearest = sorted(centres, key=lambda at: max(abs(at[0] - row), abs(at[1] - column)))[:4]
    fields = [panorama_name(city, number)]
    for r, c in nearest:
        fields += [tile_name(r, c), f"{row - r}.0", f"{c - column}.0"]
    return " ".join(fields)


def write_vigor(folder: Path, by_view: bool = False, corrected: bool = True) -> Path:
    """NewYork with three panoramas, Seattle with one; the same lists for training and test."""
    for city, spots in SPOTS.items():
        panoramas = folder / (f"ground/{city}" if by_view else f"{city}/panorama")
        tiles = folder / (f"satellite/{city}" if by_view else f"{city}/satellite")
        ground, names = world(city), []
        for row in CENTRES:
            for column in CENTRES:
                names.append(tile_name(row, column))
                part = ground[row - 320 : row + 320, column - 320 : column + 320]
                save(tiles / names[-1], part)
        rng = np.random.default_rng(0)
        for number in range(len(spots)):
            noise = rng.integers(0, 256, (16, 32, 3), "uint8")
            save(panoramas / panorama_name(city, number), noise)
        text = "\n".join(label_line(city, number) for number in range(len(spots)))
        lists = folder / "splits" / city
        lists.mkdir(parents=True, exist_ok=True)
        (lists / "satellite_list.txt").write_text("\n".join(names))
        for name in ("same_area_balanced_train", "same_area_balanced_test", "pano_label_balanced"):
            (lists / f"{name}.txt").write_text(text.replace(".0", ".5"))
            if corrected:
                path = folder / "splits__corrected" / city / f"{name}__corrected.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    return folder

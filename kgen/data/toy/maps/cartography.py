"""The street map and the class labels, drawn from the same geometry as the photograph."""

from __future__ import annotations

import numpy as np

from ..deterministic import box_average
from .blocks import Buildings, LandCover
from .streets import FAR, SUPERSAMPLING, Streets

COLOURS = {
    "land": "ece8df",
    "parking": "e4dfd4",
    "park": "c8dfa8",
    "building": "d9d4c9",
    "outline": "c3bdb0",
    "path": "ffffff",
    "water": "a5c4e6",
    "casing": "cbc5b8",
    "main casing": "d8bd5a",
    "minor": "ffffff",
    "main": "fdea8c",
    "highway casing": "c98430",
    "highway": "f8b45a",
}
PALETTE = np.array([list(bytes.fromhex(code)) for code in COLOURS.values()], np.uint8)
COLOUR = {name: number for number, name in enumerate(COLOURS)}
LABELS = (
    "other", "road", "sidewalk", "building", "grass", "water", "tree", "car", "parking"
)  # fmt: skip
CASING = 1.4  # metres: the darker line along both sides of a street


def draw_map(streets: Streets, cover: LandCover, buildings: Buildings) -> np.ndarray:
    """Paints the map from the ground up; returns uint8 (size, size, 3)."""
    colour = np.zeros(cover.road.shape, np.uint8)
    colour[cover.parking] = COLOUR["parking"]
    colour[cover.park] = COLOUR["park"]
    flat = colour.ravel()
    flat[buildings.pixels] = np.where(buildings.wall < 1.0, COLOUR["outline"], COLOUR["building"])
    colour[cover.path] = COLOUR["path"]
    colour[cover.water] = COLOUR["water"]
    draw_streets(colour, streets, cover)
    return box_average(PALETTE[colour], SUPERSAMPLING)


def draw_streets(colour: np.ndarray, streets: Streets, cover: LandCover) -> None:
    """White minor, yellow main and orange highway roads over their casings, in place."""
    near_main = (np.where(streets.main_u, streets.distance_u, FAR) < CASING) | (
        np.where(streets.main_v, streets.distance_v, FAR) < CASING
    )
    land = (cover.river >= 0) | near_main  # minor streets end at a river, main roads cross it
    colour[(streets.distance < CASING) & land] = COLOUR["casing"]
    colour[near_main & land] = COLOUR["main casing"]
    colour[cover.road & ~cover.main] = COLOUR["minor"]
    colour[cover.road & cover.main] = COLOUR["main"]
    colour[cover.highway_distance < CASING] = COLOUR["highway casing"]
    colour[cover.highway] = COLOUR["highway"]


def draw_labels(
    cover: LandCover, cars: np.ndarray, buildings: Buildings, trees: np.ndarray
) -> np.ndarray:
    """Class of the visible surface as in `LABELS`, uint8 (size, size), one sub-pixel of each."""
    label = np.full(cars.shape, LABELS.index("grass"), np.uint8)
    label[cover.bare] = LABELS.index("other")
    label[cover.sidewalk | cover.path] = LABELS.index("sidewalk")
    label[cover.parking] = LABELS.index("parking")
    label[cover.road | cover.highway] = LABELS.index("road")
    label[cover.water] = LABELS.index("water")
    label[cars] = LABELS.index("car")
    label.ravel()[buildings.pixels] = LABELS.index("building")
    label[trees] = LABELS.index("tree")
    middle = SUPERSAMPLING // 2
    return np.ascontiguousarray(label[middle::SUPERSAMPLING, middle::SUPERSAMPLING])

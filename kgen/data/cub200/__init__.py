"""CUB-200-2011, birds with masks and 312 attributes: the published archives as they are on disk."""

from kgen.data.cub200.check import check_cub, is_cub
from kgen.data.cub200.download import download_cub
from kgen.data.cub200.files import CUB_GROUPS, CUB_SHAPE_GROUPS, CubFiles, read_cub
from kgen.data.cub200.labels import Labels, read_class_labels, read_image_labels
from kgen.data.cub200.pictures import CubPictures, cub
from kgen.data.cub200.write import write_cub

__all__ = [
    "CUB_GROUPS",
    "CUB_SHAPE_GROUPS",
    "CubFiles",
    "CubPictures",
    "Labels",
    "check_cub",
    "cub",
    "download_cub",
    "is_cub",
    "read_class_labels",
    "read_cub",
    "read_image_labels",
    "write_cub",
]

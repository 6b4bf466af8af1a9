"""Image panels: pairs, source / generated / expected, overviews, and before against after.

All of them are one routine, `draw_panels`, which lays the panels out in whole pixels: images
smaller than a panel are enlarged by a whole number without smoothing, so that a 32-pixel result
is seen pixel by pixel.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kgen.plotting.display import is_one_hot, to_display, to_unit
from kgen.plotting.figure import new_figure

PANEL = 192  # pixels of the longer side that small images are enlarged to
LARGEST = 256  # pixels of the longer side that large images are reduced to
GAP, TITLE, ROW_LABEL = 6, 26, 96  # pixels
LABEL_LETTERS = 95  # points times letters that have room in ROW_LABEL


def plot_pairs(source: Any, target: Any, count: int = 3, title: str | None = None) -> Any:
    """Show pairs, sources above targets: look at the data before training.

    Args:
        source: (B, H, W, C) float in [-1, 1] or uint8 or uint16.
        target: (B, H, W, C), as `source`; channel counts may differ.
        count: number of pairs shown at most.
        title: line above the picture.

    Returns:
        matplotlib Figure.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((2, 16, 16, 3), "float32")
        >>> figure = plot_pairs(images, images)
        >>> len(figure.axes)
        4
    """
    rows = _shown({"Source": source, "Target": target}, count)
    return draw_panels(list(rows.values()), row_labels=list(rows), title=title)


def plot_images(
    source: Any, generated: Any, expected: Any, count: int = 4, title: str | None = None
) -> Any:
    """Show source, generated and expected side by side, one row for each example.

    Args:
        source: (B, H, W, C) or (H, W, C), float in [-1, 1] or uint8 or uint16.
        generated: as `source`; channel counts may differ.
        expected: as `generated`.
        count: number of examples shown at most.
        title: line above the picture.

    Returns:
        matplotlib Figure.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((16, 16, 3), "float32")
        >>> [axes.get_title() for axes in plot_images(image, image, image).axes]
        ['Source', 'Generated', 'Expected']
    """
    columns = _shown({"Source": source, "Generated": generated, "Expected": expected}, count)
    return draw_panels(_transposed(columns), column_labels=list(columns), title=title)


def sample_grid(
    source: Any,
    generated: Any,
    expected: Any,
    count: int = 8,
    title: str | None = None,
    label: str = "Generated",
) -> Any:
    """Show an overview in three rows: sources, generated images, expected images.

    Args:
        source: (B, H, W, C), float in [-1, 1] or uint8 or uint16; None leaves this row out.
        generated: as `source`; channel counts may differ.
        expected: as `generated`.
        count: number of columns shown at most.
        title: line above the picture, such as "Epoch 12".
        label: of the second row.

    Returns:
        matplotlib Figure.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((5, 16, 16, 3), "float32")
        >>> len(sample_grid(images, images, images).axes)
        15
    """
    rows = _shown({"Source": source, label: generated, "Expected": expected}, count)
    return draw_panels(list(rows.values()), row_labels=list(rows), title=title)


def before_after(
    source: Any, before: Any, after: Any, expected: Any, count: int = 4, title: str | None = None
) -> Any:
    """Show what training changed: source, before training, after training, expected.

    The line above says by how much: the mean absolute difference of all images to the expected
    ones, in percent of the whole range, before and after.

    Args:
        source: (B, H, W, C), float in [-1, 1] or uint8 or uint16; None leaves this column out.
        before: generated before training, as `source`; channel counts may differ.
        after: generated after training, as `before`.
        expected: as `before`.
        count: number of examples shown at most.
        title: line above the picture instead of the differences.

    Returns:
        matplotlib Figure.

    Example:
        >>> import numpy as np
        >>> black, white = -np.ones((1, 8, 8, 3), "float32"), np.ones((1, 8, 8, 3), "float32")
        >>> figure = before_after(black, black, white, white)
        >>> figure.get_suptitle()
        'Difference to expected: 100.0 % before, 0.0 % after training'
    """
    columns = {
        "Source": source,
        "Before training": before,
        "After training": after,
        "Expected": expected,
    }
    shown = _shown(columns, count)
    if title is None:
        first, last = _difference(before, expected), _difference(after, expected)
        title = f"Difference to expected: {first:.1f} % before, {last:.1f} % after training"
    return draw_panels(_transposed(shown), column_labels=list(shown), title=title)


def draw_panels(
    rows: Sequence[Sequence[np.ndarray] | np.ndarray],
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    title: str | None = None,
) -> Any:
    """Draw RGB images in rows and columns, laid out in whole pixels.

    Args:
        rows: images (H, W, 3) float in [0, 1], one sequence per row, all rows of equal length.
        row_labels: left of the rows, or none.
        column_labels: above the columns, or none.
        title: line above everything, or none.

    Returns:
        matplotlib Figure.
    """
    height, width = _panel_size(max((image.shape[:2] for row in rows for image in row), key=max))
    left = ROW_LABEL if row_labels else GAP
    top = GAP + (TITLE if title else 0) + (TITLE if column_labels else 0)
    total_width = left + len(rows[0]) * (width + GAP)
    total_height = top + len(rows) * (height + GAP)
    figure = new_figure(total_width, total_height)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            x = left + j * (width + GAP)
            y = total_height - top - i * (height + GAP) - height
            box = (x / total_width, y / total_height, width / total_width, height / total_height)
            axes = figure.add_axes(box)
            _show(axes, image, (height, width))
            if column_labels and i == 0:
                axes.set_title(column_labels[j], fontsize=11, pad=5)
            if row_labels and j == 0:
                place = {"ha": "right", "va": "center", "transform": axes.transAxes}
                size = min(11.0, LABEL_LETTERS / max(len(row_labels[i]), 1))
                axes.text(-8 / width, 0.5, row_labels[i], fontsize=size, **place)
    if title:
        _write_title(figure, title, total_width, total_height)
    return figure


def _show(axes: Any, image: np.ndarray, panel: tuple[int, int]) -> None:
    enlarged = max(image.shape[:2]) <= max(panel)
    axes.imshow(image, interpolation="nearest" if enlarged else "antialiased")
    axes.set_axis_off()


def _write_title(figure: Any, title: str, width: int, height: int) -> None:
    # A narrow picture gets smaller letters rather than a line that is cut off.
    size = min(12.0, 1.55 * width / max(len(title), 1))
    figure.suptitle(title, y=1.0 - 0.55 * TITLE / height, va="center", fontsize=size)


def _panel_size(size: tuple[int, int]) -> tuple[int, int]:
    longer = max(size)
    scale = round(PANEL / longer) if longer <= PANEL else min(1.0, LARGEST / longer)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shown(groups: dict[str, Any], count: int) -> dict[str, np.ndarray]:
    """Every group as RGB, first `count` images; generated label maps look like expected ones."""
    groups = {name: images for name, images in groups.items() if images is not None}
    if count < 1:
        raise ValueError(f"count must be at least 1; received {count}")
    classes = "Expected" in groups and is_one_hot(to_unit(groups["Expected"]))
    shown = {
        name: to_display(images, "classes" if classes and name != "Source" else None)
        for name, images in groups.items()
    }
    counts = {name: len(images) for name, images in shown.items()}
    if len(set(counts.values())) != 1:
        received = ", ".join(f"{name.lower()}: {number}" for name, number in counts.items())
        raise ValueError(f"every group needs the same number of images; received {received}")
    return {name: images[:count] for name, images in shown.items()}


def _difference(images: Any, expected: Any) -> float:
    return 100.0 * float(np.mean(np.abs(to_unit(images) - to_unit(expected))))


def _transposed(columns: dict[str, np.ndarray]) -> list[tuple[np.ndarray, ...]]:
    return list(zip(*columns.values(), strict=True))

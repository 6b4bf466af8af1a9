"""Figures without pyplot: made by `new_figure`, shown by notebooks, saved whole or not at all.

pyplot keeps every figure in a global list until it is closed, which is how long runs run out of
memory.  The figures made here are known to nobody but their owner.
"""

import functools
import os
from pathlib import Path
from typing import Any

DPI = 100  # panels are laid out in pixels, so that small images are enlarged by whole numbers


def new_figure(width: float, height: float, **options: Any) -> Any:
    """Return an empty figure of `width` x `height` pixels that no global list knows."""
    return _figure_class()(figsize=(width / DPI, height / DPI), dpi=DPI, **options)


def save_figure(figure: Any, path: str | os.PathLike) -> Path:
    """Write a figure; the file is replaced in one go, never half written.

    Args:
        figure: matplotlib Figure.
        path: file to write; missing folders are made. As JPEG where it ends in .jpg or .jpeg, for
            pictures full of photographs; else as PNG.

    Returns:
        The path that was written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    if path.suffix.lower() in (".jpg", ".jpeg"):
        figure.savefig(temporary, format="jpeg", dpi=figure.dpi, pil_kwargs={"quality": 85})
    else:
        figure.savefig(temporary, format="png", dpi=figure.dpi)
    os.replace(temporary, path)
    return path


@functools.cache
def _figure_class() -> type:
    # Inside a function, because `import kgen` must not load matplotlib.
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        """A Figure that draws itself in a notebook even if pyplot was never imported."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            FigureCanvasAgg(self)

        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=self.dpi)
            return buffer.getvalue()

    return NotebookFigure

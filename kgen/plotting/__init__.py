"""Pictures of image pairs, of results and of loss curves, each returned as a matplotlib Figure.

No function here touches pyplot: a figure lives exactly as long as somebody holds it, so that a
run of a thousand epochs keeps no figure behind, and a notebook shows it once, as the last
expression of a cell.  Save one with `kgen.plotting.save_figure(figure, "name.png")`.
"""

from kgen.plotting.curves import loss_curves, read_history
from kgen.plotting.display import to_display
from kgen.plotting.figure import save_figure
from kgen.plotting.grids import before_after, plot_images, plot_pairs, sample_grid

__all__ = [
    "before_after",
    "loss_curves",
    "plot_images",
    "plot_pairs",
    "read_history",
    "sample_grid",
    "save_figure",
    "to_display",
]

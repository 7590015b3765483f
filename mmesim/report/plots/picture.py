"""Figures that need no screen, that a notebook shows by itself, and that become PNG or SVG files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmesim.errors import OutputError, UserError

FORMATS = (".png", ".svg")
BLUE, PALE_BLUE, RED, GREY = "#1f5fa8", "#9ab6d6", "#b03a2e", "#9a9a9a"
"""The colours of every picture: a value, one of many values, a limit, undecided."""


class Picture(Figure):
    """A figure drawn in memory, whatever backend is chosen; a notebook shows it without `%matplotlib inline`."""

    def __init__(self, width_in: float, height_in: float) -> None:
        super().__init__(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """The picture for a notebook."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()


def write_plot(plot: Figure, path: Path) -> None:
    """Writes a plot as PNG or SVG, by the name of the file; UserError for another, OutputError when it cannot be."""
    check_format(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A fixed salt and no date: two plots of one result are the same bytes.
        with mpl.rc_context({"svg.hashsalt": "mmesim"}):
            plot.savefig(path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}") from error


def check_format(path: Path) -> None:
    """Raises UserError when a plot cannot be written in the format that the file's name asks for."""
    if path.suffix not in FORMATS:
        raise UserError(f"{path}: a plot is written as {' or '.join(FORMATS)}")

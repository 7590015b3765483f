"""Figures that need no screen, that a notebook shows by itself, and that become PNG or SVG files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axis import Axis, XAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from mmesim.errors import OutputError, UserError

FORMATS = (".png", ".svg")
BLUE, PALE_BLUE, RED, GREY = "#1f5fa8", "#9ab6d6", "#b03a2e", "#9a9a9a"
"""The colours of every picture: a value or better, one of many values, a limit or worse, undecided."""
PLAIN = StrMethodFormatter("{x:,.6g}")
"""Numbers on an axis as people write them: `2,000`, never `2 x 10^3`."""
SPREAD = 10.0
"""A largest value this many times the smallest needs a logarithmic axis: the small ones would lie on the zero line."""
CLOSE, APART = (1.0, 2.0, 5.0), (1.0, 3.0)
"""Marks in each power of ten: the least ratio of two neighbours is 2, and 3."""
LETTER_IN = 0.09
"""Width of a figure of a label, inches."""
DECADES = 3.5
"""Beyond so many powers of ten an axis has no room for 2 and 5 between them."""


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


def needs_log(values: Iterable[float]) -> bool:
    """Whether values, nan left out, are all above 0 and so far apart that only a logarithmic axis tells them apart."""
    known = [value for value in values if not math.isnan(value)]
    return bool(known) and min(known) > 0.0 and max(known) / min(known) > SPREAD


def plain_log(axis: Axis) -> None:
    """Labels a logarithmic axis with plain numbers, at 1, 2 and 5 of each power of ten where there is room."""
    low, high = sorted(axis.get_view_interval())
    decades = math.log10(high / max(low, 1e-300)) if high > 0.0 else 0.0
    axis.set_major_locator(LogLocator(subs=(1.0,) if decades > DECADES else _steps(axis, decades, high)))
    axis.set_major_formatter(PLAIN)
    axis.set_minor_formatter(NullFormatter())


def _steps(axis: Axis, decades: float, high: float) -> tuple[float, ...]:
    """The marks in a power of ten whose labels do not touch; beside each other only those of an x axis can."""
    figure = axis.axes.get_figure(root=True)
    if not isinstance(axis, XAxis) or figure is None or decades <= 0.0:
        return CLOSE
    label_in = LETTER_IN * (len(f"{high:,.0f}") + 1)
    decade_in = axis.axes.get_position().width * figure.get_figwidth() / decades
    fitting = (steps for steps, gap in ((CLOSE, 2.0), (APART, 3.0)) if label_in < math.log10(gap) * decade_in)
    return next(fitting, (1.0,))


def ink(colour: Any) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


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

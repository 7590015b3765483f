"""Figures that need no screen, that a notebook shows by itself, and that become PNG, SVG or PDF files.

Names in them come from scenarios and logs: no `$` in one begins a formula, none turns letters round, none is too long.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from mmesim.errors import UserError
from mmesim.files import whole
from mmesim.results.folder.pictures import FORMATS

NO_DATE: Mapping[str, Mapping[str, None]] = MappingProxyType({".svg": {"Date": None}, ".pdf": {"CreationDate": None}})
"""What is left out of a file, so that two pictures of one result are the same bytes."""
BLUE, PALE_BLUE, RED, ORANGE, GREY = "#1f5fa8", "#9ab6d6", "#b03a2e", "#e69f00", "#8a8a8a"
"""The colours of every picture: a value or better, one of many values, a limit or worse, a second value, undecided."""
MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"pass": ("o", BLUE), "fail": ("X", RED), "undecided": ("D", GREY)}
)
"""Verdict -> marker and colour: whoever cannot tell the colours apart can tell the shapes."""
LEGEND_IN, MARK_LETTERS = 0.078, 8
"""Width of a letter of a legend, inches, and what its mark takes, in letters."""
PLAIN = StrMethodFormatter("{x:,.6g}")
"""Numbers on an axis as people write them: `2,000`, never `2 x 10^3`."""
SPREAD = 10.0
"""A largest value this many times the smallest needs a logarithmic axis: the small ones would lie on the zero line."""
CLOSE, APART = (1.0, 2.0, 5.0), (1.0, 3.0)
"""Marks in each power of ten: the least ratio of two neighbours is 2, and 3."""
LETTER_IN = 0.09
"""Width of a figure of a label, inches."""
LINE_IN = 0.2
"""Height of a label, inches."""
DECADES = 3.5
"""Beyond this many powers of ten an axis has no room for 2 and 5 between them."""


class Picture(Figure):
    """A figure drawn in memory, whatever backend is chosen; a notebook shows it without `%matplotlib inline`."""

    def __init__(self, width_in: float, height_in: float) -> None:
        super().__init__(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasAgg(self)

    def draw(self, renderer: RendererBase) -> None:
        """Draws it; a text is shown as it is, and a letter that the font lacks as a box."""
        for text in self.findobj(Text):
            text.set_parse_math(False)
        # Those that are made while it is drawn, such as the labels of an axis, too.
        with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        """The picture for a notebook."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()


def bare(*axes: Axes) -> None:
    """No frame but the two axes, and a pale grid."""
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.3)


def below(figure: Figure, handles: Sequence[Artist]) -> None:
    """A legend below everything, in as many columns as there is room for."""
    letters = max((len(str(one.get_label())) for one in handles), default=0) + MARK_LETTERS
    columns = max(1, min(len(handles), int(figure.get_figwidth() / (LEGEND_IN * letters))))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize="small")


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
    """The marks in a power of ten whose labels do not touch."""
    figure = axis.axes.get_figure(root=True)
    if figure is None or decades <= 0.0:
        return CLOSE
    place = axis.axes.get_position()
    if isinstance(axis, XAxis):
        label_in, whole_in = LETTER_IN * (len(f"{high:,.0f}") + 1), place.width * figure.get_figwidth()
    else:
        label_in, whole_in = LINE_IN, place.height * figure.get_figheight()
    fitting = (steps for steps, gap in ((CLOSE, 2.0), (APART, 3.0)) if label_in < math.log10(gap) * whole_in / decades)
    return next(fitting, (1.0,))


def ink(colour: Any) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def write_plot(plot: Figure, path: Path) -> None:
    """Writes a plot as PNG, SVG or PDF, by the name of the file; UserError for another, OutputError when it fails."""
    check_format(path)
    with mpl.rc_context({"svg.hashsalt": "mmesim"}), whole(path) as fresh:
        plot.savefig(fresh, format=path.suffix[1:], dpi=144, metadata=dict(NO_DATE.get(path.suffix, {})))


def check_format(path: Path) -> None:
    """Raises UserError when a plot cannot be written in the format that the file's name asks for."""
    if path.suffix not in FORMATS:
        *others, last = FORMATS
        raise UserError(f"{path}: a plot is written as {', '.join(others)} or {last}")

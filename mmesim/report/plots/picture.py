"""A matplotlib figure that needs no screen, and that a notebook shows by itself."""

from __future__ import annotations

from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


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

"""Charts that uPlot draws in the browser: their data, and the same as a table for whoever reads it otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from markupsafe import Markup

from mmesim.arrays import Floats
from mmesim.report import formats
from mmesim.report.blocks import Cell, Column, Table
from mmesim.report.page.render import table

MOST_ROWS = 24
"""Rows of the table of a chart: one for this many points of it."""
CURVES = 4
"""Colours of curves that a page has."""

Limit = tuple[Literal["x", "y"], float, str]
"""The axis, its value, and what is written there."""


@dataclass(frozen=True)
class Curve:
    """One line: a value a point, nan where there is none, and the ends of a band around it."""

    label: str
    values: Floats
    low: Floats | None = None
    high: Floats | None = None
    colour: str = ""
    """a variable of the page; without one it has that of its place among the curves"""


@dataclass(frozen=True)
class Axis:
    """What an axis shows; `marks` are the only ones on it, with their names."""

    label: str
    logarithmic: bool = False
    marks: Sequence[tuple[float, str]] = ()


@dataclass(frozen=True)
class Chart:
    """Curves over common points; `limits` are lines across, at a value of the axis that they belong to.

    With `end`, a point is where a window begins, and the last window ends at `end`: a curve stays on its value for as
    long as the window lasts.
    """

    anchor: str
    title: str
    says: str
    """what there is to see, in a sentence"""
    x: Axis
    y: Axis
    points: Floats
    curves: Sequence[Curve]
    limits: Sequence[Limit] = ()
    end: float | None = None

    def data(self) -> dict[str, Any]:
        """What the script of the page draws."""
        return {
            "id": self.anchor,
            "x": _axis(self.x),
            "y": _axis(self.y),
            "steps": self.end is not None,
            "points": rounded(self.points if self.end is None else np.append(self.points, self.end)),
            "curves": [
                {
                    "label": one.label,
                    "colour": one.colour or f"--curve{place % CURVES}",
                    "values": self._drawn(one.values),
                    "low": None if one.low is None else self._drawn(one.low),
                    "high": None if one.high is None else self._drawn(one.high),
                }
                for place, one in enumerate(self.curves)
            ],
            "limits": [{"axis": axis, "value": value, "label": label} for axis, value, label in self.limits],
        }

    def _drawn(self, values: Floats) -> list[float | None]:
        """A value a point; the last window needs its value at its end, too."""
        return rounded(values if self.end is None else np.append(values, values[-1:]))

    def html(self) -> Markup:
        """The place where it is drawn, with the sentence, and its data as a table."""
        place = Markup(
            '<figure><figcaption>{}</figcaption><div class="chart" id="{}" role="img" aria-label="{}"></div></figure>'
        ).format(self.title, self.anchor, f"{self.title}: {self.says}")
        return place + table(self._table(), f"{self.title}, as a table", folded=True)

    def _table(self) -> Table:
        columns = [Column(self.x.label, "right"), *(Column(one.label, "right") for one in self.curves)]
        kept = np.unique(np.linspace(0, len(self.points) - 1, MOST_ROWS).astype(np.int64))
        rows = [
            (Cell(formats.number(float(self.points[i]))), *(_cell(float(one.values[i])) for one in self.curves))
            for i in kept
        ]
        return Table(tuple(columns), tuple(rows))


def rounded(values: Floats) -> list[float | None]:
    """Four significant digits, which is more than a pixel tells; None for nan."""
    return [None if np.isnan(one) else float(f"{one:.4g}") for one in values.tolist()]


def _axis(axis: Axis) -> dict[str, Any]:
    return {"label": axis.label, "log": axis.logarithmic, "marks": [list(mark) for mark in axis.marks]}


def _cell(value: float) -> Cell:
    return Cell(formats.DASH if np.isnan(value) else formats.number(value))

"""Values with intervals as a picture: one row each, with its name, what it is for the reader, and the limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from mmesim.report.page.scale import Limit, Scale, apart, written
from mmesim.report.page.svg import NARROW, Drawn, line, picture, words

Kind = Literal["pass", "fail", "undecided", "none"]
"""Class of a mark in the style."""
SIGNS: dict[Kind, str] = {"pass": "\N{CHECK MARK}", "fail": "\N{BALLOT X}", "undecided": "?", "none": ""}
ROW, BELOW, TOP, BOTTOM, LETTER = 22.0, 18.0, 22.0, 44.0, 7.2
"""Height of a row, that of a name above it on a phone, the edges, and the width of a letter."""
DOT = '<circle cx="{:.2f}" cy="{:.2f}" r="4.5" class="{}"/>'
MOST_LETTERS = 34
MOST_ROWS = 60
"""Rows in a picture; beyond, the first ones are drawn, and it says so."""


@dataclass(frozen=True)
class Row:
    """One value: `shown` is what is written beside it; without a finite value nothing is drawn."""

    name: str
    value: float
    low: float
    high: float
    shown: str
    kind: Kind = "none"


def rows(given: Sequence[Row], axis: str, label: str, limits: Sequence[Limit] = (), linear: bool = False) -> Markup:
    """The rows from the top down; `linear`: the axis begins at 0, or holds it."""
    drawn = given[:MOST_ROWS]
    said = "; ".join(f"{row.name}: {row.shown}" for row in drawn[:12])
    more = f"; the first {MOST_ROWS} of {len(given)}" if len(given) > MOST_ROWS else ""
    bars = "; bars: 95 % intervals" if any(math.isfinite(row.low) for row in drawn) else ""
    return picture(lambda width: _drawn(drawn, axis, limits, linear, width), f"{label}: {said}", f"{label}{more}{bars}")


def _drawn(given: Sequence[Row], axis: str, limits: Sequence[Limit], linear: bool, width: float) -> Drawn:
    """A row a value: its name on the left and what is written on the right, on a phone above it."""
    above = width == NARROW
    names, shown = [_cut(row.name) for row in given], [f"{row.shown} {SIGNS[row.kind]}".strip() for row in given]
    left = 14.0 if above else 16.0 + LETTER * max(map(len, names), default=0)
    right = width - 14.0 if above else width - 16.0 - LETTER * max(map(len, shown), default=0)
    height = ROW + (BELOW if above else 0.0)
    ends = [end for row in given for end in (row.value, row.low, row.high)]
    scale = Scale.of([*ends, *(limit for limit, _ in limits)], left, right, from_zero=linear, linear=linear)
    bottom = TOP + height * len(given)
    parts = []
    for mark in apart(scale, LETTER * 2.0):
        x = scale.place(mark)
        parts += [
            line([(x, TOP - 6.0), (x, bottom)], "grid"),
            words(x, bottom + 16.0, written(mark), "small", "middle"),
        ]
    for limit, name in limits:
        x = scale.place(limit)
        parts += [line([(x, TOP - 6.0), (x, bottom)], "limit"), _inside(x, name, width)]
    for number, row in enumerate(given):
        y = TOP + height * (number + 1.0) - ROW / 2.0
        parts.append(words(0, y - 14.0 if above else y + 4.0, names[number], "halo"))
        parts.append(words(width, y - 14.0 if above else y + 4.0, shown[number], "halo", "end"))
        if not math.isfinite(row.value):
            continue
        if math.isfinite(row.low):
            parts.append(line([(scale.place(row.low), y), (scale.place(row.high), y)], "whisker"))
        parts.append(Markup(DOT).format(scale.place(row.value), y, row.kind))
    parts.append(words((left + right) / 2.0, bottom + 36.0, axis, "", "middle"))
    return bottom + BOTTOM, parts


def _cut(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"


def _inside(x: float, name: str, width: float) -> Markup:
    """The name of a limit above it, where it does not leave the picture."""
    half = LETTER * len(name) / 2.0
    return words(min(max(x, half), width - half), TOP - 10.0, name, "small", "middle")

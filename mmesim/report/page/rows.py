"""Values with intervals as a picture: one row each, with its name, what it is for the reader, and the limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from mmesim.report.page.scale import Limit, Scale, written
from mmesim.report.page.svg import WIDTH, line, picture, words

Kind = Literal["pass", "fail", "undecided", "none"]
"""Class of a mark in the style."""
SIGNS: dict[Kind, str] = {"pass": "\N{CHECK MARK}", "fail": "\N{BALLOT X}", "undecided": "?", "none": ""}
ROW, TOP, BOTTOM, LETTER, RIGHT = 22.0, 22.0, 44.0, 6.6, 120.0
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
    left = 12.0 + LETTER * min(MOST_LETTERS, max((len(row.name) for row in drawn), default=0))
    ends = [end for row in drawn for end in (row.value, row.low, row.high)]
    scale = Scale.of([*ends, *(limit for limit, _ in limits)], left, WIDTH - RIGHT, from_zero=linear, linear=linear)
    bottom = TOP + ROW * len(drawn)
    parts = []
    for mark in scale.marks():
        x = scale.place(mark)
        parts += [
            line([(x, TOP - 6.0), (x, bottom)], "grid"),
            words(x, bottom + 16.0, written(mark), "small", "middle"),
        ]
    for limit, name in limits:
        x = scale.place(limit)
        parts += [line([(x, TOP - 6.0), (x, bottom)], "limit"), words(x, TOP - 10.0, name, "small", "middle")]
    for number, row in enumerate(drawn):
        y = TOP + ROW * (number + 0.5)
        name = row.name if len(row.name) <= MOST_LETTERS else f"{row.name[: MOST_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
        parts.append(words(0, y + 4.0, name))
        parts.append(words(WIDTH - RIGHT + 10.0, y + 4.0, f"{row.shown} {SIGNS[row.kind]}".strip()))
        if not math.isfinite(row.value):
            continue
        if math.isfinite(row.low):
            parts.append(line([(scale.place(row.low), y), (scale.place(row.high), y)], "whisker"))
        parts.append(Markup(DOT).format(scale.place(row.value), y, row.kind))
    parts.append(words((left + WIDTH - RIGHT) / 2.0, bottom + 36.0, axis, "", "middle"))
    said = "; ".join(f"{row.name}: {row.shown}" for row in drawn[:12])
    more = f"; the first {MOST_ROWS} of {len(given)}" if len(given) > MOST_ROWS else ""
    bars = "; bars: 95 % intervals" if any(math.isfinite(row.low) for row in drawn) else ""
    caption = f"{label}{more}{bars}"
    return picture(bottom + BOTTOM, f"{label}: {said}", parts, caption)

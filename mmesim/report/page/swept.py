"""A figure of a sweep as a picture, with intervals, limits, and which points pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from markupsafe import Markup

from mmesim.report import formats
from mmesim.report.content.swept import asked_of, axis_label, limits_of, names_of, scaled
from mmesim.report.page.document import Tone
from mmesim.report.page.rows import MOST_LETTERS, Kind, Row, rows
from mmesim.report.page.scale import written
from mmesim.report.page.scatter import Dot, scatter
from mmesim.report.plain import harmless_line
from mmesim.scenario.figures import SHOWN_UNITS, Figure

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import SweepResult

NEAR_ALL = 50.0
"""Shares in percent that are all above this have an axis that does not begin at 0."""
KINDS: Mapping[str, Kind] = MappingProxyType({"pass": "pass", "fail": "fail", "undecided": "undecided"})


def tone_of(result: SweepResult) -> Tone:
    """What the points are for the reader: good where one passes."""
    verdicts = {point.verdict for point in result.points}
    if not verdicts or None in verdicts:
        return "plain"
    return "good" if "pass" in verdicts else "open" if "undecided" in verdicts else "bad"


def swept_figure(result: SweepResult, figure: Figure) -> Markup:
    """A line over one swept number, else a row for each point."""
    found = [point.figures[figure.column] for point in result.points]
    values, low, high = scaled(figure, found)
    lines = asked_of(result, figure)
    kinds = [_kind([point.verdicts[line] for line in lines if line in point.verdicts]) for point in result.points]
    names, label, unit = names_of(result), figure.title, SHOWN_UNITS[figure.kind]
    limits = [(limit, f"limit {written(limit)} {unit}".rstrip()) for limit in limits_of(result, figure)]
    (first, *others) = result.swept
    each = range(len(result.points))
    if not others and first.numbers is not None:
        known = [end for end in (*values, *(limit for limit, _ in limits)) if not math.isnan(end)]
        near_all = figure.kind == "share" and min(known) >= NEAR_ALL
        dots = [Dot(float(first.numbers[i]), values[i], low[i], high[i], kinds[i]) for i in each]
        return scatter(sorted(dots, key=lambda dot: dot.x), names[0], axis_label(figure), label, limits, not near_all)
    shown = [formats.figure(figure.kind, one.value) for one in found]
    every = [Row(_name(result, i), values[i], low[i], high[i], shown[i], kinds[i]) for i in each]
    return rows(every, axis_label(figure), label, limits)


def _kind(verdicts: Sequence[str]) -> Kind:
    """Of the lines on one figure: what a point misses elsewhere is no fault of this figure."""
    return next((KINDS[one] for one in ("fail", "undecided", "pass") if one in verdicts), "none")


def _name(result: SweepResult, index: int) -> str:
    """The values of a point; long ones are cut, so that each has room."""
    most = MOST_LETTERS // len(result.swept) - 2
    texts = [harmless_line(field.texts[index]) for field in result.swept]
    return ", ".join(text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}" for text in texts)

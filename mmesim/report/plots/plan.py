"""A plan as a picture: what each fleet costs against the figure that decides, its limit, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from types import MappingProxyType
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from mmesim.errors import UserError
from mmesim.report.content.gated.words import on_one_line
from mmesim.report.content.planned import words
from mmesim.report.content.planned.points import (
    Point,
    asked,
    axis_label,
    drawn_line,
    lifted,
    missed_elsewhere,
    points_of,
    scale,
)
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import (
    BLUE,
    GREY,
    PALE_BLUE,
    PLAIN,
    RED,
    Picture,
    bare,
    below,
    needs_log,
    plain_log,
)
from mmesim.report.plots.picture import MARKS as SHAPES
from mmesim.results.answers.planned import FleetLine, Planned, State

MARKS: Mapping[State, tuple[str, str, str]] = MappingProxyType(
    {
        "inside": (*SHAPES["pass"], "inside"),
        "turned down": (*SHAPES["fail"], "turned down"),
        "open": (*SHAPES["undecided"], "too near to tell"),
        "not tried": (".", GREY, "not decided"),
    }
)
"""State of a fleet -> marker, colour, words."""
MARK_PX, LETTER_PX, LINE_PX = 6.0, 6.0, 12.0
"""Half a mark, and width and height of a letter of a name, on screen."""
NAME = "#555555"
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
"""Where a text may stand beside its mark: to the right or left, and above or below."""
TITLE_LETTERS = 84


class Box(NamedTuple):
    """A rectangle on screen, from its lower left corner."""

    x: float
    y: float
    width: float
    height: float

    def covers(self, other: Box) -> bool:
        """Whether they have more than an edge in common."""
        beside = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not (beside or self.y + self.height <= other.y or other.y + other.height <= self.y)


def pareto(planned: Planned) -> Picture:
    """USD a month against the figure that decides, with 95 % intervals; a line joins the fleets of one family.

    The figure is that of the line of `expect` that the answer comes nearest to, without an answer the one that the
    nearest miss fails by most; each fleet stands where it is worst, as written or with what it must withstand. Fleets
    without a price, or of which nothing was simulated, are left out. UserError when none is left.
    """
    line = drawn_line(planned)
    if line is None:
        raise UserError("there is nothing to draw: no fleet with a price was simulated")
    points, limit = points_of(planned, line), scale(line) * line.limit
    above = [value for value in (*(point.value for point in points), limit) if value > 0.0]
    logarithmic, notes = needs_log(above), [missed_elsewhere(planned, points, line)]
    if logarithmic:
        points, note = lifted(points, limit)
        notes.append(note)
    figure = Picture(7.0, 4.5)
    axes = figure.add_subplot()
    members = _families(axes, points)
    for point in points:
        marker, colour, _ = MARKS[point.state]
        axes.plot([point.usd, point.usd], [point.low, point.high], color=colour, linewidth=1.5)
        axes.plot([point.usd], [point.value], marker, color=colour, markersize=6)
    axes.axhline(limit, color=RED, linestyle="--", linewidth=1.0)
    _ring(axes, planned, points)
    axes.set_xlabel("\n".join(["cost [USD a month]", *(f"({note})" for note in notes if note)]))
    axes.set_ylabel(axis_label(line))
    axes.xaxis.set_major_formatter(PLAIN)
    if logarithmic:
        axes.set_yscale("log")
        plain_log(axes.yaxis)
    else:
        axes.yaxis.set_major_formatter(PLAIN)
    axes.margins(0.15)
    axes.set_xlim(left=max(0.0, axes.get_xlim()[0]))
    title = f"{shortened(on_one_line(planned.name))}: {asked(planned, line)}"
    axes.set_title(fill(title, TITLE_LETTERS), fontsize="medium", loc="left")
    bare(axes)
    below(figure, _legend(points, line))
    figure.draw_without_rendering()  # the layout decides where there is room
    _names(axes, planned, members, _answer(axes, planned, points))
    return figure


def _families(axes: Axes, points: Sequence[Point]) -> dict[str, list[Point]]:
    """A thin line for each family; its fleets by its name."""
    members: dict[str, list[Point]] = {}
    for point in points:
        members.setdefault(point.family, []).append(point)
    for of in members.values():
        axes.plot([p.usd for p in of], [p.value for p in of], color=PALE_BLUE, linewidth=1.0, zorder=1)
    return members


def _names(axes: Axes, planned: Planned, members: Mapping[str, Sequence[Point]], there: Sequence[Box]) -> None:
    """The name of each family at one of its fleets, where there is room: those that matter most first."""
    places = {p.row: axes.transData.transform((p.usd, p.value)) for of in members.values() for p in of}
    taken = [*there, *(_mark(x, y) for x, y in places.values())]
    answers = [name for name, of in members.items() if any(point.row == planned.answer for point in of)]
    near = [words.family(planned, one.family) for one in planned.why_not]
    for name in dict.fromkeys(name for name in (*answers, *near, *members) if name in members):
        for point in members[name]:
            x, y = places[point.row]
            box = Box(x + MARK_PX, y, LETTER_PX * len(name), LINE_PX)
            if not any(box.covers(other) for other in taken) and axes.bbox.contains(box.x + box.width, y):
                taken.append(box)
                axes.annotate(
                    name,
                    (point.usd, point.value),
                    (5.0, 1.0),
                    textcoords="offset points",
                    fontsize="x-small",
                    color=NAME,
                )
                break


def _mark(x: float, y: float) -> Box:
    return Box(x - MARK_PX, y - MARK_PX, 2 * MARK_PX, 2 * MARK_PX)


def _ring(axes: Axes, planned: Planned, points: Sequence[Point]) -> None:
    """A ring round the answer."""
    for point in points:
        if point.row == planned.answer:
            axes.plot([point.usd], [point.value], "o", markersize=14, markerfacecolor="none", color=BLUE)


def _answer(axes: Axes, planned: Planned, points: Sequence[Point]) -> list[Box]:
    """What the answer is, at the first of its corners where it lies inside the picture and on no other mark."""
    point = next((one for one in points if one.row == planned.answer), None)
    if point is None or planned.answer is None:
        return []
    text = f"{words.fleet(planned, planned.answer)}\n{words.price(planned.fleets[planned.answer])}"
    others = [_mark(*axes.transData.transform((one.usd, one.value))) for one in points if one is not point]
    found: list[tuple[int, Annotation, Box]] = []
    for side, high in CORNERS:
        note = axes.annotate(
            text,
            (point.usd, point.value),
            (9.0 * side, 9.0 * high),
            textcoords="offset points",
            fontsize="small",
            color=BLUE,
            ha="left" if side > 0 else "right",
            va="bottom" if high > 0 else "top",
        )
        extent = note.get_window_extent()
        box, inside = Box(*extent.bounds), axes.bbox.contains(extent.x0, extent.y0) and axes.bbox.contains(*extent.max)
        found.append((2 * (not inside) + any(box.covers(other) for other in others), note, box))
    best = min(found, key=lambda one: one[0])
    for one in found:
        if one is not best:
            one[1].remove()
    return [best[2]]


def _legend(points: Sequence[Point], line: FleetLine) -> list[Line2D]:
    """What the marks mean, of those that are there, and the limit."""
    marks = [mark for state, mark in MARKS.items() if any(point.state == state for point in points)]
    found = [Line2D([], [], color=colour, marker=marker, linestyle="", label=label) for marker, colour, label in marks]
    limit = f"limit {scale(line) * line.limit:,.6g}{words.unit(line)}"
    return [*found, Line2D([], [], color=RED, linestyle="--", linewidth=1.0, label=limit)]

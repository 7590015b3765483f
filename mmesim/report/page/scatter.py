"""Points with intervals over numbers as a picture: a sweep over one field, fleets over what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from markupsafe import Markup

from mmesim.report.page.rows import SIGNS, Kind
from mmesim.report.page.scale import Limit, Scale, apart, written
from mmesim.report.page.svg import NARROW, Drawn, line, picture, words

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""
HEIGHT, LEFT, TOP, BOTTOM, LETTER = 320.0, 64.0, 22.0, 46.0, 6.2
STEP = 3.0
"""Between the places of a line that a name may cover."""
CEILING = 12.0
"""Names end below what is written at the top."""


@dataclass(frozen=True)
class Dot:
    """One point; `name` is written beside it, `of` joins it by a line with those of the same."""

    x: float
    y: float
    low: float
    high: float
    kind: Kind
    name: str = ""
    of: str = ""


def scatter(
    dots: Sequence[Dot], across: str, up: str, label: str, limits: Sequence[Limit] = (), from_zero: bool = True
) -> Markup:
    """The points that have a value, with the limits as lines; `from_zero`: a linear axis upwards begins at 0."""
    shown = [dot for dot in dots if math.isfinite(dot.y)]
    said = "; ".join(f"{dot.name or written(dot.x)}: {dot.y:,.4g}" for dot in shown[:12])
    low = _upwards(shown, limits, from_zero)
    zero = f"; 0 is drawn at {written(low.low)}" if low.logarithmic and any(dot.y == 0.0 for dot in shown) else ""
    return picture(
        lambda width: _drawn(shown, across, up, limits, from_zero, width),
        f"{label}: {said}",
        f"{label}; bars: 95 % intervals{zero}",
    )


def _upwards(shown: Sequence[Dot], limits: Sequence[Limit], from_zero: bool) -> Scale:
    ends = [end for dot in shown for end in (dot.y, dot.low, dot.high)]
    return Scale.of([*ends, *(limit for limit, _ in limits)], HEIGHT - BOTTOM, TOP, from_zero)


def _drawn(shown: Sequence[Dot], across: str, up: str, limits: Sequence[Limit], from_zero: bool, width: float) -> Drawn:
    right, bottom = width - 16.0, HEIGHT - BOTTOM
    xs, ys = Scale.of([dot.x for dot in shown], LEFT, right, from_zero=False), _upwards(shown, limits, from_zero)
    parts = []
    marks = list(apart(xs, LETTER * 2.0))
    whole = [mark for mark in marks if float(mark).is_integer()]
    counted = len(whole) > 1 and all(float(dot.x).is_integer() for dot in shown)
    for mark in whole if counted else marks:
        parts.append(words(xs.place(mark), bottom + 18.0, written(mark), "small", "middle"))
    for mark in ys.marks():
        y = ys.place(mark)
        parts += [line([(LEFT, y), (right, y)], "grid"), words(LEFT - 6.0, y + 4.0, written(mark), "small", "end")]
    taken: list[Box] = []
    lines: list[Box] = []
    for limit, name in limits:
        y = ys.place(limit)
        parts += [line([(LEFT, y), (right, y)], "limit"), words(right, y - 5.0, name, "small", "end")]
        taken += [(right - LETTER * len(name), y - 16.0, right, y - 3.0), (LEFT, y - 1.0, right, y + 1.0)]
    for family in dict.fromkeys(dot.of for dot in shown):
        through = [(xs.place(dot.x), ys.place(dot.y)) for dot in shown if dot.of == family]
        parts.append(line(through, "whisker"))
        lines += _along(through)
    for dot in shown:
        x, y = xs.place(dot.x), ys.place(dot.y)
        if math.isfinite(dot.low):
            parts.append(line([(x, ys.place(dot.low)), (x, ys.place(dot.high))], "whisker"))
        parts.append(Markup('<circle cx="{:.2f}" cy="{:.2f}" r="5" class="{}"/>').format(x, y, dot.kind))
    parts += _names([(xs.place(dot.x), ys.place(dot.y), dot) for dot in shown], taken, lines, width)
    parts.append(words(width / 2.0, HEIGHT - 6.0, across, "small" if width == NARROW else "", "middle"))
    parts.append(words(0, 10.0, up, "strong"))
    return HEIGHT, parts


def _along(through: Sequence[tuple[float, float]]) -> Iterator[Box]:
    """Small boxes on the lines between points."""
    for (x, y), (to_x, to_y) in pairwise(through):
        steps = max(1, math.ceil(math.dist((x, y), (to_x, to_y)) / STEP))
        for step in range(steps + 1):
            at_x, at_y = x + (to_x - x) * step / steps, y + (to_y - y) * step / steps
            yield at_x - 1.0, at_y - 1.0, at_x + 1.0, at_y + 1.0


def _names(
    placed: Sequence[tuple[float, float, Dot]], names: Sequence[Box], lines: Sequence[Box], width: float
) -> Iterator[Markup]:
    """The name of each point beside it, where it covers neither a point nor a name and lies nearer to no other point,
    and off the lines where that is possible; in a crowd, where there is room, with a line to its point.
    """
    taken = [*names, *((x - 6.0, y - 6.0, x + 6.0, y + 6.0) for x, y, _ in placed)]
    for x, y, dot in placed:
        text = f"{dot.name} {SIGNS[dot.kind]}".strip()
        length = LETTER * len(text)
        sides = ((x + 9.0, -3.0), (x - 9.0 - length, -3.0), (x + 9.0, 14.0), (x - 9.0 - length, 14.0))
        boxes = [
            (left, y + below - 10.0, left + length, y + below + 2.0) for left, below in (*sides, *_around(x, length))
        ]
        inside = [
            of for of in boxes if of[0] >= LEFT and of[2] <= width and of[1] >= CEILING and of[3] <= HEIGHT - BOTTOM
        ]
        free = [box for box in inside if not any(_cover(box, other) for other in taken)]
        own = [box for box in free if all(_away((x, y), box) <= _away(other[:2], box) for other in placed)]
        if not free:
            continue
        box = next((box for box in own if not any(_cover(box, of) for of in lines)), (own or free)[0])
        taken.append(box)
        if not own:
            yield line([(x, y), _nearest((x, y), box)], "whisker")
        yield words(box[0], box[3] - 2.0, text, "small")


def _around(x: float, length: float) -> Iterator[tuple[float, float]]:
    """Further places, ever farther below and above the point: where a name begins, and how far below."""
    for away in (20.0, 34.0, 48.0, 62.0):
        for below in (away, 4.0 - away):
            yield from ((left, below) for left in (x - length / 2.0, x + 9.0, x - 9.0 - length))


def _nearest(point: tuple[float, float], box: Box) -> tuple[float, float]:
    """The place of a box that a point is nearest to."""
    return min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])


def _away(point: tuple[float, float], box: Box) -> float:
    """How far a point lies from a box."""
    return math.dist(point, _nearest(point, box))


def _cover(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

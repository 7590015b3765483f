"""A capacity as a picture: the line that decides and the hit ratio over the amount, the limit in between, the knee."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

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
from mmesim.scenario.figures import find

if TYPE_CHECKING:
    from mmesim.results.answers.capacity import Capacity, Tried

WORDS = {"pass": "meets every line", "fail": "misses a line", "undecided": "open"}
MARKS = {verdict: (*mark, WORDS[verdict]) for verdict, mark in SHAPES.items()}
"""Verdict of an amount -> marker, colour, words."""


def capacity_plot(found: Capacity) -> Picture:
    """Two curves over the amount with their 95 % intervals; of a scenario that expects nothing the hit ratio alone."""
    text = found.binds
    plot = Picture(7.0, 5.6 if text is not None else 3.6)
    axes = plot.subplots(2 if text is not None else 1, 1, sharex=True, squeeze=False)[:, 0]
    if text is not None:
        _line(axes[0], found, text)
    _hits(axes[-1], found)
    x = [one.amount for one in found.tried]
    for each in axes:
        each.axvline(found.now, color="black", linewidth=0.8, linestyle=":")
        bare(each)
        if found.largest is not None and found.smallest_failing is not None:
            each.axvspan(found.largest, found.smallest_failing, color=GREY, alpha=0.25, linewidth=0)
    last = axes[-1]
    if needs_log(x):
        last.set_xscale("log")
        plain_log(last.xaxis)
    else:
        last.xaxis.set_major_formatter(PLAIN)
    last.set_xlabel("models" if found.of == "models" else "times the traffic of the scenario")
    axes[0].set_title(f"{shortened(found.name)}: what {found.fleet} can carry", fontsize="medium", loc="left")
    below(plot, _legend(found))
    return plot


def _legend(found: Capacity) -> list[Line2D | Patch]:
    seen = {one.verdict for one in found.tried}
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=words)
        for verdict, (marker, colour, words) in MARKS.items()
        if verdict in seen
    ]
    if None in seen:
        handles.append(Line2D([], [], color=PALE_BLUE, marker=".", linestyle="", label="short runs"))
    handles.append(Line2D([], [], color="black", linestyle=":", linewidth=0.8, label="the scenario as it is"))
    if found.largest is not None and found.smallest_failing is not None:
        handles.append(Patch(color=GREY, alpha=0.25, label="the limit is in between"))
    if found.knee is not None and found.knee.models is not None:
        handles.append(Line2D([], [], color=RED, linestyle="-.", linewidth=1.0, label="thrash knee"))
    return handles


def _line(axes: Axes, found: Capacity, text: str) -> None:
    """The line of `expect` that decides."""
    shown = [(one, found.worst(one, text)) for one in found.tried]
    known = [(one, line) for one, line in shown if line is not None and line.value is not None]
    if not known:
        return
    first = known[0][1]
    scale = 100.0 if first.unit == "share" else 1.0
    rows = [
        (one, scale * (line.value or 0.0), _scaled(line.interval, scale, scale * (line.value or 0.0)))
        for one, line in known
    ]
    _points(axes, rows)
    values = [value for _, value, _ in rows] + [scale * first.limit]
    if min(values) > 0.0 and needs_log(values):
        axes.set_yscale("log")
        plain_log(axes.yaxis)
    axes.axhline(scale * first.limit, color=RED, linestyle="--", linewidth=1.0)
    words = f"limit {scale * first.limit:.6g}{' %' if first.unit == 'share' else ''}"
    place = axes.get_yaxis_transform()
    axes.text(1.0, scale * first.limit, words, transform=place, ha="right", va="bottom", fontsize="small", color=RED)
    figure = find(first.figure)
    name = first.figure.replace("share_over", "calls over") if figure is None else figure.title
    axes.set_ylabel(f"{name} [{'%' if first.unit == 'share' else first.unit}]")


def _hits(axes: Axes, found: Capacity) -> None:
    rows = [
        (one, 100.0 * one.hit_ratio, _scaled(one.hit_ratio_interval, 100.0, 100.0 * one.hit_ratio))
        for one in found.tried
        if one.hit_ratio is not None
    ]
    _points(axes, rows)
    axes.set_ylabel("hit ratio [%]")
    low = min((ends[0] for _, _, ends in rows), default=0.0)
    beyond = 0.05 * (100.0 - low) + 0.5  # so that a mark at 100 % is seen whole
    axes.set_ylim(low - beyond, 100.0 + beyond)
    axes.set_yticks([mark for mark in axes.get_yticks() if low - beyond <= mark <= 100.0])
    axes.yaxis.set_major_formatter(PLAIN)
    knee = found.knee
    if knee is not None and knee.models is not None:
        axes.axvline(knee.models, color=RED, linestyle="-.", linewidth=1.0)
        if knee.interval is not None:
            axes.axvspan(*knee.interval, color=RED, alpha=0.12, linewidth=0)


def _points(axes: Axes, rows: Sequence[tuple[Tried, float, tuple[float, float]]]) -> None:
    if not rows:
        return
    x = np.array([one.amount for one, _, _ in rows])
    y = np.array([value for _, value, _ in rows])
    ends = np.array([ends for _, _, ends in rows])
    axes.plot(x, y, "-", color=PALE_BLUE, linewidth=1.0, zorder=1)
    axes.fill_between(x, ends[:, 0], ends[:, 1], color=BLUE, alpha=0.15, linewidth=0)
    for (one, value, _), at in zip(rows, x, strict=True):
        if one.verdict is None:
            axes.plot([at], [value], ".", color=PALE_BLUE, zorder=2)
        else:
            marker, colour, _ = MARKS[one.verdict]
            axes.plot([at], [value], marker, color=colour, markersize=7, zorder=3)


def _scaled(ends: tuple[float, float] | None, scale: float, value: float) -> tuple[float, float]:
    return (value, value) if ends is None else (scale * ends[0], scale * ends[1])

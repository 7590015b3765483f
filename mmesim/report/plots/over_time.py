"""A run over time as a picture: a panel for each figure, with a line where something happened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from mmesim.arrays import Floats
from mmesim.report import colours
from mmesim.report.content import latency_over_time
from mmesim.report.content.events import named
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import (
    BLUE,
    GREY,
    PALE_BLUE,
    PLAIN,
    RED,
    Picture,
    bare,
    needs_log,
    plain_log,
)
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES

if TYPE_CHECKING:
    from mmesim.results.over_time.over_time import OverTime

PANEL_IN = 1.45
"""Height of a panel, inches."""
MOST_EVENTS = 40
"""Lines of events that are drawn: with more nothing else is to be seen."""
LETTER = 0.0095
"""Width of a letter of their names, as a share of the time axis."""
ROW_PT = 9.0
"""From one row of names to the next, points."""
BELOW, NEAR_WHOLE = 0.04, 60.0
"""Room below 0, as a share of the axis; an axis in percent that goes up to here ends at 100."""
NEUTRAL = "#555555"
FAULT, DEPLOY, SCALING = RED, "#7a4fa3", "#2e7d32"
COLOURS = {
    Kind.fault: FAULT,
    Kind.fault_over: FAULT,
    Kind.deploy: DEPLOY,
    Kind.rolled_back: DEPLOY,
    Kind.deployed: DEPLOY,
    Kind.scale_out: SCALING,
    Kind.scale_in: SCALING,
}
"""Kinds that are marked; scheduled actions are scalings, too."""


LATENCY_COLOURS = {"p50": PALE_BLUE, "mean": BLUE, "p99": "#123a66"}


class Line(NamedTuple):
    """A figure of a panel, how it is called in the legend, and its colour."""

    name: str
    label: str
    colour: str = BLUE


def over_time(of: OverTime) -> Picture:
    """Draws capacity, hits, latency, errors, calls in flight, CPU and, with a price, cost over simulated time."""
    priced = "usd_per_hour" in of.figures
    figure = Picture(10.0, PANEL_IN * (7 if priced else 6) + 0.6)
    panels: Sequence[Axes] = figure.subplots(7 if priced else 6, 1, sharex=True)
    scale, unit = _unit(of.runs[0].duration_s)
    x = (
        np.append(of.start_s, of.runs[0].duration_s) / scale
    )  # a minute lasts until the next: where each begins and ends
    coming = [Line("provisioning", "provisioning", GREY)] if np.nansum(of.figures["provisioning"]) else []
    _draw(panels[0], of, x, "instances", Line("instances", "up"), *coming)
    _draw(panels[1], of, x, "hit ratio [%]", Line("hit_ratio", ""), factor=100.0)
    latency = [Line(f"{name}_ms", name, LATENCY_COLOURS[name]) for name in latency_over_time.FIGURES]
    limits_ms = [1000.0 * limit_s for limit_s, _ in latency_over_time.limits(of.scenario)]
    _draw(panels[2], of, x, "latency [ms]", *latency, inside=limits_ms)
    _limits(panels[2], of)
    _errors(panels[3], of, x)
    _draw(panels[4], of, x, "calls in flight", Line("in_flight", ""))
    _draw(panels[5], of, x, "CPU [%]", Line("cpu_utilization", ""), factor=100.0)
    if priced:
        _draw(panels[6], of, x, "cost [USD/h]", Line("usd_per_hour", ""))
    for axes in panels:
        bare(axes)
        _events(axes, of, scale)
        if of.scenario.run.cut_s:
            axes.axvspan(0.0, of.scenario.run.cut_s / scale, color=GREY, alpha=0.12, linewidth=0.0)
    _names(panels[0], of, scale)
    panels[-1].set_xlim(0.0, of.runs[0].duration_s / scale)
    if of.scenario.run.cut_s:
        place = panels[-1].get_xaxis_transform()
        panels[-1].text(0.0, 0.02, " not measured", transform=place, fontsize="x-small", color=NEUTRAL)
    panels[-1].xaxis.set_major_formatter(PLAIN)
    panels[-1].set_xlabel(f"simulated time [{unit}]")
    figure.align_ylabels()
    figure.suptitle(f"{shortened(of.scenario.name)}: over time", fontsize="medium", x=0.01, ha="left")
    return figure


def _unit(duration_s: float) -> tuple[float, str]:
    """The unit of the time axis, in seconds and by name."""
    if duration_s > 3.0 * 86400.0:
        return 86400.0, "days"
    return (3600.0, "h") if duration_s > 3.0 * 3600.0 else (60.0, "min")


def _draw(
    axes: Axes,
    of: OverTime,
    x: Floats,
    title: str,
    *lines: Line,
    factor: float = 1.0,
    inside: Sequence[float] = (),
) -> None:
    """Lines with their bands; values that are `inside` have a place on the axis, too."""
    for line in lines:
        middle, low, high = (_to_the_end(factor * one) for one in of.band(line.name))
        if len(of.runs) > 1:
            axes.fill_between(x, low, high, color=line.colour, alpha=0.2, linewidth=0.0, step="post")
        axes.plot(x, middle, color=line.colour, linewidth=1.4, label=line.label or None, drawstyle="steps-post")
    found = [factor * value for line in lines for value in of.band(line.name)[0].tolist()]
    values = [*(value for value in found if not math.isnan(value)), *inside]
    if title.startswith("latency") and needs_log(values):
        axes.set_yscale("log")
        plain_log(axes.yaxis)
        axes.minorticks_off()
    else:
        most = max(axes.get_ylim()[1], *inside, 0.0)
        top = 100.0 if factor == 100.0 and max(values, default=0.0) > NEAR_WHOLE else most if any(values) else 1.0
        axes.set_ylim(-BELOW * top, (1.0 + BELOW) * top)  # a line at 0 shows, too
        axes.yaxis.set_major_formatter(PLAIN)
    axes.set_ylabel(title)
    if len(lines) > 1:
        _legend(axes)


def _to_the_end(values: Floats) -> Floats:
    """A value a minute, and the last one once more, for where its minute ends."""
    return np.append(values, values[-1:])


def _legend(axes: Axes) -> None:
    """Beside the panel: nothing that is drawn lies below it."""
    axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.05), borderaxespad=0.2)


def _limits(axes: Axes, of: OverTime) -> None:
    for limit_s, name in latency_over_time.limits(of.scenario):
        axes.axhline(1000.0 * limit_s, color=RED, linestyle="--", linewidth=1.0)
        axes.annotate(
            name,
            (1.0, 1000.0 * limit_s),
            (-2.0, 1.0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize="x-small",
            color=RED,
            ha="right",
            va="bottom",
        )


def _errors(axes: Axes, of: OverTime, x: Floats) -> None:
    """Failed calls by cause where they are known minute by minute, else the share of failed attempts."""
    causes = [cause for cause in CAUSES if np.nansum(of.figures.get(f"failed_{cause}", np.zeros(1)))]
    if not causes:
        _draw(axes, of, x, "failed attempts [%]", Line("failed", ""), factor=100.0)
        return
    each = [of.failed_a_minute(cause) for cause in causes]
    layers = [_to_the_end(np.nan_to_num(values)) for values in each if values is not None]
    own = [colours.PALETTE[CAUSES.index(cause) % len(colours.PALETTE)] for cause in causes]
    axes.stackplot(x, layers, labels=causes, colors=own, alpha=0.9, step="post")
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("failed calls [1/min]")
    _legend(axes)


def _marked(of: OverTime) -> Sequence[Happened]:
    """What is marked of the first replication."""
    run = of.runs[0]
    return [one for one in run.happened if one.kind in COLOURS and one.at_s < run.duration_s][:MOST_EVENTS]


def _events(axes: Axes, of: OverTime, scale: float) -> None:
    for one in _marked(of):
        axes.axvline(one.at_s / scale, color=COLOURS[one.kind], linewidth=0.9, linestyle=":")


def _names(axes: Axes, of: OverTime, scale: float) -> None:
    """What happened, above the uppermost panel: each name in the lowest row above all names that it would touch."""
    placed: list[tuple[float, float, int]] = []
    for one in reversed(_marked(of)):
        text = shortened(named(one.kind, one.name))
        length = LETTER * (len(text) + 1) * of.runs[0].duration_s
        # A name that the end of the axis would cut ends at its line.
        at_right = one.at_s + length > 1.1 * of.runs[0].duration_s
        begin = one.at_s - length if at_right else one.at_s
        row = max((place for left, right, place in placed if begin < right and left < begin + length), default=-1) + 1
        placed.append((begin, begin + length, row))
        axes.annotate(
            text,
            (one.at_s / scale, 1.0),
            (0.0, 3.0 + ROW_PT * row),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize="x-small",
            color=COLOURS[one.kind],
            ha="right" if at_right else "left",
            va="bottom",
        )

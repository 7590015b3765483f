"""The differences of two scenarios as a picture: one row a figure, with its interval and its two values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmesim.report import formats
from mmesim.report.content.compared import (
    has_both,
    kind_of,
    label_of,
    least_multiple,
    multiples,
    title_of,
    why_no_multiple,
)
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import MARKS, Picture, below, plain_log

if TYPE_CHECKING:
    from mmesim.experiment.diff.kept import Compared
    from mmesim.results.comparison.compare import Delta

TITLE = 62
"""Letters of a line of the title."""
NEUTRAL = "#333333"
KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "better": MARKS["pass"],
        "worse": MARKS["fail"],
        "neither good nor bad": ("s", NEUTRAL),
        "the same": ("|", NEUTRAL),
        "undecided": MARKS["undecided"],
    }
)
"""What a difference is -> its marker and colour, in the order of the legend."""


def differences(found: Compared) -> Picture:
    """Draws b as a multiple of a, with 95 % intervals, and writes the values of both beside it.

    Blue circles are better, red crosses worse, grey diamonds undecided. A figure that is 0 in a or b has its values
    alone, and says so; one without a value, or that is 0 in both, is left out.
    """
    known = [delta for delta in reversed(found.deltas) if delta.difference.value is not None]
    shown = [delta for delta in known if delta.a.value or delta.b.value]
    figure = Picture(8.5, 1.5 + 0.32 * len(shown))
    axes = figure.add_subplot()
    kinds = [kind_of(delta) for delta in shown]
    least = least_multiple(shown)
    for row, (delta, kind) in enumerate(zip(shown, kinds, strict=True)):
        _row(axes, row, delta, *KINDS[kind], least)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_yticks(range(len(shown)), [shortened(label_of(delta)) for delta in shown])
    if all(multiples(delta) == (1.0, 1.0, 1.0) for delta in shown if has_both(delta)):
        axes.set_xlim(0.5, 2.0)
    plain_log(axes.xaxis)
    axes.text(1.02, 1.0, "a \N{RIGHTWARDS ARROW} b", transform=axes.transAxes, va="bottom", fontsize="small")
    axes.set_xlabel("b as a multiple of a (bars: 95 % intervals)")
    title = title_of(found.a.scenario, found.b.scenario).split("\n")
    axes.set_title("\n".join(shortened(line, TITLE) for line in title), fontsize="medium", loc="left")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    below(
        figure,
        [Line2D([], [], color=KINDS[kind][1], marker=KINDS[kind][0], label=kind) for kind in KINDS if kind in kinds],
    )
    return figure


def _row(axes: Axes, row: int, delta: Delta, marker: str, colour: str, least: float) -> None:
    """One figure: its multiple with the interval, where it has both, and its values at the right."""
    where = axes.get_yaxis_transform()
    if has_both(delta):
        value, low, high = multiples(delta)
        bar = [max(low, least), max(high, least)]
        axes.plot(bar, [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
        edge = 2.0 if marker == "|" else None
        axes.plot([value], [row], marker, color=colour, markersize=7, markeredgewidth=edge, gid=delta.name)
    else:
        why = why_no_multiple(delta)
        axes.text(0.5, row, why, transform=where, va="center", ha="center", fontsize="small", color=colour)
    values = " \N{RIGHTWARDS ARROW} ".join(formats.figure(delta.kind, of.value) for of in (delta.a, delta.b))
    axes.text(1.02, row, values, transform=where, va="center", fontsize="small", color=colour)

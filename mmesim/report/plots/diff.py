"""The differences of two scenarios as a picture: one row a figure, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import LogLocator, NullFormatter

from mmesim.report.plots.picture import BLUE, GREY, Picture
from mmesim.results.compare import Delta

if TYPE_CHECKING:
    from mmesim.experiment.diff import Diff

SMALLEST = 1e-3
"""Where an interval that reaches down to nothing is cut."""


def differences(found: Diff) -> Picture:
    """Draws b as a multiple of a, with 95 % intervals; figures without a value, or that are 0 in a or b, are left out.

    Blue where the interval excludes no change, grey where it does not.
    """
    shown = [delta for delta in reversed(found.deltas) if delta.relative is not None and delta.b.value]
    figure = Picture(8.0, 0.9 + 0.32 * len(shown))
    axes = figure.add_subplot()
    for row, delta in enumerate(shown):
        value, low, high = _multiples(delta)
        colour = GREY if delta.direction == "undecided" else BLUE
        axes.plot([max(low, SMALLEST), high], [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot([value], [row], "o", color=colour, markersize=6)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(shown)), [delta.name for delta in shown])
    names = found.a.scenario.name, found.b.scenario.name
    what = f"{names[1]} / {names[0]}" if names[0] != names[1] else "b / a"
    axes.set_xlabel(f"{what} (95 % intervals)")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def _multiples(delta: Delta) -> tuple[float, float, float]:
    """B and the ends of its interval as multiples of a; without an interval the value stands for both ends."""
    assert delta.difference.value is not None  # only figures with a relative difference are drawn
    assert delta.a.value
    low, high = delta.difference.ci95 or (delta.difference.value, delta.difference.value)
    return 1.0 + delta.difference.value / delta.a.value, 1.0 + low / delta.a.value, 1.0 + high / delta.a.value

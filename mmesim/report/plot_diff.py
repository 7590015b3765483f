"""The differences of two scenarios as a picture: one row a figure, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from mmesim.results.compare import Delta

if TYPE_CHECKING:
    from mmesim.experiment.diff import Diff

DECIDED, OPEN = "#1f5fa8", "#9a9a9a"


def differences(found: Diff) -> Figure:
    """Draw b relative to a, in percent, with 95 % intervals; figures without a value, or that are 0 in a, are left out.

    Blue where the interval excludes no change, grey where it does not.
    """
    shown = [delta for delta in reversed(found.deltas) if delta.relative is not None]
    figure = Figure(figsize=(8.0, 0.9 + 0.32 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    for row, delta in enumerate(shown):
        value, low, high = _percent(delta)
        colour = OPEN if delta.direction == "undecided" else DECIDED
        axes.plot([low, high], [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot([value], [row], "o", color=colour, markersize=6)
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [delta.name for delta in shown])
    axes.set_xlabel(f"{found.b.scenario.name} against {found.a.scenario.name}, % (95 % intervals)")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def _percent(delta: Delta) -> tuple[float, float, float]:
    """The difference and its interval in percent of a; without an interval the value stands for both ends."""
    assert delta.difference.value is not None  # only figures with a relative difference are drawn
    assert delta.a.value
    scale = 100.0 / delta.a.value
    low, high = delta.difference.ci95 or (delta.difference.value, delta.difference.value)
    return scale * delta.difference.value, scale * low, scale * high

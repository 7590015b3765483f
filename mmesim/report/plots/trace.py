"""The description of a trace as one picture: rate over time, calls by rank, misses by size of the cache."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from mmesim.report.plain import shortened
from mmesim.report.plots.picture import BLUE, PLAIN, Picture, plain_log
from mmesim.workload.trace.describe.describe import RESIDENT, Description

MOST_POINTS = 2000
"""Minutes are joined so that there are at most this many."""


def trace_plot(found: Description, title: str) -> Picture:
    """The picture: the rate above, calls by rank and the miss-ratio curve below."""
    plot = Picture(9.0, 6.0)
    grid = plot.add_gridspec(2, 2)
    _rate(plot.add_subplot(grid[0, :]), found, title)
    _ranks(plot.add_subplot(grid[1, 0]), found)
    _misses(plot.add_subplot(grid[1, 1]), found)
    return plot


def _rate(axes: Axes, found: Description, title: str) -> None:
    together = -(-len(found.per_minute) // MOST_POINTS)
    filled = np.zeros(-(-len(found.per_minute) // together) * together)
    filled[: len(found.per_minute)] = found.per_minute
    blocks = filled.reshape(-1, together)
    hours = len(found.per_minute) > 180
    # Stairs and not steps: the last minute has a width too.
    edges = np.arange(len(blocks) + 1) * together / (60.0 if hours else 1.0)
    axes.stairs(blocks.mean(axis=1), edges, baseline=None, color=BLUE, linewidth=0.8)
    if together > 1:
        axes.stairs(
            blocks.max(axis=1), edges, baseline=blocks.min(axis=1), fill=True, color=BLUE, alpha=0.2, linewidth=0
        )
    axes.axhline(found.mean_per_min, color="black", linewidth=0.8, linestyle="--", label="mean")
    axes.set_xlim(0, max(len(found.per_minute) / (60.0 if hours else 1.0), 1e-9))
    axes.set_ylim(bottom=0)
    axes.set_title(shortened(title, 90), fontsize="medium", loc="left")
    axes.set_xlabel("time [h]" if hours else "time [min]")
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_ylabel("calls [1/min]")
    axes.legend()


def _ranks(axes: Axes, found: Description) -> None:
    rank = np.arange(1, found.models + 1)
    axes.loglog(rank, found.by_rank, ".", color=BLUE, markersize=3, label="trace")
    if found.zipf is not None:
        weight = rank ** (-found.zipf.exponent)
        law = found.requests * weight / weight.sum()
        axes.loglog(rank, law, color="black", linewidth=0.8, label=f"Zipf {found.zipf.exponent:.2f}")
        axes.legend()
    axes.set_ylim(bottom=0.5)
    for axis in (axes.xaxis, axes.yaxis):
        plain_log(axis)
    axes.set_xlabel("rank of the model")
    axes.set_ylabel("calls")
    axes.grid(alpha=0.3)


def _misses(axes: Axes, found: Description) -> None:
    sizes = np.arange(1, found.models + 1)
    axes.plot(sizes / found.models * 100.0, found.miss_ratios[1:] * 100.0, color=BLUE)
    shown = [max(1, round(share * found.models)) for share in RESIDENT]
    axes.plot(
        [size / found.models * 100.0 for size in shown], [found.miss_ratios[size] * 100.0 for size in shown], "o",
        color=BLUE, markersize=4,
    )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("models that fit [%]")
    axes.set_ylabel("calls that miss, LRU [%]")
    axes.grid(alpha=0.3)

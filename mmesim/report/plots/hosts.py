"""How much of each host is used: one bar a host and resource, with its limit drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmesim.report import formats
from mmesim.report.content.host_use import MEMORY, RESOURCES, host_use
from mmesim.report.content.run import usable_memory
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import BLUE, RED, Picture

if TYPE_CHECKING:
    from mmesim.report.plots.of_run import Drawn

TRACK = "#e8edf2"


def hosts(of: Drawn) -> Picture:
    """Draws the use of CPU, memory and disk of each host, mean over the measured time, and the most memory at once."""
    found = host_use(of.tables["hosts"])
    drawn = found.drawn
    rows = np.arange(len(drawn))
    figure = Picture(3.1 * len(found.use), 1.7 + 0.3 * max(2, len(drawn)))
    panels = figure.subplots(1, len(found.use), sharey=True)
    which = f" ({found.which})" if found.which else ""
    figure.suptitle(
        f"{shortened(of.scenario.name)}: how much of each host is used{which}", fontsize="medium", x=0.01, ha="left"
    )
    for axes, (key, use) in zip(panels, found.use.items(), strict=True):
        values = 100.0 * use[drawn]
        axes.barh(rows, np.full(len(rows), 100.0), color=TRACK, height=0.72)
        bars = axes.barh(rows, values, color=BLUE, height=0.72, alpha=0.75)
        limit = usable_memory(of) if key == MEMORY else 1.0
        axes.axvline(100.0 * limit, color=RED, linestyle="--", linewidth=1.0)
        axes.set_title(f"limit {formats.share(limit)}", fontsize="small", loc="right", color=RED)
        if key == MEMORY:
            axes.plot(100.0 * found.peak[drawn], rows, "|", color="black", markersize=11, markeredgewidth=2.0)
        for bar, value, peak in zip(bars, use[drawn], found.peak[drawn], strict=True):
            inside = value > 0.5
            beside = max(value, peak) if key == MEMORY and not inside else value  # behind the tick, which is beyond it
            axes.annotate(
                formats.share(float(value)),
                (100.0 * beside, bar.get_y() + bar.get_height() / 2.0),
                (-4.0 if inside else 4.0, 0.0),
                textcoords="offset points",
                ha="right" if inside else "left",
                va="center",
                fontsize="small",
                color="white" if inside else "black",
            )
        axes.set_xlim(0.0, 102.0)
        axes.set_title(RESOURCES[key], fontsize="medium", loc="left")
        axes.set_xlabel("used [%]")
        axes.set_xticks((0.0, 25.0, 50.0, 75.0, 100.0))
        axes.tick_params(axis="x", labelsize="small")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(rows, [f"host {found.hosts[place]}" for place in drawn])
    panels[0].set_ylim(max(1, len(rows)) - 0.5, -0.5)
    figure.supxlabel("bars: mean over the measured time; tick: most memory at once; dashed: limit", fontsize="small")
    return figure

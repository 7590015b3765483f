"""The misses over the memory of the fleet, with today's memory marked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mmesim.errors import UserError
from mmesim.report import formats
from mmesim.report.page.curve import HOW
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import BLUE, GREY, ORANGE, PLAIN, RED, Picture, bare, below
from mmesim.results.miss_ratio.curve import CHE, STACK_DISTANCES, memory_of_fleet

if TYPE_CHECKING:
    from mmesim.report.plots.of_run import Drawn
    from mmesim.scenario.scenario import Scenario

GIB = 2.0**30
STYLES: Mapping[str, tuple[str, str]] = MappingProxyType({STACK_DISTANCES: (BLUE, "-"), CHE: (GREY, "--")})
"""How a curve is known -> its colour and line."""
BEYOND = 1.08
"""The axis goes on beyond the fleet and the curves, so that a mark on its edge is seen."""


def miss_ratio(of: Drawn) -> Picture:
    """Draws the share of the calls that miss over the memory for models, and what the run itself missed.

    UserError where there is no curve: models are not kept in memory, or nothing was called.
    """
    table = of.miss_ratio_table()
    if not len(table):
        raise UserError("there is no miss ratio to draw: models are not kept in memory, or none was called")
    figure = Picture(7.4, 4.4)
    axes = figure.add_subplot()
    memory, missed = (table[name].to_numpy() for name in ("memory_bytes", "miss_ratio"))
    how = np.array(table["how"].to_pylist())
    for one in (one for one in HOW if one in how):
        colour, line = STYLES[one]
        here = how == one
        axes.plot(memory[here] / GIB, 100.0 * missed[here], line, color=colour, linewidth=2.0, label=HOW[one])
    today = memory_of_fleet(of.scenario) / GIB
    axes.axvline(today, color=RED, linestyle="--", linewidth=1.0, label=f"memory of this fleet: {today:,.1f} GiB")
    hits = of.summary["cache_hit_ratio"]
    if hits["value"] is not None:
        share = 1.0 - hits["value"]
        low, high = hits["ci95"] or (hits["value"], hits["value"])
        axes.plot([today, today], [100.0 - 100.0 * low, 100.0 - 100.0 * high], color=ORANGE, linewidth=5.0, alpha=0.5)
        label = f"measured{_with_what(of.scenario)}: {formats.share(share)}"
        axes.plot([today], [100.0 * share], "o", color=ORANGE, markersize=7, label=label, zorder=4)
    axes.set_title(f"{shortened(of.scenario.name)}: misses over memory", fontsize="medium", loc="left")
    axes.set_xlabel("memory for models on all hosts [GiB]")
    axes.set_ylabel("calls whose model is not in memory [%]")
    axes.set_xlim(0.0, BEYOND * max(today, float(memory.max()) / GIB))
    axes.set_ylim(0.0, 100.0)
    axes.xaxis.set_major_formatter(PLAIN)
    bare(axes)
    below(figure, [line for line in axes.lines if not str(line.get_label()).startswith("_")])
    return figure


def _with_what(scenario: Scenario) -> str:
    """What takes or brings hosts in the run, which the curves do not know: they have this fleet all the time."""
    found = [
        name
        for name, there in (
            ("faults", scenario.faults),
            ("deploys", scenario.deploys),
            ("autoscaling", scenario.endpoint.autoscaling),
        )
        if there
    ]
    return f" with its {' and '.join(found)}" if found else ""

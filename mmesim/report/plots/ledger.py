"""What latency is made of, in the middle and in the tail: for each band its mean as a length, and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from mmesim import units
from mmesim.report import colours
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import BLUE, Picture, below, needs_log
from mmesim.results.figures.ledger import calls_of_band
from mmesim.scenario.figures import parts_of

if TYPE_CHECKING:
    from mmesim.report.plots.of_run import Drawn

BANDS = ("p50", "p90", "p99", "p99.9")
NEGLIGIBLE = 0.01
"""Parts of the ledger below this share of every band are not drawn."""
READABLE = 8.0
"""From this many percent on, a part has its share written in it."""
SHORTEST = 2.0
"""On a logarithmic axis the shortest bar ends at this many times the start of the axis."""
ROW_IN = 0.62
LEGEND_COLUMNS = 5


def ledger(of: Drawn) -> Picture:
    """Draws the mean latency of each band of the ledger as a length, its parts as shares: 18 and 842 ms must not look
    alike. A band that the summary leaves out is named with the reason.
    """
    found: Any = of.summary["ledger_ms"]
    bands = [band for band in BANDS if found[band]["mean"]]
    parts = [
        part
        for part in parts_of(found["all"])
        if any(found[band][part] >= NEGLIGIBLE * found[band]["mean"] for band in bands)
    ]
    figure = Picture(9.4, 1.5 + ROW_IN * max(2, len(bands)) + 0.2 * -(-len(parts) // LEGEND_COLUMNS))
    lengths, shares = figure.subplots(1, 2, width_ratios=(1.6, 4))
    figure.suptitle(f"{shortened(of.scenario.name)}: what latency is made of", fontsize="medium", x=0.01, ha="left")
    if not bands:
        shares.text(0.5, 0.5, found["p50"]["reason"], transform=shares.transAxes, ha="center")
    _lengths(lengths, bands, found)
    _shares(shares, bands, parts, found)
    for one in (lengths, shares):
        one.set_ylim(max(1, len(bands)) - 0.5, -0.5)
        one.spines[["top", "right"]].set_visible(False)
    left_out = [f"{band} is left out: {found[band]['reason']}" for band in BANDS if bands and not found[band]["mean"]]
    small = bool(parts) and any(
        found[band][part] for band in bands for part in parts_of(found[band]) if part not in parts
    )
    notes = [*left_out, *(["parts below 1 % of every band are not drawn"] if small else [])]
    shares.set_xlabel("\n".join(["share of the latency [%]", *(shortened(note, 100) for note in notes)]))
    below(figure, shares.containers)
    return figure


def _lengths(axes: Axes, bands: list[str], found: Any) -> None:
    means = [found[band]["mean"] for band in bands]
    bars = axes.barh(range(len(bands)), means, color=BLUE, height=0.6)
    axes.bar_label(bars, [units.show_seconds(mean / 1000.0) for mean in means], padding=3.0, fontsize="small")
    axes.set_yticks(range(len(bands)), [f"around {band}\n{calls_of_band(found[band])}" for band in bands])
    if needs_log(means):
        axes.set_xscale("log")
        axes.minorticks_off()
        low, high = min(means) / SHORTEST, max(means)
        axes.set_xlim(low, high * (high / low) ** 0.45)
    else:
        axes.set_xlim(0.0, 1.45 * max(means, default=1.0))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"mean latency{' (logarithmic)' if needs_log(means) else ''}", fontsize="medium", loc="left")


def _shares(axes: Axes, bands: list[str], parts: list[str], found: Any) -> None:
    left = np.zeros(len(bands))
    for part in parts:
        share = np.array([100.0 * found[band][part] / found[band]["mean"] for band in bands])
        colour = colours.OF_PART[part]
        bars = axes.barh(
            range(len(bands)), share, left=left, color=colour, label=part, height=0.6, edgecolor="white", linewidth=0.6
        )
        written = [f"{one:.0f} %" if one >= READABLE else "" for one in share]
        axes.bar_label(bars, written, label_type="center", fontsize="small", color=colours.ink(colour))
        left = left + share
    axes.set_yticks([])
    axes.set_xlim(0.0, 100.0)
    axes.set_title("what it is made of", fontsize="medium", loc="left")

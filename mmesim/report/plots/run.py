"""The result of a run as a picture: how many calls are slower than each latency, and what latency is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from mmesim import units
from mmesim.arrays import Floats, Ints
from mmesim.report.plots.picture import BLUE, PALE_BLUE, RED, Picture
from mmesim.results.latency import pool
from mmesim.results.ledger import calls_of_band
from mmesim.scenario.figures import PARTS, QUANTILES, quantile_shares

if TYPE_CHECKING:
    from mmesim.results.result import Result

BANDS = ("p50", "p90", "p99", "p99.9")
NEGLIGIBLE = 0.01
"""Parts of the ledger below this share of every band are not drawn."""


def latency(result: Result) -> Picture:
    """Draws the share of calls slower than each latency, one thin line a replication, next to the ledger by band."""
    figure = Picture(11.0, 4.2)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _exceedance(left, result)
    _ledger(right, result)
    figure.suptitle(result.scenario.name)
    return figure


def _exceedance(axes: Axes, result: Result) -> None:
    edges_ms = 1000.0 * result.runs[0].edges_s[1:-1]
    for run in result.runs:
        axes.plot(edges_ms, _slower(run.count), color=PALE_BLUE, linewidth=0.8)
    whole = pool(result.runs).count
    axes.plot(edges_ms, _slower(whole), color=BLUE, linewidth=2.0, label="all calls")
    for limit_s in result.scenario.latency_limits_s:
        axes.axvline(1000.0 * limit_s, color=RED, linestyle="--", linewidth=1.0, label=f"limit {1000 * limit_s:g} ms")
    used = np.flatnonzero(whole)
    if used.size:
        largest = max(
            [edges_ms[min(used[-1], len(edges_ms) - 1)], *(1000.0 * x for x in result.scenario.latency_limits_s)]
        )
        axes.set_xlim(edges_ms[max(0, used[0] - 1)], 1.1 * largest)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1.0 / max(10.0, float(whole.sum())), 1.0)
    shares = [shares for shares in map(quantile_shares, QUANTILES) if shares is not None]
    axes.set_yticks([beyond for _, beyond in shares], list(QUANTILES))
    axes.minorticks_off()
    axes.set_xlabel("latency, ms")
    axes.set_title("calls slower than", fontsize="medium", loc="left")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower left")


def _label(name: str, band: Any) -> str:
    """Which calls a bar is about; the mean of the calls around p90 is near p90, but is not p90."""
    return f"around {name}\n{calls_of_band(band)}\nmean {units.show_seconds(band['mean'] / 1000.0)}"


def _slower(count: Ints) -> Floats:
    """Share of the calls above the upper edge of each bucket but the last; nan where there is none left."""
    total = max(1, int(count.sum()))
    beyond: Floats = 1.0 - np.cumsum(count)[:-1] / total
    return np.where(beyond > 0.5 / total, beyond, np.nan)


def _ledger(axes: Axes, result: Result) -> None:
    ledger: Any = result.summary["ledger_ms"]
    bands = [band for band in BANDS if ledger[band]["mean"]]
    parts = [p for p in PARTS if any(ledger[band][p] >= NEGLIGIBLE * ledger[band]["mean"] for band in bands)]
    colours = colormaps["tab20"].colors  # type: ignore[attr-defined]  # a listed colour map has colours
    left = np.zeros(len(bands))
    for part in parts:
        shares = np.array([100.0 * ledger[band][part] / ledger[band]["mean"] for band in bands])
        axes.barh(range(len(bands)), shares, left=left, color=colours[PARTS.index(part)], label=part)
        left = left + shares
    axes.set_yticks(range(len(bands)), [_label(band, ledger[band]) for band in bands])
    axes.invert_yaxis()
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of the latency")
    axes.set_title("what latency is made of", fontsize="medium", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)

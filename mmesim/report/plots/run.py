"""The result of a run as a picture: how many calls are slower than each latency, and what latency is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from mmesim import units
from mmesim.arrays import Floats, Ints
from mmesim.report import formats
from mmesim.report.plots.picture import BLUE, PALE_BLUE, RED, Picture, ink, plain_log
from mmesim.results.latency import pool
from mmesim.results.ledger import calls_of_band
from mmesim.scenario.figures import DEVICE_PARTS, PARTS, QUANTILES, parts_of, quantile_shares

if TYPE_CHECKING:
    from mmesim.results.result import Result

BANDS = ("p50", "p90", "p99", "p99.9")
COLOURED = (*(part for part in PARTS if part not in DEVICE_PARTS), *DEVICE_PARTS)
"""Each part has one colour, with devices and without."""
NEGLIGIBLE = 0.01
"""Parts of the ledger below this share of every band are not drawn."""
WORTH_SAYING = 0.001
"""The curves are of successful calls alone: from this share of failed ones on, the picture says how many."""
READABLE = 12.0
"""A part has its share written in it from so many percent on."""


def latency(result: Result) -> Picture:
    """Draws percentiles, a thin line for each replication, and for each band of the ledger its mean and its parts."""
    figure = Picture(13.0, 4.6)
    left, middle, right = figure.subplots(1, 3, width_ratios=(6, 1.5, 4))
    _exceedance(left, result)
    _ledger(middle, right, result)
    failed = result.summary["error_rate"]["value"]
    said = failed is not None and failed > WORTH_SAYING
    figure.suptitle(
        f"{result.scenario.name}\n{formats.share(failed)} of calls failed" if said else result.scenario.name
    )
    return figure


def _exceedance(axes: Axes, result: Result) -> None:
    edges_ms = 1000.0 * result.runs[0].edges_s[1:-1]
    for number, run in enumerate(result.runs):
        label = "one replication" if number == 0 and len(result.runs) > 1 else None
        axes.plot(edges_ms, _slower(run.count), color=PALE_BLUE, linewidth=0.8, label=label)
    whole = pool(result.runs).count
    axes.plot(edges_ms, _slower(whole), color=BLUE, linewidth=2.0, label="all calls")
    for limit_s in result.scenario.latency_limits_s:
        axes.axvline(1000.0 * limit_s, color=RED, linestyle="--", linewidth=1.0, label=f"limit {1000 * limit_s:,g} ms")
    used = np.flatnonzero(whole)
    if used.size:
        largest = max(
            [edges_ms[min(used[-1], len(edges_ms) - 1)], *(1000.0 * x for x in result.scenario.latency_limits_s)]
        )
        axes.set_xlim(edges_ms[max(0, used[0] - 1)], 1.1 * largest)
    axes.set_xscale("log")
    axes.set_yscale("log")
    least = 1.0 / max(10.0, float(whole.sum()))
    axes.set_ylim(least, 1.0)
    axes.minorticks_off()
    axes.set_yticks(*zip(*_percentiles(least), strict=True))
    plain_log(axes.xaxis)
    axes.set_xlabel("latency of successful calls, ms")
    axes.set_ylabel("percentile")
    axes.set_title("how many calls are slower", fontsize="medium", loc="left")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower left")


def _percentiles(least: float) -> Iterator[tuple[float, str]]:
    """Share of slower calls and name of each percentile that has a mark, down to the least share that is drawn."""
    for name in QUANTILES:
        shares = quantile_shares(name)
        if shares is not None and shares[1] >= least:
            yield shares[1], name
    digits = 2
    while (beyond := 10.0 ** -(digits + 2)) >= least:
        yield beyond, f"p99.{'9' * digits}"
        digits += 1


def _label(name: str, band: Any) -> str:
    """Which calls a bar is about; the mean of the calls around p90 is near p90, but is not p90."""
    return f"around {name}\n{calls_of_band(band)}\nmean {units.show_seconds(band['mean'] / 1000.0)}"


def _slower(count: Ints) -> Floats:
    """Share of the calls above the upper edge of each bucket but the last; nan where there is none left."""
    total = max(1, int(count.sum()))
    beyond: Floats = 1.0 - np.cumsum(count)[:-1] / total
    return np.where(beyond > 0.5 / total, beyond, np.nan)


def _ledger(lengths: Axes, axes: Axes, result: Result) -> None:
    """The mean latency of each band as a length, its parts as shares: 18 and 842 ms must not look alike."""
    ledger: Any = result.summary["ledger_ms"]
    bands = [band for band in BANDS if ledger[band]["mean"]]
    parts = [
        p
        for p in parts_of(ledger["all"])
        if any(ledger[band][p] >= NEGLIGIBLE * ledger[band]["mean"] for band in bands)
    ]
    places = range(len(bands))
    means = [ledger[band]["mean"] for band in bands]
    lengths.barh(places, means, color=BLUE)
    lengths.set_yticks(places, [_label(band, ledger[band]) for band in bands])
    lengths.set_xlim(0.0, 1.05 * max(means, default=1.0))
    lengths.set_xticks([])
    lengths.set_title("mean latency", fontsize="medium", loc="left")
    colours = colormaps["tab20"].colors  # type: ignore[attr-defined]  # a listed colour map has colours
    left = np.zeros(len(bands))
    for part in parts:
        shares = np.array([100.0 * ledger[band][part] / ledger[band]["mean"] for band in bands])
        bars = axes.barh(places, shares, left=left, color=colours[COLOURED.index(part)], label=part)
        written = [f"{share:.0f} %" if share >= READABLE else "" for share in shares]
        axes.bar_label(bars, written, label_type="center", fontsize="small", color=ink(colours[COLOURED.index(part)]))
        left = left + shares
    axes.set_yticks([])
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of the latency")
    axes.set_title("what it is made of", fontsize="medium", loc="left")
    for one in (lengths, axes):
        one.set_ylim(len(bands) - 0.5, -0.5)
        one.spines[["top", "right"]].set_visible(False)
    lengths.spines["bottom"].set_visible(False)
    axes.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.35, -0.16), ncols=3)

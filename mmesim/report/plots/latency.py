"""How many calls are slower than each latency: a curve whose tail is logarithmic, percentiles with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmesim import units
from mmesim.arrays import Floats
from mmesim.report import colours, formats, phrases
from mmesim.report.page.distribution import Histogram, of_table
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import (
    BLUE,
    GREY,
    MARKS,
    RED,
    Picture,
    bare,
    below,
    needs_log,
    plain_log,
)
from mmesim.scenario.figures import QUANTILES, quantile_shares
from mmesim.scenario.run.expect import read_expectation

if TYPE_CHECKING:
    from mmesim.report.plots.of_run import Drawn

STYLES: Mapping[str, tuple[str, float]] = MappingProxyType(
    {"all calls": ("-", 2.0), "warm calls": ("--", 1.2), "cold calls": ("-.", 1.4)}
)
"""Calls -> line and width."""
MOST_LIMITS = 6
"""Lines of `expect` that the legend names."""
NEAR_END = 0.8
"""Beyond this share of the axis, the name of a limit stands on the left of its line."""
AROUND = 1.25
"""Beyond the first and the last latency by this factor, the axis ends."""


def latency(of: Drawn) -> Picture:
    """Draws the share of the successful calls above each latency, with the percentiles of the summary on the curve.

    All calls, and where there are both, warm and cold ones apart; limits as lines, what is expected of a percentile as
    a mark whose shape says whether it holds.
    """
    figure = Picture(8.6, 5.0)
    axes = figure.add_subplot()
    found = of_table(of.tables["histograms"])
    whole = found.get("all calls")
    name = shortened(of.scenario.name)
    failed = of.summary["error_rate"]["value"]
    said = (
        f"; {formats.share(failed)} of calls failed (slower than every limit)"
        if failed  # the curves are of successful calls alone
        else ""
    )
    axes.set_title(f"{name}: how many calls are slower{said}", fontsize="medium", loc="left")
    axes.set_xlabel("latency of successful calls, as clients see it [ms]")
    axes.set_ylabel("percentile")
    bare(axes)
    if whole is None:
        axes.text(0.5, 0.5, "no call was successful", transform=axes.transAxes, ha="center")
        axes.set_xticks([])
        axes.set_yticks([])
        return figure
    both = "warm calls" in found and "cold calls" in found
    for calls, histogram in found.items():
        if calls == "all calls" or both:
            line, width = STYLES[calls]
            x, y = _slower(histogram, of.summary["latency_ms"]["max"]["value"])
            axes.plot(
                x, y, line, color=colours.OF_CALLS[calls].light, linewidth=width, label=calls, drawstyle="steps-post"
            )
    _scales(axes, of, whole)
    _percentiles(axes, of.summary)
    expected = list(_expected(axes, of.summary))
    for limit_s in of.scenario.latency_limits_s:
        axes.axvline(1000.0 * limit_s, color=RED, linestyle="--", linewidth=1.0)
    _limits(axes, of)
    curves = [line for line in axes.lines if line.get_label() in found]
    percentiles = Line2D(
        [], [], color=BLUE, marker="s", markersize=4.5, linestyle="", label="percentile [95 % interval]"
    )
    below(figure, [*curves, percentiles, *expected[:MOST_LIMITS]])
    return figure


def _slower(histogram: Histogram, longest_ms: float) -> tuple[Floats, Floats]:
    """Share of the calls above each edge, from none faster to none left; the last edge is the longest latency."""
    edges, count = histogram
    above = 1.0 - np.cumsum(count) / count.sum()
    x = np.minimum(1000.0 * edges, longest_ms)
    # The last bucket leaves nothing, which a logarithmic axis has no place for: the curve ends above the longest call.
    shares = np.append([1.0], above[:-1])
    return np.append(x[:1], x), np.append(shares, shares[-1:])


def _scales(axes: Axes, of: Drawn, whole: Histogram) -> None:
    """Both axes: percentiles down to the last one that the run has, latencies with all limits inside."""
    limits_ms = [1000.0 * limit for limit in of.scenario.latency_limits_s]
    first, last = 1000.0 * float(whole[0][0]), float(of.summary["latency_ms"]["max"]["value"])
    low, high = min([first, *limits_ms]), max([last, *limits_ms])
    axes.set_yscale("log")
    beyond = [shares[1] for shares in map(quantile_shares, QUANTILES) if shares is not None]
    least = min([1.0 / max(10.0, float(whole[1].sum())), *beyond])
    axes.set_ylim(0.8 * least, 1.25)
    axes.minorticks_off()
    axes.set_yticks(*zip(*_marks(least), strict=True))
    if needs_log([low, high]):
        axes.set_xscale("log")
        axes.set_xlim(low / AROUND, high * AROUND)
        plain_log(axes.xaxis)
    else:
        axes.set_xlim(max(0.0, low - 0.1 * (high - low)), high + 0.1 * (high - low) or 1.0)


def _marks(least: float) -> Iterator[tuple[float, str]]:
    """Share of slower calls and name of each percentile that has a mark, down to the least share that is drawn."""
    yield 1.0, "all"
    for name in QUANTILES:
        shares = quantile_shares(name)
        if shares is not None and shares[1] >= least:
            yield shares[1], name
    digits = 2
    while (beyond := 10.0 ** -(digits + 2)) >= least:
        yield beyond, f"p99.{'9' * digits}"
        digits += 1


def _percentiles(axes: Axes, summary: Any) -> None:
    """A dot and a bar for each percentile and its 95 % interval, and both in figures beside the axis."""
    for name in QUANTILES:
        shares, estimate = quantile_shares(name), summary["latency_ms"][name]
        if shares is None:
            continue
        place = axes.get_yaxis_transform()
        beside: dict[str, Any] = {"transform": place, "va": "center", "fontsize": "small", "clip_on": False}
        if estimate["value"] is None:
            axes.text(1.01, shares[1], "not known", color=GREY, **beside)
            continue
        low, high = estimate["ci95"] or (estimate["value"], estimate["value"])
        axes.plot([low, high], [shares[1]] * 2, color=BLUE, alpha=0.35, linewidth=7.0, solid_capstyle="butt")
        axes.plot([estimate["value"]], [shares[1]], "s", color=BLUE, markersize=4.5, gid=name)
        axes.text(1.01, shares[1], formats.both(estimate, " ms"), color=BLUE, **beside)


def _expected(axes: Axes, summary: Any) -> Iterator[Line2D]:
    """A mark where a percentile of all calls has its limit; what it stands for, with the verdict."""
    for entry in summary["expect"]:
        expectation = read_expectation(entry["text"])
        shares = quantile_shares(expectation.metric)
        if shares is None or not expectation.calls.is_all:
            continue
        marker, colour = MARKS[entry["verdict"]]
        limit_ms = 1000.0 * expectation.limit
        axes.plot(
            [limit_ms],
            [shares[1]],
            marker,
            color=colour,
            gid=entry["text"],
            markersize=9,
            markeredgecolor="white",
            clip_on=False,
            zorder=5,
        )
        words = f"{shortened(entry['text'])}: {phrases.VERDICTS[entry['verdict']][0]}"
        yield Line2D([], [], color=colour, marker=marker, linestyle="", label=words)


def _limits(axes: Axes, of: Drawn) -> None:
    """The name of each limit at the upper end of its line, in rows where they would touch."""
    across = axes.transAxes.inverted()
    for number, limit_s in enumerate(of.scenario.latency_limits_s):
        at_right = across.transform(axes.transData.transform((1000.0 * limit_s, 1.0)))[0] > NEAR_END
        axes.annotate(
            f"limit {units.show_seconds(limit_s)}",
            (1000.0 * limit_s, 1.0),
            (-3.0 if at_right else 3.0, -10.0 - 10.0 * (number % 4)),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize="x-small",
            color=RED,
            ha="right" if at_right else "left",
            bbox={"facecolor": "white", "alpha": 0.8, "pad": 0.5, "linewidth": 0.0},  # a curve may pass below it
        )

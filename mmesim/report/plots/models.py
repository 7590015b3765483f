"""The models one by one: how fast and how busy each is, and how many of them are often cold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes

from mmesim import units
from mmesim.arrays import Flags, Floats
from mmesim.report import formats
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import (
    BLUE,
    MARKS,
    PLAIN,
    RED,
    Picture,
    bare,
    below,
    needs_log,
    plain_log,
)
from mmesim.results.figures.figures import OFTEN_COLD

if TYPE_CHECKING:
    from mmesim.report.plots.of_run import Drawn

MANY = 300
"""From this many models on, the marks are small and see-through."""
RASTERED = 3000
"""From this many on, marks of an SVG are pixels: as shapes they would be megabytes."""
NAMED = 3
"""Slowest models whose names are written."""
NAME_PX = 14.0
KNOWN: Mapping[str, tuple[float, str]] = MappingProxyType({"p90": (10.0, "90th percentile"), "p50": (50.0, "median")})
"""Cold share of the summary -> the share of models, in percent, that are colder, and its name."""


def models(of: Drawn) -> Picture:
    """Draws each called model by its calls and its p99 latency, and the models in order of their cold share."""
    table = of.tables["models"]
    figure = Picture(10.4, 4.4)
    left, right = figure.subplots(1, 2, width_ratios=(5, 4))
    called = int(np.count_nonzero(table["calls"].to_numpy()))
    said = f"{units.show_count(called)} of {units.show_count(len(table))} models were called"
    figure.suptitle(f"{shortened(of.scenario.name)}: {said}", fontsize="medium", x=0.01, ha="left")
    _latencies(left, of, table)
    _cold(right, of, table)
    bare(left, right)
    below(figure, [line for line in left.lines if not str(line.get_label()).startswith("_")])
    return figure


def _floats(table: pa.Table, name: str) -> Floats:
    found: Floats = table[name].to_numpy().astype(np.float64)
    return found


def _latencies(axes: Axes, of: Drawn, table: pa.Table) -> None:
    calls, slow = _floats(table, "calls"), _floats(table, "p99_ms")
    known = ~np.isnan(slow)
    axes.set_title("each model: calls and p99", fontsize="medium", loc="left")
    axes.set_xlabel("calls, all replications")
    axes.set_ylabel("p99 latency of the model [ms]")
    if not known.any():
        axes.text(0.5, 0.5, "no call was successful", transform=axes.transAxes, ha="center")
        return
    limits = [1000.0 * limit for limit in of.scenario.latency_limits_s]
    for mark, here, words in _kinds(known, table["meets_slo"].to_pylist()):
        marker, colour = MARKS[mark]
        axes.plot(
            calls[here], slow[here], marker, color=colour, label=f"{words} ({np.count_nonzero(here)})",
            markersize=3.0 if len(table) > MANY else 6.0, alpha=0.5 if len(table) > MANY else 1.0,
            markeredgewidth=0.0, rasterized=len(table) > RASTERED,
        )  # fmt: skip
    for limit in limits:
        axes.axhline(limit, color=RED, linestyle="--", linewidth=1.0)
        place, words = axes.get_yaxis_transform(), f"limit {units.show_seconds(limit / 1000.0)}"
        axes.text(1.0, limit, words, transform=place, ha="right", va="bottom", fontsize="x-small", color=RED)
    _scale(axes, calls[known], [*slow[known].tolist(), *limits])
    _names(axes, calls, np.where(known, slow, -np.inf), table["model"].to_pylist())


def _names(axes: Axes, calls: Floats, slow: Floats, names: Sequence[str]) -> None:
    """The names of the slowest models, where they do not touch that of a slower one."""
    taken: list[float] = []
    for row in np.argsort(-slow, kind="stable")[:NAMED]:
        height = float(axes.transData.transform((calls[row], slow[row]))[1])
        if np.isfinite(slow[row]) and all(abs(height - other) > NAME_PX for other in taken):
            taken.append(height)
            at = calls[row], slow[row]
            at_right = axes.transAxes.inverted().transform(axes.transData.transform(at))[0] > 0.6
            axes.annotate(
                shortened(names[row], 28), at, (-5.0 if at_right else 5.0, 3.0), textcoords="offset points",
                fontsize="x-small", ha="right" if at_right else "left",
            )  # fmt: skip


def _kinds(known: Flags, meets: Sequence[bool | None]) -> list[tuple[str, Flags, str]]:
    """Verdict, which models, and words: those without a limit are all alike."""
    kinds = [
        (mark, known & np.array([one is verdict for one in meets]), words)
        for mark, verdict, words in (
            ("pass", True, "its calls meet the limits"),
            ("fail", False, "they do not"),
            ("pass", None, "models"),
        )
    ]
    return [one for one in kinds if one[1].any()]


def _scale(axes: Axes, calls: Floats, slow: list[float]) -> None:
    for values, axis, scale in ((calls.tolist(), axes.xaxis, axes.set_xscale), (slow, axes.yaxis, axes.set_yscale)):
        if needs_log(values):
            scale("log")
            plain_log(axis)
        else:
            axis.set_major_formatter(PLAIN)
    axes.margins(0.12)


def _cold(axes: Axes, of: Drawn, table: pa.Table) -> None:
    """The cold share of the models, the coldest first: fleet figures hide that most models can be cold."""
    shares = _floats(table, "cold_share")
    ordered = 100.0 * np.sort(shares[~np.isnan(shares)])[::-1]
    axes.set_title("how often models are cold", fontsize="medium", loc="left")
    axes.set_xlabel("called models, the coldest first [%]")
    axes.set_ylabel("cold calls of the model [%]")
    axes.set_xlim(0.0, 100.0)
    if not ordered.size:
        return
    edges = np.linspace(0.0, 100.0, ordered.size + 1)
    axes.stairs(ordered, edges, baseline=0.0, fill=True, color=BLUE, alpha=0.25)
    axes.stairs(ordered, edges, baseline=None, color=BLUE, linewidth=1.6)
    summary: Any = of.summary["tenants"]["cold_share"]
    for key, (at, words) in KNOWN.items():
        value = summary[key]["value"]
        if value is not None:
            axes.plot([at], [100.0 * value], "o", color=BLUE, markersize=5, clip_on=False, gid=key)
            axes.annotate(
                f"{words}: {formats.share(value)}", (at, 100.0 * value), (7.0, 6.0), textcoords="offset points",
                fontsize="small", color=BLUE,
            )  # fmt: skip
    axes.axhline(100.0 * OFTEN_COLD, color="black", linestyle=":", linewidth=0.8)
    place = axes.get_yaxis_transform()
    axes.text(1.0, 100.0 * OFTEN_COLD, "often cold", transform=place, ha="right", va="bottom", fontsize="x-small")
    axes.set_ylim(0.0, max(1.15 * float(ordered[0]), 1.6 * 100.0 * OFTEN_COLD))

"""The figures of a summary that experiments tabulate: one estimate each, with its name, unit and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mmesim.errors import UserError, did_you_mean
from mmesim.results.latency import QUANTILES
from mmesim.results.summary import Summary
from mmesim.stats.intervals import Estimate


@dataclass(frozen=True)
class Figure:
    """One figure: `name` for the user to choose it, `column` in tables (with the unit, unless it is a share or count).

    `interval`: whether it can have one. `of` finds it in a summary.
    """

    name: str
    column: str
    title: str
    unit: str
    interval: bool
    of: Callable[[Summary], Estimate]


def _estimate(found: Mapping[str, Any]) -> Estimate:
    bounds = found["ci95"]
    return Estimate(found["value"], None if bounds is None else (bounds[0], bounds[1]), found.get("reason"))


def _of(key: str, summary: Summary) -> Estimate:
    found: Any = summary[key]
    return _estimate(found)


def _latency(name: str, summary: Summary) -> Estimate:
    found: Any = summary["latency_ms"]
    return _estimate(found[name])


def _cost(key: str, summary: Summary) -> Estimate:
    found: Any = summary["cost"]
    value = found[key]
    if value is not None:
        return Estimate(value)
    return Estimate(None, reason="no price is known" if found["usd_per_hour"] is None else "no call")


FIGURES: Sequence[Figure] = (
    *(
        Figure(name, f"{name}_ms", f"{name} latency", "ms", name != "max", partial(_latency, name))
        for name in ("mean", *QUANTILES, "max")
    ),
    *(
        Figure(name, name, name.replace("_", " ").replace("cpu", "CPU"), "%", True, partial(_of, name))
        for name in ("cache_hit_ratio", "error_rate", "cpu_utilization", "memory_utilization", "disk_utilization")
    ),
    Figure("throughput", "throughput_rps", "throughput", "/s", True, partial(_of, "throughput_rps")),
    Figure("loaded_models", "loaded_models", "loaded models", "", True, partial(_of, "loaded_models")),
    Figure(
        "model_loading_wait",
        "model_loading_wait_ms",
        "wait of a miss",
        "ms",
        True,
        partial(_of, "model_loading_wait_ms"),
    ),
    Figure("cost", "usd_per_hour", "cost an hour", "USD", False, partial(_cost, "usd_per_hour")),
    Figure("cost_per_month", "usd_per_month", "cost a month", "USD", False, partial(_cost, "usd_per_month")),
    Figure(
        "cost_per_million",
        "usd_per_million_requests",
        "cost of a million requests",
        "USD",
        False,
        partial(_cost, "usd_per_million_requests"),
    ),
)
"""Every figure, in the order of the columns. Unit `%`: a share 0..1, shown in percent."""

SHOWN = ("p50", "p99", "cache_hit_ratio", "error_rate", "cpu_utilization", "cost")
"""Figures of a table for people, unless others are asked for."""


def figure(name: str) -> Figure:
    """Return the figure with this name or column; UserError when there is none."""
    for one in FIGURES:
        if name in (one.name, one.column):
            return one
    names = [one.name for one in FIGURES]
    hint = did_you_mean(name, names)
    raise UserError(f"unknown metric {name!r}: one of {', '.join(names)}{'' if hint is None else f' ({hint})'}")

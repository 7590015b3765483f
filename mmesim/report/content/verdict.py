"""The last line of the report of a run: whether what is expected holds, why not, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Lines
from mmesim.report.content import causes
from mmesim.report.plain import harmless_line
from mmesim.scenario.figures import LATENCIES, parts_of
from mmesim.scenario.run.expect import read_expectation

WORST_FIRST = ("fail", "undecided")
CAUSED = (*LATENCIES, "error_rate", "throughput", "tenants.meet_slo")
"""Figures that are what they are because of what binds; a cost or a utilization is not."""


def verdict_line(summary: Any) -> Iterator[Lines]:
    """One line, because it is what a terminal still shows when the rest has scrolled away."""
    parts = [*_expected(summary), *_cost(summary)]
    yield Lines(("; ".join(parts),))


def answer(summary: Any) -> str:
    """The same as a sentence."""
    return harmless_line(" ".join(text for line in verdict_line(summary) for text in line.texts))


def _expected(summary: Any) -> Iterator[str]:
    entries = summary["expect"]
    if not entries:
        latency = summary["latency_ms"]
        known = next(
            (name for name in ("p99", "p95", "p90", "p50", "mean") if latency[name]["value"] is not None), "mean"
        )
        yield f"nothing is expected (add `expect`): {known} {formats.value(latency[known], ' ms')}"
        yield f"errors {formats.percent_value(summary['error_rate'])}"
        return
    for state in WORST_FIRST:
        missed = [entry for entry in entries if entry["verdict"] == state]
        if missed:
            texts = ", ".join(entry["text"] for entry in missed)
            yield f"{phrases.VERDICTS[state][0]}: {texts}"
            yield from _cause(missed[0], summary)
            name = causes.binding_name(summary)
            if name is not None and any(read_expectation(entry["text"]).metric in CAUSED for entry in missed):
                yield f"what binds: {name}"
            return
    limits = {1: "the limit holds", 2: "both limits hold"}.get(len(entries), f"all {len(entries)} limits hold")
    yield f"{phrases.VERDICTS['pass'][0]}: {limits}"


def _cause(entry: Any, summary: Any) -> Iterator[str]:
    """What the figure at fault is mostly made of; nothing where that is not known."""
    expectation = read_expectation(entry["text"])
    metric = expectation.metric
    if not expectation.calls.is_all:
        return
    errors = {cause: count for cause, count in summary["requests"]["errors"].items() if count}
    if metric == "error_rate" and errors:
        cause = max(errors, key=lambda one: errors[one])
        yield f"most errors are {cause} ({units.show_count(errors[cause])})"
    elif metric in ("cache_hit_ratio", "cpu_utilization", "memory_utilization"):
        yield f"it is {formats.percent_value(summary[metric])}"
    elif metric in summary["latency_ms"]:
        bands = {name: of for name, of in summary["ledger_ms"].items() if of and of["mean"]}
        band = metric if metric in bands else next((name for name in ("p99", "p90", "p50") if name in bands), None)
        if band is not None:
            of = bands[band]
            part = max(parts_of(of), key=lambda name: of[name])
            gloss = f" ({phrases.PARTS[part]})" if phrases.PARTS[part] else ""
            yield f"{formats.share(of[part] / of['mean'])} of {band} is {part}{gloss}"


def _cost(summary: Any) -> Iterator[str]:
    cost = summary["cost"]
    if cost["usd_per_hour"] is not None:
        during = " during this run" if summary.get("happened") else ""
        yield f"{'about ' if cost['estimated'] else ''}{units.show_price(cost['usd_per_hour'])} an hour{during}"

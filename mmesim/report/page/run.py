"""The page of a run: the sections of its report, with pictures, from the result folder alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from markupsafe import Markup

from mmesim.report.content import latency_over_time
from mmesim.report.content.events import named
from mmesim.report.content.page import Chapter, run_chapters
from mmesim.report.content.run import usable_memory
from mmesim.report.content.verdict import answer
from mmesim.report.page.charts import Axis, Chart, Curve, Limit
from mmesim.report.page.cpu import REPLICATION, per_vcpu
from mmesim.report.page.curve import curve
from mmesim.report.page.distribution import distribution, of_table
from mmesim.report.page.document import Part, document
from mmesim.report.page.hosts import hosts
from mmesim.report.page.over_time import WINDOW_S, OverTime, columns, over_time
from mmesim.report.page.render import render, templates
from mmesim.report.page.tones import TONES
from mmesim.report.plain import harmless_line
from mmesim.results.expect.expect import overall
from mmesim.results.folder.shown import HAPPENED, Kept
from mmesim.results.miss_ratio.curve import memory_of_fleet
from mmesim.results.miss_ratio.own_misses import hosts_alike
from mmesim.scenario.scenario import Scenario

ERRORS = ("InvocationModelErrors", "Invocation4XXErrors", "Invocation5XXErrors")
COUNTS = ("ClientLatency_SampleCount", "Invocations", *ERRORS)
SERIES: Mapping[str, str | None] = MappingProxyType(
    {
        **dict.fromkeys(latency_over_time.FIGURES.values(), "ClientLatency_SampleCount"),
        "ClientLatency_SampleCount": None,
        "Invocations": None,
        "Instances": None,
        "ModelCacheHit": "ModelCacheHit_SampleCount",
        "CPUUtilization": None,
        "MemoryUtilization": None,
        "WorkerUtilization": None,
        **dict.fromkeys(ERRORS),
    }
)
"""Columns of the windows that are drawn -> what weighs them in a mean."""


@dataclass(frozen=True)
class TimeChart:
    """A chart over time: where it stands, and which series it shows, each with its name and a factor."""

    chapter: str
    title: str
    unit: str
    series: Mapping[str, tuple[str, float]]
    logarithmic: bool = False
    limits: Sequence[tuple[float, str]] = ()
    """Values of its axis that are drawn across, with their names."""


def time_charts(scenario: Scenario, window_s: float, each: int = 1) -> Sequence[TimeChart]:
    """What is drawn over time, `each` windows a point."""
    return (
        TimeChart(
            "latency",
            "Latency over time, minute by minute" if each == 1 else f"Latency over time, {each} minutes a point",
            "ms",
            {
                column: (latency_over_time.called(name, each), 1e-3)
                for name, column in latency_over_time.FIGURES.items()
            },
            True,
            [(1000.0 * limit_s, name) for limit_s, name in latency_over_time.limits(scenario)],
        ),
        TimeChart(
            "latency",
            "Calls over time, and the attempts that they took",
            "calls a second",
            {
                "ClientLatency_SampleCount": ("answered well", 1.0 / window_s),
                "Invocations": ("attempts", 1.0 / window_s),
            },
        ),
        TimeChart("happened", "Instances over time", "instances", {"Instances": ("up", 1.0)}),
        TimeChart("cache", "Cache hits over time", "%", {"ModelCacheHit": ("cache hits", 100.0)}),
        TimeChart(
            "utilization",
            "Utilization over time, mean of all hosts",
            "%",
            {"CPUUtilization": ("CPU", 1.0), "MemoryUtilization": ("memory", 1.0)},
        ),
        TimeChart(
            "errors",
            "Failed attempts over time, as CloudWatch counts them",
            "attempts a second",
            {
                f"Invocation{name}Errors": (f"Invocation{name}Errors", 1.0 / window_s)
                for name in ("Model", "4XX", "5XX")
            },
        ),
        TimeChart("workers", "Busy workers over time", "%", {"WorkerUtilization": ("workers", 1.0)}),
    )


def run_page(kept: Kept) -> str:
    """The page of a run."""
    summary, scenario = kept.summary, kept.scenario
    charts = [*_distribution(kept), *_over_time(kept)]
    models = models_data(kept.tables["models"])
    pictures: dict[str, list[Markup]] = {}
    for chapter, chart in charts:
        pictures.setdefault(chapter, []).append(chart.html())
    measured = summary["cache_hit_ratio"]["value"]
    missed = None if measured is None else 1.0 - measured
    drawn = curve(kept.miss_ratio_table(), memory_of_fleet(scenario), missed, hosts_alike(scenario))
    pictures.setdefault("cache", []).append(drawn)
    pictures.setdefault("utilization", []).insert(0, hosts(kept.tables["hosts"], usable_memory(kept)))
    pictures["models"] = [models_table(models)]
    parts = [part(chapter, pictures.get(chapter.anchor, ())) for chapter in run_chapters(kept)]
    tone = TONES[overall([entry["verdict"] for entry in summary["expect"]])] if summary["expect"] else "plain"
    data = {"charts": [chart.data() for _, chart in charts], "models": models}
    return document(summary["scenario"], answer(summary), tone, parts, data)


def part(chapter: Chapter, pictures: Sequence[Markup] = ()) -> Part:
    """A section with its pictures below its figures."""
    return Part(chapter.anchor, chapter.name, Markup("\n").join([render(chapter.blocks, chapter.name), *pictures]))


def _distribution(kept: Kept) -> list[tuple[str, Chart]]:
    longest_ms = kept.summary["latency_ms"]["max"]["value"]
    limits = kept.scenario.latency_limits_s
    chart = distribution(of_table(kept.tables["histograms"]), limits, (longest_ms or 0.0) / 1000.0)
    return [] if chart is None else [("latency", chart)]


def _over_time(kept: Kept) -> list[tuple[str, Chart]]:
    """The charts over time of what was observed at all."""
    duration_s = float(kept.summary["simulated_s"])
    window_s = min(WINDOW_S, duration_s)
    windows = per_vcpu(kept, kept.windows([REPLICATION, *columns(SERIES)]), window_s)
    found = over_time(windows, SERIES, duration_s, window_s, COUNTS)
    asked = time_charts(kept.scenario, window_s, found.each)
    marked = list(_marked(kept))
    charts = [(of.chapter, time_chart(of, found, marked, f"chart-{number}")) for number, of in enumerate(asked)]
    return [
        (chapter, chart)
        for chapter, chart in charts
        if chart is not None and (chapter != HAPPENED or kept.tables.get(HAPPENED) is not None)
    ]


def _marked(kept: Kept) -> Iterator[tuple[float, str]]:
    """Moments that every chart over time marks, seconds: where measuring begins, and the first faults and deploys."""
    if kept.summary["warmup_s"]:
        yield kept.summary["warmup_s"], "measured from here"
    table = kept.tables.get(HAPPENED)
    if table is None:
        return
    first = table["replication"][0].as_py()
    events = [row for row in table.to_pylist() if row["replication"] == first and row["kind"] in MARKED]
    for row in events[:MOST_MARKED]:
        yield row["at_s"], harmless_line(named(row["kind"], row["name"]))


MARKED = ("fault", "fault_over", "scale_out", "scale_in", "deploy", "rolled_back", "deployed")
MOST_MARKED = 8
"""Events that are marked: with more, nothing else is to be seen."""


def time_chart(of: TimeChart, found: OverTime, marked: Sequence[tuple[float, str]], anchor: str) -> Chart | None:
    """Series over time with their bands; None where there is nothing to see."""
    scale, unit = (3600.0, "h") if found.start_s[-1] >= 7200.0 else (60.0, "min")
    curves = []
    for name, (label, factor) in of.series.items():
        one = found.series[name]
        if np.nan_to_num(one.mean).any():
            curves.append(Curve(label, factor * one.mean, factor * one.least, factor * one.most))
    if not curves:
        return None
    limits: list[Limit] = [("x", at_s / scale, name) for at_s, name in marked]
    limits += [("y", value, name) for value, name in of.limits]
    says = "lines: mean over the minutes of all replications; bands: least and most of a minute of any of them"
    says += "".join(f"; dashed: {name}" for _, name in of.limits)
    return Chart(
        anchor,
        f"{of.title}, {of.unit}",
        says,
        Axis(f"simulated time, {unit}"),
        Axis(of.unit, of.logarithmic),
        found.start_s / scale,
        curves,
        limits,
        found.end_s / scale,
    )


ON_A_PHONE = ("model", "calls", "cold_share", "p99_ms")
"""Columns of models that a phone shows; the CSV has them all."""


def models_data(models: pa.Table) -> dict[str, Any]:
    """The table of models as columns and rows: four significant digits, shares in percent, names that do no harm."""
    columns, values = [], []
    for field in models.schema:
        unit = (field.metadata or {}).get(b"unit", b"").decode()
        factor, shown = (100.0, "%") if unit == "1" else (1.0, unit)
        title = field.name.removesuffix(f"_{shown}").replace("_", " ")
        text = not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        minor = field.name not in ON_A_PHONE
        columns.append({"title": f"{title}, {shown}" if shown else title, "text": text, "minor": minor})
        values.append([_value(one, factor) for one in models[field.name].to_pylist()])
    return {"columns": columns, "rows": [list(row) for row in zip(*values, strict=True)]}


def _value(one: Any, factor: float) -> Any:
    if isinstance(one, bool):
        return "yes" if one else "no"
    if isinstance(one, float):
        return float(f"{factor * one:.4g}")
    return harmless_line(one) if isinstance(one, str) else one


def models_table(models: Mapping[str, Any]) -> Markup:
    """Where the table of models appears, and what is said without a script."""
    filled = templates().get_template("models.html").render(count=len(models["rows"]))
    return Markup(filled)

"""The page of a comparison: two runs over each other, and the difference of every figure, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from markupsafe import Markup

from mmesim.arrays import Floats
from mmesim.experiment.diff import Diff
from mmesim.report import formats
from mmesim.report.content.compared import has_both, kind_of, label_of, multiples, title_of
from mmesim.report.content.diff import answer, diff_report
from mmesim.report.page.charts import Axis, Chart, Curve
from mmesim.report.page.distribution import distribution, of_run
from mmesim.report.page.document import document
from mmesim.report.page.over_time import WINDOW_S, columns, over_time
from mmesim.report.page.rows import Kind, Row, rows
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.plain import harmless_line
from mmesim.results.compare import Delta
from mmesim.results.result import Result

KINDS: Mapping[str, Kind] = MappingProxyType({"better": "pass", "worse": "fail", "undecided": "undecided"})
LATENCY: Mapping[str, str | None] = MappingProxyType({"ClientLatency": "ClientLatency_SampleCount"})


def diff_page(found: Diff) -> str:
    """The page of a comparison."""
    both = {"a": found.a, "b": found.b}
    longest_s = max(run.latency_max_s for result in both.values() for run in result.runs)
    limits = sorted({*found.a.scenario.latency_limits_s, *found.b.scenario.latency_limits_s})
    histograms = {name: of_run(result.runs) for name, result in both.items()}
    whole = distribution({name: one for name, one in histograms.items() if len(one[0])}, limits, longest_s)
    charts = [chart for chart in (whole, _over_time(found)) if chart is not None]
    pictures = {SUMMARY: [_differences(found), *(chart.html() for chart in charts)]}
    shown = parts(diff_report(found), pictures)
    title = harmless_line(title_of(found.a.scenario, found.b.scenario).replace("\n", ", "))
    return document(title, answer(found), "plain", shown, {"charts": [chart.data() for chart in charts]})


def _differences(found: Diff) -> Markup:
    """B as a multiple of a for every figure that has both."""
    shown = [delta for delta in found.deltas if delta.difference.value is not None and has_both(delta)]
    label = "b as a multiple of a"
    every = [_row(delta) for delta in shown]
    return rows(every, label, "How b differs from a, on the same requests", [(1.0, "as in a")])


def _row(delta: Delta) -> Row:
    value, low, high = multiples(delta)
    of_a, of_b = (formats.figure(delta.kind, one.value) for one in (delta.a, delta.b))
    kind = KINDS.get(kind_of(delta), "none")
    return Row(label_of(delta), value, low, high, f"{of_a} \N{RIGHTWARDS ARROW} {of_b}", kind)


def _over_time(found: Diff) -> Chart | None:
    """The mean latency of both over time; None where nothing was answered."""
    each = {name: _series(result) for name, result in (("a", found.a), ("b", found.b))}
    curves = [Curve(name, *series[1:]) for name, series in each.items() if series is not None]
    start = next((series[0] for series in each.values() if series is not None), None)
    if start is None:
        return None
    scale, unit = (3600.0, "h") if start[-1] >= 7200.0 else (60.0, "min")
    return Chart(
        "chart-time",
        "Mean latency over time, ms",
        "lines: mean of all replications; bands: least and most of a minute of any of them",
        Axis(f"simulated time, {unit}"),
        Axis("ms", logarithmic=True),
        start / scale,
        curves,
        end=found.a.runs[0].duration_s / scale,
    )


def _series(result: Result) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Starts of the stretches of time, and mean, least and most latency in each, ms; None without an answer."""
    run = result.runs[0]
    windows = ({name: one.windows[name] for name in columns(LATENCY)} for one in result.runs)
    found = over_time(windows, LATENCY, run.duration_s, min(WINDOW_S, run.duration_s))
    one = found.series["ClientLatency"]
    if np.isnan(one.mean).all():
        return None
    return found.start_s, 1e-3 * one.mean, 1e-3 * one.least, 1e-3 * one.most

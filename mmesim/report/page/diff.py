"""The page of a comparison: two runs over each other, and the difference of every figure, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from mmesim.arrays import Floats
from mmesim.experiment.diff.kept import Compared
from mmesim.report.content.compared import title_of
from mmesim.report.content.diff import answer, diff_report
from mmesim.report.page.charts import Axis, Chart, Curve
from mmesim.report.page.differences import differences
from mmesim.report.page.distribution import distribution, of_table
from mmesim.report.page.document import document
from mmesim.report.page.over_time import WINDOW_S, columns, over_time
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.plain import harmless_line
from mmesim.results.result import Result
from mmesim.results.shown import Kept

ALL = "all calls"
LATENCY: Mapping[str, str | None] = MappingProxyType({"ClientLatency": "ClientLatency_SampleCount"})


def diff_page(found: Compared) -> str:
    """The page of a comparison."""
    both = {"a": found.a, "b": found.b}
    longest_s = max(_longest_ms(result) for result in both.values()) / 1000.0
    limits = sorted({*found.a.scenario.latency_limits_s, *found.b.scenario.latency_limits_s})
    each = {name: of_table(result.tables["histograms"]).get(ALL) for name, result in both.items()}
    whole = distribution({name: one for name, one in each.items() if one is not None}, limits, longest_s)
    charts = [chart for chart in (whole, _over_time(found)) if chart is not None]
    pictures = {SUMMARY: [differences(found), *(chart.html() for chart in charts)]}
    shown = parts(diff_report(found), pictures)
    title = harmless_line(title_of(found.a.scenario, found.b.scenario).replace("\n", ", "))
    return document(title, answer(found), "plain", shown, {"charts": [chart.data() for chart in charts]})


def _longest_ms(of: Result | Kept) -> float:
    return of.summary["latency_ms"]["max"]["value"] or 0.0


def _over_time(found: Compared) -> Chart | None:
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
        end=float(found.a.summary["simulated_s"]) / scale,
    )


def _series(result: Result | Kept) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Starts of the stretches of time, and mean, least and most latency in each, ms; None without an answer."""
    duration_s, names = float(result.summary["simulated_s"]), columns(LATENCY)
    if isinstance(result, Kept):
        windows: Iterable[Mapping[str, Floats]] = result.windows(names)
    else:
        windows = ({name: one.windows[name] for name in names} for one in result.runs)
    found = over_time(windows, LATENCY, duration_s, min(WINDOW_S, duration_s))
    one = found.series["ClientLatency"]
    if np.isnan(one.mean).all():
        return None
    return found.start_s, 1e-3 * one.mean, 1e-3 * one.least, 1e-3 * one.most

"""The page of a comparison: two runs over each other, and the difference of every figure, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from mmesim.arrays import Floats
from mmesim.experiment.diff.kept import Compared
from mmesim.report.content import latency_over_time
from mmesim.report.content.compared import title_of
from mmesim.report.content.diff import answer, diff_report
from mmesim.report.page.charts import Axis, Chart, Curve
from mmesim.report.page.differences import differences
from mmesim.report.page.distribution import distribution, of_table
from mmesim.report.page.document import document
from mmesim.report.page.over_time import WINDOW_S, OverTime, columns, over_time
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.plain import harmless_line
from mmesim.results.folder.shown import Kept
from mmesim.results.result import Result

ALL = "all calls"
LATENCY: Mapping[str, str | None] = MappingProxyType(
    dict.fromkeys(latency_over_time.FIGURES.values(), "ClientLatency_SampleCount")
)


def diff_page(found: Compared) -> str:
    """The page of a comparison."""
    both = {"a": found.a, "b": found.b}
    longest_s = max(_longest_ms(result) for result in both.values()) / 1000.0
    limits = sorted({*found.a.scenario.latency_limits_s, *found.b.scenario.latency_limits_s})
    each = {name: of_table(result.tables["histograms"]).get(ALL) for name, result in both.items()}
    whole = distribution({name: one for name, one in each.items() if one is not None}, limits, longest_s)
    charts = [*([] if whole is None else [whole]), *_over_time(found)]
    pictures = {SUMMARY: [differences(found), *(chart.html() for chart in charts)]}
    shown = parts(diff_report(found), pictures)
    title = harmless_line(title_of(found.a.scenario, found.b.scenario).replace("\n", ", "))
    return document(title, answer(found), "plain", shown, {"charts": [chart.data() for chart in charts]})


def _longest_ms(of: Result | Kept) -> float:
    return of.summary["latency_ms"]["max"]["value"] or 0.0


def _over_time(found: Compared) -> list[Chart]:
    """The percentiles of the minutes and the mean latency of both over time; none of what was not answered."""
    each = {name: _stretches(result) for name, result in (("a", found.a), ("b", found.b))}
    end_s = float(found.a.summary["simulated_s"])
    return [
        chart
        for figure, column in latency_over_time.FIGURES.items()
        if (chart := _chart(figure, column, each, end_s)) is not None
    ]


def _chart(figure: str, column: str, each: Mapping[str, OverTime], end_s: float) -> Chart | None:
    drawn = {name: one for name, one in each.items() if not np.isnan(one.series[column].mean).all()}
    if not drawn:
        return None
    first = next(iter(drawn.values()))
    scale, unit = (3600.0, "h") if first.start_s[-1] >= 7200.0 else (60.0, "min")
    curves = [
        Curve(name, 1e-3 * of.mean, 1e-3 * of.least, 1e-3 * of.most)
        for name, of in ((name, one.series[column]) for name, one in drawn.items())
    ]
    title = latency_over_time.called(figure, first.each)
    return Chart(
        f"chart-{figure}",
        f"{title.capitalize()} latency over time, ms" if figure == "mean" else f"Latency over time: {title}, ms",
        "lines: mean of all replications; bands: least and most of a minute of any of them",
        Axis(f"simulated time, {unit}"),
        Axis("ms", logarithmic=True),
        first.start_s / scale,
        curves,
        end=end_s / scale,
    )


def _stretches(result: Result | Kept) -> OverTime:
    """The latencies of a run over time."""
    duration_s, names = float(result.summary["simulated_s"]), columns(LATENCY)
    if isinstance(result, Kept):
        windows: Iterable[Mapping[str, Floats]] = result.windows(names)
    else:
        windows = ({name: one.windows[name] for name in names} for one in result.runs)
    return over_time(windows, LATENCY, duration_s, min(WINDOW_S, duration_s))

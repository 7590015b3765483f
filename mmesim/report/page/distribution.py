"""The share of calls that are slower than each latency, as a chart whose tail is logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmesim import units
from mmesim.arrays import Floats, Ints
from mmesim.report import colours
from mmesim.report.page.charts import Axis, Chart, Curve
from mmesim.results.measured.run_data import RunData
from mmesim.stats.histogram import merge

POINTS = 400
CALLS = ("all", "warm", "cold")

Histogram = tuple[Floats, Ints]
"""Upper edges of buckets that hold a call, seconds, and how many calls each holds."""


def of_table(histograms: pa.Table) -> dict[str, Histogram]:
    """The histograms of all, warm and cold calls; of those that there are."""
    found = {}
    for calls in CALLS:
        rows = histograms.filter(pc.equal(histograms["calls"].cast(pa.string()), calls))
        if rows.num_rows:
            found[f"{calls} calls"] = rows["up_to_s"].to_numpy(), rows["count"].to_numpy()
    return found


def of_run(runs: Sequence[RunData]) -> Histogram:
    """The histogram of all calls of these replications."""
    count = merge(run.count for run in runs)
    used = np.flatnonzero(count)
    return runs[0].edges_s[used + 1], count[used]


def distribution(found: Mapping[str, Histogram], limits_s: Sequence[float], longest_s: float) -> Chart | None:
    """A line for each histogram, by its name, and a mark at each limit; None without any call."""
    if not found:
        return None
    first = min(float(edges[0]) for edges, _ in found.values())
    last = min(longest_s, max(float(edges[-1]) for edges, _ in found.values()))
    # Limits are part of the axis: how far all calls are from one is what there is to see.
    low, high = min([first, *limits_s]), max([last, first, *limits_s])
    points = np.unique(np.concatenate([np.geomspace(0.9 * low, 1.02 * high, POINTS), limits_s]))
    total = max(int(count.sum()) for _, count in found.values())
    marks = list(_percentiles(1.0 / max(10, total)))
    return Chart(
        "chart-distribution",
        "How many calls are slower",
        "share of the successful calls that are slower than a latency; the percentiles are in the table above",
        Axis("latency, ms", logarithmic=True),
        Axis("percentile", logarithmic=True, marks=marks),
        1000.0 * points,
        [Curve(name, _slower(points, *histogram), colour=_colour(name)) for name, histogram in found.items()],
        [("x", 1000.0 * one, f"limit {units.show_seconds(one)}") for one in limits_s],
    )


def _colour(name: str) -> str:
    """Kinds of calls have colours of their own; runs that are compared have those of their places."""
    return colours.variable(name) if name in colours.OF_CALLS else ""


def _slower(points: Floats, edges: Floats, count: Ints) -> Floats:
    """Share of the calls above each point; nan beyond the last one. Only at an edge is it exact."""
    total = int(count.sum())
    before = np.concatenate([[0], np.cumsum(count)])[np.searchsorted(edges, points, side="right")]
    return np.where(before < total, 1.0 - before / total, np.nan)


def _percentiles(least: float) -> Iterator[tuple[float, str]]:
    """Shares that are slower, with the name of the percentile."""
    yield from ((1.0, "all"), (0.5, "p50"), (0.1, "p90"), (0.01, "p99"))
    for digits in range(1, math.ceil(-math.log10(least)) - 1):
        yield 10.0 ** -(digits + 2), f"p99.{'9' * digits}"

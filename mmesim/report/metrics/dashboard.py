"""A dashboard of CloudWatch that shows an endpoint beside its simulation."""

from __future__ import annotations

from typing import Any

from mmesim.report.metrics.dates import Dates
from mmesim.report.metrics.minutes import Minutes
from mmesim.report.metrics.names import METRICS, Labels, Metric

WIDTH, HEIGHT = 12, 6
"""Of a picture; a dashboard is 24 wide."""
PREFERRED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ModelLatency", ("p50", "p99")),
    ("ModelLatency", ("Average", "Maximum")),
    ("OverheadLatency", ("p99",)),
    ("ModelCacheHit", ("Average",)),
    ("ModelLoadingWaitTime", ("Average", "Maximum")),
    ("ModelLoadingTime", ("Average",)),
    ("ModelDownloadingTime", ("Average",)),
    ("ModelUnloadingTime", ("SampleCount",)),
    ("LoadedModelCount", ("Average",)),
    ("ConcurrentRequestsPerModel", ("Maximum",)),
    ("Invocations", ("Sum",)),
    ("InvocationsPerInstance", ("Sum",)),
    ("Invocation4XXErrors", ("Sum",)),
    ("Invocation5XXErrors", ("Sum",)),
    ("CPUUtilization", ("Average",)),
    ("MemoryUtilization", ("Average",)),
    ("DiskUtilization", ("Average",)),
    ("GPUUtilization", ("Average",)),
    ("GPUMemoryUtilization", ("Average",)),
)
"""The pictures in order: metric, and the statistics that it shows; percentiles where all minutes have their samples."""


def dashboard(minutes: Minutes, labels: Labels, dates: Dates, region: str) -> dict[str, Any]:
    """The body of `aws cloudwatch put-dashboard`: every metric of AWS, measured and simulated, over the run's time."""
    written = {metric.name for metric in minutes.metrics if next(minutes.data(metric), None) is not None}
    in_full = {name for name in written if minutes.in_full(METRICS[name])}
    pictures = [
        (METRICS[name], statistics)
        for name, statistics in PREFERRED
        if name in written and (name in in_full or not statistics[0].startswith("p"))
    ]
    return {
        "start": dates.text(0.0),
        "end": dates.text(dates.last_s + 60.0),
        "widgets": [
            _picture(metric, statistics, labels, region, WIDTH * (i % 2), HEIGHT * (i // 2))
            for i, (metric, statistics) in enumerate(pictures)
        ],
    }


def _picture(
    metric: Metric, statistics: tuple[str, ...], labels: Labels, region: str, x: int, y: int
) -> dict[str, Any]:
    dimensions = [part for pair in labels.dimensions for part in pair]
    lines = [
        [namespace, metric.name, *dimensions, {"stat": statistic, "label": f"{statistic}, {who}"}]
        for statistic in statistics
        for namespace, who in ((metric.namespace, "measured"), (labels.namespace, "simulated"))
    ]
    return {
        "type": "metric",
        "x": x,
        "y": y,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": f"{metric.name} ({metric.unit})" if metric.unit != "None" else metric.name,
            "view": "timeSeries",
            "stacked": False,
            "region": region,
            "period": 60,
            "metrics": lines,
        },
    }

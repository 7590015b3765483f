"""The metrics as a table (CSV) and as text for Prometheus and Grafana (OpenMetrics)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import numpy as np

from mmesim.report.metrics.dates import Dates
from mmesim.report.metrics.minutes import Minutes
from mmesim.report.metrics.names import STATISTICS, Labels, Metric

MOST_BUCKETS = 24
"""Of a histogram in OpenMetrics: its buckets are some of those of the run joined."""
HEADER = ("Timestamp", "Namespace", "MetricName", "EndpointName", "VariantName", "Unit", *STATISTICS)


def csv_lines(minutes: Minutes, labels: Labels, dates: Dates) -> Iterator[str]:
    """A row for each metric and minute; a statistic that is not known, or that AWS does not show, is empty."""
    yield _line(HEADER)
    for metric in minutes.metrics:
        for datum in minutes.data(metric):
            known = datum.statistics()
            figures = [
                _figure(known[name]) if name in metric.statistics and name in known else "" for name in STATISTICS
            ]
            names = (labels.namespace, metric.name, labels.endpoint, labels.variant, metric.unit)
            yield _line((dates.text(datum.at_s), *names, *figures))


def openmetrics_lines(minutes: Minutes, labels: Labels, dates: Dates) -> Iterator[str]:
    """A gauge for each metric and statistic, named as Prometheus' CloudWatch exporter names those of AWS."""
    dimensions = ",".join(f'{_snake(name)}="{value}"' for name, value in labels.dimensions)
    for metric in minutes.metrics:
        series = [(dates.at(datum.at_s), datum.statistics()) for datum in minutes.data(metric)]
        for statistic in metric.statistics:
            family = family_name(labels.namespace, metric, statistic)
            points = [(at, known[statistic]) for at, known in series if statistic in known]
            if not points:
                continue
            yield f"# TYPE {family} gauge\n"
            yield f"# HELP {family} Simulated {metric.name}, {statistic}, {metric.unit}: {metric.meaning}.\n"
            for at, value in points:
                yield f"{family}{{{dimensions}}} {_figure(value)} {int(at.timestamp())}\n"
        yield from _histogram(minutes, metric, labels, dates, dimensions)
    yield "# EOF\n"


def _histogram(minutes: Minutes, metric: Metric, labels: Labels, dates: Dates, dimensions: str) -> Iterator[str]:
    """All samples up to the end of each minute by bucket, as `histogram_quantile` takes them.

    Not as the type `histogram`: of that, Prometheus' parser for Python drops what comes at a second time.
    """
    found = minutes.times.get(metric.name)
    if not found:
        return
    edges = np.unique(np.concatenate([one.high for one in found.values()]))
    edges = edges[np.isfinite(edges)]
    edges = np.append(edges[:: -max(1, -(-edges.size // MOST_BUCKETS))][::-1], np.inf)
    upto = [(one.high.searchsorted(edges, side="right"), np.append(0, one.count.cumsum())) for one in found.values()]
    below = np.cumsum([counts[place] for place, counts in upto], axis=0)
    at = [int(dates.at(start_s).timestamp()) for start_s in found]
    family = family_name(labels.namespace, metric, "bucket")
    yield f"# TYPE {family} unknown\n"
    yield f"# HELP {family} Simulated {metric.name}, {metric.unit}, samples up to then by bucket: {metric.meaning}.\n"
    for k, edge in enumerate(edges.tolist()):
        name = f'{family}{{{dimensions},le="{"+Inf" if np.isinf(edge) else _figure(edge)}"}}'
        yield from (f"{name} {number} {when}\n" for number, when in zip(below[:, k].tolist(), at, strict=True))


def family_name(namespace: str, metric: Metric, statistic: str) -> str:
    """`mmesim_model_latency_average`: letters, digits and underscores, beginning with a letter or an underscore."""
    name = re.sub(r"[^a-z0-9]+", "_", f"{_snake(namespace)}_{_snake(metric.name)}_{_snake(statistic)}")
    return f"_{name}" if name[0].isdigit() else name


def _snake(name: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _figure(value: float) -> str:
    """Ten digits: more than any of them means, and whole numbers stay whole."""
    return f"{value:.10g}"


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()

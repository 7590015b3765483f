"""Requests of `aws cloudwatch put-metric-data`, and what CloudWatch takes in one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmesim.errors import SimulationError
from mmesim.report.metrics.dates import Dates
from mmesim.report.metrics.names import Labels, Metric
from mmesim.report.metrics.samples import Datum, Distribution, StatisticSet

MOST_DATA = 1_000
"""Data of a request, at most; this and the rest: PutMetricData of the API reference of CloudWatch."""
MOST_VALUES = 150
"""Values of a datum, at most; CloudWatch adds up data of one period ("Publish custom metrics" of its user guide), so
what has more values is several data."""
MOST_BYTES = 1_000_000
"""Of a request, at most, however a client writes it."""
LARGEST = 2.0**360
STANDARD_S, HIGH_S = 60, 1
"""StorageResolution of a datum, seconds: 1 for what comes more often than every minute."""
UNITS = frozenset(
    {
        "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
        "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
        "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
        "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
    }
)  # fmt: skip
"""StandardUnit of the API."""
FORM_KEY = len("&MetricData.member.1000.StatisticValues.SampleCount=")
"""Bytes that a client of the older protocol, which sends forms, writes around each value, at most."""


def requests(
    data: Iterable[tuple[Metric, Datum]], labels: Labels, dates: Dates, resolution_s: int = STANDARD_S
) -> Iterator[Mapping[str, Any]]:
    """The requests for data in order, each as `--cli-input-json` takes it, and as CloudWatch takes it."""
    batch: list[Mapping[str, Any]] = []
    size = 0
    for written in (one for metric, datum in data for one in _data(metric, datum, labels, dates, resolution_s)):
        more = form_bytes(written)
        if len(batch) == MOST_DATA or size + more > MOST_BYTES - FORM_KEY - 512:  # the namespace, and what is around
            yield _request(labels, batch)
            batch, size = [], 0
        batch.append(written)
        size += more
    if batch:
        yield _request(labels, batch)


def form_bytes(datum: Any) -> int:
    """The size of a datum as a form, in which every value has a key of its own; JSON is shorter."""
    if isinstance(datum, Mapping):
        return sum(form_bytes(value) for value in datum.values())
    if isinstance(datum, list):
        return sum(form_bytes(value) for value in datum)
    return FORM_KEY + 3 * len(str(datum))  # a sign may be written as three


def wrong(request: Mapping[str, Any]) -> Iterator[str]:
    """What CloudWatch would refuse in a request; times and names are checked where they come from."""
    data = request["MetricData"]
    if not 1 <= len(data) <= MOST_DATA:
        yield f"{len(data)} data in a request"
    if (size := len(json.dumps(request))) > MOST_BYTES:
        yield f"{size} bytes in a request"
    for datum in data:
        name = datum["MetricName"]
        if datum["Unit"] not in UNITS:
            yield f"{name}: the unit {datum['Unit']}"
        if datum["StorageResolution"] not in (STANDARD_S, HIGH_S):
            yield f"{name}: the resolution {datum['StorageResolution']}"
        if len({"Value", "Values", "StatisticValues"} & datum.keys()) != 1:
            yield f"{name}: not one of Value, Values and StatisticValues"
        values, counts = datum.get("Values", []), datum.get("Counts", [])
        if len(values) > MOST_VALUES or len(values) != len(counts):
            yield f"{name}: {len(values)} values with {len(counts)} counts"
        if any(count <= 0.0 for count in counts):
            yield f"{name}: a value that never occurs"
        figures = [*values, *counts, *datum.get("StatisticValues", {}).values(), datum.get("Value", 0.0)]
        if not all(math.isfinite(figure) and abs(figure) <= LARGEST for figure in figures):
            yield f"{name}: a figure that is not a number, or too large"


def _request(labels: Labels, data: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    request = {"Namespace": labels.namespace, "MetricData": data}
    refused = next(wrong(request), None)
    if refused is not None:
        raise SimulationError(f"CloudWatch would refuse {refused}")
    return request


def _data(metric: Metric, datum: Datum, labels: Labels, dates: Dates, resolution_s: int) -> Iterator[Mapping[str, Any]]:
    for samples in _samples(datum.samples):
        yield {
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in labels.dimensions],
            "Timestamp": dates.text(datum.at_s),
            **samples,
            "Unit": metric.unit,
            "StorageResolution": resolution_s,
        }


def _samples(samples: Distribution | StatisticSet) -> Iterator[Mapping[str, Any]]:
    """Values and Counts, as many as a datum takes; without the samples one set of statistics."""
    if isinstance(samples, StatisticSet):
        yield _statistics(samples)
        return
    values, counts = samples.values.tolist(), samples.counts.tolist()
    for first in range(0, len(values), MOST_VALUES):
        part = slice(first, first + MOST_VALUES)
        yield {"Values": values[part], "Counts": counts[part]}


def _statistics(samples: StatisticSet) -> Mapping[str, Any]:
    """CloudWatch demands all four, or takes one value."""
    average, maximum = samples.average, samples.maximum
    if average is None:
        return {"Value": maximum}
    if samples.samples is None:
        return {"Value": average}
    return {
        "StatisticValues": {
            "SampleCount": samples.samples,
            "Sum": samples.samples * average,
            "Minimum": average if samples.minimum is None else samples.minimum,  # not known: at most this
            "Maximum": average if maximum is None else maximum,
        }
    }

"""A run as metrics of CloudWatch: nothing that the run did not measure, in requests that CloudWatch takes."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import botocore.model
import botocore.serialize
import botocore.session
import numpy as np
import pyarrow.parquet as pq
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as some
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from mmesim import run
from mmesim.arrays import Floats
from mmesim.engine.measure.figures import ANSWERS_4XX, ANSWERS_5XX
from mmesim.errors import UserError
from mmesim.report.metrics import put
from mmesim.report.metrics.dates import Dates
from mmesim.report.metrics.files import Export
from mmesim.report.metrics.formats import Format
from mmesim.report.metrics.minutes import Minutes
from mmesim.report.metrics.names import METRICS, Labels, endpoint_name
from mmesim.report.metrics.samples import Datum, Distribution, StatisticSet, fitted
from mmesim.report.metrics.table import family_name
from mmesim.results.tables.periods import Histogram
from mmesim.results.tables.tables import WINDOW_COLUMNS
from mmesim.scenario.clients.causes import FAILURES, Cause
from tests.helpers.files import ROOT
from tests.helpers.texts import load_text
from tests.unit.report.page.test_page import HOSTILE

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
START = "2026-11-27T05:00Z"
TEXT = """
name: {name}
endpoint: {{instance_type: ml.m5.large, instance_count: 2, memory_reserve: 6 GiB}}
server: {{job_queue_size: 2}}
models:
  - {{name: m, count: 30, memory: 60 MiB, artifact_size: 40 MB, load: {{cpu: 0.3 s, wait: 0.2 s}},
     service: {{cpu: {{lognormal: {{mean: 20 ms, cv: 1}}}}, wait: 10 ms}}}}
traffic: [{{arrivals: {{poisson: {{rate: {rate} /s}}}}, popularity: {{zipf: 1}}}}]
clients: {{timeout: 5 s, retries: {{fixed: {{delay: 1 s}}}}, network: 8 ms}}
run: {{duration: 150 s, warmup: 10 s, replications: 2, seed: 3}}
"""
FIGURES = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with cold calls and refusals, all of whose calls are recorded."""
    return run(load_text(TEXT.format(name="day", rate=30)), jobs=1).save(tmp_path_factory.mktemp("run") / "day")


@pytest.fixture(scope="module")
def of(folder: Path) -> Export:
    return Export.of(folder, START)


@pytest.fixture(scope="module")
def requests(of: Export) -> list[dict[str, Any]]:
    return [json.loads(line) for line in of.lines(Format.put_metric_data)]


def windows(folder: Path, replication: int = 0) -> dict[str, list[float]]:
    table = pq.read_table(folder / "windows.parquet", filters=[("replication", "=", replication)])
    return {name: [math.nan if v is None else v for v in table[name].to_pylist()] for name in table.column_names}


def test_every_column_of_the_minutes_is_a_metric_or_left_out_on_purpose() -> None:
    assert set(WINDOW_COLUMNS) - set(METRICS) == {"replication", "start_s", "LogClientLatency"}
    assert {metric.unit for metric in METRICS.values()} <= put.UNITS
    assert {m.unit for m in METRICS.values() if m.namespace} == {"None", "Microseconds", "Percent"}


def test_what_is_exported_is_what_was_counted(folder: Path, of: Export) -> None:
    """Each statistic of each metric is that of the minutes, from wherever it comes."""
    table = windows(folder)
    assert sum(table["QueueFull"]) > 0
    assert min(table["ModelLoadingWaitTime"]) > 0
    for metric in of.minutes.metrics:
        for datum in of.minutes.data(metric):
            i, found = table["start_s"].index(datum.at_s), datum.statistics()
            own = "Maximum" if "Average" not in metric.statistics else "Average"
            own = "Sum" if metric.statistics[0] == "Sum" else own
            assert found[own] == pytest.approx(table[metric.name][i], rel=1e-9), metric.name
            for name in FIGURES:
                if name in metric.statistics and f"{metric.name}_{name}" in table:
                    assert found[name] == pytest.approx(table[f"{metric.name}_{name}"][i], rel=1e-9), metric.name


PARTS = {
    "ModelLatency": ("frontend_stall", "queue", "batch_wait", "cpu_wait", "service", "overhead"),
    "ModelLoadingWaitTime": ("load_slot_wait", "download", "memory_wait", "load"),
    "ClientLatency": ("latency",),
}
"""Of a recorded call: what the times are made of."""


def recorded(folder: Path, metric: str) -> list[Floats]:
    """The samples of each minute, microseconds, from the records of all calls."""
    table = pq.read_table(folder / "requests.parquet", filters=[("replication", "=", 0)])
    ms = {name: table[name].to_numpy() for name in table.column_names if name.endswith("_ms")}
    samples = np.sum([ms[f"{part}_ms"] for part in PARTS[metric]], axis=0)
    minute = (table["arrival_s"].to_numpy() + (ms["latency_ms"] - ms["network_ms"] / 2) / 1e3) // 60
    there = table["cause"].is_null().to_numpy()
    if metric == "ModelLoadingWaitTime":
        there = there & ~table["cache_hit"].to_numpy()
    return [1e3 * samples[there & (minute == k)] for k in range(2)]


@pytest.mark.parametrize(("metric", "width"), [("ModelLatency", 1.047), ("ClientLatency", 1.063)])
def test_percentiles_are_in_the_bucket_of_the_exact_ones(folder: Path, of: Export, metric: str, width: float) -> None:
    """Of all calls, though none need be recorded: those of the histogram and of the records agree within a bucket."""
    for datum, exact in zip(of.minutes.data(METRICS[metric]), recorded(folder, metric), strict=False):
        assert isinstance(datum.samples, Distribution)
        known = dict(datum.samples.statistics())
        assert known["SampleCount"] == exact.size > 500
        assert known["Average"] == pytest.approx(exact.mean(), rel=1e-9)
        assert known["Minimum"] == pytest.approx(exact.min(), rel=1e-9)
        assert known["Maximum"] == pytest.approx(exact.max(), rel=1e-9)
        for share in (50, 90, 99):
            percentile = float(np.percentile(exact, share, method="inverted_cdf"))
            assert percentile / width < known[f"p{share}"] < percentile * width


def test_waits_of_failed_calls_are_counted_too(folder: Path, of: Export) -> None:
    for datum, exact in zip(
        of.minutes.data(METRICS["ModelLoadingWaitTime"]), recorded(folder, "ModelLoadingWaitTime"), strict=False
    ):
        assert isinstance(datum.samples, Distribution)
        assert datum.statistics()["SampleCount"] >= exact.size > 0
        assert datum.statistics()["Maximum"] >= exact.max()


def test_recording_no_call_changes_nothing(folder: Path, of: Export, tmp_path: Path) -> None:
    scenario = load_text(TEXT.format(name="day", rate=30))
    export = Export.of(run(scenario, jobs=1, records=None).save(tmp_path / "day"), START)
    for wanted in Format:
        assert list(export.lines(wanted)) == list(of.lines(wanted))


def test_of_a_run_of_months_there_are_statistics_and_no_percentiles(of: Export) -> None:
    """Its histograms are of longer periods than a minute."""
    export = replace(of, minutes=replace(of.minutes, times={}))
    found = list(export.minutes.data(METRICS["ModelLatency"]))
    assert all(isinstance(datum.samples, StatisticSet) for datum in found)
    assert all(datum.statistics().keys() == set(FIGURES) for datum in found)
    assert not export.minutes.in_full(METRICS["ModelLatency"])
    lines = [line for picture in _body(export)["widgets"] for line in picture["properties"]["metrics"]]
    assert {line[-1]["stat"] for line in lines if line[1] == "ModelLatency"} == {"Average", "Maximum"}
    sets = [
        datum["StatisticValues"]
        for line in export.lines(Format.put_metric_data)
        for datum in json.loads(line)["MetricData"]
        if datum["MetricName"] == "ModelLatency"
    ]
    assert [one["Minimum"] for one in sets] == of.minutes.columns["ModelLatency_Minimum"].tolist()
    assert [one["Maximum"] for one in sets] == of.minutes.columns["ModelLatency_Maximum"].tolist()


@given(some.lists(some.floats(1.0, 1e12), min_size=1, max_size=400).filter(lambda them: min(them) > 0), some.booleans())
def test_values_keep_count_mean_ends_and_buckets(samples: list[float], ends: bool) -> None:
    exact = np.sort(np.array(samples))
    edges = np.concatenate([[0.0], 1.05 ** np.arange(600), [np.inf]])
    bucket, count = np.unique(np.searchsorted(edges, exact, side="right") - 1, return_counts=True)
    given_ends = (float(exact[0]), float(exact[-1])) if ends else (None, None)
    found = fitted(Histogram(edges[bucket], edges[bucket + 1], count), float(exact.mean()), *given_ends)
    known = dict(found.statistics())
    assert (np.diff(found.values) > 0).all()
    assert (found.counts > 0).all()
    assert known["SampleCount"] == len(samples)
    assert known["Sum"] == pytest.approx(math.fsum(samples), rel=1e-9)
    if ends:
        assert (known["Minimum"], known["Maximum"]) == pytest.approx((exact[0], exact[-1]), rel=1e-12)
    kept = np.repeat(found.values, found.counts.astype(int))
    assert np.maximum(kept / exact, exact / kept).max() < 1.0501  # so every percentile is as near


def test_what_a_datum_cannot_take_goes_into_more_data_of_the_same_minute() -> None:
    """CloudWatch adds them up: nothing is joined, across a gap between warm and cold calls least of all."""
    edges: Floats = np.concatenate([1.05 ** np.arange(201), 1e9 * 1.05 ** np.arange(201)])
    low, high = np.delete(edges[:-1], 200), np.delete(edges[1:], 200)
    found = fitted(Histogram(low, high, np.full(400, 7)), float(low.mean()) * 1.02)
    dates, labels = Dates.of(START, 0.0), Labels("mmesim", "e", "AllTraffic")
    (request,) = put.requests([(METRICS["ModelLatency"], Datum(0.0, found))], labels, dates)
    data = request["MetricData"]
    assert [len(one["Values"]) for one in data] == [150, 150, 100]
    assert len({one["Timestamp"] for one in data}) == 1
    assert [value for one in data for value in one["Values"]] == found.values.tolist()
    assert [count for one in data for count in one["Counts"]] == found.counts.tolist() == [7.0] * 400


def _client() -> Any:
    session = botocore.session.Session()
    return session.create_client(
        "cloudwatch", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )


def test_the_client_of_aws_takes_every_request(requests: list[dict[str, Any]]) -> None:
    client = _client()
    with Stubber(client) as stub:
        for request in requests:
            stub.add_response("put_metric_data", {}, request)
            client.put_metric_data(**request)
        stub.assert_no_pending_responses()


def test_the_client_of_aws_takes_the_dashboard(of: Export) -> None:
    client = _client()
    body = "".join(of.lines(Format.dashboard))
    with Stubber(client) as stub:
        stub.add_response("put_dashboard", {"DashboardValidationMessages": []})
        client.put_dashboard(DashboardName="simulated", DashboardBody=body)


def _many(of: Export, minutes: int, calls: int) -> Export:
    """The same for more minutes, with as many values in each latency as can be."""
    columns: dict[str, Floats] = {
        name: np.resize(column, minutes).astype(np.float64) for name, column in of.minutes.columns.items()
    }
    columns["start_s"] = np.arange(minutes, dtype=np.float64) * 60.0
    samples = 1e9 * np.logspace(0, 2, calls)
    for name in ("ClientLatency", "ModelLatency"):
        columns[name] = np.full(minutes, samples.mean())
        columns[f"{name}_Minimum"], columns[f"{name}_Maximum"] = np.full((2, minutes), [[samples[0]], [samples[-1]]])
    columns["ClientLatency_SampleCount"] = np.full(minutes, float(calls))
    one = Histogram(samples, samples * 1.0001, np.ones(calls, dtype=np.int64))
    times = {name: dict.fromkeys(columns["start_s"].tolist(), one) for name in ("ClientLatency", "ModelLatency")}
    return replace(of, minutes=Minutes(columns, times), tens=(), dates=Dates.of(START, columns["start_s"][-1]))


@pytest.mark.parametrize(("minutes", "calls"), [(150, 3), (90, 500)])
def test_a_long_run_is_several_requests(of: Export, minutes: int, calls: int) -> None:
    """By number of data, and by size: as JSON and as the form that the older protocol sends."""
    export = _many(of, minutes, calls)
    found = [json.loads(line) for line in export.lines(Format.put_metric_data)]
    assert len(found) > 2
    written = [len(request["MetricData"]) for request in found]
    of_a_latency = -(-calls // put.MOST_VALUES)
    once = sum(1 for m in export.minutes.metrics for _ in export.minutes.data(m))
    assert sum(written) == once + 2 * (of_a_latency - 1) * minutes
    assert max(written) <= 1000
    model = _client().meta.service_model.operation_model("PutMetricData")
    largest = 0
    for request in found:
        fields = botocore.serialize.QuerySerializer().serialize_to_request(request, model)["body"]
        as_form = sum(len(key) + 2 + 3 * len(str(value)) for key, value in fields.items())
        largest = max(largest, as_form, len(json.dumps(request)))
    assert largest <= 1_000_000
    assert max(written) == 1000 or largest > 700_000


GOOD: dict[str, Any] = {"MetricName": "m", "Unit": "None", "Values": [1.0], "Counts": [2.0], "StorageResolution": 60}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Unit": "Milliards"}, "the unit Milliards"),
        ({"StorageResolution": 10}, "the resolution 10"),
        ({"Value": 1.0}, "not one of"),
        ({"Values": [1.0] * 151, "Counts": [1.0] * 151}, "151 values with 151 counts"),
        ({"Counts": [1.0, 1.0]}, "1 values with 2 counts"),
        ({"Counts": [0.0]}, "never occurs"),
        ({"Values": [math.nan]}, "not a number"),
        ({"Values": [2.0**361]}, "too large"),
    ],
)
def test_own_validation_finds_what_botocore_lets_pass(change: dict[str, Any], said: str) -> None:
    assert list(put.wrong({"Namespace": "mmesim", "MetricData": [GOOD]})) == []
    assert said in " ".join(put.wrong({"Namespace": "mmesim", "MetricData": [GOOD | change]}))
    assert "1001 data" in " ".join(put.wrong({"Namespace": "mmesim", "MetricData": [GOOD] * 1001}))
    assert "no" not in " ".join(put.wrong({"Namespace": "mmesim", "MetricData": [GOOD] * 1000}))


def test_the_units_are_those_of_the_api() -> None:
    shape = botocore.session.Session().get_service_model("cloudwatch").shape_for("StandardUnit")
    assert isinstance(shape, botocore.model.StringShape)
    assert set(shape.enum) == put.UNITS


def test_times_are_those_that_cloudwatch_takes() -> None:
    dates = partial(Dates.of, last_s=3540.0)  # an hour
    dates("2026-11-13T06:00Z").accepted(NOW)
    dates("2026-11-27T07:01Z").accepted(NOW)
    with pytest.raises(UserError, match=r"write 2026-11-13T06:01Z to 2026-11-27T07:01Z; --format csv or"):
        dates("2026-11-13T05:59Z").accepted(NOW)
    with pytest.raises(UserError, match=r"from two weeks ago to two hours ahead"):
        dates("2026-11-27T07:02Z").accepted(NOW)
    with pytest.raises(UserError, match=r"the run is 15 d long"):
        Dates.of(START, 15 * 86400.0).accepted(NOW)
    assert dates("2026-11-27T07:00+02:00").text(60.0) == "2026-11-27T05:01:00Z"
    assert not dates(START).is_slow(NOW)
    assert dates(START).is_slow(NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("yesterday", "'yesterday' is not a time: write one such as 2026-11-27T04:00Z"),
        ("2026-11-27T04:00", "has no time zone: write 2026-11-27T04:00Z if it is UTC"),
        ("2026-11-27T04:00:30Z", "not a whole minute"),
        ("2026-11-27T04:00+00:00:30", "not a whole minute"),
        ("0001-01-01T00:00+10:00", "edge of the calendar"),
        ("9999-12-31T23:59Z", "edge of the calendar"),
    ],
)
def test_what_is_no_start_is_refused(start: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        Dates.of(start, 600.0)
    assert said in str(error.value)


def _body(of: Export) -> Any:
    return json.loads("".join(of.lines(Format.dashboard)))


def test_the_dashboard_shows_what_is_written_beside_what_aws_has(of: Export, requests: list[dict[str, Any]]) -> None:
    body = _body(of)
    assert (body["start"], body["end"]) == ("2026-11-27T05:00:00Z", "2026-11-27T05:03:00Z")
    written = {
        (request["Namespace"], datum["MetricName"], *(part[key] for part in datum["Dimensions"] for key in part))
        for request in requests
        for datum in request["MetricData"]
    }
    lines = [line for widget in body["widgets"] for line in widget["properties"]["metrics"]]
    assert {tuple(line[:-1]) for line in lines if line[0] == "mmesim"} <= written
    by_aws = {name: metric for name, metric in METRICS.items() if metric.namespace}
    for real, simulated in zip(lines[::2], lines[1::2], strict=True):
        assert (real[0], simulated[0]) == (by_aws[real[1]].namespace, "mmesim")
        assert real[1:-1] == simulated[1:-1]
        assert real[-1]["stat"] == simulated[-1]["stat"] in by_aws[real[1]].statistics
    assert {line[1] for line in lines} >= {"ModelLatency", "ModelCacheHit", "CPUUtilization", "LoadedModelCount"}
    assert {widget["properties"]["region"] for widget in body["widgets"]} == {of.region}
    places = {(widget["x"], widget["y"]) for widget in body["widgets"]}
    assert len(places) == len(body["widgets"])


def test_the_dashboard_is_of_the_region_that_is_asked_for(folder: Path) -> None:
    body = _body(Export.of(folder, START, region="eu-central-1"))
    assert {widget["properties"]["region"] for widget in body["widgets"]} == {"eu-central-1"}
    with pytest.raises(UserError, match=r"--region 'Frankfurt' is not a region of AWS: write a name such as eu-"):
        Export.of(folder, START, region="Frankfurt")


def test_the_guide_says_which_failures_cloudwatch_counts() -> None:
    guide = (ROOT / "docs" / "how-to" / "compare-with-cloudwatch.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in guide.split("\n") if line.startswith("| `")]
    said = {cause: row for row in rows for cause in re.findall(r"`(\w+)`", row[0]) if cause in list(Cause)}
    assert set(said) == set(Cause)
    for cause, (_, client, _, is_4xx, is_5xx, _) in said.items():
        assert client == FAILURES[Cause(cause)].client
        assert ((is_4xx == "yes"), (is_5xx == "yes")) == (cause in ANSWERS_4XX, cause in ANSWERS_5XX)


def test_prometheus_reads_what_the_table_says(of: Export) -> None:
    families = list(text_string_to_metric_families("".join(of.lines(Format.openmetrics))))
    gauges = [family for family in families if family.type == "gauge"]
    found = {(family.name, float(sample.timestamp)): sample.value for family in gauges for sample in family.samples}
    assert {tuple(sample.labels.items()) for family in gauges for sample in family.samples} == {
        (("endpoint_name", "day"), ("variant_name", "AllTraffic"))
    }
    rows = list(csv.DictReader("".join(of.lines(Format.csv)).splitlines()))
    cells = 0
    for row in rows:
        at = datetime.fromisoformat(row["Timestamp"]).timestamp()
        for statistic in METRICS[row["MetricName"]].statistics:
            if row[statistic]:
                family = family_name("mmesim", METRICS[row["MetricName"]], statistic)
                assert found[family, at] == float(row[statistic])
                cells += 1
    assert cells == len(found) > 100
    assert "mmesim_model_cache_hit_average" in {family.name for family in families}
    assert "mmesim_invocation4_xxerrors_sum" in {family.name for family in families}  # as Prometheus' exporter has it


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_no_harm(name: str) -> None:
    labels = Labels("mmesim", endpoint_name(name), "AllTraffic")
    assert labels.endpoint.replace("-", "").isascii()
    for given_names in ((name, "day", "v"), ("mmesim", name, "v"), ("mmesim", "day", name)):
        with pytest.raises(UserError, match=r"is not a n"):
            Labels(*given_names)


def test_a_run_with_a_hostile_name(folder: Path, of: Export) -> None:
    strange = replace(of, labels=Labels("2 strange/names: #1", endpoint_name("=cmd()\n<b>"), "v"))
    rows = list(csv.reader("".join(strange.lines(Format.csv)).splitlines()))
    assert {(len(row), row[1], row[3]) for row in rows[1:]} == {(14, "2 strange/names: #1", "cmd-b")}
    families = list(text_string_to_metric_families("".join(strange.lines(Format.openmetrics))))
    assert all(family.name.startswith("_2_strange_names_1_") for family in families)


@pytest.mark.parametrize("namespace", ["AWS/SageMaker", "aws/x", "/aws/sagemaker/Endpoints", "AWS/"])
def test_the_namespaces_of_aws_are_reserved(namespace: str) -> None:
    with pytest.raises(UserError, match=r"reserved for AWS"):
        Labels(namespace, "day", "v")


def test_a_replication_that_there_is_not_is_refused(folder: Path) -> None:
    other = Export.of(folder, START, replication=1)
    assert windows(folder, 1)["Invocations"] == other.minutes.columns["Invocations"].tolist()
    with pytest.raises(UserError, match=r"has no replication 2: it has 0, 1$"):
        Export.of(folder, START, replication=2)


def test_prometheus_reads_histograms(of: Export) -> None:
    """They add up over time, as `histogram_quantile(0.99, rate(...))` wants it."""
    families = text_string_to_metric_families("".join(of.lines(Format.openmetrics)))
    found = {family.name: family for family in families if family.type == "unknown"}
    assert found.keys() >= {"mmesim_model_latency_bucket", "mmesim_model_loading_wait_time_bucket"}
    samples = found["mmesim_model_latency_bucket"].samples
    seen: dict[float, list[int]] = {}
    for sample in samples:
        seen.setdefault(float(sample.labels["le"]), []).append(int(sample.value))
    assert 5 < len(seen) <= 25
    assert math.inf in seen
    counted = list(of.minutes.times["ModelLatency"].values())
    for edge, numbers in seen.items():
        below = [int(one.count[one.high <= edge * (1 + 1e-9)].sum()) for one in counted]
        assert numbers == np.cumsum(below).tolist()
    sums = [datum.statistics()["SampleCount"] for datum in of.minutes.data(METRICS["ModelLatency"])]
    assert seen[math.inf][-1] == sum(sums)


def test_the_metric_of_high_resolution_has_requests_of_its_own(
    folder: Path, of: Export, tmp_path: Path, requests: list[dict[str, Any]]
) -> None:
    names = of.write(tmp_path / "out", [Format.put_metric_data], NOW)
    assert names == ["put-metric-data-0001.json", "put-metric-data-10s-0001.json"]
    minutes, tens = (json.loads((tmp_path / "out" / name).read_text())["MetricData"] for name in names)
    assert {datum["MetricName"] for datum in tens} == {"ConcurrentRequestsPerModel"}
    assert "ConcurrentRequestsPerModel" not in {datum["MetricName"] for datum in minutes}  # it would count twice
    assert {datum["StorageResolution"] for datum in tens} == {1}
    assert [datum["Timestamp"] for datum in tens] == [of.dates.text(10.0 * k) for k in range(15)]
    assert requests[-1]["MetricData"] == tens  # which the client of AWS takes
    most = np.array([datum["Values"][-1] for datum in tens] + [0.0] * 3).reshape(3, 6).max(axis=1)
    assert most.tolist() == windows(folder)["ConcurrentRequestsPerModel"]
    (tmp_path / "out" / names[1]).unlink()
    assert of.write(tmp_path / "out", [Format.put_metric_data], NOW) == names

"""The tables: rows, units, nulls, and a description for every column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.window_times import InFlight, WindowTimes
from mmesim.results.tables import tables
from mmesim.results.tables.periods import in_flight_table, times_table
from mmesim.scenario.figures import DEVICE_PARTS, PARTS
from tests.unit.results.synthetic import Call, devices, hosts, replications, run_data, scenario

OF = scenario(["p99 < 500 ms"])
CALLS = [Call(0.1), Call(0.2, model=1, load_wait=1.0, load=0), Call(0.05, cause="queue_full")]


def test_requests() -> None:
    run = run_data(OF, CALLS, replication=3)
    assert run.records is not None
    frame = tables.requests_table(run, run.records).to_pandas()
    assert frame["latency_ms"].tolist() == pytest.approx([100, 1200, 50])
    assert frame["model"].tolist() == ["m-000", "m-001", "m-000"]
    assert frame["cache_hit"].tolist() == [True, False, True]
    assert frame["cause"].isna().tolist() == [True, True, False]
    assert frame["cause"][2] == "queue_full"
    assert frame["replication"].tolist() == [3, 3, 3]
    ledger = frame[[f"{part}_ms" for part in PARTS if part not in DEVICE_PARTS]].sum(axis=1)
    assert ledger.tolist() == pytest.approx(frame["latency_ms"].tolist())


def test_devices_have_columns_where_they_are_used() -> None:
    without, run = run_data(OF, CALLS), run_data(OF, CALLS, devices=devices())
    assert run.records is not None
    assert {"device_wait_ms", "device_copy_ms"} <= {*tables.requests_table(run, run.records).column_names}
    found = tables.hosts_table([run])
    assert found["device_utilization"].to_pylist() == [0.5]
    assert found["device_copies"].to_pylist() == [4]
    assert set(found.column_names) - set(tables.hosts_table([without]).column_names) == {
        "devices",
        "device_utilization",
        "device_memory_utilization",
        "device_copies",
    }


def test_a_call_that_reached_no_host_has_none() -> None:
    run = run_data(OF, CALLS)
    assert run.records is not None
    run.records.host[1] = -1
    assert tables.requests_table(run, run.records)["host"].to_pylist() == [0, None, 0]


def test_windows_have_a_row_for_each_minute_and_replication() -> None:
    windows = {"start_s": np.array([0.0, 60.0]), "ModelCacheHit": np.array([1.0, np.nan])}
    table = tables.windows_table(replications(OF, CALLS, CALLS, windows=windows))
    assert table.to_pydict() == {
        "replication": [0, 0, 1, 1],
        "start_s": [0.0, 60.0, 0.0, 60.0],
        "ModelCacheHit": [1.0, None, 1.0, None],
    }


def test_another_statistic_of_a_metric_has_its_unit() -> None:
    windows = {"start_s": np.array([0.0]), "ModelLatency_p99": np.array([5.0])}
    field = tables.windows_table([run_data(OF, CALLS, windows=windows)]).schema.field("ModelLatency_p99")
    assert field.metadata == {
        b"unit": b"Microseconds",
        b"description": b"time in the container, successful attempts, p99",
    }


def test_what_happened_has_a_column_for_each_figure() -> None:
    one = run_data(OF, CALLS, happened=(Happened(60.0, Kind.fault, "loss"), Happened(90.0, Kind.gone, "", {"host": 2})))
    assert tables.happened_table([one, run_data(OF, CALLS, replication=1)]).to_pydict() == {
        "replication": [0, 0],
        "at_s": [60.0, 90.0],
        "kind": ["fault", "gone"],
        "name": ["loss", ""],
        "host": [None, 2.0],
    }


def test_hosts() -> None:
    two = hosts(2, up_s=np.array([100.0, 0.0]), memory_byte_s=np.array([4.0 * 2**30 * 100, 0.0]))
    frame = tables.hosts_table(replications(OF, CALLS, CALLS, hosts=two)).to_pandas()
    assert frame["replication"].tolist() == [0, 0, 1, 1]
    assert frame["host"].tolist() == [0, 1, 0, 1]
    assert frame["memory_utilization"][0] == 0.5
    assert np.isnan(frame["memory_utilization"][1])  # never up
    assert frame["cpu_utilization"][0] == 0.5
    assert frame["loaded_models"].tolist() == [1.5] * 4
    assert frame["tasks_peak"].tolist() == [77] * 4


def test_models_are_pooled_over_replications() -> None:
    of = scenario(["p50 < 500 ms"], models=3)
    table = tables.models_table(of, replications(of, CALLS, [*CALLS, Call(0.1, model=1)]))
    rows = {row["model"]: row for row in table.to_pylist()}
    assert [rows[name]["calls"] for name in ("m-000", "m-001", "m-002")] == [4, 3, 0]
    assert rows["m-001"]["cold_share"] == pytest.approx(2 / 3)
    assert rows["m-001"]["mean_ms"] == pytest.approx((1200 + 1200 + 100) / 3)
    assert rows["m-001"]["p99_ms"] == pytest.approx(1200, rel=0.063)
    assert rows["m-001"]["share_over 500 ms"] == pytest.approx(2 / 3)
    assert rows["m-000"]["share_over 500 ms"] == 0.5  # a failed call is slower than every limit
    assert [rows[name]["meets_slo"] for name in ("m-000", "m-001", "m-002")] == [
        False,
        False,
        None,
    ]  # half of m-000 failed
    assert rows["m-000"]["group"] == "m"
    unused = rows["m-002"]
    assert [unused[key] for key in ("cold_share", "mean_ms", "p50_ms", "share_over 500 ms")] == [None] * 4


def test_without_limits_no_model_meets_or_misses_one() -> None:
    of = scenario()
    assert tables.models_table(of, [run_data(of, CALLS)])["meets_slo"].to_pylist() == [None, None]


def test_every_column_says_what_it_is() -> None:
    run = run_data(OF, CALLS, devices=devices())
    assert run.records is not None
    windows = dict.fromkeys([c for c in tables.WINDOW_COLUMNS if c != "replication"], np.zeros(1))
    bucket, count = np.array([3], dtype=np.uint16), np.array([1], dtype=np.uint32)
    times = WindowTimes.of(60.0, np.eye(1, 6, dtype=np.uint16), bucket, count)
    every: list[pa.Table] = [
        times_table(0, times),
        in_flight_table(0, InFlight(np.zeros(2, dtype=np.int32), np.zeros(2, dtype=np.int32))),
        tables.requests_table(run, run.records),
        tables.windows_table([run_data(OF, CALLS, windows=windows)]),
        tables.hosts_table([run]),
        tables.models_table(OF, [run]),
    ]
    for table in every:
        for field in table.schema:
            assert field.metadata, field.name
            assert field.metadata[b"description"], field.name

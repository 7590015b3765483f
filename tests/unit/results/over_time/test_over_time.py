"""A run over time, computed by hand: the table, the fleet and its cost, and what the summary says of what happened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmesim.report.content.run import run_report
from mmesim.report.text import text
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.over_time.fleet import peak, provisioned, weighing
from mmesim.results.over_time.over_time import COLUMNS
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.helpers import schemas
from tests.unit.results.over_time.test_course import CRASH, LOSS, of, run
from tests.unit.results.synthetic import Call, run_data, windows
from tests.unit.results.synthetic import hosts as host_data

OUT = (
    Happened(150.0, Kind.fault, LOSS),
    Happened(200.0, Kind.scale_out, "cpu", {"hosts": 2.0, "desired": 3.0}),
    Happened(200.0, Kind.provisioning, ""),
    Happened(200.0, Kind.provisioning, ""),
    Happened(300.0, Kind.in_service, "", {"host": 1.0, "after_s": 100.0}),
    Happened(390.0, Kind.in_service, "", {"host": 2.0, "after_s": 190.0}),
    Happened(450.0, Kind.gone, "", {"host": 0.0}),
)
"""One host at first, three from 390 s to 450 s, then two."""
THREE = host_data(
    3,
    600.0,
    asked_s=np.array([0.0, 200.0, 200.0]),
    born_s=np.array([0.0, 300.0, 390.0]),
    gone_s=np.array([450.0, np.inf, np.inf]),
    up_s=np.array([450.0, 300.0, 210.0]),
)


def eventful(case: Scenario, *slow: list[int], lost: list[int] | None = None) -> Result:
    runs = [
        replace(run(case, minutes, lost, OUT), replication=i, windows=minutes_of(instances=1.0 + i), hosts=THREE)
        for i, minutes in enumerate(slow)
    ]
    return Result(case, tuple(runs))


def minutes_of(instances: float) -> dict[str, np.ndarray]:
    return windows(
        10,
        Instances=instances,
        ClientLatency=100_000.0,
        ClientLatency_p50=90_000.0,
        ClientLatency_p99=np.where(np.arange(10) == 3, np.nan, 300_000.0),
        MemoryUtilization=25.0,
        ClientLatency_SampleCount=45.0,
    )


def test_the_table_has_a_mean_and_a_band_for_each_minute() -> None:
    table = eventful(of("p99 < 1 s"), [0] * 10, [0] * 10, lost=[0, 0, 30, *[0] * 7]).over_time.table
    names = [str(name) for name in table]
    assert list(COLUMNS) == [name for name in names if not name.endswith(("_low", "_high")) and name[:7] != "failed_"]
    assert table["start_s"].tolist() == [60.0 * i for i in range(10)]
    first = table.iloc[0]
    assert (first["instances"], first["instances_low"], first["instances_high"]) == (1.5, 1.0, 2.0)
    assert (first["mean_ms"], first["p99_ms"], first["cpu_utilization"], first["failed"]) == (100.0, 300.0, 0.5, 0.25)
    assert np.isnan(table["p99_ms"][3])
    assert table["failed_host_lost"].tolist() == [0, 0, 30, *[0] * 7]
    # Provisioned from 200 s: two to 300 s, one to 390 s; in service then, at 0.36 USD an hour.
    assert table["provisioning"].tolist() == pytest.approx([0, 0, 0, 2 * 40 / 60, 2, 1, 0.5, 0, 0, 0])
    assert table["usd_per_hour"].tolist() == pytest.approx([0.36 * n for n in (1, 1, 1, 1, 1, 2, 2.5, 2.5, 2, 2)])


def test_a_scenario_without_events_has_no_failures_by_cause_and_one_replication_no_band() -> None:
    case = of("p99 < 1 s").model_copy(update={"faults": ()})
    table = Result(case, (run_data(case, [Call(0.1)], windows=minutes_of(1.0)),)).over_time.table
    assert [name for name in map(str, table) if name.startswith("failed_")] == ["failed_low", "failed_high"]
    assert table["instances_low"].isna().all()


def test_the_warm_up_has_no_failures_by_cause() -> None:
    case = of("p99 < 1 s", warmup_s=120.0)
    data = replace(run(case, [0] * 8, [7, *[0] * 7]), windows=minutes_of(1.0))
    assert Result(case, (data,)).over_time.table["failed_host_lost"].isna().tolist() == [True] * 2 + [False] * 8


def test_the_fleet_is_what_happened_to_it() -> None:
    case = of("p99 < 1 s")
    still = Happened(500.0, Kind.provisioning, "")
    data = replace(run(case, [0] * 10, happened=(*OUT, still)), hosts=THREE)
    ones = np.ones(3)
    assert weighing(data, 2.0 * ones) == [(0.0, 450.0, 2.0), (300.0, np.inf, 2.0), (390.0, np.inf, 2.0)]
    assert [one[:2] for one in provisioned(data)] == [(0.0, 0.0), (200.0, 300.0), (200.0, 390.0), (500.0, np.inf)]
    assert peak(data, ones) == 3
    assert peak(data, np.array([1.0, 5.0, 0.25])) == 6.25
    assert peak(replace(data, warmup_s=460.0), ones) == 2
    one_for_another = replace(THREE, gone_s=np.array([390.0, np.inf, np.inf]))
    assert peak(replace(data, hosts=one_for_another), ones) == 3  # as a deploy counts `most_hosts`


def test_the_summary_says_what_followed_and_what_the_fleet_cost() -> None:
    result = eventful(of("p99 < 1 s"), [0, 0, 20, 20, *[0] * 6], [0, 0, 20, 20, 20, *[0] * 5])
    found = result.summary["happened"]
    schemas.of_summaries().validate(result.summary)
    assert [(one["kind"], one["name"], one["times"]) for one in found["events"]] == [
        ("fault", LOSS, 2),
        ("scale_out", "cpu", 2),
    ]
    loss = found["events"][0]
    assert (loss["first_s"]["value"], loss["detected_s"]["value"], loss["recovered_s"]["value"]) == (150.0, 30.0, 120.0)
    assert (loss["slow"], sum(loss["errors"].values()), loss["not_recovered"], loss["broken_before"]) == (100, 0, 0, 0)
    # One host for 300 s, two for 90 s, three for 60 s, two for 150 s.
    assert found["cost"]["usd_per_hour"]["value"] == pytest.approx(0.36 * (300 + 180 + 180 + 300) / 600)
    assert found["cost"]["at_start"] == {"instances": 1.0, "usd_per_hour": 0.36}
    assert found["cost"]["at_peak"] == {"instances": 3.0, "usd_per_hour": 1.08}


def test_lost_instances_alone_are_no_fleet_that_changes() -> None:
    case = of("p99 < 1 s")
    for happened, has_cost in ((OUT[:1], False), (OUT[:2], True)):
        data = replace(run(case, [0] * 10, happened=happened), hosts=host_data(1, 600.0))
        assert (Result(case, (data,)).summary["happened"]["cost"] is not None) == has_cost


def test_nothing_is_said_where_nothing_happened() -> None:
    case = of("p99 < 1 s")
    quiet = Result(case, (run(case, [0] * 10, happened=()),))
    assert "happened" not in quiet.summary
    assert "What happened" not in text(run_report(quiet))


def test_what_was_not_recovered_from_has_no_time() -> None:
    lost: list[int] = [0, 0, *[50] * 8]
    found = eventful(of("p99 < 1 s", "error_rate < 1 %"), [0] * 10, [0] * 10, lost=lost).summary["happened"]["events"]
    assert found[0]["recovered_s"]["reason"] == "2 of 2 were not recovered from"
    assert found[0]["errors"] == {cause: 800 if cause == "host_lost" else 0 for cause in CAUSES}
    assert (found[0]["broken_before"], found[1]["broken_before"]) == (0, 2)


def shown(result: Result) -> str:
    whole = text(run_report(result), width=120)
    return whole[whole.index("What happened") : whole.index("What binds")]


def test_the_report_says_what_happened() -> None:
    said = shown(eventful(of("p99 < 1 s"), [0, 0, 20, 20, *[0] * 6], lost=[0, 0, 4, 0, *[0] * 6]))
    assert [" ".join(line.split()) for line in said.strip().splitlines() if line] == [
        "What happened, and what followed",
        "at seen after recovered after calls hurt",
        "fault loss 2.5 min 30 s 90 s 4 failed (host_lost); 40 slow",
        "scale-out cpu 3.33 min 40 s 40 s none",
        "(before scale-out cpu, calls already missed a limit)",
        "(fault loss: the run is too short, it ends before lost instances are replaced)",
        "Cost of a fleet that changes: $0.576 an hour; a fixed fleet of 1: $0.36, of 3: $1.08",
    ]


def test_calls_hurt_are_those_of_one_time_like_the_times_beside_them() -> None:
    """Sums over replications beside means of one would be off by their number."""
    said = shown(eventful(of("p99 < 1 s"), [0, 0, 20, 20, *[0] * 6], [0, 0, 20, 20, 20, *[0] * 5]))
    assert "(calls hurt: each time, on average)" in said
    assert "  50 slow\n" in said


def test_the_report_says_why_nobody_can_tell() -> None:
    case = of("cache_hit_ratio > 1 %")
    data: RunData = run(case, [0] * 10, happened=[Happened(150.0, Kind.fault, CRASH)])
    said = shown(Result(case, (data,)))
    assert "(recovery and slow calls are not known: expect names no limit of latency or errors)" in said
    assert [line.split()[-1] for line in said.splitlines() if line.strip().startswith("fault")] == ["-"]


def test_no_slow_calls_are_told_of_without_a_limit_of_latency() -> None:
    case = of("error_rate < 50 %")
    data: RunData = run(case, [0] * 10, happened=[Happened(150.0, Kind.fault, CRASH)])
    (line,) = [line for line in shown(Result(case, (data,))).splitlines() if line.strip().startswith("fault")]
    assert line.endswith("none failed")

"""Lines of `expect` about what comes after a fault: when that is, and which calls are meant."""

from __future__ import annotations

import math

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario
from mmesim.scenario.file.dump import dump
from mmesim.scenario.run.selection import Selection
from tests.helpers.texts import load_text

FAULTS = """
name: after
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2}
models: {name: m, artifact_size: 1 MB, memory: 10 MiB, service: {cpu: 10 ms}}
traffic: {arrivals: {poisson: {rate: 1 /s}}}
run: {duration: 30 min, warmup: 5 min}
faults:
  - {name: slow, slow_s3: {factor: 10}, at: 10 min}
  - {name: often, worker_crash: {models: [m]}, rate: 1 /h}
"""


def expecting(*lines: str) -> Scenario:
    return load_text(FAULTS + "expect:\n" + "".join(f"  - {line}\n" for line in lines))


@pytest.mark.parametrize(
    ("line", "between_s", "meaning"),
    [
        ("error_rate after slow < 1 %", (600.0, math.inf), "error rate of all calls after slow: below 1 %"),
        (
            "p99 cold of m after slow < 1 s",
            (600.0, math.inf),
            "below 1 % of the cold calls of m after slow are slower than 1 s or fail",
        ),
        (
            "max in 1 min..5 min after slow < 1 s",
            (660.0, 900.0),
            "no call from 11 min to 15 min, after slow is slower than 1 s or fails",
        ),
    ],
)
def test_calls_after_a_fault_begin_when_it_does(line: str, between_s: tuple[float, float], meaning: str) -> None:
    (e,) = expecting(line).expect
    assert (e.calls.between_s, e.meaning) == (between_s, meaning)


def test_windows_after_a_fault_are_counted_from_it() -> None:
    of = expecting("p99 in every 5 min after slow < 1 s")
    windows = of.windows_of(of.counted[0])
    assert (windows.start_s, windows.end_s, windows.number) == (600.0, 1800.0, 4)


def test_a_recovery_needs_a_limit_that_holds_after_its_fault() -> None:
    assert expecting("p99 of m after slow < 1 s", "recovery after slow < 20 min").expect[1].event == "slow"
    with pytest.raises(ScenarioError) as refused:
        expecting("p99 of m after slow < 1 s", "recovery after often < 20 min")
    (problem,) = refused.value.problems
    assert problem.message.startswith("`p99 of m after slow < 1 s` limits the calls after slow alone")
    assert problem.hint == "add p99 of m < 1 s"


def test_a_recovery_that_takes_long_is_nothing_to_expect() -> None:
    with pytest.raises(ScenarioError) as refused:
        expecting("p99 < 1 s", "recovery after slow > 5 min")
    (problem,) = refused.value.problems
    assert (problem.message, problem.hint) == (
        "asks that the recovery takes longer than that",
        "write recovery after slow < 5 min",
    )


def test_a_recovery_is_that_of_a_fault_at_any_time() -> None:
    of = expecting("p99 < 1 s", "recovery after often < 5 min", "recovery after slow <= 90 s")
    assert [e.event for e in of.expect] == [None, "often", "slow"]
    assert of.expect[1].meaning == (
        "after often the limits of latency and errors are kept again, for good, within 5 min"
    )
    minutes = Selection(every_s=60.0)
    assert list(of.counted) == [(minutes, 1.0)]


def test_limits_at_any_time_are_counted_minute_by_minute() -> None:
    of = expecting("p99 < 1 s", "p95 warm < 200 ms", "error_rate of m < 1 %", "mean < 1 s", "p50 after slow < 1 s")
    assert [line.text for line in of.kept_limits] == [
        "p99 < 1 s",
        "p95 warm < 200 ms",
        "error_rate of m < 1 %",
        "mean < 1 s",
        "p50 after slow < 1 s",
    ]
    assert set(of.kept_limits.values()) <= set(of.counted)
    assert of.kept_limits[of.expect[1]] == (Selection("warm", every_s=60.0), 0.2)


def test_nothing_is_counted_besides_where_nothing_happens() -> None:
    assert load_text(FAULTS.partition("faults:")[0] + "expect: [p99 < 1 s]").counted == ()


def test_a_written_scenario_reads_the_same() -> None:
    of = expecting("p99 < 1 s", "recovery after slow < 5 min", "error_rate in 0 s..1 min after slow < 1 %")
    assert load_text(dump(of)).expect == of.expect


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p99 after slwo < 1 s", "there is no fault or deploy 'slwo': there are slow, often (did you mean slow?)"),
        ("recovery after x < 1 min", "there is no fault or deploy 'x': there are slow, often"),
        ("p99 after often < 1 s", "when often begins differs from run to run, so calls after it cannot be counted"),
        ("p99 in 0 s..1 h after slow < 1 s", "the run ends at 30 min, before this time is over"),
        ("recovery after slow < 5 min", "there is no limit of latency or errors that could be kept again"),
    ],
)
def test_what_cannot_come_after_is_refused_with_the_cure(line: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        expecting(line)
    assert message in str(caught.value)
    assert ":11: expect" in str(caught.value)

"""Findings that need what-ifs: each on both sides of its thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mmesim.experiment.explained import sizing
from mmesim.experiment.explained.candidates import Candidate
from mmesim.experiment.explained.deciding import deciding
from mmesim.experiment.explained.sizing import (
    cannot_survive_instance_loss,
    over_provisioned,
    retry_storm,
    under_provisioned,
)
from mmesim.experiment.explained.tried import Tried, tried
from mmesim.preflight.finding import Finding
from mmesim.results.answers.sections import Verdict
from mmesim.results.findings.seen import Seen
from mmesim.results.measured.run_data import RunData
from mmesim.results.miss_ratio.curve import Curve
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.unit.experiment.explained.made import EXPECTED, FAST, of_memory, result
from tests.unit.results.synthetic import GIB, hosts, run_data, scenario


def found(rule: Any, of: Scenario, run: RunData, verdict: Verdict | None, *tries: Tried) -> Finding | None:
    shown = sizing.Ground(Seen(of, [run], ()), verdict, tries, Curve.of([run]))
    both = list(rule(shown))
    assert len(both) <= 1
    return both[0] if both else None


def a_try(of: Scenario, id: str, count: int, slow: int, failed: int = 0, **columns: Any) -> Tried:
    """With `count` instances so many of 100 calls are slow; as the scenario is, 5 are."""
    base, larger = result(of, [5, 5, 5]), of.with_({"endpoint.instance_count": count})
    runs = result(larger, [slow] * 3, failed).runs
    other = Result(larger, tuple(replace(run, hosts=hosts(**columns)) for run in runs))
    one = Candidate(id, id, {"endpoint.instance_count": count})
    return tried(one, base, other, deciding(base), 0.95, Curve.of(base.runs))


@pytest.mark.parametrize(
    ("count", "slow", "verdict", "advice"),
    [
        (2, 5, "pass", "endpoint.instance_count=3"),
        (2, 12, "pass", None),  # it would fail
        (3, 5, "pass", None),  # one to spare is none too many
        (2, 5, "fail", None),
        (2, 5, "undecided", None),
    ],
)
def test_more_than_one_to_spare_is_over_provisioned(
    count: int, slow: int, verdict: Verdict, advice: str | None
) -> None:
    of = scenario(EXPECTED, endpoint={"vcpu": 2, "memory": 8 * GIB, "price_per_hour": 0.36, "instance_count": 4})
    one = a_try(of, "two_fewer_instances", count, slow)
    finding = found(over_provisioned, of, run_data(of, [FAST] * 100), verdict, one)
    assert (None if finding is None else finding.try_) == advice


def test_without_expect_over_provisioned_needs_cpu_to_spare() -> None:
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "price_per_hour": 0.36, "instance_count": 4})
    run = run_data(of, [FAST] * 100)
    assert found(over_provisioned, of, run, None, a_try(of, "two", 2, 5, cpu_busy_s=140.0)) is not None
    assert found(over_provisioned, of, run, None, a_try(of, "two", 2, 5, cpu_busy_s=142.0)) is None
    assert found(over_provisioned, of, run, None, a_try(of, "two", 2, 5, 5, cpu_busy_s=140.0)) is None


@pytest.mark.parametrize(
    ("cpu", "slow", "verdict", "is_found"),
    [
        (0.8, 2, "fail", True),
        (0.79, 2, "fail", False),  # it lacks neither CPU nor memory
        (0.8, 5, "fail", False),  # more does not help
        (0.8, 2, "pass", False),
    ],
)
def test_under_provisioned_fails_for_lack_and_more_helps(
    cpu: float, slow: int, verdict: Verdict, is_found: bool
) -> None:
    of = scenario(EXPECTED)
    run = replace(run_data(of, [FAST] * 100), hosts=hosts(cpu_busy_s=200.0 * cpu))
    finding = found(under_provisioned, of, run, verdict, a_try(of, "one_more_instance", 2, slow))
    assert (finding is not None) == is_found
    if finding is not None:
        assert finding.try_ == "endpoint.instance_count=2"
        assert finding.text.startswith("under-provisioned: too little CPU:")


@pytest.mark.parametrize(("missing", "is_found"), [(0, False), (1, True)])
def test_under_provisioned_by_the_curve(missing: int, is_found: bool) -> None:
    of, run = of_memory(10, 1, 10.0 - 5.0 * missing)
    of = of.with_({"expect": list(EXPECTED), "endpoint.warm": True})
    one = a_try(of, "one_more_instance", 2, 1)
    assert (found(under_provisioned, of, run, "fail", one) is not None) == is_found


@pytest.mark.parametrize(("slow", "verdict", "is_found"), [(20, "pass", True), (5, "pass", False), (20, "fail", False)])
def test_what_fails_with_one_fewer_does_not_survive(slow: int, verdict: Verdict, is_found: bool) -> None:
    of = scenario(EXPECTED, endpoint={"vcpu": 2, "memory": 8 * GIB, "instance_count": 2})
    one = a_try(of, "one_fewer_instance", 1, slow)
    finding = found(cannot_survive_instance_loss, of, run_data(of, [FAST] * 100), verdict, one)
    assert (finding is not None) == is_found
    if finding is not None:
        assert "with 1 of 2 instances p90 < 500 ms fails" in finding.text
        assert finding.try_ == "endpoint.instance_count=3"


@pytest.mark.parametrize(("failed", "cpu", "is_found"), [(2, 0.5, True), (0, 0.8, True), (1, 0.79, False)])
def test_without_expect_errors_or_cpu_say_what_is_not_survived(failed: int, cpu: float, is_found: bool) -> None:
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "instance_count": 2})
    one = a_try(of, "one_fewer_instance", 1, 5, failed, cpu_busy_s=200.0 * cpu)
    run = run_data(of, [FAST] * 100)
    assert (found(cannot_survive_instance_loss, of, run, None, one) is not None) == is_found


def test_one_instance_is_never_survived() -> None:
    of = scenario(EXPECTED)
    finding = found(cannot_survive_instance_loss, of, run_data(of, [FAST]), "pass")
    assert finding is not None
    assert finding.try_ == "endpoint.instance_count=2"


@pytest.mark.parametrize(
    ("without", "attempts", "is_found"),
    [
        (1, 102, True),  # two calls of a hundred fail, after a retry each
        (1, 101, False),  # one of them was not retried
        (2, 102, False),  # no fewer fail without retries
    ],
)
def test_a_retry_storm_is_worse_than_no_retries(without: int, attempts: int, is_found: bool) -> None:
    of = scenario(EXPECTED)
    base = result(of, [0, 0, 0], failed=2)
    one = Candidate("no_retries", "no retries", {"clients.retries": "none"})
    tries = tried(one, base, result(of, [0, 0, 0], failed=without), deciding(base), 0.95, Curve.of(base.runs))
    run = replace(base.runs[0], attempts=attempts)
    assert (found(retry_storm, of, run, "fail", tries) is not None) == is_found

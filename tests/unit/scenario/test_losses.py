"""The scenario with a loss in its middle: when it comes, how long the run goes on, and which limits are then asked."""

from __future__ import annotations

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario
from mmesim.scenario.losses import with_loss
from tests.helpers.texts import load_text

TEXT = """
name: lost
endpoint: {vcpu: 4, memory: 16 GiB, instance_count: 4, provisioning: 5 min, loss_noticed_after: 20 s}
models: [{name: m, count: 4, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 5 ms}}]
traffic: [{name: calls, arrivals: {poisson: {rate: 1 /s}}}]
faults: [{name: s3, slow_s3: {factor: 2}, at: 1 min}]
run: {duration: 11 min, warmup: 1 min}
expect: [p99 < 500 ms, error_rate < 1 %, p99 after s3 < 2 s, p95 in 2 min..4 min < 1 s, cache_hit_ratio > 90 %]
"""


def scenario(**changes: object) -> Scenario:
    return load_text(TEXT).with_({key.replace("__", "."): value for key, value in changes.items()})


def test_the_loss_comes_alone_in_the_middle_of_a_minute_in_the_middle_of_what_is_measured():
    lost, line = with_loss(scenario(), "zone", 240.0)
    (fault,) = lost.faults
    assert (fault.name, fault.kind, fault.at_s, lost.run.cut_s) == ("zone_loss", "zone_loss", 360.0, 330.0)
    assert line.text == "recovery after zone_loss < 4 min"
    assert [e.text for e in lost.expect] == ["p99 < 500 ms", "error_rate < 1 %", line.text]


def test_the_run_goes_on_until_the_replacement_is_there_and_has_been_felt_as_long_as_the_recovery_may_take():
    lost, _ = with_loss(scenario(), "instance", 240.0)
    waits_s = 20.0 + 300.0 + 240.0  # noticed, provisioned, felt: 9 min 20 s, and to the end of a minute
    assert lost.run.duration_s == 360.0 + 630.0
    assert waits_s <= lost.run.duration_s - 360.0 < waits_s + 90.0
    varied = scenario(endpoint__provisioning={"lognormal": {"mean": "5 min", "cv": 0.2}})
    assert with_loss(varied, "instance", 240.0)[0].run.duration_s == lost.run.duration_s + 180.0  # three deviations


def test_a_run_of_less_than_a_minute_has_the_loss_half_a_minute_after_its_warm_up():
    lost, line = with_loss(
        scenario(run__duration="40 s", run__warmup="5 s", faults=[], expect=["mean < 1 s"]), "zone", 45
    )
    assert (lost.run.cut_s, lost.faults[0].at_s) == (5.0, 35.0)
    assert line.text == "recovery after zone_loss < 45 s"


def test_traffic_that_changes_has_its_loss_in_the_run_as_it_is_or_none():
    ends = {"traffic.calls.end": "10 min", "faults": [], "expect": ["p99 < 1 s", "p99 in 6 min..9 min < 2 s"]}
    with pytest.raises(ScenarioError) as error:
        with_loss(scenario(**ends), "instance", 240.0)
    assert "plan.recover_within: the loss comes in the middle of the run, of which 10.5 min must be left then" in str(
        error.value
    )
    assert "stream 'calls' does not last" in str(error.value)
    assert "(write run.duration: 22 min or more)" in str(error.value)
    lost, _ = with_loss(scenario(**ends, run__duration="22 min"), "instance", 240.0)
    assert lost.run.duration_s == 22 * 60.0
    assert [e.text for e in lost.expect][:1] == ["p99 < 1 s"]
    assert len(lost.expect) == 2  # the window begins in what is not measured


def test_a_recovery_needs_a_limit_that_holds_at_every_time():
    with pytest.raises(ScenarioError) as error:
        scenario(
            expect=["cache_hit_ratio > 90 %"],
            plan={"grid": {"endpoint.instance_count": 2}, "survive": "zone", "recover_within": "5 min"},
        )
    assert "plan.recover_within: needs a limit of latency or errors" in str(error.value)

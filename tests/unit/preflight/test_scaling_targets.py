"""Targets of autoscaling that do not do what they seem to, and commands that need a fixed fleet."""

from __future__ import annotations

import pytest

from mmesim.errors import UserError
from mmesim.experiment.capacity.capacity import capacity
from mmesim.experiment.explained.explain import explain
from mmesim.experiment.run import run
from mmesim.experiment.split.split import split
from mmesim.preflight.check import findings
from mmesim.preflight.finding import Finding
from mmesim.preflight.proof.proof import proof
from mmesim.scenario import Scenario

SHOP = {
    "name": "shop",
    "endpoint": {"instance_type": "ml.m5.xlarge"},
    "models": {"name": "m", "count": 100, "artifact_size": "20 MB", "memory": "40 MiB", "service": {"cpu": "20 ms"}},
    "traffic": {"arrivals": {"poisson": {"rate": "100 /s"}}},
    "run": {"duration": "10 min", "warmup": "0 s"},
    "expect": ["p99 < 500 ms"],
    "plan": {"grid": {"endpoint.instance_count": [1, 2]}},
}


def shop(metric: str = "InvocationsPerInstance", target: float = 2000, **keys: object) -> Scenario:
    scaling = {"policy": "target_tracking", "metric": metric, "target": target, "min": 1, "max": 4} | keys
    return Scenario.from_dict(SHOP | {"endpoint": {**SHOP["endpoint"], "autoscaling": scaling}})  # type: ignore[dict-item]


def about_the_target(scenario: Scenario) -> list[Finding]:
    return [one for one in findings(scenario) if one.id == "scaling_target"]


def test_a_cpu_target_counts_100_for_each_vcpu():
    (found,) = about_the_target(shop("CPUUtilization", 70))
    assert found.severity == "warning"
    assert "0 to 400 on 4" in found.text
    assert "when 17.5 % of an instance is busy" in found.text
    assert found.try_ == "a target of 280"
    assert about_the_target(shop("CPUUtilization", 280)) == []


def test_a_number_of_calls_that_an_instance_cannot_do():
    # Two cores that do 1.3 times as much with two threads each, 20.8 ms of CPU work a call: 125 calls a second.
    (found,) = about_the_target(shop(target=8000))
    assert "at most 7,500 of these calls a minute" in found.text
    assert found.try_ == "a target of 3800, half of what an instance can do"
    assert about_the_target(shop(target=4000)) == []


def test_a_target_below_what_each_instance_gets_at_the_maximum_cannot_be_reached():
    # 6,000 calls a minute on at most four instances: 1,500 each.
    (found,) = about_the_target(shop(target=25))
    assert found.severity == "warning"
    assert "6,000 calls a minute on average are 1,500 on each of the 4 instances that there can be" in found.text
    assert "25 looks like calls a second" in found.text
    assert found.try_ == "a target of 1500"
    (low,) = about_the_target(shop(target=20))
    assert "calls a second" not in low.text
    assert about_the_target(shop(target=1500)) == []


def test_targets_of_cpu_and_concurrency_cannot_be_reached_either():
    # 2.08 of the 2.6 cores of an instance, where 400 is all: 160 on each of two, 80 on each of four.
    (found,) = about_the_target(shop("CPUUtilization", 120, max=2))
    assert "above the target of 120 for CPUUtilization" in found.text
    assert about_the_target(shop("CPUUtilization", 120)) == []
    (found,) = about_the_target(shop("ConcurrentRequestsPerModel", 0.1))
    assert "calls in work at a time" in found.text
    assert about_the_target(shop("ConcurrentRequestsPerModel", 5)) == []


def test_a_memory_target_pins_the_fleet_where_the_caches_stay_above_it():
    many = shop("MemoryUtilization", 60).with_({"models.m.count": 900})
    (found,) = about_the_target(many)
    assert found.severity == "warning"
    assert "the endpoint stays at its maximum" in found.text
    (few,) = about_the_target(shop("MemoryUtilization", 60))
    assert few.severity == "note"


def test_a_metric_that_does_not_fall():
    (found,) = about_the_target(shop("ModelLatency", 1e5))
    assert found.text.startswith("ModelLatency does not fall in proportion")
    assert about_the_target(shop("ConcurrentRequestsPerModel", 5)) == []


def test_what_is_known_before_a_run_takes_the_most_hosts():
    rate = {"traffic.0.arrivals.poisson.rate": "300 /s"}
    busy, enough = shop(max=2).with_(rate), shop(max=8).with_(rate)
    (cpu,) = [one for one in findings(busy) if one.id == "cpu"]
    assert "the 2 instances do at most" in cpu.text
    assert (cpu.try_ or "").startswith("endpoint.autoscaling.max=")
    assert not [one for one in findings(enough) if one.id == "cpu"]


def test_a_proof_is_about_the_most_hosts():
    rate = {"traffic.0.arrivals.poisson.rate": "300 /s"}
    assert proof(shop(max=2).with_(rate)) is not None
    assert proof(shop(max=8).with_(rate)) is None
    fixed = shop().with_({"endpoint.autoscaling": None, "endpoint.instance_count": 1, **rate})
    assert proof(fixed) is not None
    at_times = shop(max=2, scheduled=[{"at": "5 min", "max": 8}]).with_(rate)
    assert proof(at_times) is None


def test_what_is_proved_of_the_most_hosts_fails_when_it_is_run():
    short = shop(max=2, target=500).with_({"traffic.0.arrivals.poisson.rate": "300 /s", "run.duration": "3 min"})
    found = proof(short)
    assert found is not None
    (over,) = run(short, replications=1, records=None).summary["share_over"].values()
    assert over["value"] > found.least_share


def test_nothing_is_proved_where_changes_may_overlap():
    rate = {"traffic.0.arrivals.poisson.rate": "300 /s", "endpoint.serial_scaling": False}
    assert proof(shop(max=2).with_(rate)) is None


@pytest.mark.parametrize("command", [capacity, explain, split])
def test_commands_about_a_fixed_fleet_say_what_to_write(command):
    with pytest.raises(UserError, match="is about a fixed number of instances") as error:
        command(shop())
    assert command.__name__ in str(error.value)
    assert "--set endpoint.autoscaling=null --set endpoint.instance_count=4" in str(error.value)
    with pytest.raises(UserError, match=r"for the largest fleet that it makes, add .*instance_count=8"):
        command(shop(scheduled=[{"at": "5 min", "max": 8}]))

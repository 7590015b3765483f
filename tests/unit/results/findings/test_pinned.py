"""The finding on a memory target that holds a fleet at its maximum, from minutes made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mmesim.results.findings.pinned import pinned
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from tests.unit.results.synthetic import Call, run_data, scenario, windows

RUN = {"duration": 600.0, "warmup": 0.0}


def of(metric: str = "MemoryUtilization", most: int = 4, **keys: Any) -> Scenario:
    scaling = {"policy": "target_tracking", "metric": metric, "target": 50, "min": 1, "max": most, **keys}
    return scenario(run=RUN, endpoint={"autoscaling": scaling})


def seen(case: Scenario, instances: Sequence[float], memory: float) -> RunData:
    return run_data(case, [Call(0.1)], windows=windows(10, Instances=list(instances), MemoryUtilization=memory))


def test_a_fleet_that_stays_at_its_maximum_for_its_memory_is_said_to_be_held_there() -> None:
    (finding,) = pinned(of(), [seen(of(), [1, 2, 3, *[4] * 7], 46.0)])
    assert finding.evidence == {
        "share_of_time": 0.7,
        "memory_utilization": pytest.approx(46.0),
        "scales_in_below": 45.0,
        "instances": 4,
    }


def test_the_maximum_is_that_of_the_schedule() -> None:
    case = of(most=4, scheduled=[{"at": "5 min", "max": 8}])
    (finding,) = pinned(case, [seen(case, [4] * 5 + [8] * 5, 46.0)])
    assert (finding.evidence["share_of_time"], finding.evidence["instances"]) == (1.0, 8)
    assert "with all 4 to 8 instances" in finding.text
    assert list(pinned(case, [seen(case, [3] * 5 + [4] * 5, 46.0)])) == []


@pytest.mark.parametrize(
    ("case", "instances", "memory"),
    [
        (of(), [1, 2, 3, *[4] * 7], 44.0),  # it would scale in
        (of(), [1, 2, 3, 3, 3, 3, *[4] * 4], 46.0),  # not for long
        (of("InvocationsPerInstance"), [4] * 10, 46.0),
        (of(most=1), [1] * 10, 46.0),  # it cannot scale
        (scenario(run=RUN), [4] * 10, 46.0),
    ],
)
def test_another_fleet_is_not(case: Scenario, instances: list[float], memory: float) -> None:
    assert list(pinned(case, [seen(case, instances, memory)])) == []

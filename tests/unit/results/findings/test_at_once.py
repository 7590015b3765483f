"""The finding on a fault whose condition is true from the start, from events made by hand."""

from __future__ import annotations

import pytest

from mmesim.results.findings.at_once import at_once
from mmesim.results.measured.happened import Happened, Kind
from tests.unit.results.synthetic import run_data, scenario

CASE = scenario(faults=[{"name": "cold", "when": "cache_hit_ratio < 90 %", "instance_loss": {"instance": 0}}])


@pytest.mark.parametrize(("at_s", "said"), [(60.0, True), (120.0, False)])
def test_a_condition_that_is_true_at_the_first_look_is_said_to_wait_for_nothing(at_s: float, said: bool) -> None:
    found = list(at_once(CASE, [run_data(CASE, [], happened=(Happened(at_s, Kind.fault, "cold"),))]))
    assert [one.id for one in found] == (["fault_at_once"] if said else [])
    if said:
        assert "at 60 s, in 1 of 1 replications: it did not wait for anything" in found[0].text


def test_a_fault_at_a_time_has_no_condition() -> None:
    case = scenario(faults=[{"name": "cold", "at": 60.0, "instance_loss": {"instance": 0}}])
    assert list(at_once(case, [run_data(case, [], happened=(Happened(60.0, Kind.fault, "cold"),))])) == []

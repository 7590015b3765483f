"""Conditions: what can be asked while a scenario runs, and why the rest cannot."""

from __future__ import annotations

import pytest

from mmesim.scenario.run.condition import EXAMPLES, LIVE, OF_GROUP, read_condition
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.run.expected import EXPECTED
from mmesim.scenario.values.fields import Refused


@pytest.mark.parametrize("line", [*EXAMPLES, "requests.errors.host_lost > 1 /min", "throughput < 5 /s"])
def test_a_condition_is_a_line_of_expect(line: str) -> None:
    assert read_condition(line) == read_expectation(line)


def test_what_can_be_asked_can_be_expected() -> None:
    assert set(OF_GROUP) <= set(LIVE) <= set(EXPECTED)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cost.month > 1000 USD", "cost.month is known only after the run: minute by minute there are mean, p50, "),
        ("tenants.meet_slo < 90 %", "and counts such as requests.errors.queue_full"),
        ("p99 warm > 1 s", "warm calls are told from the others only after the run: write `p99` without `warm`, or "),
        ("p99 in 8 h..9 h > 1 s", "a condition is asked minute by minute: write `in every 5 min` for longer windows"),
        ("cache_hit_ratio of a < 90 %", "of a group there are mean, p50, p90, p95, p99, p99.9, max, error_rate"),
        ("p99 > 1", "limit of p99"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(line: str, message: str) -> None:
    with pytest.raises(Refused) as caught:
        read_condition(line)
    assert message in str(caught.value)

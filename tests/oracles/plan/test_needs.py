"""What a fleet must withstand, for queues whose fleets Erlang C knows: the loss of a host or a zone, and growth."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim import plan
from mmesim.analytic.erlang import mmc_sojourn_exceeds
from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario
from tests.oracles.plan.queues import WORKERS, queues

RATE_PER_S, SERVICE_S, LIMIT_S = 230.0, 0.04, 0.2


def scenario(more: str = "") -> Scenario:
    return queues(
        service=f"{SERVICE_S} s",
        rate=f"{RATE_PER_S} /s",
        duration="2 min",
        limit=f"{1000 * LIMIT_S:g} ms",
        plan=f"grid: {{endpoint.instance_count: 1..7}}{more}",
    )


def needed(factor: float = 1.0) -> int:
    """Hosts that carry the traffic times a factor, each M/M/4 with an equal part of it."""
    return next(
        hosts
        for hosts in range(1, 9)
        if mmc_sojourn_exceeds(factor * RATE_PER_S / hosts, SERVICE_S, WORKERS, LIMIT_S) < 0.05
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "hosts", "whens"),
    [
        ("", 3, [None]),
        (", survive: instance", 4, [None, "one instance fewer"]),
        (", survive: zone", 5, [None, "the largest zone gone"]),
        (", growth: 1.3", 4, [None, "1.3 x the traffic"]),
        (", survive: instance, growth: 1.3", 4, [None, "one instance fewer", "1.3 x the traffic"]),
    ],
)
def test_the_cheapest_fleet_withstands_what_it_must(store: Path, more: str, hosts: int, whens: list[str | None]):
    assert (needed(), needed(1.3)) == (3, 4)  # 5 hosts less two of a zone are 3
    found = plan(scenario(more), store=store)
    assert found.answer is not None
    assert found.answer.instance_count == hosts
    assert [line.when for line in found.answer.lines] == whens
    cheaper = [one for one in found.document.fleets if one.instance_count < hosts]
    assert {one.state for one in cheaper} == {"turned down"}


NOTICED_S = 180.0
"""While the router does not know, half of the calls, or a third, fail at once: the limit allows one in twenty."""
RECOVERED_S = NOTICED_S + 30.0
"""The loss is in the middle of a minute: the minute in whose middle the router knows is the last one that is bad."""


@pytest.mark.slow
@pytest.mark.parametrize(("within", "answers"), [("3 min", [None, None]), ("4 min", [2, 0])])
def test_a_fleet_that_survives_in_steady_state_may_take_too_long_through_the_loss(
    store: Path, within: str, answers: list[int | None]
):
    slow = {"endpoint.loss_noticed_after": "3 min", "endpoint.provisioning": "30 s"}
    one = scenario(f", survive: instance, recover_within: {within}").with_(
        {**slow, "plan.grid": {"endpoint.instance_count": [2, 3]}, "traffic.calls.arrivals.poisson.rate": "10 /s"}
    )
    found = plan(one, store=store)
    hosts, row = answers
    assert (found.answer and found.answer.instance_count, found.document.answer) == (hosts, row)
    for fleet in found.document.fleets[: None if hosts is None else 1]:
        last = fleet.lines[-1]
        assert (last.text, last.when) == (f"recovery after instance_loss < {within}", "the loss of an instance")
        assert (last.value, last.limit) == (1000.0 * RECOVERED_S, 60_000.0 * float(within[0]))
        assert [line.verdict for line in fleet.lines[:2]].count("fail") == 0
    if hosts is None:
        assert found.document.verdict == "fail"
        assert "recovery after instance_loss < 3 min fails: it takes 3.5 min" in found.document.why_not[0].text


@pytest.mark.slow
def test_a_fleet_of_which_nothing_is_left_is_turned_down_by_arithmetic(store: Path):
    found = plan(scenario(", survive: instance"), store=store)
    one = found.document.fleets[0]
    assert (one.instance_count, one.state, one.stage) == (1, "turned down", "proof")
    assert one.reason == "cannot be: nothing is left with one instance fewer"
    assert one.usd_per_month == 730.0


@pytest.mark.slow
def test_the_reason_names_what_the_fleet_did_not_withstand(store: Path):
    found = plan(scenario(", growth: 1.3"), store=store)
    three = next(one for one in found.document.fleets if one.instance_count == 3)
    assert three.reason is not None
    assert "p95 < 200 ms with 1.3 x the traffic fails" in three.reason


def test_traffic_that_has_no_multiple_is_refused_before_anything_is_simulated():
    once = scenario(", growth: 1.3").with_({"traffic.calls.arrivals": {"sweep": {"rate": "5 /s"}}})
    with pytest.raises(ScenarioError, match="a single sweep calls every model once"):
        plan(once)

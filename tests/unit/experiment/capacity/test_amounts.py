"""The amounts that can be tried: their ends are amounts, and the search gets there and stops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from mmesim.errors import UserError
from mmesim.experiment.capacity.amounts import Amounts, Of
from mmesim.experiment.capacity.curve import Curve, Short
from mmesim.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from tests.helpers.texts import load_text

SCENARIO = """
name: small
endpoint: {vcpu: 2, memory: 8 GiB}
models: {name: m, count: 3, artifact_size: 1 MB, memory: 1 MiB, service: {wait: 10 ms}}
traffic: {arrivals: {poisson: {rate: 4 /s}}}
run: {duration: 1 min}
expect: [p95 < 1 s]
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_text(SCENARIO)


@dataclass(frozen=True)
class Judged:
    """Short runs of which only is known whether they are inside."""

    amount: float
    inside: bool
    is_clear: bool = False


class Told(Curve):
    """A curve that simulates nothing: inside up to a limit, which may be 0."""

    def __init__(self, amounts: Amounts, limit: float) -> None:
        self.amounts, self.limit, self.tried = amounts, limit, list[float]()
        self._found = {}

    def at(self, amount: float) -> Short | None:
        self.tried.append(amount)
        assert len(self.tried) < 100, "the search does not end"
        self._found[amount] = Judged(amount, amount <= self.limit)  # type: ignore[assignment]
        return self._found[amount]


@pytest.mark.parametrize("of", ["models", "traffic"])
@pytest.mark.parametrize("up_to", [None, 4.0, 1.0])
def test_a_search_in_which_nothing_fits_ends_at_the_least(scenario: Scenario, of: Of, up_to: float | None):
    curve = Told(Amounts.asked(scenario, of, None, up_to), limit=0.0)
    low, high = curve.bracket()
    assert (low, high and high.amount) == (None, curve.amounts.least)


@pytest.mark.parametrize("up_to", [1.23456, 1.99999, 0.33337, 0.02, 7.0, 123456.0, 16.0])
def test_a_search_in_which_everything_fits_ends_at_no_more_than_was_asked_for(scenario: Scenario, up_to: float):
    curve = Told(Amounts.asked(scenario, "traffic", None, up_to), limit=1e9)
    low, high = curve.bracket()
    assert high is None
    assert low is not None
    assert low.amount == curve.amounts.most == max(curve.tried)
    assert up_to * 0.999 < low.amount <= up_to


@pytest.mark.parametrize("limit", [0.016, 0.0999, 0.7, 1.0, 1.2345, 3.9])
def test_the_limit_is_between_the_ends_that_are_found(scenario: Scenario, limit: float):
    low, high = Told(Amounts.asked(scenario, "traffic", None, None), limit).bracket()
    assert low is not None
    assert high is not None
    assert low.amount <= limit < high.amount <= low.amount * 1.011


LOOP = SCENARIO.replace("{poisson: {rate: 4 /s}}", "{closed_loop: {users: 30, think_time: 1 s}}")


def users_at(found: Amounts, amount: float) -> int:
    (stream,) = found.at(amount).traffic
    assert isinstance(stream.arrivals, ClosedLoop)
    return stream.arrivals.most_users


@pytest.mark.parametrize("limit", [0.61, 1.0, 1.2345, 2.158])
def test_amounts_of_users_are_whole_numbers_of_them(limit: float):
    found = Amounts.asked(load_text(LOOP), "traffic", None, 4.0)
    curve = Told(found, limit)
    low, high = curve.bracket()
    assert low is not None
    assert high is not None
    assert low.amount <= limit < high.amount
    assert users_at(found, low.amount) == math.floor(30 * limit + 1e-9)
    assert users_at(found, high.amount) == users_at(found, low.amount) + 1
    for amount in curve.tried:
        assert amount == pytest.approx(users_at(found, amount) / 30, rel=5e-4)
    assert users_at(found, found.away(low.amount, 0.001)) == users_at(found, low.amount) + 1


@pytest.mark.parametrize(("up_to", "most"), [(None, 480), (1.23456, 37), (2.0, 60), (0.5, 15)])
def test_the_ends_of_amounts_of_users_are_users(up_to: float | None, most: int):
    found = Amounts.asked(load_text(LOOP), "traffic", None, up_to)
    assert (users_at(found, found.most), users_at(found, found.least)) == (most, 1)
    assert (found.rounded(found.least), found.rounded(found.most)) == (found.least, found.most)


def test_beside_other_traffic_users_are_rounded_and_any_amount_can_be():
    both = LOOP.replace("traffic: {", "traffic: [{").replace(
        "think_time: 1 s}}}", "think_time: 1 s}}}, {name: b, arrivals: {poisson: {rate: 2 /s}}}]"
    )
    found = Amounts.asked(load_text(both), "traffic", None, None)
    assert found.users is None
    assert found.rounded(1.2345) == pytest.approx(1.2345, abs=1e-3)


def test_every_end_is_an_amount_that_stays_when_it_is_rounded(scenario: Scenario):
    for up_to in (None, 1.23456, 0.0156789, 3.0000001):
        found = Amounts.asked(scenario, "traffic", None, up_to)
        assert (found.rounded(found.least), found.rounded(found.most)) == (found.least, found.most)


@pytest.mark.slow
def test_a_scenario_of_very_many_models_is_searched_up_to_the_most_there_can_be(scenario: Scenario):
    assert Amounts.asked(scenario.with_({"models.m.count": 200_000}), "models", None, None).most == 2_000_000
    with pytest.raises(UserError, match="from 1 to 2,000,000"):
        Amounts.asked(scenario, "models", None, 2_000_001)

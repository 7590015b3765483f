"""A whole plan on runs that are made by hand: who is turned down by what, who is the answer, what is said of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mmesim.errors import TooLarge, UserError
from mmesim.experiment.execute.task import Observer
from mmesim.experiment.numbers import PLAN_DECISION, PLAN_ESTIMATE, PLAN_PILOT, PLAN_SEARCH, PLAN_SHORT
from mmesim.experiment.plan.document import why_not
from mmesim.experiment.plan.fleets import Option, options
from mmesim.experiment.plan.levels import CANDIDATES
from mmesim.experiment.plan.tried import Tried, words
from mmesim.report.content.planned.statement import statement
from mmesim.report.content.planned.words import decides
from mmesim.results.answers.planned import FleetLine, Planned
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.file.template import Template
from tests.unit.experiment.plan.faked import Engine, by_count, of, planned, states, write
from tests.unit.results.synthetic import run_data, windows

CLEAR = by_count(0.9, 0.5, 0.02, 0.01)


def room(number: int) -> int:
    """Which purpose the number of a replication serves."""
    rooms = (PLAN_ESTIMATE, PLAN_DECISION, PLAN_PILOT, PLAN_SEARCH, PLAN_SHORT)
    return next(first for first in rooms if number >= first)


@pytest.fixture(scope="module")
def clear(tmp_path_factory):
    """The plan that several tests look at."""
    return planned(Engine(CLEAR), write(tmp_path_factory.mktemp("clear")))


def test_the_cheapest_fleet_inside_is_the_answer(clear):
    result, document = clear, clear.document
    assert (document.verdict, document.finished) == ("pass", True)
    assert result.answer is not None
    assert result.answer.instance_count == 3
    assert states(result)[1] == states(result)[2] == "turned down"
    assert of(result, 1).stage == of(result, 2).stage == "short runs"
    assert (of(result, 3).state, of(result, 3).stage) == ("inside", "decision")
    assert states(result)[4] == states(result)[6] == "not tried"
    assert document.ties == []


def test_the_document_can_be_read_back(clear):
    assert Planned.model_validate_json(clear.to_json()) == clear.document


def test_fleets_stand_in_order_of_price(clear):
    prices = [one.usd_per_month or 0.0 for one in clear.document.fleets]
    assert prices == sorted(prices)
    assert prices[0] == pytest.approx(730.0)


def test_a_fleet_near_its_limit_is_turned_down_by_the_search(tmp_path):
    result = planned(Engine(by_count(0.15, 0.02)), write(tmp_path))
    assert (of(result, 1).state, of(result, 1).stage) == ("turned down", "search")
    assert "p90 < 500 ms fails: 16.1 % of its calls are slower or fail, and 10 % may" in str(of(result, 1).reason)
    assert result.answer == of(result, 2)


def test_a_fleet_on_its_limit_is_a_tie_and_the_next_one_the_answer(tmp_path):
    result = planned(Engine(by_count(0.1, 0.02)), write(tmp_path, duration=1220))
    assert of(result, 1).state == "open"
    assert "too near to tell" in str(of(result, 1).reason)
    assert result.document.ties == [0]
    assert (result.document.verdict, result.answer) == ("pass", of(result, 2))


def test_nothing_inside_is_a_fail(tmp_path):
    result = planned(Engine(by_count(0.9, 0.5, 0.4)), write(tmp_path))
    assert (result.document.verdict, result.answer) == ("fail", None)
    assert set(states(result).values()) == {"turned down"}
    assert result.document.estimates == []


def test_without_a_call_no_fleet_is_judged(tmp_path):
    class Silent(Engine):
        def __call__(self, scenario, replication, observer, records):
            return run_data(scenario, [], replication=replication, windows=windows(2), records=None)

    with pytest.raises(UserError, match=r"fleets: no call came in \d+ replications, so no fleet can be judged"):
        planned(Silent(CLEAR), write(tmp_path))


def test_each_purpose_has_random_numbers_of_its_own(tmp_path):
    engine = Engine(by_count(0.15, 0.02))
    result = planned(engine, write(tmp_path, own=6))
    rooms = {count: [room(number) for n, number, _ in engine.runs if n == count] for count in (1, 2)}
    assert set(rooms[1]) - {PLAN_PILOT} == {PLAN_SHORT, PLAN_SEARCH, PLAN_ESTIMATE}
    assert set(rooms[2]) - {PLAN_PILOT} == {PLAN_SHORT, PLAN_DECISION, PLAN_ESTIMATE}
    assert len(engine.runs) == result.document.used.simulated


def test_the_answer_and_the_next_cheaper_are_estimated_side_by_side(tmp_path):
    document = planned(Engine(by_count(0.9, 0.3, 0.02)), write(tmp_path)).document
    assert [one.fleet for one in document.estimates] == [document.answer, document.next_cheaper] == [2, 1]
    answer, cheaper = (one.lines[0] for one in document.estimates)
    assert answer.value == pytest.approx(0.02, abs=0.015)
    assert cheaper.value == pytest.approx(0.3, abs=0.05)
    (pair,) = document.paired
    assert answer.value is not None
    assert cheaper.value is not None
    assert pair.difference == pytest.approx(cheaper.value - answer.value, abs=0.05)
    assert answer.replications >= 20


def test_the_next_cheaper_fleet_is_estimated_under_what_turned_it_down(tmp_path):
    plan = "{grid: {endpoint.instance_count: 1..6}, survive: instance}"
    document = planned(Engine(by_count(0.9, 0.3, 0.02)), write(tmp_path, plan=plan)).document
    assert [one.fleet for one in document.estimates] == [document.answer, document.next_cheaper] == [3, 2]
    (cheaper,), (pair,) = document.estimates[1].lines, document.paired
    assert cheaper.when == pair.when == "one instance fewer"
    assert cheaper.verdict == "fail"
    assert decides(document, 2) == cheaper
    answer = next(line for line in document.estimates[0].lines if line.when == pair.when)
    assert answer.value is not None
    assert cheaper.value is not None
    assert pair.difference == pytest.approx(cheaper.value - answer.value, abs=0.05)


def test_an_answer_whose_estimate_crosses_the_limit_is_undecided(tmp_path):
    def other(scenario: Scenario) -> float:
        return 0.01

    engine = Engine(other)

    @dataclass
    class Unlucky(Engine):
        def __call__(self, scenario, replication, observer, records):
            self.slow = (lambda _: 0.1) if replication >= PLAN_ESTIMATE else (lambda _: 0.01)
            return super().__call__(scenario, replication, observer, records)

    assert planned(engine, write(tmp_path)).document.verdict == "pass"
    assert planned(Unlucky(other), write(tmp_path)).document.verdict == "undecided"


def test_the_own_fleet_and_the_one_that_holds_all_are_tried_whatever_they_cost(clear):
    document = clear.document  # 5 instances are its own
    assert document.current == 4
    assert (document.fleets[4].state, document.fleets[4].stage) == ("inside", "estimate")
    assert document.all_in_memory == 0  # both models fit on one host
    assert document.fleets[0].everything_in_memory


def test_a_fleet_of_the_scenario_that_is_not_in_the_grid_gets_a_row(tmp_path):
    document = planned(Engine(CLEAR), write(tmp_path, own=9)).document
    assert document.current is not None
    assert document.fleets[document.current].values == {"endpoint.instance_count": 9}
    assert len(document.fleets) == 7


def test_the_answer_stands_under_every_setting_of_what_is_not_published(clear):
    settings = clear.document.settings
    assert settings[0].name == "as in the scenario"
    assert {one.verdict for one in settings} == {"pass"}
    assert any("load_slots = 1" in one.name for one in settings)


def test_runs_that_are_not_steady_turn_nothing_down(tmp_path):
    falling = {"LogClientLatency": np.linspace(0.0, -3.0, 22), "ModelCacheHit": np.linspace(0.5, 1.0, 22)}
    result = planned(Engine(by_count(0.9, 0.02), falling), write(tmp_path, duration=1320))
    assert of(result, 1).state == "open"
    assert "not steady" in str(of(result, 1).reason)
    assert result.document.verdict == "undecided"


def test_saturated_runs_turn_down_since_longer_ones_are_worse(tmp_path):
    growing = {"RequestsInSystem": np.linspace(1.0, 500.0, 22)}
    result = planned(Engine(by_count(0.9, 0.02), growing), write(tmp_path, duration=1320))
    assert of(result, 1).state == "turned down"


def test_a_limit_of_the_price_needs_no_simulation(tmp_path):
    engine = Engine(by_count(0.9))
    result = planned(engine, write(tmp_path, expect="[p90 < 500 ms, cost.month < 2000 USD]", own=1))
    assert of(result, 3).stage == "proof"
    assert "cost.month < 2000 USD fails" in str(of(result, 3).reason)
    assert {count for count, _, _ in engine.runs} <= {1, 2}
    assert result.document.verdict == "fail"


def test_a_fleet_that_contradicts_itself_is_turned_down_with_the_reason(tmp_path):
    grid = "{grid: {endpoint.instance_count: [1], endpoint.memory: [0.5 GiB, 16 GiB]}}"
    result = planned(Engine(by_count(0.01)), write(tmp_path, plan=grid, own=1))
    (bad,) = [one for one in result.document.fleets if one.values["endpoint.memory"] == "0.5 GiB"]
    assert (bad.state, bad.stage, bad.usd_per_month) == ("turned down", "proof", None)
    assert "no memory is left for models" in str(bad.reason)
    assert result.document.verdict == "pass"


def test_at_most_four_candidates_are_tried_on_the_numbers_that_decide(tmp_path):
    @dataclass
    class Worse(Engine):
        """Fleets that are inside until it counts."""

        def __call__(self, scenario, replication, observer, records):
            self.slow = (lambda _: 0.5) if replication >= PLAN_DECISION else (lambda _: 0.01)
            return super().__call__(scenario, replication, observer, records)

    engine = Worse(by_count(0.01))
    result = planned(engine, write(tmp_path, own=1))
    tried = {count for count, number, _ in engine.runs if PLAN_DECISION <= number < PLAN_ESTIMATE}
    assert len(tried) == CANDIDATES
    assert (result.document.verdict, result.answer) == ("undecided", None)


def test_assumed_to_be_monotone_most_fleets_need_not_be_tried(tmp_path):
    shares = by_count(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.01)
    engine, plain = Engine(shares), Engine(shares)
    grid = "grid: {endpoint.instance_count: 1..16}"
    result = planned(engine, write(tmp_path, plan=f"{{{grid}, assume_monotone: true}}", own=7))
    assert result.answer == of(result, 7)
    assert result.document.assume_monotone
    assert [of(result, count).state for count in range(1, 7)] == ["turned down"] * 6
    assert "plan.assume_monotone" in str(of(result, 1).reason)
    assert planned(plain, write(tmp_path, plan=f"{{{grid}}}", own=7)).answer is not None
    assert len({count for count, _, _ in engine.runs}) < len({count for count, _, _ in plain.runs})


def test_what_is_in_the_store_is_not_simulated_again(tmp_path):
    file, store = write(tmp_path), tmp_path / "a.store"
    first, again = Engine(CLEAR), Engine(CLEAR)
    one, other = planned(first, file, store=store), planned(again, file, store=store)
    assert first.runs
    assert again.runs == []
    assert other.document.used.simulated == 0
    same = other.document.model_copy(update={"used": one.document.used})
    assert same == one.document


def test_another_limit_is_answered_from_the_short_runs_in_the_store(tmp_path):
    store = tmp_path / "a.store"
    planned(Engine(CLEAR), write(tmp_path), store=store)
    engine = Engine(CLEAR)
    result = planned(engine, write(tmp_path, expect="[p90 < 400 ms]"), store=store)
    short = [number for _, number, _ in engine.runs if PLAN_SHORT <= number < PLAN_SEARCH]
    assert short == []
    assert result.document.verdict == "pass"
    assert of(result, 1).state == "turned down"
    assert of(result, 1).lines[0].interval is not None


def test_ctrl_c_gives_what_is_known(tmp_path):
    class Stopped(Engine):
        def __call__(self, scenario, replication, observer, records):
            if replication >= PLAN_DECISION:
                raise KeyboardInterrupt
            return super().__call__(scenario, replication, observer, records)

    store = tmp_path / "a.store"
    result = planned(Stopped(CLEAR), write(tmp_path), store=store)
    assert (result.document.verdict, result.document.finished) == ("undecided", False)
    assert result.document.answer == 2, "the cheapest that looked clearly inside"
    assert states(result)[1] == "turned down"
    engine = Engine(CLEAR)
    assert planned(engine, write(tmp_path), store=store).document.finished
    assert min(number for count, number, _ in engine.runs if count <= 3) >= PLAN_DECISION, "it went on where it was"


def test_a_fleet_that_cannot_be_simulated_is_open_and_the_others_go_on(tmp_path):
    class Large(Engine):
        def __call__(self, scenario, replication, observer, records):
            if scenario.endpoint.instance_count == 1:
                raise TooLarge("the simulation does not fit into memory")
            return super().__call__(scenario, replication, observer, records)

    result = planned(Large(CLEAR), write(tmp_path))
    assert of(result, 1).state == "open"
    assert "does not fit into memory" in str(of(result, 1).reason)
    assert result.answer == of(result, 3)
    assert result.document.verdict == "undecided"


def test_of_fleets_that_cost_too_much_the_cheapest_is_the_nearest_miss(tmp_path):
    engine = Engine(by_count(0.9, 0.8, 0.0))
    result = planned(engine, write(tmp_path, expect="[p90 < 500 ms, cost.month < 2190 USD]", own=1))
    (why,) = result.document.why_not
    assert (why.fleets, result.document.fleets[why.nearest].instance_count) == (6, 3), "three cost 2,190 USD"
    assert "cost.month < 2190 USD fails: it costs 2,190 USD" in why.text
    assert "the nearest miss, 3 instances, $2,190 a month at your price, was turned down" in statement(result.document)


def test_a_fleet_that_arithmetic_turns_down_after_a_loss_is_shown_after_it(tmp_path):
    # 20 calls a second bring 6 s of work: too much for 4 vCPU, and not for 8.
    plan = "{grid: {endpoint.instance_count: 2..3}, survive: instance}"
    file, engine = write(tmp_path, expect="[p90 < 1 s]", plan=plan, own=3, rate=20), Engine(by_count(0.0))
    result = planned(engine, file, ["models.m.service.cpu=300 ms", "models.m.workers=8"])
    two = of(result, 2)
    assert (two.state, two.stage) == ("turned down", "proof")
    assert str(two.reason).startswith("with one instance fewer: ")
    answer, cheaper = result.document.estimates
    assert {line.when for line in answer.lines} == {None, "one instance fewer"}
    assert {line.when for line in cheaper.lines} == {"one instance fewer"}
    assert [pair.when for pair in result.document.paired] == ["one instance fewer"]
    assert {count for count, _, _ in engine.runs} == {1, 2, 3}


def test_why_not_names_the_family_that_came_nearest(clear):
    (family,) = clear.document.why_not
    assert (family.family, family.fleets, family.nearest) == ({}, 2, 1)
    assert sum(family.binds.values()) == 2


def a_miss(scenario_fleet: Option, *values: float | None) -> Tried:
    """A fleet that was turned down by lines with these values, which may have 1 %; by arithmetic without any."""
    fleet = Tried(scenario_fleet)
    fleet.lines = [
        FleetLine(
            text="p99 < 500 ms",
            verdict="fail",
            figure="share_over 500 ms",
            unit="share",
            value=value,
            interval=None,
            limit=0.01,
            replications=10,
        )
        for value in values
    ]
    fleet.turn_down("short runs" if values else "proof", "for a reason", "memory")
    return fleet


@pytest.mark.parametrize(
    ("misses", "nearest"),
    [
        (([0.5], [0.02], [0.04]), 1),  # a larger fleet may miss by more, as with a router that spreads calls
        (([0.02, 0.9], [0.5], [0.6]), 1),  # its worst line counts
        (([], [0.9], []), 1),  # what arithmetic turned down missed by nobody knows how much
        (([], [], []), 2),
        (([0.5], [None], []), 0),
    ],
)
def test_the_nearest_miss_of_a_family_is_the_one_whose_worst_line_misses_by_least(tmp_path, misses, nearest):
    template = Template.read(write(tmp_path))
    base = template.at()
    assert base.plan is not None
    found = [a_miss(one, *of) for one, of in zip(options(template, base.plan)[0], misses, strict=False)]
    (family,) = why_not(found, {id(one): row for row, one in enumerate(found)})
    assert family.nearest == nearest


def test_the_table_has_a_row_a_fleet_and_the_folder_its_files(tmp_path, clear):
    frame = clear.fleets
    assert list(frame["endpoint.instance_count"]) == [1, 2, 3, 4, 5, 6]
    assert frame["p90 < 500 ms"].iloc[0] == pytest.approx(0.9, abs=0.1)
    folder = clear.save(tmp_path / "out")
    assert {"plan.json", "fleets.parquet", "provenance.json"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expect": "[]"}, "nothing is expected, so every fleet would do: add `expect`, such as [p99 < 500 ms]"),
        ({"plan": "null"}, "nothing to choose from: write a section `plan`, such as plan: {grid:"),
        ({"plan": "{grid: {endpoint.instance_cuont: 1..3}}"}, "did you mean instance_count"),
        ({"plan": "{grid: {endpoint.instance_type: [ml.m5.xlrge]}}"}, "ml.m5.xlarge"),
        ({"plan": "{grid: {endpoint.instance_count: 1..9000}}"}, "9,000 fleets, more than 5,000: reading them alone"),
        ({"plan": "{grid: {endpoint.price_per_hour: [null]}}"}, "no price is known for this host"),
    ],
)
def test_a_plan_that_cannot_be_says_what_to_write(tmp_path, changes, words):
    with pytest.raises(UserError) as error:
        planned(Engine(CLEAR), write(tmp_path, **changes))
    assert words in str(error.value)


def test_a_fleet_that_is_shown_anyway_is_inside_only_by_whole_runs(tmp_path):
    def slow(scenario):
        if scenario.endpoint.instance_count != 9:
            return 0.01
        return 0.01 if scenario.run.duration_s < 1000.0 else 0.4

    result = planned(Engine(slow), write(tmp_path, own=9, duration=2000, rate=50))
    assert of(result, 9).state == "turned down"
    assert of(result, 9).stage == "estimate"


def test_the_fleet_that_runs_is_not_an_answer_unless_the_grid_offers_it(tmp_path):
    grid = "{grid: {endpoint.instance_count: [2, 3]}}"
    document = planned(Engine(by_count(0.01, 0.4, 0.4)), write(tmp_path, plan=grid, own=1)).document
    assert (document.verdict, document.answer, document.current) == ("fail", None, 0)
    assert document.fleets[0].state == "inside"
    assert sum(one.fleets for one in document.why_not) == 2


def test_a_loss_that_is_not_over_when_the_run_ends_is_said_so():
    late = FleetLine(
        text="recovery after zone_loss < 5 min",
        when="the loss of the largest zone",
        verdict="fail",
        figure="recovery after zone_loss",
        unit="ms",
        value=None,
        interval=None,
        limit=300_000.0,
        replications=10,
    )
    assert words([late]) == (
        "recovery after zone_loss < 5 min fails: after some losses a limit is still missed when the run ends"
    )


class Bursts(Engine):
    """A fifth of the replications has bursts, but none of the first ten of those that decide."""

    def __call__(self, scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        number = replication - PLAN_DECISION
        bursts = scenario.endpoint.instance_count == 2 and number >= 10 and number % 5 == 0
        self.slow = (lambda _: 0.5) if bursts else by_count(0.6, 0.05, 0.01)
        return super().__call__(scenario, replication, observer, records)


def test_ten_replications_without_a_burst_are_not_taken_for_all(tmp_path):
    # 13 % on average, of which 10 % may be slow: ten without a burst have a chance of 11 %
    engine = Bursts(by_count(0.0))
    result = planned(engine, write(tmp_path, duration=220, plan="{grid: {endpoint.instance_count: 1..3}}"))
    assert states(result)[2] in ("turned down", "open")
    assert result.answer == of(result, 3)

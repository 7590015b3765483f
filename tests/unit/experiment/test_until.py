"""Replications until a figure is precise: when it looks, when it stops, and what it says when it does not get there."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.errors import OutputError, ScenarioError, UserError
from mmesim.experiment.execute.executors import local
from mmesim.experiment.execute.task import Observer, Task
from mmesim.experiment.run import run
from mmesim.experiment.until import level, looks, looks_of, replicate_until
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from mmesim.scenario.run.settings import RunSettings
from mmesim.stats.means import mean, mean_interval
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import Call, run_data, scenario


def means(of: Callable[[int], float]) -> fakes.Simulate:
    """A simulation whose replication r has the mean latency of(r), seconds."""

    def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        return run_data(scenario, [Call(of(replication))], replication=replication)

    return simulate


def wanting(until: str, **run: object) -> Scenario:
    return scenario(run={"until": until} | run)


STEADY = means(lambda replication: 0.100 + 0.001 * (replication % 2))
WILD = means(lambda replication: 0.100 if replication % 2 else 0.9)
SETTLING = means(lambda replication: 0.1 if replication % 10 else 0.130)


def test_looks_grow_by_half_rounded_up() -> None:
    assert looks(10, 100) == (10, 15, 23, 34, 51, 76, 100)
    assert looks(10, 10) == (10,)
    assert looks(10, 15) == (10, 15)
    assert looks(10, 16) == (10, 15, 16)
    assert looks(20, 100) == (20, 30, 45, 68, 100)
    for k, at in enumerate(looks(10, 10**9)[:-1]):
        assert at == math.ceil(10 * 1.5**k)


def test_the_first_look_is_at_all_that_the_scenario_asks_for_and_at_ten_at_least() -> None:
    assert looks_of(RunSettings(duration_s=1.0))[0] == 10
    assert looks_of(RunSettings(duration_s=1.0, replications=5, max_replications=12)) == (10, 12)
    assert looks_of(RunSettings(duration_s=1.0, replications=40)) == (40, 60, 90, 100)


def test_the_five_percent_are_split_over_the_possible_looks() -> None:
    assert level(1) == pytest.approx(0.95)
    assert 1.0 - level(7) == pytest.approx(0.05 / 7)


def test_it_stops_at_the_first_look_that_is_precise() -> None:
    result = replicate_until(wanting("mean within 5 %"), executor=fakes.Fake(STEADY))
    until = result.until
    assert until is not None
    assert (len(result.runs), until.looks, until.reached) == (10, (10,), True)
    assert until.half_width is not None
    assert until.half_width <= until.allowed == pytest.approx(0.05 / 1.05)
    assert not result.interrupted
    assert [r.replication for r in result.runs] == list(range(10))


def test_it_goes_on_while_it_is_not() -> None:
    result = replicate_until(wanting("mean within 6 %"), executor=fakes.Fake(SETTLING))
    until = result.until
    assert until is not None
    assert until.reached
    assert until.looks[:2] == (10, 15)
    assert len(result.runs) == until.looks[-1] > 10
    assert [r.replication for r in result.runs] == list(range(len(result.runs)))


def test_the_look_before_was_not_precise_enough() -> None:
    until = replicate_until(wanting("mean within 6 %"), executor=fakes.Fake(SETTLING)).until
    assert until is not None
    at = until.looks[-2]
    before = replicate_until(
        wanting("mean within 6 %", max_replications=at, replications=at), executor=fakes.Fake(SETTLING)
    ).until
    assert before is not None
    # with one look only, the interval is narrower: still it was not enough at the level of the longer run
    values = [SETTLING(scenario(), r, None, None).latency_sum_s for r in range(at)]
    interval = mean_interval(values, until.confidence)
    assert interval is not None
    # Every tenth latency is long: the sample is skewed, and its interval reaches farther up than down.
    assert interval[1] - mean(values) > mean(values) - interval[0]
    assert (interval[1] - mean(values)) / mean(values) > until.allowed
    assert before.confidence < until.confidence


def test_it_gives_up_honestly() -> None:
    result = replicate_until(wanting("mean within 5 %", max_replications=40), executor=fakes.Fake(WILD))
    until = result.until
    assert until is not None
    assert (until.reached, until.looks, len(result.runs)) == (False, (10, 15, 23, 34, 40), 40)
    assert until.half_width is not None
    assert until.half_width > until.allowed
    assert until.confidence == pytest.approx(1 - 0.05 / 5)


def test_the_interval_of_the_summary_is_the_one_that_was_looked_at() -> None:
    result = replicate_until(wanting("p50 within 5 %"), executor=fakes.Fake(STEADY))
    assert result.until is not None
    estimated = result.summary["latency_ms"]["p50"]
    low, high = estimated["ci95"]
    value = estimated["value"]
    assert max(high - value, value - low) / value == pytest.approx(result.until.half_width, rel=1e-6)


def test_number_of_processes_does_not_matter() -> None:
    of = wanting("mean within 1 %", max_replications=12)
    alone = replicate_until(of, executor=fakes.Fake(fakes.random_service))
    with fakes.Fake(fakes.random_service, local(2)) as executor:
        together = replicate_until(of, executor=executor)
    assert together.to_json() == alone.to_json()


def test_the_plan_is_told_before_each_look() -> None:
    told: list[int] = []
    replicate_until(wanting("mean within 5 %", max_replications=20), executor=fakes.Fake(WILD), plan=told.append)
    assert told == [10, 15, 20]


def stopped_at(number: int) -> fakes.Simulate:
    def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        if replication == number:
            raise KeyboardInterrupt
        return WILD(scenario, replication, observer, records)

    return simulate


@pytest.mark.parametrize(("number", "looked"), [(4, ()), (10, (10,)), (12, (10,))])
def test_interrupt_keeps_what_is_finished(number: int, looked: tuple[int, ...]) -> None:
    result = replicate_until(wanting("mean within 5 %"), executor=fakes.Fake(stopped_at(number)))
    assert result.until is not None
    assert (len(result.runs), result.until.looks, result.interrupted) == (number, looked, True)
    assert not result.until.reached


def test_interrupt_before_anything_is_finished_goes_on() -> None:
    with pytest.raises(KeyboardInterrupt):
        replicate_until(wanting("mean within 5 %"), executor=fakes.Fake(stopped_at(0)))


def test_the_result_is_saved_and_the_place_looked_at_first(tmp_path: Path) -> None:
    result = replicate_until(wanting("mean within 5 %"), executor=fakes.Fake(STEADY), save=tmp_path / "day")
    assert (tmp_path / "day" / "summary.json").read_text() == result.to_json()
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        replicate_until(wanting("mean within 5 %"), executor=fakes.Fake(stopped_at(0)), save=tmp_path / "file")


def test_a_scenario_without_a_target_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"no run\.until"):
        replicate_until(scenario(), executor=fakes.Fake(STEADY))


class Called:
    """Stands in for the engine behind `run`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Task, "run", lambda task, _: STEADY(task.scenario, task.replication, None, task.records))

    def __call__(self, of: Scenario, **given: object) -> Result:
        return run(of, **given)  # type: ignore[arg-type]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    return Called(monkeypatch)


def test_run_takes_the_target_as_text(called: Called) -> None:
    result = called(scenario(), until="mean within 5 %")
    assert len(result.runs) == 10
    assert result.scenario.run.until is not None
    assert result.scenario.run.model_fields_set == {"duration_s", "warmup_s", "seed", "until"}


def test_run_follows_the_scenario(called: Called) -> None:
    assert len(called(wanting("mean within 5 %")).runs) == 10
    assert called(wanting("mean within 5 %"), replication=3).runs[0].replication == 3


def test_run_teaches_a_wrong_target(called: Called) -> None:
    with pytest.raises(ScenarioError, match=r"by-hand: run.until: unknown metric 'p100'"):
        called(scenario(), until="p100 within 5 %")
    with pytest.raises(ScenarioError, match=r"by-hand: run.max_replications: must be at least replications"):
        called(scenario(run={"replications": 200}), until="p99 within 5 %")
    with pytest.raises(UserError, match="replication and until exclude each other"):
        called(scenario(), until="p99 within 5 %", replication=1)

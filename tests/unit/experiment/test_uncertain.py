"""Draws of beliefs: known answers, the same bytes for a seed, the real engine once, and errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.execute.executors import local
from mmesim.experiment.execute.task import Observer
from mmesim.experiment.unknowns.uncertain import uncertain
from mmesim.report.content.uncertain import uncertain_report
from mmesim.report.text import text
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.values.times import Constant
from mmesim.workload.draws.generators import generator
from tests.helpers.texts import load_text
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import Call, run_data

TEXT = """\
name: unsure
endpoint: {vcpu: 2, memory: 8 GiB}
models:
  - name: m
    artifact_size: 1 MB
    memory: 10 MB
    service:
      cpu: {uncertain: {uniform: {low: 10 ms, high: 30 ms}}}
      wait: {uncertain: {uniform: {low: 0 ms, high: 2 ms}}}
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s}
expect: [mean < 20 ms]
"""


def scenario(text: str = TEXT) -> Scenario:
    return load_text(text)


def _run(scenario: Scenario, replication: int, records: int | None, seconds: float) -> RunData:
    run = run_data(scenario, [Call(seconds)] * 20, replication=replication)
    return run if records else replace(run, records=None)


def cpu_s(scenario: Scenario) -> float:
    (model,) = scenario.resolved_models
    assert isinstance(model.service.cpu, Constant)
    return model.service.cpu.value


def linear(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """The answer is the CPU time and nothing else."""
    return _run(scenario, replication, records, cpu_s(scenario))


def with_luck(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """CPU time plus luck of each replication, the same for all draws, as large as the spread of the CPU time."""
    luck = generator(scenario.run.seed, replication, "luck").uniform(0.0, 0.02)
    return _run(scenario, replication, records, cpu_s(scenario) + luck)


def luck_alone(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """The answer does not depend on the inputs."""
    luck = generator(scenario.run.seed, replication, "luck", repr(cpu_s(scenario))).uniform(0.0, 0.02)
    return _run(scenario, replication, records, 0.01 + luck)


def no_success(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Above 20 ms every call fails."""
    cause = None if cpu_s(scenario) < 0.02 else "queue_full"
    run = run_data(scenario, [Call(0.01, cause=cause)] * 20, replication=replication)
    return replace(run, records=None)


@pytest.mark.slow
def test_a_linear_answer_has_the_distribution_of_the_input():
    found = uncertain(scenario(), draws=64, replications=3, executor=fakes.Fake(linear))
    answer = found["mean"]
    assert (answer.p5, answer.p50, answer.p95) == pytest.approx((11.0, 20.0, 29.0), abs=0.2)
    assert answer.split is not None
    assert answer.split.inputs == pytest.approx(20.0**2 / 12, rel=0.05)
    assert (answer.split.noise, answer.inputs_share) == (0.0, 1.0)
    assert answer.ranking is not None
    first, second = answer.ranking.influences
    assert (first.field, first.direction) == ("models.m.service.cpu", 1)
    assert first.share == pytest.approx(1.0, abs=1e-6)
    assert second.share == pytest.approx(0.0, abs=1e-6)
    assert answer.ranking.resolved
    (chance,) = found.expect
    assert (chance.holds, chance.fails, chance.undecided) == (0.5, 0.5, 0.0)


@pytest.mark.slow
def test_luck_and_inputs_are_told_apart():
    """Uniform inputs and uniform luck of the same width: half of the variance each."""
    found = uncertain(scenario(), draws=32, replications=60, executor=fakes.Fake(with_luck))
    share = found["mean"].inputs_share
    assert share == pytest.approx(0.5, abs=0.08)
    variance = json.loads(found.to_json())["figures"]["mean"]["variance"]
    assert list(variance) == [
        "inputs",
        "noise",
        "inputs_share",
        "noise_share",
        "inputs_share_ci95",
        "inputs_below_zero",
    ]
    assert variance["noise_share"] == pytest.approx(1.0 - variance["inputs_share"])


@pytest.mark.slow
def test_luck_alone_leaves_nothing_for_the_inputs():
    found = uncertain(scenario(), draws=64, replications=10, executor=fakes.Fake(luck_alone))
    answer = found["mean"]
    assert answer.inputs_share is not None
    assert answer.inputs_share < 0.05
    assert answer.ranking is not None
    assert not answer.ranking.resolved


@pytest.mark.slow
def test_one_seed_gives_the_same_bytes_and_another_one_others():
    texts = [
        uncertain(scenario(), draws=16, replications=2, executor=fakes.Fake(with_luck)).to_json() for _ in range(2)
    ]
    assert texts[0] == texts[1]
    other = scenario(TEXT.replace("duration: 100 s", "duration: 100 s, seed: 2"))
    assert uncertain(other, draws=16, replications=2, executor=fakes.Fake(with_luck)).to_json() != texts[0]
    with fakes.Fake(with_luck, local(2)) as executor:
        assert uncertain(scenario(), draws=16, replications=2, executor=executor).to_json() == texts[0]


def test_a_figure_that_is_missing_in_some_draws_has_a_reason():
    found = uncertain(
        scenario(), draws=16, replications=2, executor=fakes.Fake(no_success), metrics=["mean", "error_rate"]
    )
    assert found["mean"].reason == "no successful call in 8 of 16 draws"
    assert found["error_rate"].inputs_share == 1.0
    assert found.frame["p50"].isna().tolist() == [True, False]
    assert json.loads(found.to_json())["figures"]["mean"] == {
        "unit": "ms",
        "reason": "no successful call in 8 of 16 draws",
    }


def test_tables_for_a_notebook():
    found = uncertain(scenario(), draws=16, replications=2, executor=fakes.Fake(linear), metrics=["mean", "p99"])
    assert list(found.frame.index) == ["mean", "p99"]
    assert found.frame.loc["mean", "measure_first"] == "models.m.service.cpu"
    assert len(found.ranking) == 4
    assert list(found.drawn.columns) == ["models.m.service.cpu", "models.m.service.wait", "mean", "p99"]
    assert len(found.drawn) == 16
    assert "models.m.service.cpu" in found._repr_html_()
    assert repr(found) == "Uncertain('unsure', 2 beliefs, 16 draws x 2 replications)"
    with pytest.raises(KeyError, match="one of mean, p99"):
        found["p50"]


def test_the_engine_itself(tmp_path: Path):
    file = tmp_path / "unsure.yaml"
    file.write_text(TEXT.replace("100 s", "20 s").replace("1 /s", "10 /s"))
    found = uncertain(file, draws=8, replications=2, metrics=["p50", "cpu_utilization"])
    assert found.self_check is None
    for name in ("p50", "cpu_utilization"):
        answer = found[name]
        assert answer.ranking is not None
        assert answer.ranking.influences[0].field == "models.m.service.cpu"
        assert answer.inputs_share is not None
        assert answer.inputs_share > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["p98x"]}, "unknown metric 'p98x': one of mean, p50"),
        ({"metrics": ["cache_hit_ration"]}, "did you mean cache_hit_ratio?"),
        ({"metrics": ["cost.month"]}, "cost.month is not a figure of each replication"),
        ({"metrics": ["cost"]}, "write it in `expect`"),
        ({"draws": 7}, "7 draws are too few to rank 2 inputs: at least 8"),
        ({"replications": 1}, "at least 2 are needed"),
    ],
)
def test_senseless_questions_are_refused_before_anything_is_simulated(arguments, message):
    with pytest.raises(UserError) as error:
        uncertain(scenario(), **arguments)
    assert message in str(error.value)
    assert error.value.exit_code == 64


def test_a_scenario_without_beliefs_is_told_what_to_write():
    text = TEXT.replace("{uncertain: {uniform: {low: 10 ms, high: 30 ms}}}", "20 ms")
    plain = scenario(text.replace("{uncertain: {uniform: {low: 0 ms, high: 2 ms}}}", "1 ms"))
    with pytest.raises(UserError, match=r"nothing is uncertain: write \{uncertain: "):
        uncertain(plain)


def test_a_draw_that_is_no_scenario_is_told():
    text = TEXT.replace("memory: 10 MB", "memory: 10 MB\n    workers: {uncertain: {uniform: {low: 0, high: 2}}}")
    with pytest.raises(ScenarioError, match=r"models\.m\.workers=0"):
        uncertain(scenario(text), executor=fakes.Fake(linear))


def mostly_fast(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Each replication has another number of slow calls: 0, 2 or 4 of 20."""
    calls = [Call(1.0 if index < 2 * replication else 0.01) for index in range(20)]
    return run_data(scenario, calls, replication=replication, records=None)


def test_a_percentile_of_a_draw_is_that_of_all_its_calls():
    found = uncertain(scenario(), draws=8, replications=3, executor=fakes.Fake(mostly_fast), metrics=["p90"])
    # 6 of 60 calls are slow: the p90 of all is fast, those of the replications are fast, fast and slow
    assert found["p90"].of_draws == (10.0,) * 8


def test_a_figure_that_never_varies_has_no_input_to_measure():
    found = uncertain(scenario(), draws=8, replications=2, executor=fakes.Fake(linear), metrics=["mean", "error_rate"])
    shown = text(uncertain_report(found))
    assert "error_rate: never varied, 0 % in all 8 draws\n" in shown
    assert "order is not resolved" not in shown.partition("error_rate: never")[2]
    assert not isinstance(found.frame.loc["error_rate", "measure_first"], str)


def never(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    raise AssertionError("simulated again")


def test_what_is_in_the_store_is_not_simulated_again(tmp_path: Path):
    file, seen = tmp_path / "kept" / "u.sqlite", list[tuple[int, int, int, int]]()
    first = uncertain(scenario(), draws=8, replications=2, executor=fakes.Fake(with_luck), store=file)
    again = uncertain(
        scenario(), draws=8, replications=2, executor=fakes.Fake(never), store=file, watch=lambda *now: seen.append(now)
    )
    assert again.to_json() == first.to_json()
    assert seen[-1] == (0, 16, 16, 0)


def test_the_verdicts_on_the_measured_time_are_counted():
    found = uncertain(scenario(), draws=8, replications=2, executor=fakes.Fake(linear))
    counted = json.loads(found.to_json())["steady_state"]
    assert counted == {
        "steady": 0,
        "warming up": 0,
        "saturated": 0,
        "too short": 0,
        "not judged": 8,
        "run_at_least_s": None,
    }

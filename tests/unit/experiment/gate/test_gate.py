"""A whole gate on runs that are made by hand: pilot, design, looks, store, errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mmesim.errors import TraceError, UserError
from mmesim.experiment.execute.task import Observer
from mmesim.experiment.gate.cases import RUNS
from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.design import LONGEST, MANY
from mmesim.experiment.gate.gate import gate
from mmesim.experiment.numbers import GATE as FIRST
from mmesim.experiment.numbers import GATE_PILOT as PILOT
from mmesim.results.answers.gated import Gated, GatedLine, GatedScenario
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.file.load import load
from mmesim.workload.draws.generators import generator
from tests.unit.experiment.fakes import Fake
from tests.unit.results.synthetic import Call, hosts, run_data, windows

TEXT = """\
name: {name}
endpoint: {{vcpu: 4, memory: 16 GiB, instance_count: 2, price_per_hour: 1 USD}}
models: [{{name: m, count: 2, artifact_size: 1 MB, memory: 10 MB, service: {{cpu: 5 ms}}}}]
traffic: [{{arrivals: {arrivals}}}]
run: {{duration: {duration} s, warmup: 20 s}}
expect: {expect}
"""
STEADY = "{poisson: {rate: 1 /s}}"
PLANNED = "{schedule: {rates: {0 s: 1 /s, 60 s: 2 /s}}}"
CALLS = 100
KINDS = {
    (slow, fails): Call(0.9 if slow else 0.1, cause="queue_full" if fails else None)
    for slow in (False, True)
    for fails in (False, True)
}
"""(slow, failed) -> a call."""

Simulate = Callable[[Scenario, int, Observer | None, int | None], RunData]


def write(folder: Path, expect: str, name: str = "a", arrivals: str = STEADY, duration: int = 120) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(TEXT.format(name=name, expect=expect, arrivals=arrivals, duration=duration))
    return path


class Engine:
    """100 calls for each 100 s, of which each is slow, or fails, with some chance; it counts its runs."""

    def __init__(self, slow: float = 0.0, failing: float = 0.0) -> None:
        self.slow = slow
        self.failing = failing
        self.runs: list[tuple[str, int, float]] = []

    def __call__(self, scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        run_s = scenario.run.duration_s - scenario.run.cut_s
        self.runs.append((scenario.name, replication, run_s))
        draws = generator(scenario.run.seed, replication, "fake").random((round(run_s), 2))
        calls = [KINDS[a < self.slow, b < self.failing] for a, b in draws.tolist()]
        minutes = windows(math.ceil(scenario.run.duration_s / 60.0))
        return run_data(scenario, calls, replication=replication, windows=minutes, records=None)


def run(engine: Simulate, *files: Path, store: Path | None = None) -> Gated:
    return gate(files, executor=Fake(engine), store=store)


def one(engine: Simulate, file: Path) -> tuple[GatedScenario, GatedLine]:
    (scenario,) = run(engine, file).scenarios
    (line,) = scenario.lines
    return scenario, line


def test_a_share_far_inside_its_limit_passes(tmp_path):
    scenario, line = one(Engine(slow=0.02), write(tmp_path, "[p90 < 500 ms]"))
    assert (scenario.verdict, line.verdict, line.decided_by) == ("pass", "pass", "sequential test")
    assert (line.figure, line.unit, line.limit, line.fails_on) == (
        "share_over 500 ms",
        "share",
        0.1,
        "share_over 505 ms",
    )
    assert line.fails_beyond == line.limit
    assert line.value is not None
    assert line.value == pytest.approx(0.02, abs=0.01)
    assert line.margin == pytest.approx(1.0 - line.value / 0.1)
    assert line.interval is not None
    assert line.interval[0] < line.value < line.interval[1]
    assert line.shown_value == pytest.approx(100.0)
    assert line.shown_unit == "ms"
    assert (line.needed, line.reason, line.between_s) == (None, None, None)


def test_a_share_far_beyond_fails(tmp_path):
    scenario, line = one(Engine(slow=0.2), write(tmp_path, "[p90 < 500 ms]"))
    assert (scenario.verdict, line.verdict) == ("fail", "fail")
    assert scenario.replications in (10, 20)
    assert line.margin is not None
    assert line.margin < 0.0


def test_a_share_on_the_limit_stays_open_and_says_what_it_needs(tmp_path):
    scenario, line = one(Engine(slow=0.097), write(tmp_path, "[p90 < 500 ms]"))
    assert (scenario.verdict, scenario.replications, line.replications) == ("undecided", 80, 80)
    assert RUNS == MANY + 80
    assert line.reason is not None
    assert line.needed is None or line.needed > 0


def test_the_pilot_has_seeds_of_its_own_and_the_gate_others_than_a_run(tmp_path):
    engine = Engine(slow=0.02)
    scenario, _ = one(engine, write(tmp_path, "[p90 < 500 ms]"))
    assert scenario.design is not None
    numbers = [number for _, number, _ in engine.runs]
    pilot = scenario.design.pilot_replications
    assert numbers[:pilot] == list(range(PILOT, PILOT + pilot))
    assert numbers[pilot:] == list(range(FIRST, FIRST + scenario.replications))
    assert scenario.simulated == len(numbers)


@pytest.mark.slow
def test_a_pilot_that_saw_nothing_has_100_replications_and_a_steady_run_is_lengthened(tmp_path):
    # Blocks are 1.6 s long or so: 400 s hold too few of them for 0.01 %.
    engine = Engine()
    scenario, line = one(engine, write(tmp_path, "[error_rate < 0.01 %]", duration=420))
    assert scenario.design is not None
    assert (scenario.design.pilot_replications, scenario.design.pilot_skewness) == (100, 0.0)
    assert scenario.design.joined
    assert 1 < scenario.design.length <= LONGEST
    lengths = {run_s for _, number, run_s in engine.runs if number >= FIRST}
    assert lengths == {400.0 * scenario.design.length}
    assert (line.verdict, line.decided_by, line.value) == ("pass", "clean blocks", 0.0)
    assert line.interval is not None
    assert 0.0 == line.interval[0] < line.interval[1] < 0.0001


def test_what_is_bad_in_every_call_needs_no_long_replications(tmp_path):
    scenario, line = one(Engine(slow=1.0), write(tmp_path, "[p90 < 500 ms]"))
    assert scenario.design is not None
    assert scenario.design.length == 1
    assert (line.verdict, line.value, scenario.replications) == ("fail", 1.0, 10)


def test_what_is_too_short_to_be_seen_steady_is_run_several_times(tmp_path):
    # It may be a cold start, of which there is one in a run, however long that is.
    engine = Engine()
    scenario, _ = one(engine, write(tmp_path, "[error_rate < 0.1 %]", duration=120))
    assert scenario.design is not None
    assert scenario.design.length > 1
    assert not scenario.design.joined
    assert {run_s for _, _, run_s in engine.runs} == {100.0}


@pytest.mark.slow
def test_what_is_not_steady_is_run_several_times_instead(tmp_path):
    engine = Engine()
    scenario, _ = one(engine, write(tmp_path, "[error_rate < 0.1 %]", arrivals=PLANNED))
    assert scenario.design is not None
    assert not scenario.design.joined
    assert {run_s for _, _, run_s in engine.runs} == {100.0}
    gated = [number for _, number, _ in engine.runs if number >= FIRST]
    assert gated == list(range(FIRST, FIRST + scenario.design.length * scenario.replications))


def test_skewed_replications_are_lengthened_by_their_skewness(tmp_path):
    # 0.3 slow calls a run on average: most runs have none
    scenario, _ = one(Engine(slow=0.003), write(tmp_path, "[p99 < 500 ms]"))
    assert scenario.design is not None
    assert scenario.design.pilot_skewness > 1.0
    assert scenario.design.pilot_replications == 100
    assert scenario.design.length > 1


def test_each_window_is_a_line_and_shares_the_error_of_a_wrong_fail(tmp_path):
    file = write(tmp_path, "[p90 in every 100 s < 500 ms, mean < 10 s]", duration=320)
    (scenario,) = run(Engine(slow=0.02), file).scenarios
    assert [line.between_s for line in scenario.lines] == [(20.0, 120.0), (120.0, 220.0), (220.0, 320.0), None]
    assert [line.verdict for line in scenario.lines] == ["pass"] * 4
    assert scenario.design is not None
    assert scenario.design.alpha_pass == 0.025
    assert scenario.design.alpha_fail == 0.025 / 4
    assert not scenario.design.joined


def test_windows_with_too_few_calls_are_joined_by_the_pilot(tmp_path):
    file = write(tmp_path, "[p90 in every 50 s < 500 ms]", duration=220)
    (scenario,) = run(Engine(slow=0.02), file).scenarios
    assert [(line.between_s, line.joined_windows) for line in scenario.lines] == [
        ((20.0, 120.0), 2),
        ((120.0, 220.0), 2),
    ]


def test_a_figure_of_each_model_is_not_that_of_a_longer_run(tmp_path):
    (scenario,) = run(Engine(), write(tmp_path, "[p90 < 500 ms, tenants.meet_slo >= 50 %]")).scenarios
    assert scenario.design is not None
    assert not scenario.design.joined


def test_with_one_more_instance_models_meet_the_same_limits(tmp_path):
    # All calls of the second model are slow, on however many instances; they are too few for the limit of all calls.
    def simulate(scenario: Scenario, number: int, observer: Observer | None, records: int | None) -> RunData:
        calls = [Call(0.1)] * 95 + [Call(0.9, model=1)] * 5
        return run_data(scenario, calls, replication=number, records=None)

    file = write(tmp_path, "[p90 < 500 ms, tenants.meet_slo >= 90 %]")
    (found,) = gate([file], executor=Fake(simulate), explain=True).scenarios
    assert [line.verdict for line in found.lines] == ["pass", "fail"]
    assert found.one_more_instance is not None
    assert [(line.text, line.verdict, line.value) for line in found.one_more_instance] == [
        ("tenants.meet_slo >= 90 %", "fail", 0.5)
    ]


def test_what_is_not_random_is_compared_as_it_is(tmp_path):
    (scenario,) = run(Engine(), write(tmp_path, "[cost.month < 1500 USD, pids.peak < 100, max < 1 s]")).scenarios
    assert [line.decided_by for line in scenario.lines] == ["as it is", "worst replication", "worst replication"]
    assert [line.verdict for line in scenario.lines] == ["pass"] * 3
    assert [line.interval for line in scenario.lines] == [None] * 3
    assert scenario.replications == 10
    assert scenario.lines[1].reason == "the worst of 10 replications decides"


def test_a_scenario_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    good, bad = write(tmp_path, "[p90 < 500 ms]"), tmp_path / "b.yaml"
    bad.write_text("name: b\nexpect: [p90 < 500]\n")
    found = run(Engine(slow=0.02), bad, good)
    assert found.verdict == "fail"
    assert [one.verdict for one in found.scenarios] == ["fail", "pass"]
    assert found.scenarios[0].error is not None
    assert "b.yaml:2" in found.scenarios[0].error
    assert found.scenarios[0].lines == []


def test_nor_does_one_that_cannot_be_simulated(tmp_path):
    engine = Engine(slow=0.02)

    def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        if scenario.name == "b":
            raise TraceError("day.csv:3: time goes back")
        return engine(scenario, replication, observer, records)

    files = [write(tmp_path, f"[p90 < {limit} ms]", name) for name, limit in zip("abc", (500, 510, 520), strict=True)]
    found = run(simulate, *files)
    assert [one.verdict for one in found.scenarios] == ["pass", "fail", "pass"]
    assert found.scenarios[1].error == f"{files[1]}: day.csv:3: time goes back"
    assert len([name for name, number, _ in engine.runs if name == "a" and number == FIRST]) == 1


def test_a_run_that_is_taken_again_counts_once(tmp_path):
    # As when another scenario of the same round cannot be simulated.
    course = Course(load(write(tmp_path, "[p90 < 500 ms]")))
    for stage in range(2):
        first, *others = [
            run_data(one.scenario, [Call(0.9 if stage and not index else 0.1)] * 10, replication=one.number)
            for index, one in enumerate(course.wanted)
        ]
        for taken in [first] * 10 + others:
            course.take(taken)
        if not stage:
            course.advance()
            while course.design is None:
                for one in course.wanted:
                    course.take(run_data(one.scenario, [Call(0.1)] * 10, replication=one.number))
                course.advance()
    assert course.histograms.percentile_ms(course.lines[0].expectation) == pytest.approx(100.0)


def test_a_file_that_expects_nothing_says_what_to_add(tmp_path):
    (scenario,) = run(Engine(), write(tmp_path, "[]")).scenarios
    assert scenario.error is not None
    assert "nothing is expected: add `expect`, such as [p99 < 500 ms]" in scenario.error


def test_scenarios_that_differ_in_their_names_alone_share_their_runs(tmp_path):
    engine = Engine(slow=0.02)
    found = run(engine, *(write(tmp_path, "[p90 < 500 ms]", name) for name in "ab"))
    assert [one.name for one in found.scenarios] == ["a", "b"]
    assert found.scenarios[0].lines == found.scenarios[1].lines
    assert {name for name, _, _ in engine.runs} == {"a"}


def test_the_same_gate_again_simulates_nothing_and_finds_the_same(tmp_path):
    file, store = write(tmp_path, "[p90 < 500 ms, error_rate < 1 %]"), tmp_path / "store.sqlite"
    first = run(Engine(slow=0.02), file, store=store)
    engine = Engine()
    again = run(engine, file, store=store)
    assert engine.runs == []
    assert again.scenarios[0].simulated == 0
    assert again.scenarios[0].lines == first.scenarios[0].lines
    assert again.scenarios[0].design == first.scenarios[0].design


def test_another_limit_is_another_gate(tmp_path):
    store = tmp_path / "store.sqlite"
    run(Engine(slow=0.02), write(tmp_path, "[p90 < 500 ms]"), store=store)
    engine = Engine(slow=0.02)
    run(engine, write(tmp_path, "[p95 < 500 ms]"), store=store)
    assert engine.runs == []  # the same calls are counted: the runs are there, the verdict is new
    run(engine, write(tmp_path, "[p90 < 400 ms]"), store=store)
    assert engine.runs != []


def test_a_gate_that_was_interrupted_goes_on(tmp_path):
    file, store = write(tmp_path, "[p90 < 500 ms]"), tmp_path / "store.sqlite"
    whole = Engine(slow=0.02)
    expected = run(whole, file)
    engine = Engine(slow=0.02)

    def interrupted(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        if replication == FIRST + 4:
            raise KeyboardInterrupt
        return engine(scenario, replication, observer, records)

    with pytest.raises(KeyboardInterrupt):
        run(interrupted, file, store=store)
    before = len(engine.runs)
    found = run(engine, file, store=store)
    assert found.scenarios[0].lines == expected.scenarios[0].lines
    assert sorted(engine.runs) == sorted(whole.runs)
    assert found.scenarios[0].simulated == len(whole.runs) - before


def test_short_scenarios_are_looked_at_first(tmp_path):
    engine = Engine(slow=0.02)

    def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        found = engine(scenario, replication, observer, records)
        return replace(found, wall_s=5.0 if scenario.name == "a" else 1.0)

    run(simulate, write(tmp_path, "[p90 < 500 ms]", "a"), write(tmp_path, "[p90 < 510 ms]", "b"))
    gated = [name for name, number, _ in engine.runs if number >= FIRST]
    assert gated[:20] == ["b"] * 10 + ["a"] * 10


def test_the_watch_hears_of_every_run(tmp_path):
    heard: list[tuple[int, int, int, int]] = []
    found = gate(
        [write(tmp_path, "[p90 < 500 ms]")],
        executor=Fake(Engine(slow=0.02)),
        watch=lambda *counts: heard.append(counts),
    )
    assert len(heard) == found.scenarios[0].simulated
    assert heard[-1][0] == heard[-1][2] == found.scenarios[0].simulated


def test_one_file_may_be_given_by_its_name(tmp_path):
    found = gate(str(write(tmp_path, "[p90 < 500 ms]")), executor=Fake(Engine(slow=0.02)))
    assert [one.name for one in found.scenarios] == ["a"]


def test_overrides_hold_for_every_scenario(tmp_path):
    engine = Engine(slow=0.02)
    gate([write(tmp_path, "[p90 < 500 ms]")], overrides=["run.duration=70 s"], executor=Fake(engine))
    assert {run_s for _, _, run_s in engine.runs} == {50.0}


def test_who_may_refuse_a_scenario_is_asked(tmp_path):
    def refuse(scenario: Scenario) -> None:
        raise UserError(f"{scenario.name} is not wanted")

    found = gate([write(tmp_path, "[p90 < 500 ms]")], executor=Fake(Engine()), allowed=refuse)
    assert found.scenarios[0].error == "a is not wanted"


def test_calls_that_are_not_there_leave_a_line_open(tmp_path):
    scenario, line = one(Engine(), write(tmp_path, "[p90 cold < 500 ms]"))
    assert (scenario.verdict, line.value, line.needed) == ("undecided", None, None)
    assert line.reason == "no value: no cold call"
    assert scenario.replications == 20  # and are not waited for


@pytest.mark.slow
def test_there_are_no_more_blocks_than_calls(tmp_path):
    # 100 short calls in 100 s: thousands of blocks of their length would fit
    def short(scenario: Scenario, number: int, observer: Observer | None, records: int | None) -> RunData:
        run_s = scenario.run.duration_s - scenario.run.cut_s
        return run_data(scenario, [Call(0.001)] * round(run_s), replication=number, records=None)

    scenario, line = one(short, write(tmp_path, "[p99 < 500 ms]"))
    assert scenario.design is not None
    calls = CALLS * scenario.design.length * scenario.replications
    assert (line.verdict, line.decided_by) == ("pass", "clean blocks")
    assert line.reason == f"{calls:,} of {calls:,} independent blocks are clean"
    assert line.interval is not None
    assert line.interval[0] <= line.interval[1] < 0.01


@pytest.mark.slow
def test_half_the_allowed_share_passes_and_twice_fails_nearly_always(tmp_path):
    verdicts: dict[float, list[str]] = {0.05: [], 0.2: []}
    for slow, found in verdicts.items():
        for seed in range(8):
            file = write(tmp_path, "[p90 < 500 ms]")
            result = gate([file], overrides=[f"run.seed={seed}"], executor=Fake(Engine(slow=slow)))
            found.append(result.verdict)
    assert verdicts[0.05].count("pass") >= 7
    assert verdicts[0.2].count("fail") >= 7


@pytest.mark.slow
def test_the_worst_of_all_runs_decides_also_where_a_replication_is_the_mean_of_several(tmp_path):
    def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        slowest = Call(3.0 if replication == FIRST + 5 else 0.2)
        return run_data(scenario, [Call(0.1)] * 99 + [slowest], replication=replication, records=None)

    file = write(tmp_path, "[max < 2 s, throughput > 100 /d, error_rate < 0.4 %]", arrivals=PLANNED)
    (scenario,) = run(simulate, file).scenarios
    assert scenario.design is not None
    assert scenario.design.length > 1
    assert (scenario.lines[0].verdict, scenario.lines[0].value) == ("fail", 3000.0)


def test_a_rate_of_what_never_happens_needs_time(tmp_path):
    # 40 runs of 100 s are 1.1 h: at 3 /h, 6.5 nats of chance take 2.2 h
    (scenario,) = run(Engine(), write(tmp_path, "[requests.errors.queue_full < 3 /h]")).scenarios
    (line,) = scenario.lines
    assert scenario.design is not None
    assert (scenario.design.pilot_replications, scenario.design.length) == (100, 2)
    assert (line.verdict, line.decided_by, line.value, line.unit) == ("pass", "clean blocks", 0.0, "/s")
    assert line.interval is not None
    assert 0.0 == line.interval[0] < line.interval[1] < line.limit


def test_a_saturated_run_is_not_lengthened(tmp_path):
    # A queue that grows is longer in a longer run: what is asked of the scenario as written is asked of that.
    engine = Engine(slow=0.003)

    def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        found = engine(scenario, replication, observer, records)
        full = hosts(seconds=100.0, cpu_busy_s=200.0)
        return replace(found, hosts=full)

    scenario, _ = one(simulate, write(tmp_path, "[p99 < 500 ms]"))
    assert scenario.design is not None
    assert not scenario.design.joined
    assert {run_s for _, _, run_s in engine.runs} == {100.0}

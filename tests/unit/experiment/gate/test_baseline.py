"""A scenario beside its baseline: nothing when nothing changed, each change with its interval and what caused it."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mmesim.experiment.execute.task import Observer
from mmesim.experiment.gate import design
from mmesim.experiment.gate.baseline.baseline import DEFAULTS
from mmesim.experiment.gate.baseline.kept import MOST_WINDOWS
from mmesim.experiment.gate.baseline.kept import kept as kept_of
from mmesim.experiment.gate.baseline.unchanged import KEPT
from mmesim.experiment.gate.gate import gate
from mmesim.experiment.numbers import GATE as FIRST
from mmesim.experiment.numbers import GATE_PILOT as PILOT
from mmesim.results.answers.gated import Delta, Drift, GatedScenario
from mmesim.results.comparison import semantics
from mmesim.results.comparison.baseline import LONGEST, Baseline, Origin, file_of, read
from mmesim.results.expect.questions import questions
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.stats.looks import LOOKS
from mmesim.workload.draws.generators import generator
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import Call, run_data, scenario

TEXT = """
name: warm
endpoint: {vcpu: 2, memory: 8 GiB, price_per_hour: 0.36 USD}
models: [{name: m, count: 2, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 10 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s, seed: 7}
expect: [mean < 25 ms, p90 > 10 ms]
"""
SLOWER = "models.m.service.cpu=10.5 ms"


def simulated(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Calls that take the service time of the scenario and some noise, which depends on (seed, replication) alone."""
    draws = generator(scenario.run.seed, replication, "fake").random(50)
    service = scenario.models[0].service
    assert service is not None
    calls = [Call(service.cpu.mean * (0.9 + 0.2 * float(x))) for x in draws]
    return run_data(scenario, calls, replication=replication, records=None)


class Counted(fakes.Fake):
    """Runs a fake, and keeps which replications it was asked for."""

    def __init__(self, simulate: fakes.Simulate = simulated) -> None:
        self.numbers: list[int] = []

        def counting(scenario: Scenario, number: int, observer: Observer | None, records: int | None) -> RunData:
            self.numbers.append(number)
            return simulate(scenario, number, observer, records)

        super().__init__(counting)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "warm.yaml"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    return path


def tried(file: Path, *overrides: str, **changes: Any) -> GatedScenario:
    given: dict[str, Any] = {"executor": Counted(), "overrides": overrides} | changes
    (found,) = gate([file], **given).scenarios
    return found


def made(file: Path, *overrides: str, **changes: Any) -> Baseline:
    """The baseline of today."""
    fresh: dict[Path, Baseline] = {}
    assert tried(file, *overrides, fresh=fresh, **changes).error is None
    ((place, baseline),) = fresh.items()
    assert place == file_of(file)
    return baseline


@cache
def plain() -> Baseline:
    """The baseline of the scenario as it is."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "warm.yaml")
        file.write_text(TEXT, encoding="utf-8")
        return made(file)


def kept(file: Path, *overrides: str, **changes: Any) -> Baseline:
    """The baseline of today, saved beside the scenario."""
    baseline = made(file, *overrides, **changes) if overrides or changes else plain()
    baseline.save(file_of(file))
    return baseline


def drift(file: Path, *overrides: str, **changes: Any) -> Drift:
    found = tried(file, *overrides, **changes)
    assert found.error is None
    assert found.drift is not None
    return found.drift


def delta(of: Drift, name: str) -> Delta:
    (found,) = (one for one in of.deltas if one.figure == name)
    return found


def edited(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    place = file_of(file)
    data = json.loads(place.read_text(encoding="utf-8"))
    change(data)
    place.write_text(json.dumps(data), encoding="utf-8")


def test_the_same_version_and_seed_give_the_same_figures_to_the_last_bit(file):
    baseline = kept(file)
    found = drift(file)
    assert (found.same_results, found.why_not, found.fields) == (True, [], [])
    assert (found.baseline, found.made_with) == (str(file_of(file)), "0.1.0")
    assert [one.figure for one in found.deltas] == list(baseline.figures)
    assert {one.difference for one in found.deltas} == {0.0}
    assert {one.interval for one in found.deltas} == {(0.0, 0.0)}
    assert not any(one.changed for one in found.deltas)


def test_without_a_baseline_there_is_no_drift_and_nothing_is_written(file):
    assert tried(file).drift is None
    kept(file)
    assert tried(file, baselines=False).drift is None
    assert sorted(path.name for path in file.parent.iterdir()) == ["warm.baseline.json", "warm.yaml"]


def test_a_baseline_keeps_what_decides_and_how_the_endpoint_fares(file):
    baseline = kept(file)
    assert set(baseline.figures) == {*KEPT, "share_over 10 ms"}
    assert (baseline.figures["p99"].unit, baseline.figures["cost.hour"].unit) == ("ms", "USD")
    assert baseline.figures["cost.hour"].values == [0.36] * baseline.replications
    assert baseline.fields["models.m.service.cpu"] == "0.01 s"
    assert not {"name", "run.replications"} & set(baseline.fields)
    assert baseline.made_with == Origin.here()


def test_a_change_is_shown_with_the_interval_of_the_pairs_and_the_field_behind_it(file):
    kept(file)
    found = drift(file, SLOWER)
    assert found.fields == [("models.m.service.cpu", "0.01 s", "0.0105 s")]
    mean = delta(found, "mean")
    assert mean.before is not None
    assert mean.difference is not None
    assert mean.after == pytest.approx(1.05 * mean.before, rel=1e-12)
    assert mean.difference == pytest.approx(0.05 * mean.before, rel=1e-12)
    # Without pairs the noise of a replication, 0.8 %, would be in it.
    assert mean.interval is not None
    assert mean.interval[1] - mean.interval[0] < 0.02 * mean.before * 0.05
    assert (mean.changed, mean.tolerance, mean.unit) == (True, 0.01, "ms")
    assert not delta(found, "error_rate").changed
    assert not delta(found, "cost.hour").changed


def test_a_change_within_the_tolerance_is_none(file):
    kept(file)
    found = drift(file, "models.m.service.cpu=10.05 ms")
    assert delta(found, "mean").difference == pytest.approx(0.05, rel=0.01)
    assert not delta(found, "mean").changed


def test_an_exact_figure_has_changed_when_it_differs_at_all(file):
    kept(file)
    cost = delta(drift(file, "endpoint.price_per_hour=0.3600001 USD"), "cost.hour")
    assert (cost.changed, cost.tolerance) == (True, 1e-9)


def test_a_comparison_has_the_length_and_number_of_the_baseline_and_the_verdict_its_own(file):
    baseline = kept(file)
    runs = Counted()
    edited(file, lambda data: data.update(length=3, joined=False))
    found = tried(file, executor=runs)
    assert found.design is not None
    assert found.design.length == baseline.length == 1
    compared = range(FIRST, FIRST + 3 * baseline.replications)
    assert set(runs.numbers) == {*range(PILOT, PILOT + found.design.pilot_replications), *compared}
    assert len(runs.numbers) == len(set(runs.numbers))
    assert found.drift is not None
    assert delta(found.drift, "mean").difference != 0.0


def test_more_replications_are_run_where_the_verdict_needs_fewer_than_the_baseline_has(file):
    baseline = kept(file)

    def doubled(data: dict[str, Any]) -> None:
        data["replications"] *= 2
        for one in data["figures"].values():
            one["values"] *= 2

    edited(file, doubled)
    runs = Counted()
    assert tried(file, executor=runs).replications == baseline.replications
    assert FIRST + 2 * baseline.replications - 1 in runs.numbers


def test_what_a_comparison_needed_is_in_the_store_too(file, tmp_path):
    kept(file)
    edited(file, lambda data: data.update(length=2, joined=False))
    store = tmp_path / "gate.sqlite"
    first = tried(file, store=store)
    runs = Counted()
    second = tried(file, store=store, executor=runs)
    assert runs.numbers == []
    assert second.drift == first.drift
    assert second.lines == first.lines


def test_verdicts_from_the_store_are_compared_with_a_baseline_that_came_later(file, tmp_path):
    store = tmp_path / "gate.sqlite"
    tried(file, store=store)
    kept(file, store=store)
    runs = Counted()
    assert not any(one.changed for one in drift(file, store=store, executor=runs).deltas)
    edited(file, lambda data: data.update(length=2, joined=False))
    assert drift(file, store=store, executor=runs).deltas
    assert set(runs.numbers) >= {FIRST + 10, FIRST + 19}


def test_figures_of_other_expectations_are_not_compared(file):
    kept(file)
    found = drift(file, "expect=[p90 > 9.9 ms, cost.month < 1000 USD]")
    assert [one.figure for one in found.deltas] == list(KEPT)
    assert found.fields == [("expect", "[mean < 25 ms, p90 > 10 ms]", "[p90 > 9.9 ms, cost.month < 1000 USD]")]


def test_a_line_about_some_calls_is_kept_with_the_calls_in_its_name(file):
    line = "expect=[p90 warm > 10 ms, mean in 10 s..20 s < 1 s, p90 in every 50 s > 10 ms]"
    names = set(kept(file, line).figures) - set(KEPT)
    assert names == {
        "share_over 10 ms of the warm calls",
        "mean of all calls from 10 s to 20 s",
        "share_over 10 ms of all calls from 0 s to 100 s",
    }


def test_a_line_of_many_windows_is_left_out():
    def names(windows: int) -> set[str]:
        of = scenario([f"p90 in every {100 / windows} s > 10 ms"])
        run = run_data(of, [Call(0.1)])
        run = replace(run, cells=replace(run.cells, calls=run.cells.calls + 1000))
        (e,) = of.expect
        return {one.name for one in kept_of(of, [(e, one) for one in questions(e, of, [run])])} - set(KEPT)

    assert len(names(MOST_WINDOWS)) == MOST_WINDOWS
    assert names(MOST_WINDOWS + 1) == set()


def failing(scenario: Scenario, number: int, observer: Observer | None, records: int | None) -> RunData:
    return run_data(scenario, [Call(cause="worker_died")] * 50, replication=number, records=None)


def test_a_figure_that_is_gone_has_changed(file):
    kept(file)
    found = drift(file, executor=Counted(failing))
    p99 = delta(found, "p99")
    assert (p99.after, p99.difference, p99.interval, p99.changed) == (None, None, None, True)
    assert delta(found, "error_rate").difference == 1.0


def test_a_share_that_should_be_high_changes_by_its_bad_side(file):
    def missing(share: float) -> fakes.Simulate:
        def simulate(scenario: Scenario, number: int, observer: Observer | None, records: int | None) -> RunData:
            run = simulated(scenario, number, observer, records)
            return replace(run, hits=1_000_000 - round(1e6 * share), misses=round(1e6 * share))

        return simulate

    kept(file, executor=Counted(missing(0.01)))
    assert not delta(drift(file, executor=Counted(missing(0.0104))), "cache_hit_ratio").changed
    assert delta(drift(file, executor=Counted(missing(0.0106))), "cache_hit_ratio").changed


def test_another_seed_is_a_field_that_changed_and_hardly_a_figure(file):
    kept(file)
    found = drift(file, "run.seed=8")
    assert found.fields == [("run.seed", "7", "8")]
    assert delta(found, "mean").difference != 0.0
    assert not delta(found, "mean").changed


def test_a_default_that_is_written_out_is_no_change(file):
    kept(file)
    assert drift(file, "server.job_queue_size=100").fields == []


def test_other_defaults_are_said_to_have_changed(file):
    kept(file)
    edited(file, lambda data: data.update(scenario_sha256="0"))
    assert drift(file).fields == [(DEFAULTS, None, None)]


def test_a_version_that_changes_results_says_so_and_why(file, monkeypatch):
    kept(file)
    added = semantics.Change(semantics.current() + 1, "0.2.0", "loads take turns", "the server does so")
    entries = (*semantics.changes(), added)
    monkeypatch.setattr(semantics, "changes", lambda: entries)
    found = drift(file, SLOWER)
    assert (found.same_results, found.why_not) == (False, ["loads take turns (since 0.2.0: the server does so)"])


def slightly(relative: float) -> Callable[[dict[str, Any]], None]:
    """Another value of one figure in one replication."""

    def change(data: dict[str, Any]) -> None:
        data["figures"]["p99"]["values"][0] *= 1.0 + relative

    return change


def test_last_digits_are_no_change_on_the_same_platform(file):
    kept(file)
    edited(file, slightly(1e-11))
    found = drift(file)
    assert found.same_results
    assert not delta(found, "p99").changed


def test_figures_that_differ_for_no_reason_are_not_passed_over(file):
    kept(file)
    edited(file, slightly(1e-7))
    found = drift(file)
    assert found.same_results is False
    assert found.why_not == ["no entry of its changelog of semantics says why: please report it"]
    assert not delta(found, "p99").changed
    assert drift(file, SLOWER).same_results  # the change of the scenario may be the reason


def test_another_machine_is_a_reason_where_more_than_last_digits_differ(file):
    kept(file)

    def elsewhere(data: dict[str, Any]) -> None:
        data["made_with"]["platform"] = "Darwin arm64"

    def slower(data: dict[str, Any]) -> None:
        data["figures"]["p99"]["values"] = [0.9 * value for value in data["figures"]["p99"]["values"]]

    edited(file, elsewhere)
    edited(file, slightly(1e-7))
    assert drift(file).same_results
    edited(file, slower)
    (why,) = drift(file).why_not
    here = Origin.here().platform
    assert (
        why
        == f"its figures were made with Darwin arm64 (here {here}): last digits may differ, and what follows from them"
    )


def test_a_baseline_is_the_same_in_every_folder(file, tmp_path):
    trace = "time,model\n" + "".join(f"{t},m-{t % 2}\n" for t in range(100))
    text = TEXT.replace("{arrivals: {poisson: {rate: 1 /s}}}", "{name: log, trace: {file: ../log.csv}}")
    baselines = []
    for home in (tmp_path / "a" / "deep", tmp_path / "b"):
        home.mkdir(parents=True)
        (home.parent / "log.csv").write_text(trace, encoding="utf-8")
        (home / "warm.yaml").write_text(text, encoding="utf-8")
        made(home / "warm.yaml").save(home / "warm.baseline.json")
        baselines.append((home / "warm.baseline.json").read_bytes())
    assert baselines[0] == baselines[1]
    assert b'"traffic.log.trace.file": "../log.csv"' in baselines[0]
    (tmp_path / "log.csv").write_text(trace.replace("99,m-1", "99,m-0"), encoding="utf-8")
    ((field, before, after),) = drift(tmp_path / "b" / "warm.yaml").fields
    assert field == "traffic.log.trace.file (SHA-256)"
    assert before != after


def test_a_baseline_that_cannot_be_used_is_the_error_of_its_scenario_alone(file):
    kept(file)
    other = file.with_name("other.yaml")
    other.write_text(TEXT.replace("name: warm", "name: other"), encoding="utf-8")
    file_of(file).rename(file_of(other))
    first, second = gate([file, other], executor=Counted()).scenarios
    assert (first.error, first.verdict) == (None, "pass")
    assert second.error is not None
    assert "is the baseline of the scenario 'warm', and this one is 'other'" in second.error
    assert (second.verdict, second.lines) == ("fail", [])


def test_what_is_to_be_replaced_need_not_be_usable_unless_it_is_somebody_elses(file):
    file_of(file).write_text("{", encoding="utf-8")
    assert "is not JSON" in str(tried(file).error)
    made(file).save(file_of(file))
    assert read(file_of(file), "warm") is not None
    file_of(file).write_text('{"rate": 3}', encoding="utf-8")
    fresh: dict[Path, Baseline] = {}
    assert "move it away" in str(tried(file, fresh=fresh).error)
    assert fresh == {}


def test_two_files_with_one_baseline_are_told_apart(file):
    twin = file.with_suffix(".yml")
    twin.write_text(TEXT, encoding="utf-8")
    fresh: dict[Path, Baseline] = {}
    first, second = gate([file, twin], executor=Counted(), fresh=fresh).scenarios
    assert first.error is None
    assert second.error == f"{twin}: its baseline would be {file_of(file)}, as that of {file}: rename one of them"
    assert list(fresh) == [file_of(file)]


def test_what_came_through_a_pipe_has_no_place_for_a_baseline(file):
    pipe = file.with_name("pipe.yaml")
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(TEXT, encoding="utf-8"))
    writer.start()
    found = tried(pipe, fresh={})
    writer.join()
    assert found.error == f"{pipe}: is not a file, so no baseline can lie beside it"


def test_no_design_of_a_gate_is_longer_than_a_baseline_may_be():
    assert max(design.LONGEST, *LOOKS) <= LONGEST


def test_a_scenario_that_cannot_be_tried_gets_no_baseline(file):
    fresh: dict[Path, Baseline] = {}
    assert tried(file, "endpoint.instance_count=0", fresh=fresh).error is not None
    assert fresh == {}


@pytest.mark.slow
def test_the_engine_itself_gives_the_same_figures_twice(file):
    kept(file, executor=None, jobs=1)
    found = drift(file, executor=None, jobs=1)
    assert {one.difference for one in found.deltas} == {0.0}
    slower = drift(file, SLOWER, executor=None, jobs=1)
    assert delta(slower, "mean").changed

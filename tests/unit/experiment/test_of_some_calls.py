"""What `expect` asks for of some of the calls stands in sweeps, differences and draws as in a run alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mmesim import diff
from mmesim.experiment.replicate import run_replications
from mmesim.experiment.sweep.result import SweepResult, swept_point
from mmesim.experiment.sweep.sweep import sweep
from mmesim.experiment.unknowns.uncertain import uncertain
from mmesim.report.content.diff import diff_report
from mmesim.report.content.sweep import sweep_report
from mmesim.report.text import text
from mmesim.results.comparison.compare import deltas
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.helpers.texts import load_text
from tests.unit.results.over_time.test_course import CRASH, of
from tests.unit.results.over_time.test_course import run as run_of

TEXT = """
name: some
endpoint: {vcpu: 4, memory: 16 GiB, usable_memory: 3 GiB, base_memory: 100 MiB, warm: true, price_per_hour: 0.3 USD}
models:
  - {name: m, count: 20, framework: xgboost, artifact_size: 10 MB, memory: 40 MiB, process_memory: 100 MiB,
     load: {wait: 300 ms}, service: {cpu: {lognormal: {mean: 12 ms, cv: 1.0}}}}
  - {name: k, framework: xgboost, artifact_size: 10 MB, memory: 40 MiB, process_memory: 100 MiB,
     load: {wait: 300 ms}, service: {cpu: 5 ms}}
traffic: [{arrivals: {poisson: {rate: 40 /s}}, popularity: {zipf: 0.7}}]
run: {duration: 60 s, warmup: 10 s, seed: 7, replications: 3}
expect: [p90 warm < 40 ms, p90 of k < 20 ms, p99 < 3 s, p99 in every 20 s < 3 s]
"""
NAMES = ["p90 warm", "share_over 40 ms warm", "share_over 20 ms of k"]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_text(TEXT)


def test_a_sweep_has_verdicts_and_figures_of_each_line(scenario: Scenario) -> None:
    field = "models.m.service.cpu.lognormal.mean"
    result = sweep(scenario, {field: ["6 ms", "30 ms"]}, replications=3)
    frame = result.frame
    for place, mean in enumerate(("6 ms", "30 ms")):
        alone: Any = run_replications(scenario.with_({field: mean})).summary["expect"]
        row = frame.iloc[place]
        for entry in alone:
            assert row[f"expect {entry['text']}"] == entry["verdict"]
        assert row["p90 warm_ms"] == pytest.approx(alone[0]["value"], rel=1e-11)
        assert [row["p90 warm_ms_low"], row["p90 warm_ms_high"]] == pytest.approx(alone[0]["ci95"], rel=1e-11)
        for name, entry in zip(NAMES[1:], alone, strict=False):
            assert row[name] == pytest.approx(entry["decided_on"]["value"], rel=1e-11)
            assert [row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx(entry["decided_on"]["ci95"], rel=1e-11)
    assert frame["expect p90 warm < 40 ms"].tolist() == ["pass", "fail"]
    shown = " ".join(text(sweep_report(result, ()), width=200).split())
    assert "p90 warm share over 40 ms warm share over 20 ms of k" in shown


def test_a_difference_has_verdicts_and_rows(scenario: Scenario) -> None:
    same = diff(scenario, scenario.with_(name="again"))
    for delta in same.deltas:
        if delta.difference.reason is not None:  # too few loads beyond it
            continue
        assert (delta.difference.value, delta.direction) == (0.0, "same"), delta.name
    faster = scenario.with_({"models.m.service.cpu.lognormal.mean": "6 ms"})
    slower = diff(faster, scenario.with_({"models.m.service.cpu.lognormal.mean": "30 ms"}))
    assert [delta.name for delta in slower.deltas if delta.name in NAMES] == NAMES
    assert slower["p90 warm"].effect == slower["share_over 40 ms warm"].effect == "worse"
    entry: Any = slower.b.summary["expect"][0]
    assert slower["p90 warm"].b.value == pytest.approx(entry["value"])
    verdicts: Any = {one["text"]: (one["a"], one["b"]) for one in json.loads(slower.to_json())["expect"]}
    assert verdicts["p90 warm < 40 ms"] == ("pass", "fail")
    assert len(verdicts) == 4
    shown = text(diff_report(slower))
    assert " ".join(next(line for line in shown.splitlines() if "p90 warm < 40 ms" in line).split()[-2:]) == "pass FAIL"


def test_what_one_side_expects_alone_has_a_dash_on_the_other(scenario: Scenario) -> None:
    found = diff(scenario, scenario.with_({"expect": ["p50 < 1 s"]}), replications=2)
    assert found.expect[-1][:2] == ("p50 < 1 s", None)
    assert found.expect[0][2] is None
    assert not any(delta.name in NAMES for delta in found.deltas)


def test_draws_have_the_figures(scenario: Scenario) -> None:
    believed = scenario.with_(
        {"models.m.service.cpu.lognormal.mean": "{uncertain: {uniform: {low: 6 ms, high: 30 ms}}}"}
    )
    found = uncertain(believed, draws=8, replications=3)
    for name in NAMES:
        assert len(found[name].of_draws) == 8, name
        assert found[name].reason is None
    warm = found["p90 warm"]
    assert warm.ranking is not None
    assert warm.ranking.influences[0].direction == 1
    means = [float(str(draw["models.m.service.cpu.lognormal.mean"]).split()[0]) for draw in found.draws]
    alone: Any = run_replications(scenario.with_({"models.m.service.cpu.lognormal.mean": f"{means[0]} ms"})).summary
    assert warm.of_draws[0] == pytest.approx(alone["expect"][0]["value"], rel=1e-9)
    assert "p90 warm" not in {answer.name for answer in uncertain(believed, draws=8, metrics=["p99"]).answers}


LOSS = """
name: loss
endpoint: {vcpu: 2, memory: 8 GiB, instance_count: 2, warm: true, provisioning: 1 min}
models: {name: m, count: 10, artifact_size: 20 MB, memory: 30 MB, service: {cpu: 20 ms}, load: {cpu: 2 s}}
traffic: {arrivals: {poisson: {rate: 10 /s}}}
run: {duration: 5 min, seed: 3}
faults: [{name: loss, instance_loss: {instance: 0}, at: 2 min}]
expect: [p90 < 500 ms, error_rate < 5 %, recovery after loss < 3 min]
"""


def test_recoveries_are_compared_pair_by_pair_and_stand_in_sweeps() -> None:
    scenario = load_text(LOSS)
    slow, quick = scenario.with_({"endpoint.loss_noticed_after": "50 s"}), scenario
    found = diff(quick, slow, replications=3)
    delta = found["recovery after loss"]
    alone = [1e3 * of.summary["happened"]["events"][0]["recovered_s"]["value"] for of in (found.a, found.b)]
    assert [delta.a.value, delta.b.value] == alone
    assert delta.difference.value == alone[1] - alone[0] > 0.0
    assert delta.difference.ci95 is not None
    shown = " ".join(text(diff_report(found)).split())
    assert re.search(r"recovery after loss [\d.]+ (s|min) ", shown)
    assert re.search(r"fault loss [\d,.]+ failed \(host_lost\)", shown)
    swept = sweep(scenario, {"endpoint.loss_noticed_after": ["10 s", "50 s"]}, replications=3).frame
    assert swept["recovery after loss_ms"].tolist() == alone


def test_a_difference_of_what_is_not_recovered_from_has_no_value_but_a_reason() -> None:
    ever = LOSS.replace("instance_loss: {instance: 0}", "slow_instance: {instance: 0, factor: 20}")
    ever = ever.replace("instance_count: 2", "instance_count: 1")
    found = diff(load_text(ever), load_text(ever.replace("factor: 20", "factor: 20, for: 30 s")), replications=2)
    delta = found["recovery after loss"]
    assert delta.a.reason == "not recovered from in 2 of 2 replications"
    assert delta.difference.value is None
    assert delta.b.value is not None


def test_recoveries_on_one_side_alone_are_decided_by_the_pairs() -> None:
    case = of("p99 < 1 s")

    def runs(slow: Sequence[Sequence[int]]) -> Result:
        return Result(case, tuple(replace(run_of(case, one), replication=i) for i, one in enumerate(slow)))

    over, ever = [0, 0, 20, 20, *[0] * 6], [0, 0, *[20] * 8]
    ways = {
        (8, 0): "higher",
        (5, 0): "undecided",  # one in 16 by chance
        (0, 8): "lower",
        (0, 0): "same",
    }
    for (worse, better), way in ways.items():
        pairs = [*[(over, ever)] * worse, *[(ever, over)] * better, *[(ever, ever)] * 2]
        delta = next(one for one in deltas(*map(runs, zip(*pairs, strict=True))) if one.name == "recovery after loss")
        assert (delta.direction, delta.difference.value) == (way, None)
        assert delta.effect == {"higher": "worse", "lower": "better"}.get(way)
        assert delta.difference.reason == (
            "not recovered from in some replications: "
            f"{better + 2} of {len(pairs)} in a and {worse + 2} of {len(pairs)} in b"
        )


def test_a_sweep_shows_the_recoveries_that_expect_names_and_all_on_demand() -> None:
    case = of("p99 < 1 s", "recovery after loss < 5 min")
    data = run_of(case, [0, 0, 20, 20, 20, *[0] * 5])
    points = (swept_point(0, {"endpoint.instance_count": 1}, Result(case, (data,))),)
    found = SweepResult(case, ("endpoint.instance_count",), points, 1, 1, 0)
    assert found.frame["recovery after loss_ms"].tolist() == [150_000.0]
    assert list(found.shown_of_some) == ["recovery after loss"]
    assert list(replace(found, shows_recoveries=True).shown_of_some) == list(found.of_some)
    assert f"recovery after {CRASH}" in found.of_some


def test_a_sweep_has_a_reason_for_a_recovery_that_it_shows_alone() -> None:
    case = of("p99 < 1 s")
    data = run_of(case, [0, 0, *[20] * 8])
    points = (swept_point(0, {"endpoint.instance_count": 1}, Result(case, (data,))),)
    found = SweepResult(case, ("endpoint.instance_count",), points, 1, 1, 0)
    reason = "- in recovery after loss: not recovered from"
    assert reason not in text(sweep_report(found, ()), width=200)
    assert reason in text(sweep_report(replace(found, shows_recoveries=True), ()), width=200)

"""How precise a figure is as a share of its value, and how precise it must be."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from mmesim.results.figures.figures import FORMULAS, formula
from mmesim.results.figures.latency import pool
from mmesim.results.result import Result
from mmesim.results.summary.until import Until, allowed, relative_half_width
from mmesim.scenario.run.settings import RunSettings
from mmesim.scenario.run.until import PRECISE, read_precision
from tests.helpers import schemas
from tests.unit.results.synthetic import Call, replications, scenario

SEEN = Until("mean within 5 %", True, (10, 15), 0.03, 1 / 21, 0.9929, 15)


def width(text: str, *calls: list[Call], confidence: float = 0.95) -> tuple[float | None, str | None]:
    runs = replications(scenario(), *calls)
    return relative_half_width(read_precision(text), runs, pool(runs), confidence)


def test_names_of_the_scenario_are_figures_of_the_results() -> None:
    assert {one.name for one in PRECISE} <= set(FORMULAS)
    assert get_args(RunSettings.model_fields["until"].annotation)


@pytest.mark.parametrize("within", [0.01, 0.05, 0.5])
def test_within_the_estimate_is_within_the_truth(within: float) -> None:
    # the worst case: the truth lies at the end of the interval
    half = allowed(within) * 100.0
    assert abs(100.0 - (100.0 - half)) == pytest.approx(within * (100.0 - half))


def test_mean_by_hand() -> None:
    # means 100 and 300 ms: 12.706 x 100 over 200
    found, reason = width("mean within 5 %", [Call(0.1)], [Call(0.3)])
    assert found == pytest.approx(12.7062047 * 100 / 200)
    assert reason is None


def test_the_half_width_is_not_cut_at_zero() -> None:
    found, _ = width("mean within 5 %", [Call(0.001)], [Call(0.3)])
    assert found is not None
    assert found > 12.0


def test_a_percentile_counts_half_a_bucket() -> None:
    found, _ = width("p50 within 5 %", [Call(0.1), Call(0.10005)] * 3, [Call(0.1), Call(0.10005)] * 3)
    assert found is not None
    assert 0.0 < found < 0.002


def test_the_level_of_the_look_is_used() -> None:
    (at_95, _), (at_99, _) = (width("mean within 5 %", [Call(0.1)], [Call(0.3)], confidence=c) for c in (0.95, 0.99))
    assert at_95 is not None
    assert at_99 is not None
    assert at_99 > 4 * at_95


def test_hits_without_a_miss_are_as_uncertain_as_their_number() -> None:
    found, _ = width("cache_hit_ratio within 5 %", [Call(0.1)] * 30, [Call(0.1)] * 30)
    assert found == pytest.approx(1 - 0.025 ** (1 / 60))


def test_a_figure_that_is_zero_has_no_relative_precision() -> None:
    found, reason = width("error_rate within 5 %", [Call(0.1)] * 30, [Call(0.1)] * 30)
    assert (found, reason) == (None, "error_rate is 0, which has no share")


def test_a_figure_without_a_value_says_why() -> None:
    lost = [Call(0.1, cause="queue_full")]
    assert width("p99 within 5 %", lost, lost) == (None, "no successful call")
    assert width("p99 within 5 %", [Call(0.1)]) == (None, "one replication has no interval")


def test_every_name_can_be_measured() -> None:
    runs = replications(scenario(), *[[Call(0.1), Call(0.1, load_wait=1.0, load=0)]] * 2)
    for name in (*(one.name for one in PRECISE), "throughput_rps", "p50"):
        assert formula(name)
        found, reason = relative_half_width(read_precision(f"{name} within 5 %"), runs, pool(runs), 0.95)
        assert (found is None) == (reason is not None), name


def test_the_summary_tells_where_it_stopped_and_at_which_level() -> None:
    of = scenario(["mean < 1 s"], run={"replications": 1, "until": "mean within 5 %"})
    runs = replications(of, [Call(0.1)], [Call(0.3)])
    summary = json.loads(Result(of, runs, SEEN).to_json())
    assert summary["until"] == {
        "target": "mean within 5 %",
        "reached": True,
        "looks": [10, 15],
        "half_width": 0.03,
        "allowed": pytest.approx(1 / 21),
        "confidence": 0.9929,
    }
    plain = json.loads(Result(of, runs).to_json())
    assert plain["until"] is None
    # every interval is at the level of a look: that of the figure, of the others, and what decides
    for wide, narrow in (
        (summary["latency_ms"]["mean"]["ci95"], plain["latency_ms"]["mean"]["ci95"]),
        (summary["latency_ms"]["p50"]["ci95"], plain["latency_ms"]["p50"]["ci95"]),
        (summary["share_over"]["1000 ms"]["ci95"], plain["share_over"]["1000 ms"]["ci95"]),
        (summary["expect"][0]["ci95"], plain["expect"][0]["ci95"]),
        (summary["expect"][0]["decided_on"]["ci95"], plain["expect"][0]["decided_on"]["ci95"]),
    ):
        assert wide[1] >= narrow[1]
    assert summary["latency_ms"]["mean"]["ci95"][1] > 2 * plain["latency_ms"]["mean"]["ci95"][1]
    assert summary["expect"][0]["decided_on"]["ci95"][1] > 2 * plain["expect"][0]["decided_on"]["ci95"][1]
    schemas.of_summaries().validate(summary)


def test_an_unreached_precision_fits_the_schema_too() -> None:
    of = scenario()
    unseen = Until("p99 within 5 %", False, (), None, 1 / 21, 0.99, 10, "interrupted before the first look")
    result = Result(of, replications(of, [Call(0.1)], [Call(0.3)]), unseen)
    summary = json.loads(result.to_json())
    assert summary["until"]["reason"] == "interrupted before the first look"
    assert (summary["interrupted"], result.planned) == (True, 10)
    schemas.of_summaries().validate(summary)

"""The verdict on a run, from windows made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.results.answers.sections import SteadyState
from mmesim.results.figures.series import batch_means, means, windows
from mmesim.results.summary.steady import steady_state
from mmesim.scenario import FoundWarmup, Scenario
from tests.unit.results.synthetic import Call, run_data, scenario
from tests.unit.results.synthetic import windows as minutes

MINUTES = 30
RISING = np.arange(MINUTES) + 0.5


def noise(seed: int, scale: float = 1.0) -> Any:
    return scale * np.random.default_rng(seed).normal(size=MINUTES)


def half_an_hour(warmup: float = 0.0, **changes: Any) -> Scenario:
    return scenario(run={"duration": 1800.0, "warmup": warmup}, **changes)


def judged(of: Scenario, *each: dict[str, Any], calls: list[Call] | None = None) -> SteadyState:
    """The verdict on one replication for each set of columns."""
    runs = [
        run_data(of, calls or [Call(0.1)] * 100, replication=i, windows=minutes(MINUTES, **columns))
        for i, columns in enumerate(each)
    ]
    return steady_state(of, runs)


def test_nothing_changes() -> None:
    state = judged(half_an_hour(), {})
    assert state == SteadyState(
        verdict="steady",
        evidence="no fall in misses or latency, no growth of the calls in the system",
        warmup_s=0.0,
        run_at_least_s=None,
    )


@pytest.mark.parametrize("replications", [1, 2, 4])
def test_a_queue_that_grows_is_saturated(replications: int) -> None:
    each = [{"RequestsInSystem": 10.0 * RISING + noise(i, 0.01)} for i in range(replications)]
    state = judged(half_an_hour(), *each)
    assert state.verdict == "saturated"
    # The line through ten batches of three minutes ends half a batch beyond the outer two means.
    assert state.evidence.startswith("the calls in the system grow by 30")


@pytest.mark.parametrize("growth", [4.0, 20.0])
def test_growth_that_does_not_matter_is_none(growth: float) -> None:
    # 4 calls in all are few, 20 are few of 100.
    level = 100.0 if growth == 20.0 else 1.0
    in_system = level + growth * RISING / MINUTES + noise(1, 0.01)
    assert judged(half_an_hour(), {"RequestsInSystem": in_system}).verdict == "steady"


@pytest.mark.parametrize(
    ("column", "level", "least", "verdict"),
    [
        pytest.param("RequestsInSystem", 100.0, 25.0, "saturated", id="a quarter of the calls"),
        pytest.param("RequestsInSystem", 5.0, 5.0, "saturated", id="five calls"),
        pytest.param("ModelCacheHit", 0.8, 0.02, "warming up", id="a tenth of the misses"),
        pytest.param("ModelCacheHit", 0.99, 0.002, "warming up", id="a five hundredth of the calls"),
        pytest.param("LogClientLatency", -3.0, -0.05, "warming up", id="a twentieth of the latency"),
    ],
)
def test_a_change_matters_from_here_on(column: str, level: float, least: float, verdict: str) -> None:
    for share, expected in ((0.98, "steady"), (1.02, verdict)):
        line = level + share * least * (RISING / MINUTES - 0.5)
        assert judged(half_an_hour(), {column: line}).verdict == expected


def test_only_the_measured_time_counts() -> None:
    falling = {"ModelCacheHit": np.minimum(1.0, 0.5 + RISING / 20.0) - 0.01}
    assert judged(half_an_hour(), falling).verdict == "warming up"
    assert judged(half_an_hour(warmup=600.0), falling).verdict == "steady"


@pytest.mark.parametrize("replications", [1, 3])
def test_misses_that_still_fall(replications: int) -> None:
    each = [{"ModelCacheHit": 0.8 + 0.1 * RISING / MINUTES + noise(i, 1e-5)} for i in range(replications)]
    state = judged(half_an_hour(), *each)
    assert state.verdict == "warming up"
    assert state.evidence.startswith("misses still fall, from 20")
    # Rising misses are not a warm-up.
    rising = [{"ModelCacheHit": 1.8 - each[0]["ModelCacheHit"]}] * replications
    assert judged(half_an_hour(), *rising).verdict == "steady"


def test_latency_that_still_falls() -> None:
    state = judged(half_an_hour(), {"LogClientLatency": -3.0 - 0.2 * RISING / MINUTES + noise(3, 1e-4)})
    assert state.verdict == "warming up"
    assert state.evidence.startswith("latency still falls, by 18")


def test_a_trend_that_may_be_chance_is_none() -> None:
    assert judged(half_an_hour(), {"ModelCacheHit": 0.8 + 0.04 * RISING / MINUTES + noise(4, 0.1)}).verdict == "steady"


def test_a_large_growth_is_written_without_an_exponent() -> None:
    state = judged(half_an_hour(), {"RequestsInSystem": 1e3 * RISING})
    assert state.evidence.startswith("the calls in the system grow by 30,000 over the measured time")


def test_full_queues_are_saturated_unless_it_was_a_burst() -> None:
    refused = [Call(0.1)] * 95 + [Call(0.0, cause="queue_full")] * 5
    state = judged(half_an_hour(), {"QueueFull": 3.0}, calls=refused)
    assert (state.verdict, state.evidence) == ("saturated", "queues are full: 5 % of the calls are refused")
    burst = judged(half_an_hour(), {"QueueFull": np.where(RISING < 2, 45.0, 0.0)}, calls=refused)
    assert burst.verdict == "steady"
    assert "but 5 % of the calls fail" in burst.evidence


def test_refusals_of_an_endpoint_that_thrashes_are_not_laid_on_the_queue() -> None:
    """What refused calls lacked is said by the rule of what binds, not by the largest part of the others' latency."""
    refused = [Call(0.0, cause="queue_full", load=0, parts={"load_slot_wait": 8.9, "load": 1.0})] * 5
    for others in ([Call(0.1, queue=1.0, load=0, parts={"load_slot_wait": 8.9})] * 95, [Call(0.1, queue=9.0)] * 95):
        state = judged(half_an_hour(), {"QueueFull": 3.0}, calls=others + refused)
        assert (state.verdict, state.evidence) == (
            "saturated",
            "queues are full of calls that wait for loads (what binds: load slots): 5 % of the calls are refused, and "
            "a longer one does not help",
        )
    # Calls that find their model loaded and its queue full do not wait for loads, whatever others do.
    waits = [Call(0.1, load=0, parts={"load_slot_wait": 8.9})] * 95
    state = judged(half_an_hour(), {"QueueFull": 3.0}, calls=waits + [Call(0.0, cause="queue_full")] * 5)
    assert (state.verdict, state.evidence) == ("saturated", "queues are full: 5 % of the calls are refused")


def test_a_warm_up_longer_than_half_of_the_run_is_too_short() -> None:
    of = half_an_hour(warmup=900.0)
    found = FoundWarmup(warmup_s=900.0, why="3 times the 10 min", run_at_least_s=3600.0)
    found_of = of.with_run(warmup_found=found)
    state = judged(found_of, {})
    assert (state.verdict, state.warmup_s, state.run_at_least_s) == ("too short", 900.0, 3600.0)
    assert state.evidence == "run at least 60 min; the warm-up would be: 3 times the 10 min"
    # A queue that grows is said first: no length helps.
    assert judged(found_of, {"RequestsInSystem": 10.0 * RISING}).verdict == "saturated"
    # Once the run is as long as that, it is judged by what was seen.
    enough = FoundWarmup(warmup_s=900.0, why="so", run_at_least_s=1800.0)
    longer = of.with_run(warmup_found=enough)
    assert judged(longer, {}).verdict == "steady"


def test_few_minutes_are_not_judged() -> None:
    assert judged(half_an_hour(warmup=1500.0), {}).verdict is None
    assert judged(half_an_hour(warmup=1440.0), {}).verdict == "steady"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"traffic": [{"arrivals": {"poisson": {"rate": 1.0}}, "start": 60.0}]}, "does not last"),
        ({"traffic": [{"arrivals": {"poisson": {"rate": 1.0}}, "end": 60.0}]}, "does not last"),
        ({"traffic": [{"trace": {"file": "day.csv"}}]}, "recorded traffic"),
        ({"processes": ["own:watch"]}, "a custom process"),
    ],
)
def test_no_steady_state_where_load_or_endpoint_change(changes: dict[str, Any], reason: str) -> None:
    state = judged(half_an_hour(**changes), {"RequestsInSystem": 10.0 * RISING})
    assert state.verdict is None
    assert state.evidence.startswith("not judged: load or endpoint may change during the run (")
    assert reason in state.evidence


def test_a_shorter_last_window_is_left_out() -> None:
    of = scenario(run={"duration": 90.0})
    seen = windows([run_data(of, [Call(0.1)], windows=minutes(2))])
    assert seen.start_s.tolist() == [0.0]


def test_windows_without_calls_say_what_the_one_before_said() -> None:
    sums = (np.array([0.0, 4.0, 0.0, 9.0, 0.0]), np.array([0.0, 2.0, 0.0, 3.0, 0.0]))
    assert means(sums).tolist() == [2.0, 2.0, 2.0, 3.0, 3.0]
    assert batch_means(sums, 2).tolist() == [2.0, 3.0]
    assert np.isnan(batch_means((np.zeros(4), np.array([1.0, 1.0, 0.0, 0.0])), 2)).tolist() == [False, True]


def test_replications_are_weighed_by_their_calls() -> None:
    of = half_an_hour()
    many = run_data(of, [Call(0.1)], windows=minutes(MINUTES, ModelCacheHit=0.5, ModelCacheHit_SampleCount=90.0))
    none = run_data(of, [Call(0.1)], windows=minutes(MINUTES, ModelCacheHit=np.nan, ModelCacheHit_SampleCount=0.0))
    assert means(windows([many, none]).misses).tolist() == [0.5] * MINUTES

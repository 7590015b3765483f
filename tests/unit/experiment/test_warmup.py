"""`run.warmup: auto` from pilots made by hand: the longer of the cache's time and MSER-5, at most half of the run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mmesim.analytic.lru import che
from mmesim.experiment.warmup import PILOT, cache_time_s, settled
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import FoundWarmup, Scenario
from mmesim.scenario.file.dump import dump
from tests.helpers.texts import load_text
from tests.unit.results.synthetic import Call, run_data, scenario, windows

MIB = 2**20
HOUR = 3600.0
MODELS = 200
ROOM = 120
RATE = 0.2


def day(hours: float = 4.0, room: int = ROOM, *, run: Any = None, **changes: Any) -> Scenario:
    """200 equal models, called once in five seconds by Zipf's law; `room` of them fit on the two hosts together."""
    model = {"name": "m", "count": MODELS, "artifact_size": 10**6, "service": {"cpu": 0.01}}
    pool = 10 * MIB
    endpoint: dict[str, Any] = {"base_memory": 0, "usable_memory": room * pool // 2, "instance_count": 2}
    return scenario(
        run={"duration": hours * HOUR, "warmup": "auto"} | (run or {}),
        models=[model | {"memory": 7 * MIB, "process_memory": 0}],
        endpoint=endpoint | {"pid_limit": None} | changes.pop("endpoint", {}),
        traffic=changes.pop("traffic", [{"arrivals": {"poisson": {"rate": RATE}}, "popularity": {"zipf": 0.9}}]),
        **changes,
    )


class Pilots:
    """Stands in for the pilot runs: windows whose misses and latency settle at these times; notes what was asked."""

    def __init__(
        self,
        misses_s: float = 0.0,
        latency_s: float = 0.0,
        first_eviction_s: float = 0.0,
        falling: bool = False,
        fits: bool = False,
    ) -> None:
        self.misses_s = misses_s
        self.latency_s = latency_s
        self.first_eviction_s = first_eviction_s
        self.falling = falling
        self.fits = fits
        self.asked: list[tuple[Scenario, tuple[int, ...], float]] = []

    def __call__(self, of: Scenario, numbers: Sequence[int], window_s: float) -> Sequence[RunData]:
        self.asked.append((of, tuple(numbers), window_s))
        n = round(of.run.duration_s / window_s)
        start = window_s * np.arange(n)
        columns = windows(
            n,
            ModelCacheHit=start / of.run.duration_s if self.falling else np.where(start < self.misses_s, 0.1, 0.9),
            LogClientLatency=np.where(start < self.latency_s, 0.0, -3.0),
            ModelUnloadingTime_SampleCount=(not self.fits) * (start + window_s >= self.first_eviction_s) * 1.0,
        ) | {"start_s": start}
        return [run_data(of, [Call(0.1)], replication=number, windows=columns) for number in numbers]


def found(of: Scenario) -> FoundWarmup:
    assert of.run.warmup_found is not None
    assert of.run.warmup_s == of.run.warmup_found.warmup_s
    return of.run.warmup_found


def test_a_given_warm_up_needs_no_pilot() -> None:
    of, pilots = day(run={"warmup": 60.0}), Pilots()
    assert settled(of, pilots) is of
    assert pilots.asked == []


def test_pilots_have_numbers_of_their_own_and_no_warm_up() -> None:
    for replications, pilots_wanted in ((1, 1), (2, 2), (10, 3)):
        pilots = Pilots()
        settled(day(run={"replications": replications}), pilots)
        ((asked, numbers, window_s),) = pilots.asked
        assert numbers == tuple(range(PILOT, PILOT + pilots_wanted))
        assert (asked.run.warmup_s, window_s) == (0.0, 60.0)


def test_short_runs_have_shorter_windows() -> None:
    pilots = Pilots()
    settled(day(hours=0.5), pilots)
    assert pilots.asked[0][2] == 15.0


def test_the_characteristic_time_is_that_of_all_hosts() -> None:
    rates = RATE * np.arange(1.0, MODELS + 1) ** -0.9 / (np.arange(1.0, MODELS + 1) ** -0.9).sum()
    assert cache_time_s(day()) == pytest.approx(che(rates, ROOM).characteristic_time_s, rel=1e-9)


def test_a_router_without_affinity_makes_every_host_a_cache() -> None:
    rates = RATE / 2 * np.arange(1.0, MODELS + 1) ** -0.9 / (np.arange(1.0, MODELS + 1) ** -0.9).sum()
    random = day(endpoint={"router": {"policy": "random"}})
    assert cache_time_s(random) == pytest.approx(che(rates, ROOM // 2).characteristic_time_s, rel=1e-9)


def test_processes_can_fill_a_host_before_its_memory_does() -> None:
    of = day(endpoint={"pid_limit": 300})
    pool, base = of.model_table()[0].pool_tasks, of.server.base_tasks
    rates = RATE * np.arange(1.0, MODELS + 1) ** -0.9 / (np.arange(1.0, MODELS + 1) ** -0.9).sum()
    assert 2 * (300 - base) / pool < ROOM
    expected = che(rates, 2 * (300 - base) / pool).characteristic_time_s
    assert cache_time_s(of) == pytest.approx(expected, rel=1e-9)


def test_three_characteristic_times_where_the_pilots_settle_sooner() -> None:
    of = settled(day(), Pilots())
    expected = 3.0 * cache_time_s(day())
    assert of.run.warmup_s == math.ceil(expected)
    assert found(of).why.startswith("3 times the ")
    assert found(of).run_at_least_s is None


def test_the_first_eviction_where_that_is_later() -> None:
    of = settled(day(), Pilots(first_eviction_s=6000.0))
    assert (of.run.warmup_s, found(of).why) == (6000.0, "the first eviction, after 100 min")


@pytest.mark.parametrize(
    ("pilots", "why"),
    [(Pilots(misses_s=6600.0), "misses settled after 110 min"), (Pilots(latency_s=6600.0), "latency settled after")],
)
def test_mser_where_that_is_later(pilots: Pilots, why: str) -> None:
    of = settled(day(), pilots)
    assert of.run.warmup_s == 6600.0
    assert why in found(of).why


def test_when_every_model_fits_first_calls_have_to_be_rare() -> None:
    of = settled(day(hours=20.0, room=2 * MODELS), Pilots(fits=True))
    rates = RATE * np.arange(1.0, MODELS + 1) ** -0.9 / (np.arange(1.0, MODELS + 1) ** -0.9).sum()
    cut_s = of.run.cut_s
    assert (rates * np.exp(-rates * cut_s)).sum() / RATE == pytest.approx(0.001, rel=0.01)
    assert found(of).why.startswith("every model fits, and first calls are rare after 4.")
    # With half of the calls on each host the caches fill half as fast.
    spread = settled(day(hours=40.0, room=4 * MODELS, endpoint={"router": {"policy": "random"}}), Pilots(fits=True))
    assert spread.run.cut_s == pytest.approx(2.0 * cut_s, abs=2.0)


def test_when_every_model_is_there_from_the_start_only_mser_counts() -> None:
    warm = day(room=2 * MODELS, endpoint={"warm": True})
    assert settled(warm, Pilots(fits=True)).run.warmup_s == 0.0
    assert settled(warm, Pilots(misses_s=600.0, fits=True)).run.warmup_s == 600.0


def test_models_that_fit_together_but_not_on_their_hosts_are_evicted() -> None:
    of = settled(day(hours=20.0, room=2 * MODELS), Pilots(first_eviction_s=30000.0))
    assert of.run.cut_s >= 30000.0
    assert "not every host has room" in found(of).why


def test_a_stationary_start_needs_no_time_of_the_cache() -> None:
    assert settled(day(endpoint={"warm": "stationary"}), Pilots()).run.warmup_s == 0.0


def test_a_cache_that_needs_more_than_half_of_the_run() -> None:
    of = day(hours=2.0)
    needed = 3.0 * cache_time_s(of)
    short = settled(of, Pilots())
    assert needed > 0.5 * of.run.duration_s
    assert short.run.warmup_s == 0.5 * of.run.duration_s
    at_least_s = found(short).run_at_least_s
    assert at_least_s is not None
    assert 2.0 * needed <= at_least_s < 2.0 * needed + 60.0
    # A run of that length has time enough.
    longer = of.with_run(duration_s=at_least_s)
    assert found(settled(longer, Pilots())).run_at_least_s is None


def test_pilots_that_do_not_settle_ask_for_twice_the_length() -> None:
    of = settled(day(), Pilots(falling=True))
    assert of.run.warmup_s == 2.0 * HOUR
    assert found(of).run_at_least_s == 8.0 * HOUR


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"traffic": [{"trace": {"file": "day.csv"}}]}, "'traffic-0' is recorded traffic"),
        (
            {"traffic": [{"trace": {"file": "day.csv", "format": "azure-functions-2019"}}]},
            "'traffic-0' is recorded traffic",
        ),
        ({"traffic": [{"arrivals": {"poisson": {"rate": 1.0}}, "end": 60.0}]}, "does not last"),
        ({"processes": ["own:watch"]}, "a custom process"),
    ],
)
def test_nothing_is_cut_where_the_run_changes_by_itself(changes: dict[str, Any], reason: str) -> None:
    pilots = Pilots()
    of = settled(day(**changes), pilots)
    assert pilots.asked == []
    assert of.run.warmup_s == 0.0
    assert found(of).why.startswith("none, because ")
    assert reason in found(of).why


def test_nor_with_a_process_given_in_python() -> None:
    assert "a custom process" in found(settled(day(), Pilots(), own_processes=True)).why


def test_what_was_found_survives_in_the_result_folder() -> None:
    of = settled(day(), Pilots())
    assert load_text(dump(of)) == of
    # And it can be looked for again.
    again = load_text(dump(of), overrides=["run.warmup=auto", "run.warmup_found=null"])
    assert again.run.warmup_s == "auto"

"""What the scenarios of the gallery on traffic show: their comments, in numbers."""

from __future__ import annotations

from functools import cache

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.simulation import simulate
from mmesim.results.figures.series import windows
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario.file.load import load
from mmesim.stats.histogram import quantile
from tests.helpers.files import ROOT

GALLERY = ROOT / "scenarios" / "gallery"
SLOW_JOB = "traffic.night.arrivals.sweep.rate=0.5 /s"
LONG_QUEUE = "server.job_queue_size=10000"
LONG_CROWD = "traffic.0.arrivals.flash_crowd.hold=2 min"


@cache
def runs(name: str, *overrides: str) -> tuple[RunData, ...]:
    scenario = load(GALLERY / f"{name}.yaml", overrides)
    return tuple(simulate(scenario, replication) for replication in range(scenario.run.replications))


def hit_ratio(found: tuple[RunData, ...], first: int, last: int) -> float:
    """Share of hits in the minutes [first, last)."""
    seen = windows(found)
    minutes = (seen.start_s >= 60.0 * first) & (seen.start_s < 60.0 * last)
    return 1.0 - float(seen.misses[0][minutes].sum() / seen.misses[1][minutes].sum())


def failed(found: tuple[RunData, ...], cause: str) -> list[int]:
    """Calls that failed for a cause, in each replication."""
    return [int(run.errors[CAUSES.index(cause)]) for run in found]


def in_system(found: tuple[RunData, ...]) -> Floats:
    """Calls in the system in the mean, for each minute."""
    total, weight = windows(found).in_system
    return np.asarray(total / weight)


def test_a_nightly_sweep_evicts_the_hot_models() -> None:
    found = runs("nightly-sweep")
    assert hit_ratio(found, 10, 40) > 0.999
    assert hit_ratio(found, 40, 43) < 0.65
    assert hit_ratio(found, 43, 46) > 0.95
    assert hit_ratio(found, 48, 60) > 0.995


def test_calls_of_the_day_wait_behind_the_loads_of_the_job_until_they_give_up() -> None:
    assert min(failed(runs("nightly-sweep"), "load_timeout")) > 50


def test_a_slow_job_times_out_for_nobody_but_costs_more_misses() -> None:
    fast, slow = runs("nightly-sweep"), runs("nightly-sweep", SLOW_JOB)
    assert sum(failed(slow, "load_timeout")) == 0
    assert sum(run.misses for run in slow) > 1.1 * sum(run.misses for run in fast)
    assert 0.6 < hit_ratio(slow, 42, 50) < 0.85


def test_a_short_queue_fails_fast() -> None:
    found = runs("flash-crowd")
    shares = [refused / run.calls for refused, run in zip(failed(found, "queue_full"), found, strict=True)]
    assert all(0.03 < share < 0.06 for share in shares)
    assert in_system(found).max() < 110
    assert in_system(found)[13:].max() < 10


def test_a_long_queue_absorbs_the_crowd_and_is_late_for_minutes() -> None:
    found = runs("flash-crowd", LONG_QUEUE)
    assert [int(run.errors.sum()) for run in found] == [0, 0, 0]
    waiting = in_system(found)
    assert waiting.max() > 2000
    assert waiting[13] > 1000  # the crowd is over after 12 min
    assert waiting[16:].max() < 10
    assert all(quantile(run.shortest_s, run.longest_s, run.count, 0.99) > 30.0 for run in found)
    assert all(quantile(run.shortest_s, run.longest_s, run.count, 0.99) < 2.0 for run in runs("flash-crowd"))


def test_a_longer_crowd_makes_the_long_queue_fail_as_many_calls_a_minute_late() -> None:
    short, long = runs("flash-crowd", LONG_CROWD), runs("flash-crowd", LONG_QUEUE, LONG_CROWD)
    refused, given_up = sum(failed(short, "queue_full")), sum(failed(long, "invocation_timeout"))
    assert 0.8 < given_up / refused < 1.6
    assert sum(failed(long, "queue_full")) == 0

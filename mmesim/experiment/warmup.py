"""Finds the warm-up of a run (`run.warmup: auto`) by pilot runs before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim import units
from mmesim.analytic.lru import characteristic_time, filling_time
from mmesim.arrays import Floats
from mmesim.experiment.numbers import WARMUP_PILOT
from mmesim.results.figures.series import means, windows
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.endpoint.endpoint import STATIONARY
from mmesim.scenario.run.settings import AUTO, FoundWarmup
from mmesim.scenario.run.until import FIRST_LOOK
from mmesim.scenario.scenario import OWN_PROCESS, Scenario
from mmesim.stats.mser import mser5
from mmesim.workload.reference import TIMES, Room, rates_at_start

PILOT = WARMUP_PILOT
"""Replication number of the first pilot: their random numbers are shared with nothing that is measured."""
PILOTS = 3
"""Most pilots; never more than replications."""
WINDOW_S = 60.0
POINTS = 120
"""Fewest windows of a pilot: they are shorter than a minute in runs below two hours. Among 30 points without any trend
MSER-5 sees only the end of its range in one case of four, among 120 in one of fifty."""
FIRST_CALLS = 0.001
"""Share of the calls that may be the first of their model when every model fits: a tenth of what a p99 depends on."""
LARGEST_SHARE = 0.5
"""Of the run that may be cut."""

Pilots = Callable[[Scenario, Sequence[int], float], Sequence[RunData]]
"""(scenario, replications, length of the windows in seconds) -> what they measured, none missing."""


@dataclass(frozen=True)
class _Wanted:
    """A wanted cut and the reason; `unknown`: the pilots did not see the end of the warm-up, so it is at least that."""

    cut_s: float
    why: str
    unknown: bool = False


def settled(scenario: Scenario, run: Pilots, own_processes: bool = False) -> Scenario:
    """The scenario with a warm-up that is a number; one that has it is returned as it is.

    The cut is the longer of the cache's own time and MSER-5 on the misses and on the logarithm of the latency of the
    pilots, at most half of the run. The cache's own time: the first eviction in the pilots, and three characteristic
    times of the mix; when every model fits, until fewer than one call in a thousand is the first of its model. No cut
    for traffic that changes over time, nor where custom processes may act (`own_processes`).
    """
    if scenario.run.warmup_s != AUTO:
        return scenario
    reason = scenario.changes_over_time
    if reason is None and own_processes:
        reason = OWN_PROCESS
    if reason is not None:
        return _with(scenario, 0.0, f"none, because {reason}")
    duration_s = scenario.run.duration_s
    numbers = [PILOT + k for k in range(pilots(scenario))]
    runs = run(_with(scenario, 0.0, "a pilot has none"), numbers, min(WINDOW_S, duration_s / POINTS))
    wanted = max((_cache(scenario, runs), *_mser(runs), *_spawned(scenario)), key=lambda one: one.cut_s)
    largest_s = LARGEST_SHARE * duration_s
    if wanted.cut_s > largest_s or wanted.unknown:
        return _with(scenario, largest_s, wanted.why, _up(wanted.cut_s / LARGEST_SHARE, 60.0))
    return _with(scenario, min(_up(wanted.cut_s, 1.0), largest_s), wanted.why)


def pilots(scenario: Scenario) -> int:
    """How many pilot runs a scenario gets: never more than replications."""
    run = scenario.run
    return min(PILOTS, run.replications if run.until is None else max(FIRST_LOOK, run.replications))


def _with(scenario: Scenario, warmup_s: float, why: str, at_least_s: float | None = None) -> Scenario:
    found = FoundWarmup(warmup_s=warmup_s, why=why, run_at_least_s=at_least_s)
    return scenario.with_run(warmup_s=warmup_s, warmup_found=found)


def cache_time_s(scenario: Scenario) -> float:
    """Che's characteristic time of the mix on all hosts, seconds; infinite when everything fits.

    Models of different sizes are counted by memory and by processes, and the shorter time holds. A router that sends
    calls to any host makes each host a cache of its own, with its share of the calls.
    """
    rates, hosts = _mix(scenario)
    room = Room.of(scenario, hosts)
    pairs = zip(room.needs, room.capacity, strict=True)
    return min(characteristic_time(rates, sizes, capacity) for sizes, capacity in pairs)


def _mix(scenario: Scenario) -> tuple[Floats, int]:
    """The calls a second of each model in one cache, and how many hosts that cache consists of."""
    rates, hosts = rates_at_start(scenario), scenario.endpoint.instance_count
    return (rates / hosts, 1) if scenario.endpoint.router.policy.spreads else (rates, hosts)


def _cache(scenario: Scenario, pilots: Sequence[RunData]) -> _Wanted:
    if scenario.endpoint.warm == STATIONARY:
        return _Wanted(0.0, "none, the caches begin as earlier traffic leaves them")
    if scenario.endpoint.model_cache == "disabled":
        return _Wanted(0.0, "none, no model is kept")
    time_s = cache_time_s(scenario)
    evicted_s = max((_first_eviction_s(run) for run in pilots), default=0.0)
    if not math.isfinite(time_s) and evicted_s > 0.0:
        filled_s = 0.0 if scenario.endpoint.warm else filling_time(_mix(scenario)[0], FIRST_CALLS)
        return _Wanted(
            max(evicted_s, filled_s),
            f"every model fits, but not every host has room for its own: first eviction after {_shown(evicted_s)}, "
            f"first calls rare after {_shown(filled_s)}",
        )
    if not math.isfinite(time_s):
        if scenario.endpoint.warm:
            return _Wanted(0.0, "none, every model fits and is loaded at the start")
        filled_s = filling_time(_mix(scenario)[0], FIRST_CALLS)
        return _Wanted(filled_s, f"every model fits, and first calls are rare after {_shown(filled_s)}")
    if evicted_s > TIMES * time_s:
        return _Wanted(evicted_s, f"the first eviction, after {_shown(evicted_s)}")
    return _Wanted(TIMES * time_s, f"{TIMES} times the {_shown(time_s)} that a model stays in the cache (Che)")


def _first_eviction_s(run: RunData) -> float:
    """The end of the first window in which a model was unloaded; 0 when none was."""
    unloads, start = run.windows["ModelUnloadingTime_SampleCount"], run.windows["start_s"]
    found = np.flatnonzero(unloads > 0.0)
    if not found.size:
        return 0.0
    after = start[found[0] + 1 :]
    return float(after[0]) if after.size else run.duration_s


def _spawned(scenario: Scenario) -> list[_Wanted]:
    spawned_s = scenario.all_users_s
    return [_Wanted(spawned_s, f"users are spawned for {_shown(spawned_s)}")] if spawned_s > 0.0 else []


def _mser(pilots: Sequence[RunData]) -> list[_Wanted]:
    seen = windows(pilots)
    wanted = []
    for name, sums in (("misses", seen.misses), ("latency", seen.log_latency)):
        cut = None if not sums[1].any() else mser5(means(sums))
        if cut is None:
            continue
        if cut.at_the_end:
            why = f"{name} had not settled at half-time of the pilot runs (MSER-5)"
            wanted.append(_Wanted(pilots[0].duration_s, why, unknown=True))
        else:
            at_s = cut.observations * seen.length_s
            wanted.append(_Wanted(at_s, f"{name} settled after {_shown(at_s)} of the pilot runs (MSER-5)"))
    return wanted


def _up(seconds: float, whole_s: float) -> float:
    """Rounded up for people: to milliseconds where whole ones would add much."""
    return math.ceil(seconds / whole_s) * whole_s if seconds >= 10.0 * whole_s else math.ceil(1e3 * seconds) / 1e3


def _shown(seconds: float) -> str:
    return units.show_seconds(seconds)

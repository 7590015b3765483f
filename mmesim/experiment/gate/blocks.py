"""How long a block is: a part of a run that does not influence the next one but one.

What makes calls slow or fail together is a load that many wait for, a queue that stays busy, and a call that is tried
again. A block is longer than the longest of each. A load and a call are measured. The longest busy period is not, and
is taken from theory: with one worker that is busy for a share u of its time and serves a call in s on average, the
tail of the busy period falls by e every s / (1 - sqrt(u))^2, so among n calls the longest is about ln(n) of these. The
share is that of the busiest model or of the processors, whichever is higher. Where bursts of calls come at random, all
that a burst does to them belongs together: a block is as long as a cycle of burst and pause on average. Where several
things repeat at equal times, they meet in each of a run's periods or in none: a run is one block.

A share is one of calls, and blocks bound it as if each had as many of them. Where most calls come in a part of the
time, such as a peak, or the cold ones at the start, there are only as many blocks as that part has: the effective
number of unequal weights w is (sum of w)^2 / sum of w^2. The w are the calls of each minute, but for what is chance.
Sources: J. Abate, W. Whitt, Transient behavior of the M/M/1 queue: starting at the origin, Queueing Systems 2 (1987);
L. Kish, Survey Sampling (1965), section 11.7.
"""

from __future__ import annotations

import math

import numpy as np

from mmesim.results.figures.figures import FORMULAS
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.arrivals import ConstantRate
from mmesim.scenario.traffic.modulated import Mmpp, OnOff

MINUTE_S = 60.0
"""Length of a window; the last one of a run may be shorter."""


def block_s(scenario: Scenario, run: RunData, cold: bool = False) -> float:
    """How long a block of a replication has to be, seconds; infinite where it is all of one.

    That is where a queue does not become empty, or phases that are drawn at the start never change.

    `cold`: of a share of the cold calls.
    """
    if _keeps_phases(scenario):
        return math.inf
    longest_load_s = float(run.load_s.max()) if len(run.load_s) else 0.0
    failed = run.ok < run.calls
    longest_call_s = scenario.clients.longest_call_s if failed else run.latency_max_s
    together_s = max(longest_load_s, longest_call_s, _busy_s(run)) / _evenness(run, cold)
    # Bursts and pauses that come at random make minutes uneven too, but one cycle is like another.
    arrivals = [stream.arrivals for stream in scenario.traffic]
    return max(together_s, *(one.cycle_s for one in arrivals if isinstance(one, Mmpp | OnOff)), 0.0)


def _keeps_phases(scenario: Scenario) -> bool:
    """Whether several streams, or what switches on and off, repeat at equal times that begin at random."""
    arrivals = [stream.arrivals for stream in scenario.traffic]
    switched = [one for one in arrivals if isinstance(one, OnOff)]
    fixed = [one for one in switched if all(low == high for low, high in (one.on.limits, one.off.limits))]
    equal = sum(isinstance(one, ConstantRate) for one in arrivals) + len(fixed)
    return equal > 1 or any(one.each != "stream" for one in fixed)


def _evenness(run: RunData, cold: bool) -> float:
    """The effective share of the minutes that were measured: 1 where each has as many calls, or cold ones.

    At most the share of those with any. 1 where no whole minute was measured, or none had a call.
    """
    start_s = run.windows["start_s"]
    minutes = (start_s >= run.warmup_s) & (start_s + MINUTE_S * (1.0 - 1e-9) <= run.duration_s)
    calls = run.windows["Invocations"][minutes]
    if cold:
        found = run.windows["ModelCacheHit_SampleCount"] * (1.0 - run.windows["ModelCacheHit"])
        calls = np.nan_to_num(found[minutes])
    if not calls.any():
        return 1.0
    # Of a Poisson number the square is larger by the number: that much is chance.
    squares = float((calls * np.maximum(calls - 1.0, 0.0)).sum())
    even = float(calls.sum()) ** 2 / (len(calls) * squares) if squares > 0.0 else 1.0
    return min(even, float((calls > 0.0).mean()))


def _busy_s(run: RunData) -> float:
    """About the longest busy period of a queue among all the calls of a replication, seconds."""
    shares = [FORMULAS[name].of(run) for name in ("workers.busiest", "cpu_utilization")]
    used = max((share for share in shares if not math.isnan(share)), default=0.0)
    if used >= 1.0:
        return math.inf
    served = int(run.tenants.ok.sum())
    if served == 0:
        return 0.0
    service_s = float(run.tenants.worker_busy_s.sum(dtype="float64")) / served
    return service_s / (1.0 - math.sqrt(used)) ** 2 * math.log(max(math.e, served))


def blocks_in(span_s: float, block_s: float) -> int:
    """How many blocks a part of a replication holds: at least one, since replications are independent."""
    return max(1, int(span_s / block_s)) if block_s > 0.0 else 1

"""How long a block is: a part of a run that does not influence the next one but one.

What makes calls slow or fail together is a load that many wait for, a queue that stays busy, and a call that is tried
again. A block is longer than the longest of each. A load and a call are measured. The longest busy period is not, and
is taken from theory: with one worker that is busy for a share u of its time and serves a call in s on average, the
tail of the busy period falls by e every s / (1 - sqrt(u))^2, so among n calls the longest is about ln(n) of these. The
share is that of the busiest model or of the processors, whichever is higher. Blocks without a call say nothing: where
there are minutes without any, blocks count as longer by as much.
Source: J. Abate, W. Whitt, Transient behavior of the M/M/1 queue: starting at the origin, Queueing Systems 2 (1987).
"""

from __future__ import annotations

import math

from mmesim.results.figures import FORMULAS
from mmesim.results.run_data import RunData
from mmesim.scenario.scenario import Scenario


def block_s(scenario: Scenario, run: RunData) -> float:
    """How long a block of a replication has to be, seconds; infinite where a queue does not become empty."""
    longest_load_s = float(run.load_s.max()) if len(run.load_s) else 0.0
    failed = run.ok < run.calls
    longest_call_s = scenario.clients.longest_call_s if failed else run.latency_max_s
    return max(longest_load_s, longest_call_s, _busy_s(run)) / _with_calls(run)


def _with_calls(run: RunData) -> float:
    """The share of the minutes that were measured in which there was any call: an empty block is no evidence.

    1 where no whole minute was measured, or none had a call.
    """
    minutes = run.windows["start_s"] >= run.warmup_s
    called = run.windows["Invocations"][minutes] > 0.0
    return float(called.mean()) if called.any() else 1.0


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

"""Latency of successful calls over all replications; a quantile is given only where there is evidence for it.

The latency of a multi-model endpoint has two modes: warm calls, and cold calls that wait for a load. All the calls that
wait for one load are late together, so in the cold mode the evidence is counted in loads, not in calls. The rule: a
quantile is *in or near the cold mode* when, of the calls in the tail twice as wide as the one beyond it (above p98 for
p99), at least a quarter spent their time waiting for loads. There it has no value when fewer than 20 load episodes lie
beyond it. Away from the cold mode (a queue whose models are all loaded, or loads much rarer than the tail) it always
has one: what lies beyond it then does not depend on loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.results.figures.figures import NO_SUCCESS, Formula, estimated, over, over_successful, ratio
from mmesim.results.figures.ledger import band_weights, cold_calls, ledger_ms
from mmesim.results.measured.run_data import ClassData, RunData
from mmesim.scenario.figures import LATENCIES, quantile_shares
from mmesim.scenario.run.selection import State
from mmesim.stats.histogram import bucket_of_quantile, merge, quantile, span
from mmesim.stats.intervals import Estimate, estimate, sectioning
from mmesim.stats.means import CONFIDENCE
from mmesim.stats.quantiles import Cells, quantile_interval

EPISODES_NEEDED = 20
COLD_TAIL_SHARE = 0.25


@dataclass(frozen=True)
class Pooled:
    """The latency histograms of all replications together: [buckets], ledger sums [buckets, parts] in seconds.

    `shortest_s`, `longest_s`: the ends of what each bucket holds.
    """

    count: Ints
    shortest_s: Floats
    longest_s: Floats
    parts_s: Floats
    retried_cold_s: Floats
    load_episodes: Ints


def pool(runs: Sequence[RunData]) -> Pooled:
    """The sums of the histograms of all replications, which share one grid.

    One is added after the other: written out, all of them would not fit into memory.
    """
    first = runs[0]
    pooled = Pooled(
        first.count, first.shortest_s, first.longest_s, first.parts_s, first.retried_cold_s, first.load_episodes
    )
    for run in runs[1:]:
        pooled = plus(pooled, run)
    return pooled


def plus(pooled: Pooled, run: RunData) -> Pooled:
    """The same with one more replication; sums are added in place."""
    count = run.count
    ends = span([pooled.count, count], [pooled.shortest_s, run.shortest_s], [pooled.longest_s, run.longest_s])
    pooled.count[:] += count
    pooled.parts_s[:] += run.parts_s
    pooled.retried_cold_s[:] += run.retried_cold_s
    pooled.load_episodes[:] += run.load_episodes
    return replace(pooled, shortest_s=ends[0], longest_s=ends[1])


def cells(runs: Sequence[RunData], pooled: Pooled, state: State | None = None) -> Cells:
    """The calls of the replications in the buckets that hold any, seconds; `pooled` are these replications together.

    All calls, or those of a state.
    """
    parts = [run.of(state) for run in runs]
    return _cells(parts, _count(parts, pooled, state), pooled)


def _count(parts: Sequence[ClassData], pooled: Pooled, state: State | None) -> Ints:
    """The calls of all replications in each bucket, or those of a state."""
    return pooled.count if state is None else merge(one.count for one in parts)


def _cells(parts: Sequence[ClassData], count: Ints, pooled: Pooled) -> Cells:
    used = np.flatnonzero(count)
    each = np.empty((len(parts), len(used)))
    for row, one in zip(each, parts, strict=True):
        row[:] = one.count[used]
    return Cells(pooled.shortest_s[used], pooled.longest_s[used], each)


def pooled_quantile(pooled: Pooled, q: float) -> float:
    """The q-quantile of all calls together in seconds, nan without any."""
    return quantile(pooled.shortest_s, pooled.longest_s, pooled.count, q)


def lacks_loads(pooled: Pooled, q: float) -> str | None:
    """Why the q-quantile rests on too few loads to be given, None when it can be given."""
    wide_tail = band_weights(pooled.count, max(0.0, 1.0 - 2.0 * (1.0 - q)), 1.0)
    cold = float((wide_tail * cold_calls(pooled.count, pooled.parts_s, pooled.retried_cold_s)).sum())
    if cold < COLD_TAIL_SHARE * float((wide_tail * pooled.count).sum()):
        return None
    return _few_episodes(pooled, pooled.count, q)


def _few_episodes(pooled: Pooled, count: Ints, q: float) -> str | None:
    """Why too few loads lie beyond the q-quantile of the calls in `count`, None when there are enough."""
    beyond = float((band_weights(count, q, 1.0) * pooled.load_episodes).sum())
    if beyond >= EPISODES_NEEDED:
        return None
    return f"too few loads beyond it ({int(beyond)}, {EPISODES_NEEDED} are needed): simulate longer"


def latency(
    runs: Sequence[RunData],
    pooled: Pooled,
    name: str,
    confidence: float = CONFIDENCE,
    state: State | None = None,
) -> Estimate:
    """A figure of the latency by its name (`mean`, `max`, `p99` ...) in milliseconds, of all calls or those of a state.

    The mean is that of the replications' means with its interval. A quantile is that of the calls of all replications
    together, with an interval by sectioning and half of its bucket on top, widened to that of Woodruff.
    """
    shares, parts = quantile_shares(name), [run.of(state) for run in runs]
    missing = NO_SUCCESS if state is None else f"no successful {state} call"
    largest_s = max(one.latency_max_s for one in parts)
    if name == "max":
        # The largest of all calls, not a mean: an interval would have no meaning.
        any_ok = any(one.ok for one in parts)
        return Estimate(1000.0 * largest_s) if any_ok else Estimate(None, reason=missing)
    if shares is None:
        means = [ratio(one.latency_sum_s, one.ok) for one in parts]
        return estimate(means, missing, low=0.0, scale=1000.0, confidence=confidence)
    q, count = shares[0], _count(parts, pooled, state)
    reason = _too_few_loads(pooled, count, q, state) if count.any() else None
    if reason is not None:
        return Estimate(None, reason=reason)
    bucket = bucket_of_quantile(count, q)
    width_s = 0.0 if bucket is None else float(pooled.longest_s[bucket] - pooled.shortest_s[bucket])
    return sectioning(
        quantile(pooled.shortest_s, pooled.longest_s, count, q),
        # The ends of all calls of a bucket are also those of its warm and of its cold ones.
        [quantile(run.shortest_s, run.longest_s, one.count, q) for run, one in zip(runs, parts, strict=True)],
        missing,
        at_least=quantile_interval(_cells(parts, count, pooled), q, confidence),
        resolution=width_s / 2,
        confidence=confidence,
        low=0.0,
        scale=1000.0,
    )


def _too_few_loads(pooled: Pooled, count: Ints, q: float, state: State | None) -> str | None:
    """Why a quantile of the calls in `count` rests on too few loads; warm calls do not depend on loads."""
    if state == "warm":
        return None
    return lacks_loads(pooled, q) if state is None else _few_episodes(pooled, count, q)


def latency_ms(
    runs: Sequence[RunData], pooled: Pooled, confidence: float = CONFIDENCE, state: State | None = None
) -> dict[str, Estimate]:
    """Mean, quantiles and maximum of the latency in milliseconds, of all calls or of those of a state."""
    return {name: latency(runs, pooled, name, confidence, state) for name in LATENCIES}


def calls_of(
    runs: Sequence[RunData], pooled: Pooled, state: State, confidence: float = CONFIDENCE
) -> dict[str, object]:
    """The section `warm` or `cold` of the summary."""
    parts = [run.of(state) for run in runs]
    failed = Formula(
        "share",
        lambda run: ratio(run.of(state).calls - run.of(state).ok, run.of(state).calls),
        f"no {state} call",
        trials=lambda run: run.of(state).calls,
    )
    having = [run for run in runs if run.of(state).calls]  # a replication without such a call says nothing of them
    return {
        "calls": sum(one.calls for one in parts),
        "failed": sum(one.calls - one.ok for one in parts),
        "error_rate": estimated(failed, having or runs, confidence).as_dict(),
        "latency_ms": {name: e.as_dict() for name, e in latency_ms(runs, pooled, confidence, state).items()},
    }


def pooled_ledger(runs: Sequence[RunData], pooled: Pooled) -> dict[str, dict[str, Any]]:
    """What latency is made of, all replications together, by band."""
    return ledger_ms(runs[0].edges_s, pooled.count, pooled.parts_s, max(run.latency_max_s for run in runs))


def limit_text(limit_s: float) -> str:
    """The name of a latency limit in the summary: `500 ms`."""
    return f"{limit_s * 1000.0:.12g} ms"


def share_over_limits(
    runs: Sequence[RunData], limits_s: Sequence[float], confidence: float = CONFIDENCE
) -> dict[str, dict[str, object]]:
    """For each limit the share (0..1) of calls slower than it or failed, and that of the `successful` ones alone."""
    return {
        limit_text(limit): {
            **estimated(over(limit), runs, confidence).as_dict(),
            "successful": estimated(over_successful(limit), runs, confidence).as_dict(),
        }
        for limit in limits_s
    }

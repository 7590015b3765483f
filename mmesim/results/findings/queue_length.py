"""A queue that is too short for its bursts, or so long that what it holds is served after its clients have left."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.results.findings.seen import RULE, Seen
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.figures import PARTS
from mmesim.scenario.server.kind import UNBOUNDED

MATTERS = 0.001
"""Share of the attempts that are refused, or time out in the queue, below which nothing is said."""
MOSTLY = 0.5
"""Share of what was waited for from which on the queue is the cause."""
TIME_OUTS = ("client_timeout", "invocation_timeout")


def too_short(seen: Seen) -> Iterator[Finding]:
    """Refusals by full queues while workers and CPU keep up: room for the burst is all that is lacking."""
    queue = seen.scenario.server_kind.queue
    refused = seen.failed(queue.refusal)
    if refused < MATTERS * seen.attempts or not refused or seen.roots.full_queue != "queue":
        return
    bound, patience_s = queue.bound, _patience_s(seen)
    yield Finding(
        id="queue_too_short",
        severity="warning",
        text=f"bursts overflow the queue of {bound:,}: {units.show_fraction(refused / seen.attempts)} of the attempts "
        f"are refused, though workers and CPU are at most {units.show_fraction(seen.roots.busy_when_full)} busy in "
        "those minutes",
        evidence={
            "refused": refused,
            "share_of_attempts": refused / seen.attempts,
            "bound": bound,
            "busy_when_full": seen.roots.busy_when_full,
            "patience_s": patience_s,
        },
        source=RULE,
        try_=f"server.job_queue_size={_for_burst(bound, _drain_s(seen), patience_s)}",
    )


def too_long(seen: Seen) -> Iterator[Finding]:
    """Attempts that time out in a queue which, when full, takes longer than clients wait."""
    bound, patience_s, each_s = seen.scenario.server_kind.queue.bound, _patience_s(seen), _drain_s(seen)
    late = seen.failed(*TIME_OUTS)
    if late < MATTERS * seen.attempts or not late or bound * each_s <= patience_s:
        return
    waited = np.sum([run.failed_parts_s[[CAUSES.index(one) for one in TIME_OUTS]].sum(axis=0) for run in seen.runs], 0)
    in_queue = float(waited[PARTS.index("queue")]) / max(float(waited.sum()), 1e-9)
    if in_queue < MOSTLY:
        return
    enough = max(1, math.floor(MOSTLY * patience_s / each_s))
    full = (
        f"the queue has no bound: {math.ceil(patience_s / each_s):,} calls that wait take longer to serve than"
        if bound == UNBOUNDED
        else f"a full queue of {bound:,} takes {units.show_seconds(bound * each_s)} to serve, and"
    )
    yield Finding(
        id="queue_too_long",
        severity="warning",
        text=f"{full} callers wait at most "
        f"{units.show_seconds(patience_s)}: {units.show_fraction(late / seen.attempts)} of the attempts time out, and "
        f"workers serve them all the same ({units.show_fraction(in_queue)} of that time was spent in the queue)",
        evidence={
            **({} if bound == UNBOUNDED else {"bound": bound, "full_queue_s": bound * each_s}),
            "patience_s": patience_s,
            "timed_out": late,
            "share_of_attempts": late / seen.attempts,
            "in_queue": in_queue,
        },
        source=RULE,
        try_=f"server.job_queue_size={enough}",
    )


def _patience_s(seen: Seen) -> float:
    """The time after which whoever asked gives up."""
    scenario = seen.scenario
    return min(scenario.clients.timeout_s, scenario.endpoint.invocation_timeout_s)


def _drain_s(seen: Seen) -> float:
    """How long a place of the queue takes to be served: of the model whose calls are refused or late, else the mean."""
    offered, kind = Offered(seen.scenario), seen.scenario.server_kind
    row = seen.roots.busiest
    if row is None or kind.queue.scope == "server":
        weights = seen.calls_of / max(1, seen.calls_of.sum())
        return float(weights @ offered.worker_s) / max(1, kind.server_workers.at_most)
    return float(offered.worker_s[row]) / max(1, kind.model_workers(offered.models[row]).at_most)


def _for_burst(bound: int, each_s: float, patience_s: float) -> int:
    """Four times the queue, but no more than is served before callers give up."""
    most = math.floor(patience_s / each_s) if each_s > 0.0 else 4 * bound
    return max(2 * bound, min(4 * bound, most))

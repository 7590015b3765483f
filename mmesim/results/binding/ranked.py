"""All that the tail and the failed calls wait for, not only what binds: each with its shares, the largest first."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.results.answers.explained import Limit
from mmesim.results.binding.binding import mixed
from mmesim.results.binding.limits import use_of
from mmesim.results.binding.roots import Roots
from mmesim.results.binding.waits import error_shares, tail_shares
from mmesim.results.figures.latency import Pooled
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario

LEAST = 0.001
"""Shares of the tail and of the errors below this are left out."""


def ranked(scenario: Scenario, runs: Sequence[RunData], pooled: Pooled) -> list[Limit]:
    """What slow and failed calls wait for, the largest share first; download and load each for itself.

    The rest, up to all of the time, is what calls take by themselves: service, server work, router and network.
    """
    roots = Roots(scenario, runs)
    tail, errors = tail_shares(roots, pooled), error_shares(roots)
    time = None if tail is None else tail.time
    due = mixed(time, errors, runs)
    found = []
    for one in sorted({one for of in (time, errors) if of is not None for one in of if one is not None}):
        shares = [None if of is None else of.get(one, 0.0) for of in (time, errors)]
        if max(share or 0.0 for share in shares) < LEAST:
            continue
        use = use_of(one, roots)
        model = use.evidence.get("model")
        found.append(
            Limit(
                id=one,
                used=use.used,
                limit=use.limit,
                model=None if model is None else str(model),
                share_of_tail=shares[0],
                share_of_errors=shares[1],
                share=due.get(one, 0.0),
                text=use.text,
            )
        )
    return sorted(found, key=lambda limit: -limit.share)

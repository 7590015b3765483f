"""A cold tail behind a good average: the fleet hits, and yet many models are often cold."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.arrays import divide
from mmesim.preflight.finding import Finding
from mmesim.results.binding.limits import use_of
from mmesim.results.figures.figures import OFTEN_COLD
from mmesim.results.findings.seen import RULE, Seen

GOOD = 0.9
"""Hit ratio from which on the average looks good."""
MANY = 0.25
"""Share of the models that are often cold from which on the average hides something."""
ENOUGH_CALLS = 20
"""Calls of a model from which on its own share of cold calls means something."""


def cold_tail(seen: Seen) -> Iterator[Finding]:
    """Many models whose own calls are often cold, while few calls of all are."""
    hits, judged = seen.figure("cache_hit_ratio"), seen.calls_of >= ENOUGH_CALLS
    if not hits >= GOOD or not judged.any() or not seen.warmed or seen.overloaded:
        return
    cold = divide(seen.misses_of[judged], seen.calls_of[judged], 0.0) > OFTEN_COLD
    share = float(cold.mean())
    if share < MANY:
        return
    calls = float(seen.calls_of[judged][cold].sum()) / max(1, seen.calls)
    yield Finding(
        id="cold_tail",
        severity="warning",
        text=f"{units.show_fraction(hits)} of the calls find their model loaded, but {units.show_fraction(share)} of "
        f"the models are cold for more than {units.show_fraction(OFTEN_COLD)} of their own calls: those with "
        f"{units.show_fraction(calls)} of the traffic",
        evidence={
            "cache_hit_ratio": hits,
            "often_cold": share,
            "models": int(judged.sum()),
            "share_of_calls": calls,
        },
        source=RULE,
        try_=use_of("memory", seen.roots).try_,
    )

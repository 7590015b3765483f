"""Who causes the loads: a small share of the calls, to models that are called too seldom to stay loaded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim import units
from mmesim.arrays import divide
from mmesim.preflight.finding import Finding
from mmesim.results.findings.seen import RULE, Seen

APART = 0.5
"""Share of the loads less share of the calls, at its largest, from which on few cause most."""
FEWEST_MISSES = 20
"""Misses below which nothing is said: a few come by chance."""
MATTER = 0.002
"""Share of the calls that miss below which nobody has to be named: a p99 allows five times as many slow calls."""


def loads_caused_by(seen: Seen) -> Iterator[Finding]:
    """The models that miss most often, as many of them as sets their loads farthest apart from their calls.

    Calls that find their model not loaded stand for its loads: those that join a load that is under way count too.
    """
    calls, misses = seen.calls_of, seen.misses_of
    if misses.sum() < max(FEWEST_MISSES, MATTER * seen.calls) or not seen.warmed or seen.overloaded:
        return
    # Seldom called models miss most; of those that miss alike the ones with fewer calls come first.
    order = np.lexsort((calls, -divide(misses.astype(np.float64), calls.astype(np.float64), 0.0)))
    of_calls, of_misses = (np.cumsum(one[order]) / one.sum() for one in (calls, misses))
    most = int(np.argmax(of_misses - of_calls))
    if of_misses[most] - of_calls[most] < APART:
        return
    yield Finding(
        id="loads_caused_by",
        severity="note",
        text=f"{units.show_fraction(float(of_calls[most]))} of the calls cause "
        f"{units.show_fraction(float(of_misses[most]))} of the loads: those for the {most + 1:,} models (of "
        f"{int((calls > 0).sum()):,}) that miss most often",
        evidence={
            "share_of_calls": float(of_calls[most]),
            "share_of_loads": float(of_misses[most]),
            "models": most + 1,
        },
        source=RULE,
        try_="another endpoint for these models, or serverless: mmesim split",
    )

"""Thrashing: models are unloaded before they have answered enough calls to be worth their load."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.binding.limits import use_of
from mmesim.results.binding.roots import FOR_LACK
from mmesim.results.findings.seen import RULE, Seen

CALLS_PER_LOAD = 10.0
"""Fewer calls than this between the load of a model and its unload are thrashing."""
FEWEST_LOADS = 20
"""Loads below which nothing is said: a few come by chance."""


def thrashing(seen: Seen) -> Iterator[Finding]:
    """Loads that make room for each other: most unload a model that is soon loaded again."""
    loads, unloads, calls = seen.count("loads"), seen.count("unloads"), seen.calls
    lack = seen.roots.lack
    if loads < FEWEST_LOADS or unloads < FOR_LACK * loads or calls >= CALLS_PER_LOAD * loads or lack is None:
        return
    use = use_of(lack, seen.roots)
    time = seen.roots.measured_s * seen.scenario.endpoint.load_slots * seen.roots.instances
    slots = min(1.0, loads * seen.load_s() / time)
    yield Finding(
        id="thrashing",
        severity="problem",
        text=f"thrashing: a model answers {units.show_number(calls / loads)} calls before it is unloaded again "
        f"({units.show_count(loads)} loads and {units.show_count(unloads)} unloads for {units.show_count(calls)} "
        f"calls), for lack of {'processes and threads' if lack == 'tasks' else lack}",
        evidence={
            "calls_per_load": calls / loads,
            "loads": loads,
            "unloads": unloads,
            "cache_hit_ratio": seen.figure("cache_hit_ratio"),
            "load_slots_busy": slots,
            "lacks": lack,
        },
        source=RULE,
        try_=use.try_,
    )

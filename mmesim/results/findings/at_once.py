"""Faults whose condition was true from the start, so that they waited for nothing that happens in the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.measured.happened import Kind
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.run.condition import window_s
from mmesim.scenario.scenario import Scenario

FIRST_LOOK_S = 1e-3
"""How much later than the end of its first window a condition is asked for the first time, at most."""


def at_once(scenario: Scenario, runs: Sequence[RunData]) -> Iterator[Finding]:
    """Each fault with a condition that came at the end of the first window of which it was asked."""
    for fault in scenario.faults:
        if fault.when is None:
            continue
        first_s = window_s(fault.when)
        came_s = [one.at_s for run in runs for one in run.happened if (one.kind, one.name) == (Kind.fault, fault.name)]
        early = sum(at_s <= first_s + FIRST_LOOK_S for at_s in came_s)
        if early:
            yield Finding(
                id="fault_at_once",
                severity="note",
                text=f"fault {fault.name}: `{fault.when.text}` was true when it was first checked, at "
                f"{units.show_seconds(first_s)}, in {early} of {len(runs)} replications: it did not wait for anything",
                evidence={"at_s": first_s, "at_once": float(early), "replications": float(len(runs))},
                source="docs/assumptions.md#faults",
                try_="a time (at), or a condition that does not hold when the run begins",
            )

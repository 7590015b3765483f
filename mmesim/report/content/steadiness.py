"""The verdicts on the measured times of several runs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.results.answers.sections import SteadyState

UNSTEADY = ("too short", "warming up", "saturated")
MOST_NAMED = 10


def of_runs(verdicts: Sequence[tuple[str, SteadyState]], what: str) -> Iterator[str]:
    """Which runs were not in steady state; `verdicts` are pairs of a run's name and its verdict."""
    for state in UNSTEADY:
        here = [_named(name, found) for name, found in verdicts if found.verdict == state]
        if here:
            names = f"{', '.join(here[:MOST_NAMED])}{' ...' if len(here) > MOST_NAMED else ''}"
            yield f"not in steady state ({state}): {len(here)} of {len(verdicts)} {what}: {names}"


def _named(name: str, found: SteadyState) -> str:
    """The run, and how long it has to be."""
    return name if found.run_at_least_s is None else f"{name} (at least {units.show_seconds(found.run_at_least_s)})"


def steadiness(verdicts: Sequence[tuple[str, SteadyState]], what: str) -> Iterator[str]:
    """The verdict on all runs together, and which were not in steady state."""
    states = [found for _, found in verdicts]
    steady = sum(found.verdict == "steady" for found in states)
    not_judged = [found for found in states if found.verdict is None]
    line = f"steady state: {steady} of {len(states)} {what}"
    if len(not_judged) == len(states):
        line = f"steady state: {states[0].evidence}"
    elif not_judged:
        line += f", {len(not_judged)} not judged"
    yield line
    yield from of_runs(verdicts, what)

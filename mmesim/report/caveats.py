"""What keeps the figures of an experiment from saying more than they do: said wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim.scenario.scenario import Scenario

TRACE = "[ ] cover the randomness of service and load given this trace, not that of other traffic"
UNSTEADY = ("too short", "warming up", "saturated")
MOST_NAMED = 10


def of_scenario(scenario: Scenario) -> Iterator[str]:
    """Yield what holds for every run of the scenario in an experiment."""
    if any(stream.replays for stream in scenario.traffic):
        yield TRACE
    if scenario.run.until is not None:
        yield f"run.until ({scenario.run.until.text}) is not used here: every scenario has the same replications"


def of_runs(verdicts: Sequence[tuple[str, str | None]], what: str) -> Iterator[str]:
    """Yield which runs were not in steady state; `verdicts` are pairs of a run's name and its verdict."""
    for verdict in UNSTEADY:
        here = [name for name, found in verdicts if found == verdict]
        if here:
            names = f"{', '.join(here[:MOST_NAMED])}{' ...' if len(here) > MOST_NAMED else ''}"
            yield f"not in steady state ({verdict}): {len(here)} of {len(verdicts)} {what}: {names}"

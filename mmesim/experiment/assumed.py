"""What an answer takes as given of its scenario, and its reader must know: beliefs and recorded traffic."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.scenario.scenario import Scenario


def assumed(scenario: Scenario) -> Iterator[str]:
    """A sentence for each value that is believed and each stream that replays a trace."""
    for belief in scenario.beliefs:
        yield f"{belief.field} is believed, not known: {belief.middle} is used"
    for stream in scenario.traffic:
        if stream.replays:
            yield f"stream {stream.name!r} is the same trace in every replication: other traffic may need another fleet"

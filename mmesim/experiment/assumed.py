"""What an answer takes as given of its scenario, and its reader must know: beliefs and recorded traffic."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.scenario.scenario import Scenario


def assumed(scenario: Scenario) -> Iterator[str]:
    """A sentence for all that is believed and one for each stream that replays a trace."""
    if len(scenario.beliefs) > 1:
        values = ", ".join(f"{belief.field} = {belief.middle}" for belief in scenario.beliefs)
        yield f"{len(scenario.beliefs)} inputs are believed, not known: {values} are used"
    else:
        yield from (f"{one.field} is believed, not known: {one.middle} is used" for one in scenario.beliefs)
    for stream in scenario.traffic:
        if stream.replays:
            yield f"stream {stream.name!r} is the same trace in every replication: other traffic may need another fleet"

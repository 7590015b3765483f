"""All models on one endpoint: what a split is compared with.

Not the fleet that the scenario happens to have: one that is too large, or of a type that costs more than needed, can be
changed without a split, and what that saves is none of a split's.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmesim.experiment.split.fleets import Fleets
from mmesim.experiment.split.runs import Simulations
from mmesim.experiment.split.search import Judged, cheapest, fewest, judge

MOST_MORE = 8
"""Instances beyond those of the scenario that are tried where these do not do."""


@dataclass(frozen=True)
class Whole:
    """The endpoint as it is; the fewest instances of its type that keep every line; and another type that costs less.

    The latter two are None where none was found.
    """

    given: Judged
    own: Judged | None
    other: Judged | None

    @property
    def reference_usd(self) -> float:
        """What a split must cost less than, a month; where no endpoint keeps every line, what it costs as it is."""
        return (self.other or self.own or self.given).fleet.usd_per_month

    @property
    def instances(self) -> int:
        """Of its own type: those that do, else those there are."""
        return (self.own or self.given).fleet.scenario.endpoint.instance_count

    @property
    def none_does(self) -> bool:
        """Whether no endpoint that was tried keeps every line."""
        return self.own is None and self.other is None


def whole(fleets: Fleets, runs: Simulations, limit_usd: float) -> Whole:
    """Looks for one endpoint that keeps every line; `limit_usd`: the most that it may cost a month."""
    count = fleets.scenario.endpoint.instance_count
    given = judge(fleets.whole(count), runs)
    own = _own(given, count, fleets, runs)
    below = min((own or given).fleet.usd_per_month, limit_usd)
    others = [one for one in fleets.counts(below) if one[1] != fleets.scenario.endpoint.instance_type]
    roomy = fleets.as_roomy(others, share=1.0)
    other, _ = cheapest(roomy, fleets.elsewhere, runs, budget_usd=below, surely=True)
    return Whole(given, own, other)


def _own(given: Judged, count: int, fleets: Fleets, runs: Simulations) -> Judged | None:
    """The fewest instances of the endpoint's own type that keep every line; None when none was found."""
    if given.verdict == "pass":
        fewer, _ = fewest(fleets.whole, count - 1, runs, surely=True)
        return fewer or given
    for more in range(count + 1, count + 1 + MOST_MORE):
        found = judge(fleets.whole(more), runs)
        if found.verdict == "pass":
            return found
    return None

"""What is true of a fleet: its lines by as many replications as it takes, on numbers that no plan has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mmesim.engine.simulation import simulate
from mmesim.experiment.gate.lines import Line, lines
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean_interval

FIRST = 30_000_000
"""Number of the first replication."""
BATCH = 20
MOST_CALLS = 20_000_000
MOST_LOADS = 500_000
CONFIDENCE = 0.999
ZONE = 0.1
"""Share of the limit within which it need not be known on which side a fleet lies."""

Side = Literal["inside", "outside", "near"]


@dataclass(frozen=True)
class Truth:
    """Where a fleet lies: `near` when its interval did not leave the zone around a limit, and holds the limit."""

    side: Side
    calls: int
    values: tuple[float, ...]
    """Of each line."""


def truth(scenario: Scenario, most_calls: int = MOST_CALLS, most_loads: int = MOST_LOADS) -> Truth:
    """The truth of a scenario with a warm-up that is a number."""
    found: list[list[float]] = [[] for _ in scenario.expect]
    asked: tuple[Line, ...] = ()
    calls = loads = number = 0
    while True:
        for run in _batch(scenario, number):
            asked = asked or lines(scenario, scenario, [run], tolerance=0.0)
            calls, loads = calls + run.calls_all, loads + int(run.hosts.loads.sum())
            for values, line in zip(found, asked, strict=True):
                values.append(line.inside.of(run))
        number += BATCH
        sides = [_side(line, values) for line, values in zip(asked, found, strict=True)]
        known = [side for side, sure in sides]
        sure = "outside" in [side for side, sure in sides if sure] or all(sure for _, sure in sides)
        if sure or calls >= most_calls or loads >= most_loads:
            side: Side = "outside" if "outside" in known else "near" if "near" in known else "inside"
            return Truth(side, calls, tuple(sum(values) / len(values) for values in found))


def _batch(scenario: Scenario, first: int) -> Iterator[RunData]:
    for number in range(first, first + BATCH):
        yield simulate(scenario, FIRST + number)


def _side(line: Line, values: list[float]) -> tuple[Side, bool]:
    """On which side a line lies, and whether its interval has left the zone around the limit, or lies in it."""
    limit = line.inside.bound
    ends = mean_interval(values, CONFIDENCE)
    assert ends is not None
    low, high = sorted(line.sign * (end - limit) for end in ends)
    allowed = ZONE * (line.bad(limit) if line.is_share else abs(limit))
    side: Side = "inside" if high < 0.0 else "outside" if low > 0.0 else "near"
    return side, high < -allowed or low > allowed or (-allowed <= low and high <= allowed)

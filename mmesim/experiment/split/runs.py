"""Fleets, each simulated several times on the same random numbers as the others."""

from __future__ import annotations

from mmesim.errors import SimulationError
from mmesim.experiment import numbers
from mmesim.experiment.runs import Piece, Runs
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario.scenario import Scenario


class Simulations:
    """Simulates fleets, each one as often as its scenario says, and counts."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.fleets = self.requests = 0

    def result(self, scenario: Scenario, first: int = numbers.SPLIT) -> Result:
        """The result of a fleet, from the replications that are numbered from `first` on."""
        settled = self.runs.settled(scenario)
        found: dict[int, RunData] = {}

        def take(number: int, run: RunData, _: bool) -> None:
            found[number] = run

        wanted = range(first, first + scenario.run.replications)
        self.runs.fetch([Piece(number, settled, number, scenario) for number in wanted], take)
        result = Result(settled, tuple(found[number] for number in wanted))
        self.fleets += 1
        self.requests += sum(run.calls for run in result.runs)
        if result.self_check is not None:
            raise SimulationError(f"the self-check of {scenario.name} failed: {result.self_check}")
        return result

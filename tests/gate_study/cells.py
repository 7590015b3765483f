"""What the gate study is about: populations of short replications, and what the gate is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmesim.experiment.gate.lines import Line, lines
from mmesim.experiment.gate.tolerance import watched
from mmesim.scenario.file.load import load
from mmesim.scenario.scenario import Scenario
from tests.helpers.files import ROOT

FOLDER = Path(__file__).parent / "cells"
WARM = ROOT / "scenarios" / "ci" / "warm.yaml"

SIZE = 20_000
"""Replications of a population: their mean is the truth."""
SMALL = 2_000
"""Replications of a population that only a gate's power is asked of."""


@dataclass(frozen=True)
class Population:
    """Short replications of a scenario, and the lines that each is asked about."""

    name: str
    file: Path
    expect: tuple[str, ...]
    size: int = SIZE
    overrides: tuple[str, ...] = ()

    def scenario(self) -> Scenario:
        """The scenario, with these lines."""
        return load(self.file, (*self.overrides, f"expect=[{', '.join(self.expect)}]"))

    def simulated(self) -> Scenario:
        """The scenario as the gate simulates it: the limits of its tolerance are counted, too."""
        return watched(self.scenario())

    def lines(self) -> tuple[Line, ...]:
        """What the gate asks: a line for each of `expect`."""
        return lines(self.scenario(), self.simulated(), [])


@dataclass(frozen=True)
class Cell:
    """A figure whose verdicts are counted. Those of one `heavier` than the gate is made for are only reported."""

    title: str
    population: Population
    line: int = 0
    heavier: bool = False


COLD = Population("cold-start", FOLDER / "cold-start.yaml", ("p95 < 600 ms",))
HOT = Population("hot-queue", FOLDER / "hot-queue.yaml", ("p99 < 415 ms", "p99 < 360 ms", "p99 < 480 ms"))
RARE = Population("rare-tail", FOLDER / "rare-tail.yaml", ("p99.9 < 186 ms", "p99.9 < 210 ms", "p99.9 < 160 ms"))

CELLS = (
    Cell("cold start", COLD),
    Cell("hot queue", HOT),
    Cell("rare tail", RARE),
    Cell("heavier tail", RARE, 1, heavier=True),
)

EXPONENTS = (1.5, 1.46, 1.42, 1.38, 1.34)
"""Of the popularity in the gap, the first one today's: the smaller, the more calls find their model unloaded."""
GAPS = tuple(
    Population(f"gap-{s:g}", FOLDER / "gap.yaml", ("p99 < 500 ms",), SMALL, (f"traffic.0.popularity.zipf={s:g}",))
    for s in EXPONENTS
)

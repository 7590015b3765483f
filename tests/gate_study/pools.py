"""The populations of the gate study: short replications of the real simulator, kept in blocks on disk.

What is kept of a replication is what the gate keeps (`experiment.gate.lines.Row`). A block that is finished is a file,
and is not simulated again.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.simulation import simulate
from mmesim.errors import SimulationError
from mmesim.experiment.gate.lines import Row, Seen, row
from mmesim.experiment.store.key import Keys
from mmesim.results.summary import checks
from tests.gate_study.cells import Population

BLOCK = 500
"""Replications of a file."""

Tell = Callable[[str], object]


def rows(population: Population, numbers: Iterable[int]) -> list[Row]:
    """What the gate keeps of these replications; SimulationError when one contradicts itself."""
    scenario, lines, found = population.simulated(), population.lines(), []
    for number in numbers:
        run = simulate(scenario, number)
        if not checks.passed(run.checks):
            raise SimulationError(checks.line(run.checks))
        found.append(row(lines, (), scenario, run))
    return found


def make(population: Population, first: int, folder: Path) -> str:
    """Simulate a block and write its file; return its name."""
    found = rows(population, range(first, min(first + BLOCK, population.size)))
    target = _file(population, first, folder)
    part = target.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, seen=[one.seen for one in found], block_s=[one.block_s for one in found])
    part.replace(target)
    return target.name


def _file(population: Population, first: int, folder: Path) -> Path:
    """Where a block lies: by the content of what is simulated, so that a change of it is another file."""
    key = hashlib.blake2b(Keys().base(population.simulated()) + repr(population.expect).encode(), digest_size=6)
    return folder / f"{population.name}-{key.hexdigest()}-{first:05d}.npz"


def simulate_missing(populations: Sequence[Population], folder: Path, jobs: int, tell: Tell) -> None:
    """Simulate the blocks that are not in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    work = [
        (population, first, folder)
        for population in populations
        for first in range(0, population.size, BLOCK)
        if not _file(population, first, folder).exists()
    ]
    if jobs == 1:
        for one in work:
            tell(make(*one))
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as processes:
        for future in [processes.submit(make, *one) for one in work]:
            tell(future.result())


class Pool:
    """A population that has been simulated, as far as it is in the folder."""

    def __init__(self, population: Population, folder: Path) -> None:
        files = [_file(population, first, folder) for first in range(0, population.size, BLOCK)]
        loaded = [np.load(file) for file in files if file.exists()]
        if not loaded:
            raise FileNotFoundError(f"{population.name} is not simulated yet")
        self.population = population
        self.seen: Floats = np.concatenate([one["seen"] for one in loaded])
        """[replications, lines, value | beyond | dirty | clean]"""
        self._block_s: Floats = np.concatenate([one["block_s"] for one in loaded])

    def __len__(self) -> int:
        return len(self.seen)

    def rows(self, line: int) -> list[Row]:
        """Every replication as the gate keeps it, of one line."""
        return [
            Row((Seen(value, beyond, int(dirty), int(clean)),), block_s, {})
            for (value, beyond, dirty, clean), block_s in zip(
                self.seen[:, line].tolist(), self._block_s.tolist(), strict=True
            )
        ]

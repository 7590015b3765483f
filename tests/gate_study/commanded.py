"""The same question put to the command, which simulates anew: its verdicts have to be those of gates from the pool."""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmesim.cli import main
from mmesim.results.answers.gated import Gated
from tests.gate_study.cells import CELLS, COLD, HOT, RARE, Cell, Population
from tests.gate_study.gates import Asked, tally
from tests.gate_study.pools import Pool, Tell
from tests.gate_study.questions import GATES, answered, truths

SEEDS = 50
FIRST_SEED = 1_000
"""Seeds of the command; the pools have seed 1."""
QUESTIONS: tuple[tuple[Population, int], ...] = ((COLD, 0), (HOT, 1), (HOT, 2), (RARE, 2))
"""A population, and the line of it that the command is asked."""


def gate_of(population: Population, line: int, seed: int, folder: Path) -> Gated:
    """What `mmesim gate` finds with this seed."""
    target = folder / "gate.json"
    words = ["gate", str(population.file), "--quiet", "--json", str(target), "--store", str(folder / f"{seed}.sqlite")]
    for override in (*population.overrides, f"run.seed={seed}", f"expect=[{population.expect[line]}]"):
        words += ["--set", override]
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            main(words)
        except SystemExit as ended:
            if ended.code not in (0, 1, 2):
                raise
    return Gated.model_validate_json(target.read_text(encoding="utf-8"))


def counted(population: Population, line: int, seeds: int) -> dict[str, Any]:
    """Verdicts of the command, what it estimated, and how many replications it needed, over the seeds."""
    counts = {"pass": 0, "fail": 0, "undecided": 0}
    values, replications = [], 0
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        with tempfile.TemporaryDirectory() as folder:
            found = gate_of(population, line, seed, Path(folder)).scenarios[0].lines[0]
        counts[found.verdict] += 1
        assert found.value is not None
        values.append(found.value)
        replications += found.replications
    middle = math.fsum(values) / seeds
    spread = math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (seeds - 1))
    return {"counts": counts, "value": middle, "error": spread / math.sqrt(seeds), "replications": replications / seeds}


def both(population: Population, line: int, folder: Path, seeds: int, tell: Tell) -> dict[str, Any]:
    """A question to the command and to the pool."""
    name = f"{population.name}-{line}"
    pool = Pool(population, folder)
    command = answered(f"command-{name}-{seeds}", folder, [], lambda: counted(population, line, seeds))
    asked = Asked(population.scenario(), population.lines()[line])
    drawn = answered(f"drawn-{name}", folder, [pool], lambda: asdict(tally(asked, pool.rows(line), GATES, (300, line))))
    tell(f"{population.expect[line]} of {population.name}: {seeds} gates through the command")
    return {
        "cell": title(population),
        "line": population.expect[line],
        "share": truths(pool, line)["pass"],
        "command": command,
        "drawn": drawn,
    }


def title(population: Population) -> str:
    """What the first cell of a population is called."""
    cell: Cell = next(one for one in CELLS if one.population is population)
    return cell.title


def all_questions(folder: Path, seeds: int, tell: Tell) -> list[dict[str, Any]]:
    """Every question."""
    return [both(population, line, folder, seeds, tell) for population, line in QUESTIONS]

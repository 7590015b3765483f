"""The questions of the gate study, each answered by many gates that draw from a pool."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import mmesim
from mmesim.results.answers.sections import Verdict
from tests.gate_study.cells import CELLS, Cell
from tests.gate_study.gates import Asked, tally
from tests.gate_study.pools import Pool, Tell

GATES = 2_000
EASY_GATES = 400
"""Gates of a question whose answer is not near its bound."""
SIDES: Mapping[str, tuple[Verdict, str]] = {"pass": ("pass", "inside"), "fail": ("fail", "beyond")}
"""Verdict asked about, and the values whose mean is the truth that matters for it."""


def answered(name: str, folder: Path, pools: list[Pool], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer from the folder, made where it is not there, the pools have grown, or the gate has changed."""
    file = folder / f"{name}.json"
    known: dict[str, Any] = {"pools": [len(pool) for pool in pools], "rules": rules()}
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if all(found[key] == value for key, value in known.items()):
            return found
    found = known | make()
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


@cache
def rules() -> str:
    """The source of all that decides, as a short text."""
    package = Path(mmesim.__path__[0])
    files = [*package.joinpath("experiment", "gate").glob("*.py"), *package.joinpath("stats").glob("*.py")]
    return hashlib.blake2b(b"".join(file.read_bytes() for file in sorted(files)), digest_size=8).hexdigest()


def truths(pool: Pool, line: int) -> dict[Verdict, float]:
    """The share that a pass is about, and the one that a fail is: of calls over the limit, and over its tolerance."""
    return {"pass": float(pool.seen[:, line, 0].mean()), "fail": float(pool.seen[:, line, 1].mean())}


def about(cell: Cell, pool: Pool, gates: int) -> dict[str, Any]:
    """Errors on the edge, power, and how many replications, of a cell."""
    values = pool.seen[:, cell.line, 0]
    deviations = values - values.mean()
    asked, rows, true = _asked(cell), pool.rows(cell.line), truths(pool, cell.line)
    answer: dict[str, Any] = {
        "share": true["pass"],
        "skewness": float((deviations**3).mean() / (deviations**2).mean() ** 1.5),
        "none": float((values == 0.0).mean()),
    }
    number = CELLS.index(cell)
    verdicts: tuple[Verdict, ...] = ("pass", "fail")
    for side, verdict in enumerate(verdicts):
        # On the edge this verdict is wrong; with the truth at half, or twice, of what is allowed it is the right one.
        clear = true[verdict] * (2.0 if verdict == "pass" else 0.5)
        edge = tally(asked.allowing(true[verdict]), rows, gates, (number, side, 0))
        power = tally(asked.allowing(clear), rows, gates, (number, side, 1))
        answer[verdict] = {"edge": asdict(edge), "power": asdict(power)}
        answer[verdict]["fixed"] = fixed_size(
            asked.allowing(clear), verdict, rows, power.counts[verdict] / power.gates, (number, side, 2)
        )
    return answer


def fixed_size(asked: Asked, verdict: Verdict, rows: Any, decided: float, seed: tuple[int, ...]) -> int:
    """Replications of a test with one look that decides as often; at most those of the gate's last look."""
    low, high = 10, 80
    while low < high:
        middle = (low + high) // 2
        once = Asked(asked.scenario, asked.line, asked.of_lines, (middle,))
        found = tally(once, rows, EASY_GATES, (*seed, middle))
        low, high = (low, middle) if found.counts[verdict] / found.gates >= decided else (middle + 1, high)
    return low


def _asked(cell: Cell) -> Asked:
    population = cell.population
    return Asked(population.scenario(), population.lines()[cell.line])


def all_cells(folder: Path, gates: int, tell: Tell) -> dict[str, dict[str, Any]]:
    """The answers of every cell."""
    answers = {}
    for cell in CELLS:
        pool = Pool(cell.population, folder)
        name = f"cell-{cell.title.replace(' ', '-')}-{gates}"
        answers[cell.title] = answered(name, folder, [pool], partial(about, cell, pool, gates))
        tell(f"{cell.title}: {len(pool):,} replications, {gates:,} gates a question")
    return answers

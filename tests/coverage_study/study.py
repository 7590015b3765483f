"""Runs the coverage study: `python -m tests.coverage_study.study --runs 2000 --folder .coverage-study`.

Each cell that is finished is a JSON file in the folder, and is not simulated again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmesim import __version__
from mmesim.engine.simulation import simulate
from mmesim.errors import SimulationError
from mmesim.results.figures.latency import Pooled
from mmesim.results.measured.run_data import RunData
from mmesim.results.summary import checks
from mmesim.stats.intervals import half_width
from mmesim.stats.means import mean
from tests.coverage_study.cells import TRUTH_LENGTH, TRUTH_SEED, Cell, cells
from tests.coverage_study.judge import designs, plus, rows, without_ledger
from tests.coverage_study.judged import together, value

POOL = 16
"""At most this many replications are simulated for each run of the study: `until` may then have fewer runs."""
QUANTILES = ("p95", "p99")

Tell = Callable[[str], object]


def path_of(cell: Cell, folder: Path) -> Path:
    """Return where the result of a cell lies."""
    return folder / f"{''.join(c if c.isalnum() else '-' for c in cell.name)}.json"


def study(cell: Cell, runs: int, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Return the result of a cell: truths, and for each figure and way of stopping what `runs` runs came to."""
    begun = time.process_time()
    truth, error = truths(cell, max(20, runs // 2), tell)
    judged = designs(cell.within, cell.scenario(), cell.limit_s, warm=cell.warm_limit_s is not None)
    replications = 0
    while min(d.runs_done for d in judged) < runs and replications < POOL * runs:
        run = checked(cell, replications)
        replications += 1
        for design in judged:
            if design.runs_done < runs:
                design.add(run)
        if replications % 1000 == 0:
            tell(f"{replications} replications, {[d.runs_done for d in judged]} runs")
    return {
        "cell": cell.name,
        "version": __version__,
        "asked": runs,
        "calls": cell.calls,
        "warmup": cell.warmup,
        "limit_s": cell.limit_s,
        "warm_limit_s": cell.warm_limit_s,
        "replications": replications,
        "cpu_s": round(time.process_time() - begun, 1),
        "exact": sorted(cell.truth),
        "truth_error": error,
        "rows": [asdict(row) for row in rows(judged, truth)],
    }


def checked(cell: Cell, replication: int) -> RunData:
    """Return one replication; SimulationError when it contradicts itself."""
    return _checked(simulate(cell.scenario(), replication))


def _checked(run: RunData) -> RunData:
    if not checks.passed(run.checks):
        raise SimulationError(checks.line(run.checks))
    return run


def truths(cell: Cell, runs: int, tell: Tell = lambda _: None) -> tuple[dict[str, float], dict[str, float]]:
    """Return the true figures, and the 99 % half-width of those that were simulated as a share of them.

    Those without a formula come from other runs than the ones that are judged, longer, all calls together.
    """
    unknown = [figure for figure in cell.figures if figure not in cell.truth]
    if not unknown:
        return dict(cell.truth), {}
    of, kept = cell.scenario(TRUTH_SEED, TRUTH_LENGTH), list[RunData]()
    values: dict[str, list[float]] = {figure: [] for figure in unknown}
    pooled: Pooled | None = None
    for replication in range(runs):
        run = _checked(simulate(of, replication))
        pooled = plus(pooled, run)
        for figure in unknown:
            values[figure].append(value(figure, of, run, cell.limit_s))
        kept.append(without_ledger(run))
    assert pooled is not None
    tell(f"truth from {runs} runs")
    found, error = dict(cell.truth), dict[str, float]()
    for figure in unknown:
        found[figure] = together(figure, of, kept, pooled, cell.limit_s)
        # What is not a percentile is nearly the mean of the replications, which have about as many calls each.
        centre = found[figure] if figure.split()[-1] in QUANTILES else mean(values[figure])
        half = half_width(values[figure], 0.99, centre)
        assert half is not None
        error[figure] = half / found[figure]
    return found, error


def finished(folder: Path, runs: int) -> dict[str, Mapping[str, Any]]:
    """Return the results in the folder by the names of their cells; those of another scale are left out."""
    found = {}
    for cell in cells():
        file = path_of(cell, folder)
        if file.exists():
            result = json.loads(file.read_text(encoding="utf-8"))
            if result["asked"] == runs:
                found[cell.name] = result
    return found


def work(index: int, runs: int, folder: Path) -> str:
    """Study a cell and write its file; return its name."""
    cell = cells()[index]
    result = study(cell, runs, lambda text: print_line(f"{cell.name}: {text}"))
    target = path_of(cell, folder)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    part.replace(target)
    return f"{cell.name}: {result['cpu_s']:.0f} s of CPU, {result['replications']} replications"


def print_line(text: str) -> None:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def main(words: Sequence[str]) -> None:
    """Study every cell that is not finished yet."""
    parser = argparse.ArgumentParser(prog="coverage_study")
    parser.add_argument("--runs", type=int, default=2000, help="runs of each cell and each way of stopping")
    parser.add_argument("--jobs", type=int, default=1, help="cells at the same time")
    parser.add_argument("--folder", type=Path, default=Path(".coverage-study"))
    asked = parser.parse_args(words)
    asked.folder.mkdir(parents=True, exist_ok=True)
    done = finished(asked.folder, asked.runs)
    left = [index for index, cell in enumerate(cells()) if cell.name not in done]
    if asked.jobs == 1:
        for index in left:
            print_line(work(index, asked.runs, asked.folder))
        return
    with ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as pool:
        for text in pool.map(work, left, [asked.runs] * len(left), [asked.folder] * len(left)):
            print_line(text)


if __name__ == "__main__":
    main(sys.argv[1:])
